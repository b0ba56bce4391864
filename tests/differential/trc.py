""".trc: what python-can writes and ships we read, what we write python-can reads."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same, numbered
from _harness import Skip, case, each, example, expect, main, scratch, source
from _logs import everything, ours, write_ours
from can import LogReader, Message
from can.io.trc import TRCFileVersion, TRCReader, TRCWriter
from can.util import len2dlc

LISTS = everything() | {"times": _messages.times()}

#: What python-can's writer has no place for it drops with a warning.
THEIRS_HOLD = {
    name: [m for m in given if not (m.is_fd or m.is_remote_frame or m.is_error_frame)]
    for name, given in LISTS.items()
}


def theirs(file: Path) -> list[Message]:
    with LogReader(file) as reader:
        return [with_length(message) for message in reader]


def with_length(message: Message) -> Message:
    """The DLC of a python-can message is a length; its reader of .trc puts the code of FD there."""
    if message.is_fd:
        expect(message.dlc, len2dlc(len(message.data)))
        message.dlc = len(message.data)
    return message


def write_theirs(
    file: Path, messages: list[Message], version: TRCFileVersion = TRCFileVersion.V2_1
) -> None:
    with TRCWriter(file) as writer:
        writer.file_version = version
        for message in messages:
            writer.on_message_received(message)


def on_their_channel(messages: list[Message]) -> list[Message]:
    """python-can's writer adds one to a channel, and takes 1 where there is none."""
    moved = copy.deepcopy(messages)
    for message in moved:
        channel = numbered(message.channel)
        message.channel = channel + 1 if isinstance(channel, int) else 1
    return moved


def on_our_channel(messages: list[Message]) -> list[Message]:
    """We write the number that a channel has, and 1 where it has none."""
    kept = copy.deepcopy(messages)
    for message in kept:
        channel = numbered(message.channel)
        message.channel = channel if isinstance(channel, int) else 1
    return kept


@each(THEIRS_HOLD)
def what_python_can_writes_we_read(messages: list[Message]) -> None:
    file = scratch() / "a.trc"
    write_theirs(file, messages)
    expect_same(on_their_channel(messages), ours(file))
    expect_same(theirs(file), ours(file))


