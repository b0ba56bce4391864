"""Logs the messages of a bus to a file, or prints them: `python -m canbus.logger`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from canbus.bus import BusState
from canbus.cli import (
    _add_extra_args,
    _parse_additional_config,
    _set_logging_level_from_namespace,
    add_bus_arguments,
    create_bus_from_namespace,
)
from canbus.io import Logger, SizedRotatingLogger
from canbus.typechecking import TAdditionalCliArgs

if TYPE_CHECKING:
    from canbus.io.generic import MessageWriter


def _parse_logger_args(args: list[str]) -> tuple[argparse.Namespace, TAdditionalCliArgs]:
    """The arguments, and those of the writer."""
    parser = argparse.ArgumentParser(description="Logs the messages of a CAN bus.")
    group = parser.add_argument_group("logger arguments")
    group.add_argument(
        "-f",
        "--file_name",
        dest="log_file",
        help="the file; its suffix tells the format. Without it messages are printed",
    )
    group.add_argument(
        "-a", "--append", action="store_true", help="continue the file if there is one"
    )
    group.add_argument(
        "-s",
        "--file_size",
        type=int,
        help="begin a new file when this one has so many bytes, and name it by time and number",
    )
    group.add_argument(
        "-v",
        action="count",
        dest="verbosity",
        default=2,
        help="tell more of what happens; twice for everything",
    )
    state = group.add_mutually_exclusive_group()
    state.add_argument("--active", action="store_true", help="take part in the bus, the default")
    state.add_argument("--passive", action="store_true", help="only listen")
    _add_extra_args(group)
    add_bus_arguments(parser, filter_arg=True)
    if not args:
        parser.print_help(sys.stderr)
        raise SystemExit(errno.EINVAL)
    results, unknown = parser.parse_known_args(args)
    return results, _parse_additional_config([*results.extra_args, *unknown])


def _stop_on_sigterm() -> None:
    """Ends as Ctrl-C does, with a complete file, when a service manager or `kill` says so."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def main() -> None:
    """The program."""
    results, writer_options = _parse_logger_args(sys.argv[1:])
    bus = create_bus_from_namespace(results)
    _set_logging_level_from_namespace(results)
    if results.active:
        bus.state = BusState.ACTIVE
    elif results.passive:
        bus.state = BusState.PASSIVE
    print(f"Connected to {type(bus).__name__}: {bus.channel_info}")
    print(f"Can Logger (Started on {datetime.now()})")
    options: Any = {"append": results.append, **writer_options}
    logger: MessageWriter
    if results.file_size:
        logger = SizedRotatingLogger(
            base_filename=results.log_file, max_bytes=results.file_size, **options
        )
    else:
        logger = Logger(filename=results.log_file, **options)
    _stop_on_sigterm()
    try:
        while True:
            message = bus.recv(1)
            if message is not None:
                logger(message)
    except KeyboardInterrupt:
        pass
    finally:
        bus.shutdown()
        logger.stop()


if __name__ == "__main__":
    main()
