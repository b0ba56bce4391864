"""Readers and writers that the library carries out."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from typing import Any, ClassVar, Optional

from canbus import _core
from canbus.io.generic import FileIOMessageReader, FileIOMessageWriter, MessageReader
from canbus.message import Message

#: The names of the options of each format's reader and writer.
_OPTIONS = {name: (set(read), set(write)) for name, _, read, write in _core.formats()}


#: No header is longer.
_HEAD = 8192

#: So much of a file object is copied at once.
_PIECE = 1 << 20


def path_of(file: Any) -> Optional[str]:
    """The path, if it is one."""
    return os.fspath(file) if isinstance(file, (str, os.PathLike)) else None


def known_options(name: str, kwargs: dict[str, Any], writing: bool) -> dict[str, Any]:
    """Those that the format has; python-can leaves out the others, too."""
    known = _OPTIONS[name][writing]
    return {key: value for key, value in kwargs.items() if key in known}


def head_of(file: Any) -> Any:
    """What a file object begins with, as text or bytes, for a look at the header of a log: it is read
    afterwards as if nobody had looked. Empty for a stream, which cannot go back.
    """
    seekable = getattr(file, "seekable", None)
    if seekable is None or not seekable():
        return ""
    begin = file.tell()
    try:
        return file.read(_HEAD)
    except ValueError:
        # Text in another encoding than the file is said to have; the library copes with it.
        return ""
    finally:
        file.seek(begin)


def header_lines(file: Any) -> list[list[str]]:
    """The words of the lines that a text file begins with."""
    head = head_of(file)
    text = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
    return [line.split() for line in text.splitlines()]


class NativeReader(MessageReader):
    """Iterating over it goes at the speed of the library."""

    #: The library's name of the format.
    _format: ClassVar[str]

    _source: Any
    _options: dict[str, Any]
    _native: Optional[_core.Reader] = None

    def _start(self, given: Any, options: dict[str, Any]) -> None:
        """Remembers what to read: the path itself, unless it can be read only once."""
        path = path_of(given)
        if path is not None and not stat.S_ISREG(os.stat(path).st_mode):
            path = None
        self._source = self.__dict__.get("file") if path is None else path
        # Frames that CAN does not have are messages like any other.
        self._options = known_options(self._format, {"as_written": True} | options, False)

    def _opened(self) -> _core.Reader:
        if self._native is None:
            file = self.__dict__.get("file")
            if file is not None and file.closed:
                raise ValueError("I/O operation on closed file.")
            close = None if file is None else file.close
            self._native = _core.Reader(self._format, self._source, self._options, close)
        return self._native

    def __iter__(self) -> Iterator[Message]:
        return self._opened()

    def stop(self) -> None:
        if self._native is not None:
            self._native.close()
        file = self.__dict__.get("file")
        if file is not None:
            file.close()


class NativeFileReader(NativeReader, FileIOMessageReader[Any]):
    """One with a file."""

    stop = NativeReader.stop


class NativeWriter(FileIOMessageWriter[Any]):
    """Messages are encoded by the library, which hands the file what is written in pieces."""

    _format: ClassVar[str]
    #: Whether the format is one of text.
    _text: ClassVar[bool] = True

    _native: _core.Writer

    def _start(self, given: Any, append: bool, options: dict[str, Any]) -> None:
        """Begins to write to the file, or continues that of a path."""
        path = path_of(given) or (append and path_of(getattr(given, "name", None))) or None
        options = known_options(self._format, options, True)
        if append and path is not None:
            name = self._format + (".gz" if path.lower().endswith(".gz") else "")
            self._native = _core.Writer(name, path, self._text, options)
            self._appends = True
        else:
            # The file has its own encoding.
            options.pop("encoding", None)
            text = self._text and not is_binary(self.file)
            if append and _can_be_rewritten(self.file):
                self._continued = _Continued(self.file, text)
                path = self._continued.path
                self._native = _core.Writer(self._format, path, text, options)
            elif append and not self._text:
                raise ValueError("append needs a file that can be read and written anew")
            else:
                self._native = _core.Writer(self._format, self.file, text, options)
        if type(self).on_message_received is NativeWriter.on_message_received:
            # One call less for each message.
            self.on_message_received = self._native.listener  # type: ignore

    _appends = False
    _continued: Optional[_Continued] = None

    def on_message_received(self, msg: Message) -> None:
        self._native.write(msg)

    def file_size(self) -> int:
        """The size in bytes, with what is still buffered."""
        self._native.flush()
        if self._continued is not None:
            return os.path.getsize(self._continued.path)
        if self._appends:
            self.file.seek(0, os.SEEK_END)
        return int(self.file.tell())

    def stop(self) -> None:
        """Completes and closes the file."""
        try:
            self._native.finish()
            if self._continued is not None:
                self._continued.bring_back()
                self._continued = None
        finally:
            self.file.close()


class _Continued:
    """A log in a file object without a name. The library continues files of the system, so that it is
    one until it is complete.
    """

    def __init__(self, file: Any, text: bool) -> None:
        import tempfile

        self._file = file
        self._text = text
        self._folder = tempfile.TemporaryDirectory(prefix="canbus-")
        self.path = os.path.join(self._folder.name, "log")
        file.seek(0)
        with open(self.path, "wb") as copy:
            while content := file.read(_PIECE):
                copy.write(content.encode() if text else content)

    def bring_back(self) -> None:
        self._file.seek(0)
        # Text is read by pieces of whole characters, and keeps its ends of lines.
        how: Any = {"encoding": "utf-8", "newline": ""} if self._text else {}
        with open(self.path, "r" if self._text else "rb", **how) as copy, self._folder:
            while content := copy.read(_PIECE):
                self._file.write(content)
        self._file.truncate()


def _can_be_rewritten(file: Any) -> bool:
    able = (getattr(file, name, None) for name in ("readable", "writable", "seekable"))
    return all(one is not None and one() for one in able)


def is_binary(file: Any) -> bool:
    """Whether a file object takes bytes."""
    if isinstance(file, (io.RawIOBase, io.BufferedIOBase)):
        return True
    mode = getattr(file, "mode", "")
    return isinstance(mode, str) and "b" in mode
