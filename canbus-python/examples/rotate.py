"""A log in files of a size, with names of our own."""

import os
import tempfile
from pathlib import Path

import canbus as can


def main(folder: Path) -> None:
    logger = can.SizedRotatingLogger(base_filename=folder / "log.asc", max_bytes=2000)
    logger.rollover_count = 23
    logger.namer = lambda name: str(name).replace("#", "part-")
    with can.Bus("rotated", interface="virtual", receive_own_messages=True) as bus:
        reader = can.BufferedReader()
        with can.Notifier(bus, [logger, reader], timeout=0.1):
            for number in range(200):
                bus.send(can.Message(arbitration_id=number, data=[1, 2, 3]))
                # What still waits when a notifier is stopped stays in the bus.
                assert reader.get_message(1) is not None
    names = sorted(os.listdir(folder))
    print(*names, sep="\n")
    assert any("part-023" in name for name in names)
    total = sum(1 for name in names for _ in can.LogReader(folder / name))
    assert total == 200


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
