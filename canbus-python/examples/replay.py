"""Sends a log at the speed at which it was recorded, but without its long pauses."""

import tempfile
import time
from pathlib import Path

import canbus as can


def main(folder: Path) -> None:
    path = folder / "log.blf"
    with can.Logger(path) as logger:
        for number, when in enumerate([0.0, 0.05, 0.1, 3600.0]):
            logger(can.Message(arbitration_id=number, timestamp=1_700_000_000 + when))
    begun = time.perf_counter()
    with (
        can.Bus("replayed", interface="virtual") as bus,
        can.Bus("replayed", interface="virtual") as other,
        can.LogReader(path) as reader,
    ):
        for message in can.MessageSync(reader, skip=0.1):
            bus.send(message)
            print(f"{time.perf_counter() - begun:.2f} s:", other.recv(1))
    assert 0.15 < time.perf_counter() - begun < 10


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
