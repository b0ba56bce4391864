"""Sends what one bus receives on another, and back: `python -m canbus.bridge`."""

from __future__ import annotations

import argparse
import errno
import sys
import time
from datetime import datetime

from canbus.cli import add_bus_arguments, create_bus_from_namespace
from canbus.listener import RedirectReader
from canbus.notifier import Notifier

BRIDGE_DESCRIPTION = "Sends what one CAN bus receives on another, and the other way round."
BUS_1_PREFIX = "bus1"
BUS_2_PREFIX = "bus2"


def _parse_bridge_args(args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=BRIDGE_DESCRIPTION)
    add_bus_arguments(parser, prefix=BUS_1_PREFIX, group_title="arguments of the first bus")
    add_bus_arguments(parser, prefix=BUS_2_PREFIX, group_title="arguments of the second bus")
    if not args:
        parser.print_help(sys.stderr)
        raise SystemExit(errno.EINVAL)
    results, _ = parser.parse_known_args(args)
    return results


def main() -> None:
    """The program."""
    results = _parse_bridge_args(sys.argv[1:])
    with (
        create_bus_from_namespace(results, prefix=BUS_1_PREFIX) as bus1,
        create_bus_from_namespace(results, prefix=BUS_2_PREFIX) as bus2,
        Notifier(bus1, [RedirectReader(bus2)]),
        Notifier(bus2, [RedirectReader(bus1)]),
    ):
        print(f"CAN Bridge (Started on {datetime.now()})")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            pass
    print(f"CAN Bridge (Stopped on {datetime.now()})")


if __name__ == "__main__":
    main()
