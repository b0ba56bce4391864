"""A log as a table. pandas, DuckDB and others take what read_columns gives in the same way."""

import tempfile
from pathlib import Path

import canbus as can
import polars


def main(folder: Path) -> None:
    path = folder / "log.blf"
    with can.Logger(path) as logger:
        for number in range(1000):
            frame = can.Message(
                timestamp=1_700_000_000 + number / 100, arbitration_id=number % 3, data=[number % 256]
            )
            logger(frame)
    table = polars.DataFrame(can.read_columns(path))
    print(table.group_by("arbitration_id").len().sort("arbitration_id"))
    assert table.height == 1000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
