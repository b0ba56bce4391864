"""Sends the messages of a log file: `python -m canbus.player`."""

from __future__ import annotations

import argparse
import errno
import sys
from datetime import datetime
from typing import Any

from canbus.cli import (
    _add_extra_args,
    _parse_additional_config,
    _set_logging_level_from_namespace,
    add_bus_arguments,
    create_bus_from_namespace,
)
from canbus.io import LogReader, MessageSync

#: From this verbosity on messages are printed.
_PRINT = 3
_DAY = 60 * 60 * 24


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Sends the messages of a log file on a CAN bus.")
    group = parser.add_argument_group("player arguments")
    group.add_argument("-f", "--file_name", dest="log_file", help=argparse.SUPPRESS)
    group.add_argument(
        "-v",
        action="count",
        dest="verbosity",
        default=2,
        help="print the messages, too; twice for more of what happens",
    )
    group.add_argument(
        "--ignore-timestamps",
        dest="timestamps",
        action="store_false",
        help="send with nothing but the gap between messages",
    )
    group.add_argument("--error-frames", action="store_true", help="send error frames, too")
    group.add_argument(
        "-g", "--gap", type=float, default=0.0001, help="seconds between messages at least"
    )
    group.add_argument(
        "-s", "--skip", type=float, default=_DAY, help="no pause is longer, in seconds"
    )
    group.add_argument("infile", metavar="input-file", help="the log file")
    _add_extra_args(group)
    add_bus_arguments(parser)
    return parser


def main() -> None:
    """The program."""
    parser = _parser()
    if len(sys.argv) < 2:
        parser.print_help(sys.stderr)
        raise SystemExit(errno.EINVAL)
    results, unknown = parser.parse_known_args()
    options: Any = _parse_additional_config([*results.extra_args, *unknown])
    _set_logging_level_from_namespace(results)
    with (
        create_bus_from_namespace(results) as bus,
        LogReader(results.infile, **options) as reader,
    ):
        messages = MessageSync(
            reader, timestamps=results.timestamps, gap=results.gap, skip=results.skip
        )
        print(f"Can LogReader (Started on {datetime.now()})")
        try:
            for message in messages:
                if message.is_error_frame and not results.error_frames:
                    continue
                if results.verbosity >= _PRINT:
                    print(message)
                bus.send(message)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
