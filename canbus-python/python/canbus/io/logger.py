"""Logger, which finds the writer for a file's name, and loggers that begin new files."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any, Callable, ClassVar, Final, Optional

from canbus._entry_points import read_entry_points
from canbus.io._native import NativeWriter
from canbus.io.asc import ASCWriter
from canbus.io.blf import BLFWriter
from canbus.io.canutils import CanutilsLogWriter
from canbus.io.csv import CSVWriter
from canbus.io.generic import (
    BinaryIOMessageWriter,
    MessageWriter,
    SizedMessageWriter,
    TextIOMessageWriter,
    path_of,
)
from canbus.io.mf4 import MF4Writer
from canbus.io.printer import Printer
from canbus.io.sqlite import SqliteWriter
from canbus.io.trc import TRCWriter
from canbus.message import Message
from canbus.typechecking import StringPathLike

#: The writer for each suffix.
MESSAGE_WRITERS: Final[dict[str, type[MessageWriter]]] = {
    ".asc": ASCWriter,
    ".blf": BLFWriter,
    ".csv": CSVWriter,
    ".db": SqliteWriter,
    ".log": CanutilsLogWriter,
    ".mf4": MF4Writer,
    ".trc": TRCWriter,
    ".txt": Printer,
}


def _update_writer_plugins() -> None:
    """Adds the writers of other distributions."""
    for entry in read_entry_points("can.io.message_writer"):
        if entry.key not in MESSAGE_WRITERS:
            writer = entry.load()
            if issubclass(writer, MessageWriter):
                MESSAGE_WRITERS[entry.key] = writer


def _writer_for(suffix: str) -> type[MessageWriter]:
    try:
        return MESSAGE_WRITERS[suffix]
    except KeyError:
        raise ValueError(f'No write support for unknown log format "{suffix}"') from None


def _compress(filename: StringPathLike, **kwargs: Any) -> MessageWriter:
    """A writer whose file is compressed on the way."""
    suffixes = path_of(filename).suffixes
    if len(suffixes) != 2:
        raise ValueError(f'No write support for unknown log format "{"".join(suffixes)}"')
    suffix = suffixes[0].lower()
    writer = _writer_for(suffix)
    if suffix in (".blf", ".db") or not issubclass(
        writer, (BinaryIOMessageWriter, TextIOMessageWriter)
    ):
        raise ValueError(f"The file type {suffix} is currently incompatible with gzip.")
    append = kwargs.get("append", False)
    if append and issubclass(writer, NativeWriter):
        return writer(file=filename, **kwargs)
    kind = "b" if issubclass(writer, BinaryIOMessageWriter) else "t"
    import gzip

    file: Any = gzip.open(filename, mode=("a" if append else "w") + kind)
    return writer(file=file, **kwargs)


def Logger(filename: Optional[StringPathLike], **kwargs: Any) -> MessageWriter:  # noqa: N802
    """The writer for a file's suffix, behind which may stand `.gz`; without a name a
    :class:`Printer`. Other arguments are those of the writer.

    :raises ValueError: nothing writes files of this suffix
    """
    if filename is None:
        return Printer(**kwargs)
    _update_writer_plugins()
    suffix = path_of(filename).suffix.lower()
    if suffix == ".gz":
        return _compress(filename, **kwargs)
    return _writer_for(suffix)(file=filename, **kwargs)


class BaseRotatingLogger(MessageWriter, ABC):
    """A logger that closes its file at times and goes on with a new one.

    Subclasses say when (`should_rollover`) and how (`do_rollover`), and put a writer into
    `_writer`.
    """

    _supported_formats: ClassVar[set[str]] = set()

    #: Called with the name that a finished file is to get; gives a better one.
    namer: Optional[Callable[[StringPathLike], StringPathLike]] = None

    #: Called with the old and the new name of a finished file, in place of renaming it.
    rotator: Optional[Callable[[StringPathLike, StringPathLike], None]] = None

    #: How many files were finished.
    rollover_count: int = 0

    def __init__(self, **kwargs: Any) -> None:
        self.writer_kwargs = kwargs

    @property
    @abstractmethod
    def writer(self) -> MessageWriter:
        """The writer of the current file."""
        raise NotImplementedError

    def rotation_filename(self, default_name: StringPathLike) -> StringPathLike:
        """The name that a finished file gets."""
        return self.namer(default_name) if callable(self.namer) else default_name

    def rotate(self, source: StringPathLike, dest: StringPathLike) -> None:
        """Brings a finished file to its place."""
        if callable(self.rotator):
            self.rotator(source, dest)
        elif os.path.exists(source):
            os.rename(source, dest)

    def on_message_received(self, msg: Message) -> None:
        if self.should_rollover(msg):
            self.do_rollover()
            self.rollover_count += 1
        self.writer.on_message_received(msg)

    def _get_new_writer(self, filename: StringPathLike) -> MessageWriter:
        """The writer for a file, whose name may have dots in it."""
        suffixes = path_of(filename).suffixes
        for start in range(len(suffixes)):
            if "".join(suffixes[start:]).lower() in self._supported_formats:
                return Logger(filename=filename, **self.writer_kwargs)
        name = type(self).__name__
        raise ValueError(
            f'The log format of "{path_of(filename).name}" is not supported by {name}. '
            f"{name} supports the following formats: {', '.join(self._supported_formats)}"
        )

    def stop(self) -> None:
        self.writer.stop()

    @abstractmethod
    def should_rollover(self, msg: Message) -> bool:
        """Whether a new file is to begin with this message."""

    @abstractmethod
    def do_rollover(self) -> None:
        """Finishes the file and begins a new one."""


class SizedRotatingLogger(BaseRotatingLogger):
    """Begins a new file when the current one has reached a size.

    A finished file gets the time and its number into its name.

    :param max_bytes: the size; 0 for none
    """

    _supported_formats: ClassVar[set[str]] = {".asc", ".blf", ".csv", ".log", ".txt"}

    def __init__(
        self, base_filename: StringPathLike, max_bytes: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.base_filename = os.path.abspath(base_filename)
        self.max_bytes = max_bytes
        self._writer = self._get_new_writer(self.base_filename)

    def _get_new_writer(self, filename: StringPathLike) -> SizedMessageWriter:
        writer = super()._get_new_writer(filename)
        if isinstance(writer, SizedMessageWriter):
            return writer
        raise TypeError(f"{type(writer).__name__} does not know the size of its file")

    @property
    def writer(self) -> SizedMessageWriter:
        return self._writer

    def should_rollover(self, msg: Message) -> bool:
        return self.max_bytes > 0 and self.writer.file_size() >= self.max_bytes

    def do_rollover(self) -> None:
        if self.writer:
            self.writer.stop()
        self.rotate(self.base_filename, self.rotation_filename(self._default_name()))
        self._writer = self._get_new_writer(self.base_filename)

    def _default_name(self) -> StringPathLike:
        from datetime import datetime

        path = path_of(self.base_filename)
        stem = path.stem.split(".")[0]
        time = datetime.now().strftime("%Y-%m-%dT%H%M%S")
        suffix = "".join(path.suffixes[-2:])
        return str(path.parent / f"{stem}_{time}_#{self.rollover_count:03}{suffix}")
