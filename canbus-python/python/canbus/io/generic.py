"""What every reader and writer is: base classes, also for those of other packages."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from io import BufferedIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Literal, Optional, TextIO, TypeVar, Union

from canbus.listener import Listener
from canbus.message import Message
from canbus.typechecking import FileLike, StringPathLike

if TYPE_CHECKING:
    import pathlib
    from types import TracebackType

    from typing_extensions import Self

_IoTypeVar = TypeVar("_IoTypeVar", bound=FileLike)


def path_of(name: StringPathLike) -> pathlib.Path:
    """A path, by a module that takes long to import."""
    import pathlib

    return pathlib.Path(name)


def _opened(file: Any, mode: str, encoding: Optional[str] = None) -> Any:
    """The file of a path; a file object is what it is."""
    if not isinstance(file, (str, os.PathLike)):
        return file
    return open(file, mode=mode, encoding=encoding)


class _Context:
    """A `with` block ends by `stop`."""

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> Literal[False]:
        self.stop()
        return False


class MessageWriter(_Context, AbstractContextManager["MessageWriter"], Listener, ABC):
    """Writes messages somewhere."""

    @abstractmethod
    def __init__(self, file: StringPathLike, **kwargs: Any) -> None:
        pass

    @abstractmethod
    def stop(self) -> None:
        """Completes what was written; nothing can be written any more."""


class SizedMessageWriter(MessageWriter, ABC):
    """A writer that knows the size of what it wrote."""

    @abstractmethod
    def file_size(self) -> int:
        """The size in bytes."""


class FileIOMessageWriter(SizedMessageWriter, Generic[_IoTypeVar]):
    """A writer with a file."""

    file: _IoTypeVar

    @abstractmethod
    def __init__(self, file: Union[StringPathLike, _IoTypeVar], **kwargs: Any) -> None:
        pass

    def stop(self) -> None:
        self.file.close()

    def file_size(self) -> int:
        return self.file.tell()


class TextIOMessageWriter(FileIOMessageWriter[Union[TextIO, TextIOWrapper]], ABC):
    """A writer of text, to a path or to a text file; the encoding of a path may be chosen."""

    def __init__(
        self,
        file: Union[StringPathLike, TextIO, TextIOWrapper],
        mode: str = "w",
        **kwargs: Any,
    ) -> None:
        self.file = _opened(file, mode, kwargs.get("encoding"))


class BinaryIOMessageWriter(FileIOMessageWriter[Union[BinaryIO, BufferedIOBase]], ABC):
    """A writer of bytes, to a path or to a binary file."""

    def __init__(
        self,
        file: Union[StringPathLike, BinaryIO, BufferedIOBase],
        mode: str = "wb",
        **kwargs: Any,
    ) -> None:
        self.file = _opened(file, mode)


class MessageReader(_Context, AbstractContextManager["MessageReader"], Iterable[Message], ABC):
    """Reads messages from somewhere: iterating over it gives them."""

    @abstractmethod
    def __init__(self, file: StringPathLike, **kwargs: Any) -> None:
        pass

    @abstractmethod
    def stop(self) -> None:
        """Closes what is read."""


class FileIOMessageReader(MessageReader, Generic[_IoTypeVar]):
    """A reader with a file."""

    file: _IoTypeVar

    @abstractmethod
    def __init__(self, file: Union[StringPathLike, _IoTypeVar], **kwargs: Any) -> None:
        pass

    def stop(self) -> None:
        self.file.close()


class TextIOMessageReader(FileIOMessageReader[Union[TextIO, TextIOWrapper]], ABC):
    """A reader of text, from a path or from a text file; the encoding of a path may be chosen."""

    def __init__(
        self,
        file: Union[StringPathLike, TextIO, TextIOWrapper],
        mode: str = "r",
        **kwargs: Any,
    ) -> None:
        self.file = _opened(file, mode, kwargs.get("encoding"))


class BinaryIOMessageReader(FileIOMessageReader[Union[BinaryIO, BufferedIOBase]], ABC):
    """A reader of bytes, from a path or from a binary file."""

    def __init__(
        self,
        file: Union[StringPathLike, BinaryIO, BufferedIOBase],
        mode: str = "rb",
        **kwargs: Any,
    ) -> None:
        self.file = _opened(file, mode)
