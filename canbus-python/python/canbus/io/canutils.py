"""The log of candump -L."""

from __future__ import annotations

from typing import Any, TextIO, Union

from canbus import _later
from canbus.io._native import NativeFileReader, NativeWriter
from canbus.io.generic import TextIOMessageReader, TextIOMessageWriter
from canbus.typechecking import StringPathLike

log = _later.logger(__name__, "can.io.canutils")


class CanutilsLogReader(NativeFileReader, TextIOMessageReader):
    """Reads what `candump -L` writes."""

    _format = "candump"

    def __init__(self, file: Union[StringPathLike, TextIO], **kwargs: Any) -> None:
        super().__init__(file, mode="r", **kwargs)
        self._start(file, kwargs)


class CanutilsLogWriter(NativeWriter, TextIOMessageWriter):
    """Writes as `candump -L` does, with the direction behind each frame.

    :param channel: the channel of messages that name none
    :param append: continue an existing file
    """

    _format = "candump"

    def __init__(
        self,
        file: Union[StringPathLike, TextIO],
        channel: str = "vcan0",
        append: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="a" if append else "w", **kwargs)
        self.channel = channel
        # A number is an interface, as in messages.
        name = f"can{channel}" if isinstance(channel, int) else channel
        self._start(file, append, kwargs | {"channel": name})
