"""ASC, the text log of Vector's tools."""

from __future__ import annotations

import logging
from typing import Any, Optional, TextIO, Union

from canbus.io._native import NativeFileReader, NativeWriter
from canbus.io.generic import TextIOMessageReader, TextIOMessageWriter
from canbus.typechecking import StringPathLike

logger = logging.getLogger("can.io.asc")



class ASCReader(NativeFileReader, TextIOMessageReader):
    """Reads an ASC file.

    :param base: how numbers are written in a file that does not say it: `hex` or `dec`
    :param relative_timestamp: count times from the start of the log, without its date
    """

    _format = "asc"

    def __init__(
        self,
        file: Union[StringPathLike, TextIO],
        base: str = "hex",
        relative_timestamp: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="r", **kwargs)
        if not self.file:
            raise ValueError("The given file cannot be None")
        if base not in ("hex", "dec"):
            raise ValueError(f'base should be either "hex" or "dec", not {base!r}')
        self.base = base
        self.relative_timestamp = relative_timestamp
        options = {"base": base, "relative_timestamp": relative_timestamp}
        self._start(file, kwargs | options)


class ASCWriter(NativeWriter, TextIOMessageWriter):
    """Writes an ASC file.

    :param channel: the channel, counted from 1, of messages that name none
    """

    _format = "asc"

    def __init__(
        self, file: Union[StringPathLike, TextIO], channel: int = 1, **kwargs: Any
    ) -> None:
        append = bool(kwargs.get("append", False))
        super().__init__(file, mode="a" if append else "w", **kwargs)
        self.channel = channel
        options = {"style": "python-can", **kwargs, "channel": channel}
        self._start(file, append, options)

    def log_event(self, message: str, timestamp: Optional[float] = None) -> None:
        """Writes a remark between the messages."""
        if not message:
            logger.debug("ASCWriter: ignoring empty message")
            return
        self._native.log_event(message, timestamp)
