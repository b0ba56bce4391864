""".csv: what python-can writes we read, what we write python-can reads, in every form."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same
from _harness import case, each, example, expect, main, scratch
from _logs import everything, line, ours, write_ours
from can import CSVReader, CSVWriter, Logger, LogReader, Message

EVERYTHING = Keeps()
#: python-can's columns have neither channel nor direction nor anything of CAN FD.
THEIRS_KEEP = Keeps(channel=None, direction=False, fd=False)

LISTS = everything() | {"times": _messages.times()}
FILES = {f"{name}{suffix}": (name, suffix) for name in LISTS for suffix in (".csv", ".csv.gz")}

#: As Python names them; those whose bytes are not those of ASCII, and one whose are.
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "cp1252"]


def write_theirs(file: Path, messages: list[Message], **options: Any) -> None:
    with Logger(file, **options) as logger:
        for message in messages:
            logger.on_message_received(message)


def theirs(file: Path) -> list[Message]:
    with LogReader(file) as reader:
        return list(reader)


def classic(messages: list[Message]) -> list[Message]:
    """What python-can's columns can tell."""
    return [message for message in messages if not message.is_fd]


def long(messages: list[Message]) -> list[Message]:
    """What is taken for CAN FD without being told."""
    return [message for message in messages if len(message.data) > 8]


