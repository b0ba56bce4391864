"""MF4, the measurement data format of ASAM, version 4."""

from __future__ import annotations

from typing import Any, BinaryIO, Optional, Union

from canbus import _later
from canbus.io._native import NativeFileReader, NativeWriter
from canbus.io.generic import BinaryIOMessageReader, BinaryIOMessageWriter
from canbus.typechecking import StringPathLike

logger = _later.logger(__name__, "can.io.mf4")


class MF4Reader(NativeFileReader, BinaryIOMessageReader):
    """Reads an MF4 file with bus events."""

    _format = "mf4"

    def __init__(self, file: Union[StringPathLike, BinaryIO], **kwargs: Any) -> None:
        super().__init__(file, mode="rb", **kwargs)
        self._start(file, kwargs)


class MF4Writer(NativeWriter, BinaryIOMessageWriter):
    """Writes an MF4 file.

    :param database: a DBC or ARXML file that is put into the file
    :param compression_level: 0 stores, 1 compresses, 2 compresses by columns
    """

    _format = "mf4"
    _text = False

    def __init__(
        self,
        file: Union[StringPathLike, BinaryIO],
        database: Optional[StringPathLike] = None,
        compression_level: int = 2,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("append", False):
            raise ValueError(f"{type(self).__name__} cannot append messages to an existing file")
        super().__init__(file, mode="w+b", **kwargs)
        options = {"database": database or None, "compression_level": compression_level}
        self._start(file, False, kwargs | options)

    def file_size(self) -> int:
        return self._native.file_size + self._native.waiting
