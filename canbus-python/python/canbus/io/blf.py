"""BLF, the binary log of Vector's tools."""

from __future__ import annotations

from typing import Any, BinaryIO, Optional, Union

from canbus import _later
from canbus.io._native import NativeFileReader, NativeWriter, head_of
from canbus.io.generic import BinaryIOMessageReader, BinaryIOMessageWriter
from canbus.message import Message
from canbus.typechecking import StringPathLike

LOG = _later.logger(__name__, "can.io.blf")

TSystemTime = tuple[int, int, int, int, int, int, int, int]

#: In the file's header: size of the file, of its contents, count of objects, start and stop time.
_STATISTICS = "<QQII8H8H"
_STATISTICS_AT, _HEADER_SIZE = 16, 72
#: Times before 1990 are not taken for Unix times.
_LEAST_TIME = 631152000


class BLFParseError(Exception):
    """The file is not what it should be."""


def timestamp_to_systemtime(timestamp: Optional[float]) -> TSystemTime:
    """The fields of a SYSTEMTIME in UTC; zeros for what is no time."""
    if timestamp is None or timestamp < _LEAST_TIME:
        return 0, 0, 0, 0, 0, 0, 0, 0
    # Here and below: `import canbus` is to take little time.
    from datetime import datetime, timezone

    time = datetime.fromtimestamp(round(timestamp, 3), timezone.utc)
    day = time.isoweekday() % 7
    milliseconds = time.microsecond // 1000
    return (
        *(time.year, time.month, day, time.day),
        *(time.hour, time.minute, time.second, milliseconds),
    )


def systemtime_to_timestamp(systemtime: TSystemTime) -> float:
    """The Unix time of a SYSTEMTIME in UTC; 0 for what is no time."""
    from datetime import datetime, timezone

    year, month, _, day, hour, minute, second, milliseconds = systemtime
    utc = timezone.utc
    try:
        time = datetime(
            year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=utc
        )
    except ValueError:
        return 0
    return time.timestamp()


class BLFReader(NativeFileReader, BinaryIOMessageReader):
    """Reads a BLF file."""

    _format = "blf"

    def __init__(self, file: Union[StringPathLike, BinaryIO], **kwargs: Any) -> None:
        super().__init__(file, mode="rb", **kwargs)
        self._start(file, kwargs)
        self._read_header(self._head())
        try:
            self._opened()
        except ValueError as error:
            self.file.close()
            raise BLFParseError(str(error)) from error

    def _head(self) -> bytes:
        head: bytes = head_of(self.file)
        if not head and self._source is self.file and hasattr(self.file, "read"):
            # A stream cannot go back, but may be given what was taken from it.
            head = self.file.read(_HEADER_SIZE)
            self._source = _Begun(head, self.file)
        return head

    def _read_header(self, head: bytes) -> None:
        import struct

        head = head[_STATISTICS_AT:_HEADER_SIZE]
        if len(head) == _HEADER_SIZE - _STATISTICS_AT:
            fields = struct.unpack(_STATISTICS, head)
            self.file_size, self.uncompressed_size, self.object_count = fields[:3]
            self.start_timestamp = systemtime_to_timestamp(fields[4:12])
            self.stop_timestamp = systemtime_to_timestamp(fields[12:20])


class _Begun:
    """A stream whose beginning was read."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head = head
        self._stream = stream
        self.name = getattr(stream, "name", "the file")

    def read1(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        read: bytes = getattr(self._stream, "read1", self._stream.read)(size)
        return read


class BLFWriter(NativeWriter, BinaryIOMessageWriter):
    """Writes a BLF file, or continues one.

    :param append: continue an existing file
    :param channel: the channel, counted from 1, of messages that name none
    :param compression_level: 0 stores, 1 is fastest, 9 is smallest, -1 is the default
    """

    _format = "blf"
    _text = False

    #: So many bytes are compressed together.
    max_container_size = 128 * 1024

    #: What stands in the file as the program that wrote it.
    application_id = 5

    def __init__(
        self,
        file: Union[StringPathLike, BinaryIO],
        append: bool = False,
        channel: int = 1,
        compression_level: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="ab" if append else "wb", **kwargs)
        self.channel = channel
        self.compression_level = compression_level
        if kwargs.get("max_container_size"):
            self.max_container_size = kwargs["max_container_size"]
        options = {
            "channel": channel,
            "compression_level": compression_level,
            "max_container_size": self.max_container_size,
        }
        self._start(file, append, kwargs | options)

    def log_event(self, text: str, timestamp: Optional[float] = None) -> None:
        """Writes a remark between the messages."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        self._native.log_event(text, timestamp)

    def file_size(self) -> int:
        """About the size in bytes; what waits to be compressed is in it uncompressed."""
        return self._native.file_size + self._native.waiting
