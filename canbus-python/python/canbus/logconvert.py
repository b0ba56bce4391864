"""Brings a log file into another format: `python -m canbus.logconvert`."""

from __future__ import annotations

import argparse
import contextlib
import errno
import itertools
import os
import sys

from canbus import _core

# What the library converts by itself needs no more than this: the rest is imported when it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from canbus.io.generic import MessageWriter

#: How many damaged places, and how many messages that are refused, are shown.
_SHOWN = 10

#: What the library converts by itself.
_NATIVE = {suffix for _, suffix, _, _ in _core.formats()} - {".txt"}


class ArgumentParser(argparse.ArgumentParser):
    """Shows all of its help when an argument is wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_help(sys.stderr)
        self.exit(errno.EINVAL, f"{self.prog}: error: {message}\n")


def _suffix(name: str) -> str:
    stem, suffix = os.path.splitext(name.lower())
    return os.path.splitext(stem)[1] if suffix == ".gz" else suffix


def _is_native(name: str) -> bool:
    # What Logger refuses to compress is refused here, too.
    compressed = name.lower().endswith(".gz")
    return _suffix(name) in _NATIVE - ({".blf", ".db"} if compressed else {".db"})


class _WrongUsageError(Exception):
    """The arguments ask for what there is not."""


def _say(text: object) -> None:
    print(f"logconvert: {text}", file=sys.stderr)


def _partial(target: str) -> str:
    """`partial-drive.blf` beside it, or with a number where that is there already."""
    folder, name = os.path.split(target)
    names = itertools.chain(["partial-"], (f"partial-{number}-" for number in itertools.count(2)))
    paths = (os.path.join(folder, before + name) for before in names)
    return next(path for path in paths if not os.path.lexists(path))


def _copy(source: str, target: str, size: int | None) -> tuple[int, int, int]:
    """By the readers and writers of Python, plug-ins among them."""
    from canbus.exceptions import CanUnsupportedError
    from canbus.io import (
        MESSAGE_READERS,
        MESSAGE_WRITERS,
        Logger,
        LogReader,
        SizedRotatingLogger,
    )

    written = damaged = refused = 0
    try:
        reader = LogReader(source)
        with contextlib.ExitStack() as opened:
            opened.push(reader)
            logger: MessageWriter
            if size:
                logger = SizedRotatingLogger(base_filename=target, max_bytes=size)
            else:
                logger = Logger(filename=target)
            opened.pop_all()
    except ValueError as error:
        if _suffix(source) in MESSAGE_READERS and _suffix(target) in MESSAGE_WRITERS:
            raise
        raise _WrongUsageError(error) from error
    with reader, logger:
        messages = iter(reader)
        while True:
            try:
                message = next(messages)
            except StopIteration:
                break
            except (ValueError, CanUnsupportedError) as error:
                damaged += 1
                if damaged <= _SHOWN:
                    _say(f"warning: {error}")
                continue
            try:
                logger(message)
                written += 1
            except (ValueError, CanUnsupportedError) as error:
                refused += 1
                if refused <= _SHOWN:
                    _say(f"not written: {error}")
    return written, damaged, refused


def _convert(source: str, target: str, size: int | None) -> tuple[int, int, int]:
    """How many messages were written, damaged places passed over, and messages refused."""
    if size:
        return _copy(source, target, size)
    real = os.path.realpath(target)
    replaces = os.path.exists(real)
    if replaces:
        if os.path.exists(source) and os.path.samefile(source, real):
            raise _WrongUsageError(f"{source} and {target} are the same file")
        if not os.path.isfile(real) or real.lower().endswith(".db"):
            # Messages are added to a database.
            return _copy(source, target, None)
        # A file that may not be written is not replaced either.
        open(real, "ab").close()
    # Under its own name it is only when all is in it.
    partial = _partial(real)
    if _is_native(source) and _is_native(target):
        counts = _core.convert_log(source, partial, _say)
    else:
        counts = _copy(source, partial, None)
    if replaces:
        with contextlib.suppress(OSError):
            os.chmod(partial, os.stat(real).st_mode & 0o7777)
    os.replace(partial, real)
    return counts


def _failures() -> tuple[type[Exception], ...]:
    """What is told without a traceback."""
    from canbus.exceptions import CanError
    from canbus.io.blf import BLFParseError

    return BLFParseError, CanError, OSError, ValueError, _WrongUsageError


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
        written, damaged, refused = _convert(
            arguments.input, arguments.output, arguments.file_size
        )
    except KeyboardInterrupt:
        sys.exit(1)
    except _failures() as error:
        _say(f"error: {error}")
        sys.exit(2 if isinstance(error, _WrongUsageError) else 1)
    if damaged or refused:
        parts = [_counted(written, "frame")]
        if damaged:
            parts.append(_counted(damaged, "damaged place"))
        if refused:
            parts.append(f"{_counted(refused, 'frame')} not held by the format")
        _say("; ".join(parts))
        sys.exit(1)


if __name__ == "__main__":
    main()
