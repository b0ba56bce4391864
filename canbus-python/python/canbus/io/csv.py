"""CSV: one line of comma separated values for each message."""

from __future__ import annotations

from typing import Any, TextIO, Union

from canbus.io._native import NativeFileReader, NativeWriter
from canbus.io.generic import TextIOMessageReader, TextIOMessageWriter
from canbus.typechecking import StringPathLike


class CSVReader(NativeFileReader, TextIOMessageReader):
    """Reads what :class:`CSVWriter` writes."""

    _format = "csv"

    def __init__(self, file: Union[StringPathLike, TextIO], **kwargs: Any) -> None:
        super().__init__(file, mode="r", **kwargs)
        self._start(file, kwargs)


class CSVWriter(NativeWriter, TextIOMessageWriter):
    """Writes the columns timestamp, arbitration_id, extended, remote, error, dlc and data, the
    last in base64.

    :param append: continue an existing file
    """

    _format = "csv"

    def __init__(
        self, file: Union[StringPathLike, TextIO], append: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(file, mode="a" if append else "w", **kwargs)
        # A CAN FD frame is one when it is read again; python-can takes it for any other.
        self._start(file, append, {"columns": "packed-fd", **kwargs})
