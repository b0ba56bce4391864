""".log and .txt: what python-can writes we read, what we write python-can and can-utils read."""

from __future__ import annotations

import copy
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same
from _harness import Skip, case, each, expect, main, scratch
from _logs import directed, everything, ours, write_ours
from can import Logger, LogReader, Message


def named(channel: Any) -> str:
    """The name that both write for a channel."""
    if channel is None:
        return "vcan0"
    return f"can{channel}" if str(channel).isdigit() else channel


KEEPS = Keeps(channel=named)
#: python-can writes neither the DLC of remote frames nor the cause of error frames.
THEIRS_KEEP = replace(KEEPS, remote_dlc=False, error_content=False)

LISTS = everything() | {"times": _messages.times()}
FILES = {f"{name}{suffix}": (name, suffix) for name in LISTS for suffix in (".log", ".log.gz")}


def write_theirs(file: Path, messages: list[Message], **options: Any) -> None:
    with Logger(file, **options) as logger:
        for message in messages:
            logger.on_message_received(message)


def theirs(file: Path) -> list[Message]:
    with LogReader(file) as reader:
        return list(reader)


def as_they_read(messages: list[Message]) -> list[Message]:
    """python-can reports error frames as received, without channel and cause."""
    read = copy.deepcopy(messages)
    for message in read:
        if message.is_error_frame:
            message.channel, message.is_rx = None, True
    return read


def without_cause(messages: list[Message]) -> list[Message]:
    """Without what python-can takes for extended data frames."""
    return [m for m in messages if not (m.is_error_frame and (m.arbitration_id or m.data))]


@each(FILES)
def what_python_can_writes_we_read(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    messages = directed(copy.deepcopy(LISTS[name]))
    write_theirs(file, messages)
    expect_same(messages, ours(file), THEIRS_KEEP)
    # Both read the same file; data of error frames, which python-can writes, it does not read.
    keeps = replace(KEEPS, error_content=False)
    expect_same(theirs(file), as_they_read(ours(file)), keeps)


@each(FILES)
def what_we_write_python_can_reads(given: tuple[str, str]) -> None:
    name, suffix = given
    file = scratch() / f"a{suffix}"
    write_ours(file, LISTS[name])
    expect_same(LISTS[name], ours(file), KEEPS)
    messages = without_cause(LISTS[name])
    write_ours(file, messages)
    expect_same(as_they_read(messages), theirs(file), KEEPS)


@each(LISTS)
def our_file_is_theirs_to_the_byte(given: list[Message]) -> None:
    folder = scratch()
    messages = without_cause(directed(copy.deepcopy(given)))
    for message in messages:
        if message.is_remote_frame:
            message.dlc = 0
    write_ours(folder / "ours.log", messages)
    write_theirs(folder / "theirs.log", messages)
    lines = [(folder / f"{who}.log").read_text().splitlines() for who in ("ours", "theirs")]
    expect([pair for pair in zip(*lines) if pair[0] != pair[1]], [])
    expect(len(lines[0]), len(lines[1]))


@each(LISTS)
def our_printed_lines_are_theirs(messages: list[Message]) -> None:
    folder = scratch()
    write_ours(folder / "ours.txt", messages)
    write_theirs(folder / "theirs.txt", messages)
    lines = [(folder / f"{who}.txt").read_text().splitlines() for who in ("ours", "theirs")]
    expect([pair for pair in zip(*lines) if pair[0] != pair[1]], [])
    expect(len(lines[0]), len(lines[1]))


@each([".log", ".txt"])
def python_can_appends_to_our_files_and_we_to_theirs(suffix: str) -> None:
    folder = scratch()
    file, whole = folder / f"a{suffix}", folder / f"whole{suffix}"
    messages = _messages.mix(900, remote=False)
    write_theirs(whole, directed(messages))
    write_ours(file, messages[:300])
    write_theirs(file, messages[300:600], append=True)
    write_ours(file, messages[600:], "--append")
    expect(file.read_text(), whole.read_text())


@case
def python_can_reads_a_compressed_file_that_we_continued() -> None:
    file = scratch() / "a.log.gz"
    messages = _messages.mix(600, error=False)
    write_ours(file, messages[:300])
    write_ours(file, messages[300:], "--append")
    expect_same(messages, theirs(file), KEEPS)
    expect_same(messages, ours(file), KEEPS)


@case
def lines_that_python_can_reads_we_read_alike() -> None:
    file = scratch() / "a.log"
    file.write_text(
        "(0.1) 5 123#R5 t\n"
        "\n"
        "  (1600000000.123456) vcan0 1#01\r\n"
        "(1600000000.5) can0 0123#ab r\n"
        "(-2.25) can0 123##311223344\n"
        "(3.000000001) can0 9FFFFFFF#1122\n"
        "(4.5) can0 20000080#\n"
        "(5.5) can0 123#R"
    )
    expect_same(theirs(file), as_they_read(ours(file)), KEEPS)
    expect(len(ours(file)), 7)


def tool(name: str) -> str:
    """A program of can-utils."""
    found = shutil.which(name)
    if found is None:
        raise Skip(f"{name} of can-utils is not installed")
    return found


def run(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True)
    expect(done.returncode, 0, f"{command}: {done.stderr}")
    return done.stdout.splitlines()


CONTENT = {name: messages for name, messages in LISTS.items() if name not in ("channels", "times")}


@each(CONTENT)
def can_utils_takes_every_line_of_ours(messages: list[Message]) -> None:
    log2asc = tool("log2asc")
    file = scratch() / "a.log"
    write_ours(file, messages)
    devices = sorted({named(message.channel) for message in messages})
    lines = [line.split() for line in run(log2asc, "-I", file, *devices)]
    # An event has its time first and then the channel, or CANFD, or the words for an error.
    events = [words for words in lines if words and words[0].replace(".", "").isdigit()]
    expect(len(events), len(messages))
    for words, message in zip(events, messages):
        fd = words[1] == "CANFD"
        expect(fd, message.is_fd, f"{words}")
        channel = devices.index(named(message.channel)) + 1
        expect(int(words[2 if fd else 1]), channel, f"{words}")
        if message.is_error_frame:
            expect(words[2], "ErrorFrame")
            continue
        shown = "x" if message.is_extended_id else ""
        expect(words[4 if fd else 2].upper(), f"{message.arbitration_id:X}{shown}".upper())
        if message.is_remote_frame:
            expect(words[4], "r", f"{words}")
        elif not fd:
            expect(bytes.fromhex("".join(words[6:])), bytes(message.data), f"{words}")


@case
def we_read_what_can_utils_writes() -> None:
    folder = scratch()
    messages = [m for m in _messages.mix(500, error=False) if not m.is_fd]
    write_theirs(folder / "a.asc", messages)
    (folder / "a.log").write_text("\n".join(run(tool("asc2log"), "-I", folder / "a.asc")) + "\n")
    # It takes the time of day from the file, in its own way, and has the channels as canN.
    keeps = replace(KEEPS, relative_time=True)
    expect_same(messages, ours(folder / "a.log"), keeps)


if __name__ == "__main__":
    main()
