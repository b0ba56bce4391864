"""Brings a log into another format: convert.py INPUT OUTPUT, or a log of its own."""

import sys
import tempfile
from pathlib import Path

import canbus as can


def convert(source: Path, target: Path) -> int:
    """The suffixes tell the formats; `.gz` may follow. Says how many messages there were."""
    count = 0
    with can.LogReader(source) as reader, can.Logger(target) as writer:
        for message in reader:
            writer.on_message_received(message)
            count += 1
    return count


def demonstrate(folder: Path) -> None:
    with can.Logger(folder / "log.asc") as logger:
        for number in range(100):
            logger(can.Message(arbitration_id=number, timestamp=number / 10))
    for suffix in ("blf", "csv", "db", "log", "mf4", "trc", "asc.gz"):
        target = folder / f"converted.{suffix}"
        print(convert(folder / "log.asc", target), "messages,", target.stat().st_size, "bytes", suffix)
        assert sum(1 for _ in can.LogReader(target)) == 100


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(convert(Path(sys.argv[1]), Path(sys.argv[2])))
    else:
        with tempfile.TemporaryDirectory() as name:
            demonstrate(Path(name))
