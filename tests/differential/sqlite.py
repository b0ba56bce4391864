""".db: what python-can writes we read, what we write python-can and the sqlite3 module read."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same
from _harness import case, each, example, expect, main, scratch
from _logs import everything, line, ours, write_ours
from can import LogReader, Message, SqliteWriter

EVERYTHING = Keeps()
#: python-can's columns have neither channel nor direction nor anything of CAN FD.
THEIRS_KEEP = Keeps(channel=None, direction=False, fd=False)

LISTS = everything() | {"times": _messages.times()}


def write_theirs(file: Path, messages: list[Message], **options: Any) -> None:
    """Writes all: python-can's own ``stop`` drops what waits in its queue."""
    writer = SqliteWriter(file, **options)
    # Else it collects for five seconds.
    writer.GET_MESSAGE_TIMEOUT = 0.05
    for message in messages:
        writer.on_message_received(message)
    while writer.num_frames < len(messages):
        time.sleep(0.01)
    writer.stop()


def theirs(file: Path, **options: Any) -> list[Message]:
    with LogReader(file, **options) as reader:
        return list(reader)


def classic(messages: list[Message]) -> list[Message]:
    """What python-can's columns can tell."""
    return [message for message in messages if not message.is_fd]


def query(file: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@each(LISTS)
def what_python_can_writes_we_read(messages: list[Message]) -> None:
    file = scratch() / "a.db"
    write_theirs(file, messages)
    expect_same(messages, ours(file), THEIRS_KEEP)
    expect_same(theirs(file), ours(file), THEIRS_KEEP)
    long = [message for message in messages if len(message.data) > 8]
    read = [message for message in ours(file) if len(message.data) > 8]
    expect_same(long, read, replace(THEIRS_KEEP, fd=True, fd_flags=False))


@each(LISTS)
def what_we_write_python_can_reads(messages: list[Message]) -> None:
    file = scratch() / "a.db"
    write_ours(file, classic(messages))
    expect_same(classic(messages), theirs(file), THEIRS_KEEP)
    expect_same(classic(messages), ours(file), THEIRS_KEEP)


@each(LISTS)
def extended_columns_keep_everything_and_python_can_reads_the_rest(messages: list[Message]) -> None:
    file = scratch() / "a.db"
    write_ours(file, messages, "columns=extended")
    expect_same(messages, theirs(file), THEIRS_KEEP)
    expect_same(messages, ours(file), EVERYTHING)
    rows = query(
        file,
        "SELECT ts, channel, is_rx, is_fd, bitrate_switch, error_state_indicator"
        " FROM messages JOIN messages_extra ON message = messages.rowid ORDER BY message",
    )
    wanted = [
        (m.channel, m.is_rx, m.is_fd, m.bitrate_switch, m.error_state_indicator) for m in messages
    ]
    expect([row[1:] for row in rows], wanted)


@each(everything())
def our_rows_are_theirs_to_the_bit(messages: list[Message]) -> None:
    folder = scratch()
    write_ours(folder / "ours.db", classic(messages))
    write_theirs(folder / "theirs.db", classic(messages))
    types = "typeof(ts), typeof(arbitration_id), typeof(extended), typeof(dlc), typeof(data)"
    rows = [
        query(folder / f"{who}.db", f"SELECT rowid, *, {types} FROM messages")
        for who in ("ours", "theirs")
    ]
    expect(rows[0], rows[1])
    columns = [
        query(folder / f"{who}.db", "SELECT * FROM pragma_table_info('messages')")
        for who in ("ours", "theirs")
    ]
    expect(columns[0], columns[1])


@case
def sqlite_finds_nothing_wrong_and_one_plain_file() -> None:
    folder = scratch()
    for columns in ("standard", "extended"):
        file = folder / f"{columns}.db"
        write_ours(file, _messages.mix(3000, fd=False), f"columns={columns}")
        expect(query(file, "PRAGMA integrity_check"), [("ok",)])
        expect(query(file, "PRAGMA journal_mode"), [("delete",)])
        expect(query(file, "SELECT count(*) FROM messages"), [(3000,)])
    expect(sorted(path.name for path in folder.iterdir()), ["extended.db", "standard.db"])


@case
def python_can_appends_to_our_files_and_we_to_theirs() -> None:
    file = scratch() / "a.db"
    messages = _messages.mix(900, fd=False)
    write_ours(file, messages[:300])
    write_theirs(file, messages[300:600])
    write_ours(file, messages[600:], "--append")
    expect_same(messages, theirs(file), THEIRS_KEEP)
    expect_same(messages, ours(file), THEIRS_KEEP)


@case
def python_can_appends_to_our_extended_files() -> None:
    file = scratch() / "a.db"
    messages = _messages.mix(900)
    write_ours(file, messages[:300], "columns=extended")
    write_theirs(file, messages[300:600])
    write_ours(file, messages[600:], "--append", "columns=extended")
    expect_same(messages, theirs(file), THEIRS_KEEP)
    read = ours(file)
    expect_same(messages[:300] + messages[600:], read[:300] + read[600:], EVERYTHING)
    expect_same(messages[300:600], read[300:600], THEIRS_KEEP)


@case
def the_table_is_chosen_by_its_name() -> None:
    file = scratch() / "a.db"
    messages = _messages.mix(200, fd=False)
    write_theirs(file, messages[:100], table_name="drive")
    write_ours(file, messages[100:], "--append", "table_name=other")
    expect_same(messages[:100], ours(file, "table_name=drive"), THEIRS_KEEP)
    expect_same(messages[100:], theirs(file, table_name="other"), THEIRS_KEEP)


@case
def python_can_reads_while_we_write_what_was_flushed() -> None:
    file = scratch() / "a.db"
    messages = _messages.mix(500, fd=False)
    lines = [line(message) + "\n" for message in messages]
    lines.insert(400, '{"flush":true}\n')
    example("make_log", "--abandon", file, stdin="".join(lines), check=False)
    expect_same(messages[:400], ours(file), THEIRS_KEEP)
    expect_same(messages[:400], theirs(file), THEIRS_KEEP)


@case
def times_are_the_same_double() -> None:
    file = scratch() / "a.db"
    doubles = [1_700_000_000.123456, 1_600_000_000.1, 1_899_999_999.999999, 0.1, 1e-6, -1.5, 2.0**32]
    write_theirs(file, [Message(timestamp=double) for double in doubles])
    read = ours(file)
    again = file.with_name("b.db")
    write_ours(again, read)
    expect([message.timestamp for message in theirs(again)], doubles)


if __name__ == "__main__":
    main()
