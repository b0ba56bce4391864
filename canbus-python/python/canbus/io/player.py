"""LogReader, which finds the reader for a file's name, and playing back in time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from canbus._entry_points import read_entry_points
from canbus.io.asc import ASCReader
from canbus.io.blf import BLFReader
from canbus.io.canutils import CanutilsLogReader
from canbus.io.csv import CSVReader
from canbus.io.generic import (
    BinaryIOMessageReader,
    MessageReader,
    TextIOMessageReader,
    path_of,
)
from canbus.io.mf4 import MF4Reader
from canbus.io.sqlite import SqliteReader
from canbus.io.trc import TRCReader
from canbus.message import Message
from canbus.typechecking import StringPathLike

#: The reader for each suffix.
MESSAGE_READERS: Final[dict[str, type[MessageReader]]] = {
    ".asc": ASCReader,
    ".blf": BLFReader,
    ".csv": CSVReader,
    ".db": SqliteReader,
    ".log": CanutilsLogReader,
    ".mf4": MF4Reader,
    ".trc": TRCReader,
}

#: Sleeping is not worth it for less.
_LEAST_SLEEP = 1e-4


def _update_reader_plugins() -> None:
    """Adds the readers of other distributions."""
    for entry in read_entry_points("can.io.message_reader"):
        if entry.key not in MESSAGE_READERS:
            reader = entry.load()
            if issubclass(reader, MessageReader):
                MESSAGE_READERS[entry.key] = reader


def _reader_for(suffix: str) -> type[MessageReader]:
    try:
        return MESSAGE_READERS[suffix]
    except KeyError:
        raise ValueError(f'No read support for unknown log format "{suffix}"') from None


def _decompress(filename: StringPathLike, **kwargs: Any) -> MessageReader:
    """A reader whose file is decompressed on the way."""
    suffixes = path_of(filename).suffixes
    unknown = ValueError(f'No read support for unknown log format "{"".join(suffixes)}"')
    if len(suffixes) != 2:
        raise unknown
    reader = _reader_for(suffixes[0].lower())
    if issubclass(reader, TextIOMessageReader):
        mode = "rt"
    elif issubclass(reader, BinaryIOMessageReader):
        mode = "rb"
    else:
        raise unknown
    import gzip

    file: Any = gzip.open(filename, mode=mode)
    return reader(file, **kwargs)


def LogReader(filename: StringPathLike, **kwargs: Any) -> MessageReader:  # noqa: N802
    """The reader for a file's suffix, behind which may stand `.gz`. Other arguments are those of
    the reader.

    :raises ValueError: nothing reads files of this suffix
    """
    _update_reader_plugins()
    suffix = path_of(filename).suffix.lower()
    if suffix == ".gz":
        return _decompress(filename, **kwargs)
    reader: Any = _reader_for(suffix)
    found: MessageReader = reader(file=filename, **kwargs)
    return found


class MessageSync:
    """Gives messages at the distances in time that their timestamps have.

    :param timestamps: if false, each comes `gap` after the one before
    :param gap: seconds between messages without timestamps
    :param skip: no pause lasts longer, in seconds; 0 for any
    """

    def __init__(
        self,
        messages: Iterable[Message],
        timestamps: bool = True,
        gap: float = 0.0001,
        skip: float = 60.0,
    ) -> None:
        self.raw_messages = messages
        self.timestamps = timestamps
        self.gap = gap
        self.skip = skip

    def __iter__(self) -> Iterator[Message]:
        # When the first message was due, and by how much later ones come earlier than recorded.
        due = begun = time.perf_counter()
        first = None
        skipped = 0.0
        for message in self.raw_messages:
            if not self.timestamps:
                due += self.gap
            else:
                if first is None:
                    first = message.timestamp
                due = begun + (message.timestamp - first) - skipped
            pause = due - time.perf_counter()
            if self.skip and pause > self.skip:
                skipped += pause - self.skip
                pause = self.skip
            if pause > _LEAST_SLEEP:
                time.sleep(pause)
            yield message
