"""Prints messages, to the terminal or to a file."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any, TextIO, Union

from canbus import _later
from canbus.io.generic import TextIOMessageWriter
from canbus.message import Message
from canbus.typechecking import StringPathLike

log = _later.logger(__name__, "can.io.printer")


class Printer(TextIOMessageWriter):
    """Writes each message as a line of text.

    :param file: a path or a text file; else standard output
    :param append: continue an existing file
    """

    def __init__(
        self,
        file: Union[StringPathLike, TextIO, TextIOWrapper] = sys.stdout,
        append: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="a" if append else "w", **kwargs)

    def on_message_received(self, msg: Message) -> None:
        self.file.write(f"{msg}\n")

    def file_size(self) -> int:
        """The size in bytes; 0 for standard output."""
        return 0 if self.file is sys.stdout else self.file.tell()

    def stop(self) -> None:
        """Closes the file, unless it is standard output."""
        if self.file is not sys.stdout:
            super().stop()