@each(["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def what_one_writes_in_another_encoding_the_other_reads(encoding: str) -> None:
    folder = scratch()
    messages = THEIRS_HOLD["mix"]
    # The encoding is the file's: python-can's own option for it does nothing here.
    with TRCWriter((folder / "theirs.trc").open("w", encoding=encoding)) as writer:
        for message in messages:
            writer.on_message_received(message)
    expect_same(on_their_channel(messages), ours(folder / "theirs.trc", f"encoding={encoding}"))
    write_ours(folder / "ours.trc", messages, f"encoding={encoding}")
    with TRCReader((folder / "ours.trc").open(encoding=encoding)) as reader:
        read = [with_length(message) for message in reader]
    expect_same(on_our_channel(messages), read)


@each(THEIRS_HOLD)
def what_python_can_writes_in_version_1_0_we_read(messages: list[Message]) -> None:
    if any(message.timestamp < messages[0].timestamp for message in messages):
        raise Skip("their times never go back")
    file = scratch() / "a.trc"
    write_theirs(file, messages, TRCFileVersion.V1_0)
    # Neither start, channel nor direction are in such a file.
    expect_same(theirs(file), ours(file))


@each(LISTS)
def what_we_write_python_can_reads(messages: list[Message]) -> None:
    file = scratch() / "a.trc"
    write_ours(file, messages)
    expect_same(on_our_channel(messages), ours(file))
    # Error frames are written, but python-can reads over them.
    held = [message for message in messages if not message.is_error_frame]
    expect_same(on_our_channel(held), theirs(file))


#: What of a message the older versions keep; and python-can reads all of them.
VERSIONS = {
    "1.0": Keeps(time=0.0005, channel=None, direction=False),
    "1.1": Keeps(time=0.00005, channel=None),
    "1.3": Keeps(),
    "2.0": Keeps(channel=None),
    "2.1": Keeps(),
}


@each(list(VERSIONS))
def what_we_write_in_any_version_python_can_reads(version: str) -> None:
    file = scratch() / "a.trc"
    messages = _messages.mix(3000, fd=version >= "2", error=False)
    write_ours(file, messages, f"version={version}")
    keeps = replace(VERSIONS[version], relative_time=version == "1.0")
    if version == "1.0":
        keeps = replace(keeps, time=0.001)
    expect_same(on_our_channel(messages), theirs(file), keeps)
    expect_same(theirs(file), ours(file))


@case
def python_can_reads_a_file_that_we_continued() -> None:
    file = scratch() / "a.trc"
    messages = _messages.mix(900, error=False)
    write_ours(file, messages[:300])
    write_ours(file, messages[300:600], "--append")
    write_ours(file, messages[600:], "--append")
    expect_same(on_our_channel(messages), theirs(file))
    numbers = [int(line.split()[0]) for line in file.read_text().splitlines() if line[0] != ";"]
    expect(numbers, list(range(1, 901)))


@case
def we_continue_a_file_of_python_can() -> None:
    file = scratch() / "a.trc"
    messages = THEIRS_HOLD["mix"]
    half = len(messages) // 2
    write_theirs(file, messages[:half])
    write_ours(file, messages[half:], "--append")
    whole = on_their_channel(messages[:half]) + on_our_channel(messages[half:])
    expect_same(whole, theirs(file))
    expect_same(whole, ours(file))


@case
def python_can_reads_our_compressed_file() -> None:
    file = scratch() / "a.trc.gz"
    messages = _messages.mix(900, error=False)
    write_ours(file, messages)
    expect_same(on_our_channel(messages), theirs(file))


#: The traces in python-can's source package, which PEAK's programs wrote, and how many records
#: each has that are no frames: a warning or status.
SAMPLES = {
    "test_CanMessage.trc": 0,
    "test_CanMessage_V1_0_BUS1.trc": 1,
    "test_CanMessage_V1_1.trc": 1,
    "test_CanMessage_V1_3.trc": 1,
    "test_CanMessage_V2_0_BUS1.trc": 1,
    "test_CanMessage_V2_1.trc": 1,
}


@case
def every_sample_of_python_can_is_known_here() -> None:
    expect(sorted(file.name for file in source("test/data").glob("*.trc")), sorted(SAMPLES))


@each(list(SAMPLES))
def we_read_the_samples_of_python_can_as_it_does(name: str) -> None:
    file = source("test/data") / name
    expect_same(theirs(file), ours(file))
    done = example("dump_log", file)
    expect(done.stderr, "passed over: 1\n" if SAMPLES[name] else "")


def records(version: str, columns: str, *lines: str) -> str:
    header = f";$FILEVERSION={version}\n;$STARTTIME=44548.6028595139\n"
    header += f";$COLUMNS={columns}\n" if columns else ""
    return header + "".join(line + "\n" for line in lines)


#: Records that both read, alike.
ALIKE = {
    "2.1": records(
        "2.1",
        "N,O,T,B,I,d,R,L,D",
        "1 1059.900 DT 1 0300 Rx - 2 04 FF ",
        "2 1059.901 FD 2 00000300 Tx - 9 01 02 03 04 05 06 07 08 09 0A 0B 0C",
        "3 1059.902 FB 0 0300 Tx - 1 01",
        "4 1059.903 FE 16 0300 Tx - 0",
        "5 -1.5 BI 1 0300 Tx - 1 ff",
        "6 1059.904 RR 1 0300 Tx - 8",
        "7 1059.905 ER 1 - Rx - 5 04 00 02 00 00",
    ),
    "2.0": records(
        "2.0",
        "N,O,T,I,d,l,D",
        "1 1059.900 DT 0300 Rx 2 04 FF ",
        "2 1059.901 FD 00000300 Tx 12 01 02 03 04 05 06 07 08 09 0A 0B 0C",
        "3 1059.902 RR 0300 Rx 3",
    ),
    "columns in another order": records("2.1", "O,T,I,d,l,D", "1.5 DT 123 Rx 1 AB"),
    "1.1": records("1.1", "", "1) 1.5 Rx 0300 1 AB", "2) 2.5 Tx 00000300 3 RTR"),
    "1.3": records("1.3", "", "1) 1.5 2 Rx 0300 - 1 AB", "2) 2.5 1 Tx 00000300 - 3 RTR"),
}


@each(ALIKE)
def what_both_read_both_read_alike(content: str) -> None:
    file = scratch() / "a.trc"
    file.write_text(content)
    expect_same(theirs(file), without_errors(ours(file)))


def without_errors(messages: list[Message]) -> list[Message]:
    return [message for message in messages if not message.is_error_frame]


@case
def version_1_2_which_python_can_misreads_we_read() -> None:
    # It takes 1.2 for 1.0, so that the bus becomes the ID.
    file = scratch() / "a.trc"
    file.write_text(records("1.2", "", "1) 1059.900 1 Rx 0300 2 04 FF"))
    (message,) = ours(file)
    expect((message.arbitration_id, message.channel, bytes(message.data)), (0x300, 1, b"\x04\xff"))


@case
def a_line_that_python_can_drops_in_silence_we_tell() -> None:
    file = scratch() / "a.trc"
    file.write_text(records("2.1", "N,O,T,B,I,d,R,L,D", "1 1.0 DT 1", "2 1.5 DT 1 0300 Rx - 0"))
    expect(len(theirs(file)), 1)
    done: Any = example("dump_log", file, check=False)
    expect((done.returncode, len(done.stdout.splitlines())), (1, 1))
    expect("line 4: expected " in done.stderr, True, done.stderr)


if __name__ == "__main__":
    main()
