"""SQLite: a database with a row for each message."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from canbus.io._native import NativeReader, known_options, path_of
from canbus.io.generic import MessageWriter
from canbus.listener import BufferedReader
from canbus.message import Message
from canbus.typechecking import StringPathLike
from canbus import _core, _later

log = _later.logger(__name__, "can.io.sqlite")


class SqliteReader(NativeReader):
    """Reads the messages of a database.

    :param table_name: the table that holds them
    """

    _format = "sqlite"

    def __init__(
        self, file: StringPathLike, table_name: str = "messages", **kwargs: Any
    ) -> None:
        path = path_of(file)
        if path is None:
            raise TypeError("SqliteReader takes the path of a database")
        self.table_name = table_name
        self._start(path, kwargs | {"table_name": table_name})
        # An empty file is a database without tables; that is told when somebody reads it.
        if os.path.getsize(path):
            self._opened()

    def __iter__(self) -> Iterator[Message]:
        reader, self._native = self._opened(), None
        return reader

    def __len__(self) -> int:
        return sum(1 for _ in self.read_all())

    def read_all(self) -> Iterator[Message]:
        """All messages, from the first on, wherever iterating has come."""
        return _core.Reader(self._format, self._source, self._options)


class SqliteWriter(MessageWriter, BufferedReader):
    """Writes messages into a database, which may exist already.

    :param table_name: the table that holds them
    """

    GET_MESSAGE_TIMEOUT = 0.25
    MAX_TIME_BETWEEN_WRITES = 5.0
    MAX_BUFFER_SIZE_BEFORE_WRITES = 500

    def __init__(
        self, file: StringPathLike, table_name: str = "messages", **kwargs: Any
    ) -> None:
        if kwargs.get("append", False):
            raise ValueError(
                "The append argument should not be used in conjunction with the SqliteWriter."
            )
        path = path_of(file)
        if path is None:
            raise TypeError("SqliteWriter takes the path of a database")
        BufferedReader.__init__(self)
        self.table_name = table_name
        self.last_write = time.time()
        # What the table of python-can does not keep stands in another one.
        options = {"columns": "extended", **kwargs, "table_name": table_name}
        options = known_options("sqlite", options, True)
        self._native = _core.Writer("sqlite", path, False, options)

    @property
    def num_frames(self) -> int:
        """How many messages were taken."""
        return self._native.count

    def on_message_received(self, msg: Message) -> None:
        self._native.write(msg)

    def stop(self) -> None:
        """Brings all that was taken into the database and closes it."""
        self._native.finish()
        self.is_stopped = True
        self.last_write = time.time()
