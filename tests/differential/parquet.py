""".parquet: what we write pyarrow and DuckDB read, frame by frame, also in parts of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import _messages
import duckdb
import pyarrow.dataset
import pyarrow.parquet
from _compare import expect_same
from _harness import canbus, case, each, expect, main, scratch
from _logs import everything, write_ours
from can import Message

LISTS = everything() | {"times": _messages.times()}


def of_row(row: dict[str, Any]) -> Message:
    """A message from the columns of a row, its time as a number of nanoseconds."""
    return Message(
        timestamp=row["nanos"] / 1e9,
        arbitration_id=row["arbitration_id"],
        is_extended_id=row["extended"],
        is_remote_frame=row["remote"],
        is_error_frame=row["error"],
        dlc=row["dlc"],
        data=bytes(row["data"]),
        channel=channel(row["channel"]),
        is_rx={"Rx": True, "Tx": False}[row["direction"]],
        is_fd=row["fd"],
        bitrate_switch=row["brs"],
        error_state_indicator=row["esi"],
    )


def channel(name: str | None) -> Any:
    """A number is written as its digits."""
    return int(name) if name is not None and name.isdigit() else name


def by_pyarrow(file: Path) -> list[Message]:
    table = pyarrow.parquet.ParquetFile(file).read()
    nanos = table.column("timestamp").cast("int64").to_pylist()
    rows = table.drop_columns("timestamp").to_pylist()
    return [of_row(row | {"nanos": time}) for row, time in zip(rows, nanos)]


def by_duckdb(file: Path) -> list[Message]:
    found = duckdb.sql(f"SELECT epoch_ns(timestamp) AS nanos, * FROM read_parquet('{file}')")
    names = found.columns
    return [of_row(dict(zip(names, row))) for row in found.fetchall()]


READERS: dict[str, Callable[[Path], list[Message]]] = {
    "pyarrow": by_pyarrow,
    "DuckDB": by_duckdb,
}


def cases() -> Iterable[tuple[str, tuple[Any, list[Message]]]]:
    for reader, read in READERS.items():
        for name, messages in LISTS.items():
            yield f"{name} by {reader}", (read, messages)


@each(dict(cases()))
def what_we_write_others_read(given: tuple[Any, list[Message]]) -> None:
    read, messages = given
    file = scratch() / "a.parquet"
    write_ours(file, messages)
    expect_same(messages, read(file))


@case
def columns_have_types_that_need_no_explanation() -> None:
    file = scratch() / "a.parquet"
    write_ours(file, _messages.mix(10))
    schema = pyarrow.parquet.read_schema(file)
    expect(
        [f"{field.name}: {field.type}" for field in schema],
        [
            "timestamp: timestamp[ns, tz=UTC]",
            "arbitration_id: uint32",
            "extended: bool",
            "remote: bool",
            "error: bool",
            "dlc: uint8",
            "data: binary",
            "channel: string",
            "direction: string",
            "raw_dlc: uint8",
            "fd: bool",
            "brs: bool",
            "esi: bool",
        ],
    )


@case
def times_have_nanoseconds() -> None:
    file = scratch() / "a.parquet"
    messages = [Message(timestamp=1_700_000_000.000001, arbitration_id=1)]
    write_ours(file, messages)
    column = pyarrow.parquet.read_table(file).column("timestamp")
    expect(column.cast("int64").to_pylist(), [1_700_000_000_000_001_000])


@case
def many_rows_are_read_from_several_groups() -> None:
    file = scratch() / "a.parquet"
    messages = _messages.mix(3000) * 30
    write_ours(file, messages)
    expect(pyarrow.parquet.ParquetFile(file).num_row_groups, 3)
    for read in READERS.values():
        expect_same(messages, read(file))


@each(["day", "hour"])
def parts_of_time_are_one_table(partition: str) -> None:
    folder = scratch() / "a.parquet"
    messages = [
        Message(timestamp=1_700_000_000 + 1000 * number, arbitration_id=number, data=[number])
        for number in range(200)
    ]
    write_ours(folder, messages, f"partition={partition}")
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    expect(table.num_rows, 200)
    expect("date" in table.column_names, True)
    days = duckdb.sql(
        f"SELECT date, count(*), min(timestamp::DATE), max(timestamp::DATE) FROM"
        f" (SELECT * REPLACE (timestamp AT TIME ZONE 'UTC' AS timestamp)"
        f" FROM read_parquet('{folder}/**/*.parquet', hive_partitioning=true))"
        f" GROUP BY date ORDER BY date"
    ).fetchall()
    expect(sum(count for _, count, _, _ in days), 200)
    for day, _, first, last in days:
        expect((first, last), (day, day))


@case
def the_command_converts_and_records_to_it() -> None:
    folder = scratch()
    messages = _messages.mix(3000)
    write_ours(folder / "a.blf", messages)
    canbus("logconvert", folder / "a.blf", folder / "a.parquet")
    for read in READERS.values():
        expect_same(messages, read(folder / "a.parquet"))
    canbus("logconvert", folder / "a.blf", folder / "parts.parquet", "--partition=day")
    table = pyarrow.dataset.dataset(folder / "parts.parquet", partitioning="hive").to_table()
    expect(table.num_rows, len(messages))
    canbus("logger", "-i", "simulated", "-n", 100, "-f", folder / "live.parquet")
    for read in READERS.values():
        expect(len(read(folder / "live.parquet")), 100)


@case
def full_files_of_a_rotation_are_whole() -> None:
    folder = scratch()
    write_ours(folder / "a.blf", _messages.mix(3000))
    canbus("logconvert", folder / "a.blf", folder / "r.parquet", "--file-frames", 1000)
    counts = [pyarrow.parquet.read_table(file).num_rows for file in sorted(folder.glob("r*.parquet"))]
    expect(sum(counts), 3000)
    expect(max(counts), 1000)


if __name__ == "__main__":
    main()
