"""TRC, the text log of PEAK's tools."""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import TYPE_CHECKING, Any, Optional, TextIO, Union

from canbus import _later
from canbus.io._native import NativeFileReader, NativeWriter, header_lines
from canbus.io.generic import TextIOMessageReader, TextIOMessageWriter
from canbus.message import Message
from canbus.typechecking import StringPathLike

if TYPE_CHECKING:
    from datetime import datetime

#: 1970-01-01 in the days from 1899-12-30 on of the format.
_UNIX_EPOCH = 25569

logger = _later.logger(__name__, "can.io.trc")


class TRCFileVersion(Enum):
    """The versions of the format."""

    UNKNOWN = 0
    V1_0 = 100
    V1_1 = 101
    V1_2 = 102
    V1_3 = 103
    V2_0 = 200
    V2_1 = 201

    def __ge__(self, other: Any) -> bool:
        if isinstance(other, TRCFileVersion):
            return bool(self.value >= other.value)
        return NotImplemented


class TRCReader(NativeFileReader, TextIOMessageReader):
    """Reads a TRC file of any version."""

    _format = "trc"

    def __init__(self, file: Union[StringPathLike, TextIO], **kwargs: Any) -> None:
        super().__init__(file, mode="r", **kwargs)
        if not self.file:
            raise ValueError("The given file cannot be None")
        #: The version that the file says it has; unknown if it says none, as those of 1.0 do.
        self.file_version = TRCFileVersion.UNKNOWN
        #: The place of each column by its letter, in files of version 2.
        self.columns: dict[str, int] = {}
        self._start_time = 0.0
        self._read_header()
        self._start(file, kwargs)

    def _read_header(self) -> None:
        for words in header_lines(self.file):
            if not words or not words[0].startswith(";"):
                return
            name, _, value = "".join(words).partition("=")
            if name == ";$FILEVERSION":
                version = f"V{value.replace('.', '_')}"
                known = TRCFileVersion.__members__
                self.file_version = known.get(version, TRCFileVersion.UNKNOWN)
            elif name == ";$COLUMNS":
                self.columns = {letter: at for at, letter in enumerate(value.split(","))}
            elif name == ";$STARTTIME":
                with contextlib.suppress(ValueError):
                    self._start_time = (float(value) - _UNIX_EPOCH) * 86400

    @property
    def start_time(self) -> Optional[datetime]:
        """When the log began, in UTC; None if the file does not say it."""
        if not self._start_time:
            return None
        from datetime import datetime, timezone

        return datetime.fromtimestamp(self._start_time, timezone.utc)


class TRCWriter(NativeWriter, TextIOMessageWriter):
    """Writes a TRC file of version 2.1, or of the version that `file_version` says before the
    first message.

    :param channel: the bus of messages that name no channel
    """

    _format = "trc"

    def __init__(
        self,
        file: Union[StringPathLike, TextIO],
        channel: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="w", **kwargs)
        if not hasattr(self.file, "reconfigure"):
            raise TypeError("File must be opened in text mode.")
        # The library ends lines as the format wants it.
        self.file.reconfigure(newline="")
        self.channel = channel
        self.file_version = TRCFileVersion.V2_1
        self._given = file, kwargs | {"channel": channel}
        self._begun = False

    def _begin(self) -> None:
        file, options = self._given
        version = self.file_version
        if version not in (TRCFileVersion.V1_0, TRCFileVersion.V2_1):
            raise NotImplementedError("File format is not supported")
        name = version.name[1:].replace("_", ".")
        self._start(file, False, options | {"version": name})
        self._begun = True

    def log_event(self, message: str, timestamp: Optional[float] = None) -> None:
        """Writes a remark between the messages."""
        if not self._begun:
            self._begin()
        self._native.log_event(message, timestamp)

    def on_message_received(self, msg: Message) -> None:
        if not self._begun:
            self._begin()
        self._native.write(msg)

    def file_size(self) -> int:
        if self._begun:
            self._native.flush()
        return int(self.file.tell())

    def stop(self) -> None:
        if self._begun:
            super().stop()
        else:
            self.file.close()
