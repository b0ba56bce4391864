"""Brings a log file into another format: `python -m canbus.logconvert`."""

from __future__ import annotations

import argparse
import errno
import pathlib
import sys
from typing import TYPE_CHECKING, NoReturn

from canbus import _core
from canbus.io import Logger, LogReader, SizedRotatingLogger

if TYPE_CHECKING:
    from canbus.io.generic import MessageWriter

#: What the library converts by itself.
_NATIVE = {suffix for _, suffix, _, _ in _core.formats()} - {".txt"}


class ArgumentParser(argparse.ArgumentParser):
    """Shows all of its help when an argument is wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_help(sys.stderr)
        self.exit(errno.EINVAL, f"{self.prog}: error: {message}\n")


def _is_native(name: str) -> bool:
    suffixes = [suffix.lower() for suffix in pathlib.Path(name).suffixes]
    if suffixes[-1:] == [".gz"]:
        # What Logger refuses to compress is refused here, too.
        return suffixes[-2:-1] != [".blf"] and suffixes[-2:-1][0] in _NATIVE
    return bool(suffixes) and suffixes[-1] in _NATIVE - {".db"}


def _convert(source: str, target: str, size: int | None) -> None:
    if not size and _is_native(source) and _is_native(target):
        _core.convert_log(source, target)
        return
    with LogReader(source) as reader:
        logger: MessageWriter
        if size:
            logger = SizedRotatingLogger(base_filename=target, max_bytes=size)
        else:
            logger = Logger(filename=target)
        with logger:
            for message in reader:
                logger(message)


def main() -> None:
    """The program."""
    parser = ArgumentParser(description="Brings a log file into another format.")
    parser.add_argument(
        "-s",
        "--file_size",
        type=int,
        help="begin a new file when the current one has so many bytes",
    )
    parser.add_argument("input", metavar="INFILE", help="the log file; its suffix tells the format")
    parser.add_argument("output", metavar="OUTFILE", help="the new file, with the suffix wanted")
    arguments = parser.parse_args()
    try:
        _convert(arguments.input, arguments.output, arguments.file_size)
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