@each(FILES)
def what_python_can_writes_we_read(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    write_theirs(file, LISTS[name])
    expect_same(LISTS[name], ours(file), THEIRS_KEEP)
    expect_same(theirs(file), ours(file), THEIRS_KEEP)
    expect_same(long(LISTS[name]), long(ours(file)), replace(THEIRS_KEEP, fd=True, fd_flags=False))


@each(FILES)
def what_we_write_python_can_reads(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    messages = classic(LISTS[name])
    write_ours(file, messages)
    expect_same(messages, theirs(file), THEIRS_KEEP)
    expect_same(messages, ours(file), THEIRS_KEEP)


@each(FILES)
def packed_columns_keep_everything_and_python_can_reads_them(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    write_ours(file, LISTS[name], "columns=packed")
    expect_same(LISTS[name], theirs(file), THEIRS_KEEP)
    expect_same(LISTS[name], ours(file), EVERYTHING)


@each(FILES)
def extended_columns_keep_everything(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    write_ours(file, LISTS[name], "columns=extended")
    expect_same(LISTS[name], ours(file), EVERYTHING)
    opened = gzip.open(file, "rt") if suffix.endswith(".gz") else file.open()
    with opened as lines:
        rows = list(csv.DictReader(lines))
    expect(len(rows), len(LISTS[name]))
    for row, message in zip(rows, LISTS[name]):
        expect(row["channel"], "" if message.channel is None else str(message.channel))
        expect(row["direction"], "Rx" if message.is_rx else "Tx")
        expect(row["fd"], str(int(message.is_fd)))
        expect(row["brs"], str(int(message.bitrate_switch)))
        expect(row["esi"], str(int(message.error_state_indicator)))


@each(ENCODINGS)
def what_one_writes_in_another_encoding_the_other_reads(encoding: str) -> None:
    folder = scratch()
    messages = classic(LISTS["mix"])
    # The encoding is the file's: python-can's own option for it does nothing here.
    with CSVWriter((folder / "theirs.csv").open("w", encoding=encoding)) as writer:
        for message in messages:
            writer.on_message_received(message)
    expect_same(messages, ours(folder / "theirs.csv", f"encoding={encoding}"), THEIRS_KEEP)
    write_ours(folder / "ours.csv", messages, f"encoding={encoding}")
    with CSVReader((folder / "ours.csv").open(encoding=encoding)) as reader:
        expect_same(messages, list(reader), THEIRS_KEEP)


@case
def pythons_reader_refuses_more_columns() -> None:
    """Why there are packed columns; should this fail one day, they are no longer needed."""
    file = scratch() / "a.csv"
    write_ours(file, _messages.mix(3), "columns=extended")
    try:
        found: Any = theirs(file)
    except ValueError as error:
        found = str(error)
    expect("too many values to unpack" in found, True, str(found))


@each(everything())
def our_file_is_theirs_to_the_byte(given: list[Message]) -> None:
    folder = scratch()
    messages = classic(given)
    write_ours(folder / "ours.csv", messages)
    write_theirs(folder / "theirs.csv", messages)
    expect((folder / "ours.csv").read_text(), (folder / "theirs.csv").read_text())


@case
def python_can_appends_to_our_files_and_we_to_theirs() -> None:
    folder = scratch()
    messages = _messages.mix(900, fd=False)
    write_theirs(folder / "whole.csv", messages)
    write_ours(folder / "a.csv", messages[:300])
    write_theirs(folder / "a.csv", messages[300:600], append=True)
    write_ours(folder / "a.csv", messages[600:], "--append")
    expect((folder / "a.csv").read_text(), (folder / "whole.csv").read_text())


@case
def python_can_appends_to_our_packed_and_extended_files() -> None:
    folder = scratch()
    messages = _messages.mix(600)
    for columns in ("packed", "extended"):
        file = folder / f"{columns}.csv"
        write_ours(file, messages[:300], f"columns={columns}")
        write_theirs(file, messages[300:], append=True)
        expect_same(messages[:300], ours(file)[:300], EVERYTHING)
        expect_same(messages[300:], ours(file)[300:], THEIRS_KEEP)


@case
def a_file_that_python_can_began_by_appending_has_no_header_and_loses_nothing_here() -> None:
    file = scratch() / "a.csv"
    messages = _messages.mix(50, fd=False)
    write_theirs(file, messages, append=True)
    expect_same(messages, ours(file), THEIRS_KEEP)
    # It passes over the first line, whatever that is.
    expect_same(messages[1:], theirs(file), THEIRS_KEEP)


@case
def either_line_end_and_quotation_marks_are_read() -> None:
    folder = scratch()
    messages = _messages.mix(200)
    write_theirs(folder / "a.csv", messages)
    text = (folder / "a.csv").read_text()
    (folder / "b.csv").write_bytes(text.replace("\n", "\r\n").encode())
    expect_same(messages, ours(folder / "b.csv"), THEIRS_KEEP)
    # As Python's own module writes it, with the columns in another order and one more.
    rows = list(csv.DictReader(text.splitlines()))
    with (folder / "c.csv").open("w", newline="") as out:
        names = [*reversed(rows[0]), "remark"]
        writer = csv.DictWriter(out, names, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(row | {"remark": 'a, "b"'} for row in rows)
    expect_same(messages, ours(folder / "c.csv"), THEIRS_KEEP)


@case
def nanoseconds_are_kept_and_python_reads_the_nearest_double() -> None:
    file = scratch() / "a.csv"
    nanos = [1_700_000_000_123_456_789, 1_700_000_000_999_999_999, 1, -1, 4_294_967_296_000_000_001]
    lines = "".join(f"{n / 1e9!r},0x1,0,0,0,0,\n" for n in nanos)
    file.write_text(lines)
    expect_same(theirs_without_header(lines), ours(file), replace(THEIRS_KEEP, time=1e-9))
    given = [json.dumps({"timestamp_ns": n, "id": 1}) for n in nanos]
    example("make_log", file, stdin="\n".join(given))
    dumped = example("dump_log", file).stdout.splitlines()
    expect([json.loads(line)["timestamp_ns"] for line in dumped], nanos)
    doubles = [float(Fraction(n, 10**9)) for n in nanos]
    expect([message.timestamp for message in theirs(file)], doubles)


def theirs_without_header(lines: str) -> list[Message]:
    file = scratch() / "theirs.csv"
    file.write_text("header\n" + lines)
    return theirs(file)


@case
def what_was_flushed_survives_a_kill() -> None:
    file = scratch() / "a.csv"
    messages = _messages.mix(500, fd=False)
    lines = [line(message) + "\n" for message in messages]
    lines.insert(400, '{"flush":true}\n')
    example("make_log", "--abandon", file, stdin="".join(lines), check=False)
    expect_same(messages[:400], theirs(file)[:400], THEIRS_KEEP)


if __name__ == "__main__":
    main()
