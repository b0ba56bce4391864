"""BLF: what python-can writes we read, what we write python-can reads, frame for frame."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same, numbered
from _harness import case, each, example, expect, main, scratch
from _logs import directed, everything, line, ours, write_ours
from can import BLFReader, BLFWriter, Message

#: A channel that is not given becomes the writer's first one in both.
KEEPS = Keeps(channel=lambda channel: numbered(channel) or 0)
LEVELS = [-1, 0, 1, 9]


def write_theirs(file: Path, messages: list[Message], **options: Any) -> None:
    writer = BLFWriter(file, **options)
    for message in messages:
        writer.on_message_received(message)
    writer.stop()


def theirs(file: Path) -> list[Message]:
    with BLFReader(file) as reader:
        return list(reader)


@each({f"{name} at level {level}": (name, level) for name in everything() for level in LEVELS})
def what_python_can_writes_we_read(given: tuple[str, int]) -> None:
    name, level = given
    file = scratch() / "a.blf"
    messages = directed(everything()[name])
    write_theirs(file, messages, compression_level=level)
    expect_same(messages, ours(file), KEEPS)
    # To the bit: both read the same file.
    expect_same(theirs(file), ours(file), replace(KEEPS, time=0.0))


@each({f"{name} at level {level}": (name, level) for name in everything() for level in LEVELS})
def what_we_write_python_can_reads(given: tuple[str, int]) -> None:
    name, level = given
    file = scratch() / "a.blf"
    messages = everything()[name]
    write_ours(file, messages, f"compression_level={level}")
    expect_same(messages, ours(file), KEEPS)
    expect_same(directed(messages), theirs(file), KEEPS)


@each([200, 1000, 4096])
def containers_of_any_size_are_understood(size: int) -> None:
    """python-can cuts objects in two at a container's end."""
    file = scratch() / "a.blf"
    messages = directed(_messages.mix(500))
    write_theirs(file, messages, max_container_size=size)
    expect_same(messages, ours(file), KEEPS)
    write_ours(file, messages, f"max_container_size={size}")
    expect_same(messages, theirs(file), KEEPS)


@case
def times_before_1990_and_before_the_epoch_come_through() -> None:
    folder = scratch()
    for start in range(len(_messages.TIMES)):
        messages = _messages.times(channel=0)[start:]
        write_ours(folder / "a.blf", messages)
        expect_same(messages, theirs(folder / "a.blf"), KEEPS)
        expect_same(messages, ours(folder / "a.blf"), KEEPS)


@case
def our_header_is_theirs() -> None:
    folder = scratch()
    messages = _messages.mix(100)
    write_theirs(folder / "theirs.blf", messages, compression_level=0)
    write_ours(folder / "ours.blf", messages, "compression_level=0")
    headers = [(folder / name).read_bytes()[:144] for name in ("ours.blf", "theirs.blf")]
    expect(headers[0].hex(), headers[1].hex())


@case
def python_can_appends_to_our_files_and_we_to_theirs() -> None:
    file = scratch() / "a.blf"
    messages = directed(_messages.mix(900))
    write_ours(file, messages[:300])
    write_theirs(file, messages[300:600], append=True)
    write_ours(file, messages[600:], "--append")
    expect_same(messages, theirs(file), KEEPS)
    expect_same(messages, ours(file), KEEPS)
    with BLFReader(file) as reader:
        expect(reader.object_count, 900)
        expect(reader.file_size, file.stat().st_size)


@case
def a_file_of_a_killed_python_can_is_continued() -> None:
    """It ends in the middle of an object, and its header does not even know the start time."""
    file = scratch() / "a.blf"
    writer = BLFWriter(file, max_container_size=1000)
    messages = directed(_messages.mix(300))
    for message in messages:
        writer.on_message_received(message)
    writer.file.flush()
    kept = ours(file)
    expect(250 < len(kept) < 300, True, f"{len(kept)} messages were in the file")
    more = _messages.mix(20, seed=2, error=False)
    write_ours(file, more, "--append")
    expect_same(kept + more, theirs(file), KEEPS)
    with BLFReader(file) as reader:
        expect(reader.object_count, len(kept) + 20)


@case
def python_can_reads_what_a_killed_writer_flushed() -> None:
    file = scratch() / "a.blf"
    messages = directed(_messages.mix(500))
    lines = [line(message) + "\n" for message in messages]
    lines.insert(400, '{"flush":true}\n')
    example("make_log", "--abandon", file, stdin="".join(lines), check=False)
    expect_same(messages[:400], theirs(file), KEEPS)
    with BLFReader(file) as reader:
        expect(reader.object_count, 400)
        expect(reader.file_size, file.stat().st_size)


@case
def markers_are_passed_over() -> None:
    file = scratch() / "a.blf"
    writer = BLFWriter(file)
    messages = _messages.mix(3, error=False)
    for message in messages:
        writer.log_event("a mark", message.timestamp)
        writer.on_message_received(message)
    writer.stop()
    expect_same(messages, ours(file), KEEPS)


@case
def raw_dlcs_come_through() -> None:
    file = scratch() / "a.blf"
    lines = [
        {"timestamp_ns": 10**18, "id": 1, "kind": kind, "dlc": dlc, "data": data}
        for kind, data in (("data", "00" * 8), ("remote", ""))
        for dlc in range(8, 16)
    ]
    example("make_log", file, stdin="\n".join(map(json.dumps, lines)))
    expect([found.dlc for found in theirs(file)], [*range(8, 16)] * 2)
    expect([found.dlc for found in ours(file)], [*range(8, 16)] * 2)


@case
def our_default_is_no_larger_than_theirs() -> None:
    folder = scratch()
    messages = _messages.mix(20_000)
    write_theirs(folder / "theirs.blf", messages)
    write_ours(folder / "ours.blf", messages)
    sizes = [(folder / name).stat().st_size for name in ("ours.blf", "theirs.blf")]
    expect(sizes[0] <= sizes[1] * 1.01, True, f"{sizes[0]} and {sizes[1]} bytes")


if __name__ == "__main__":
    main()
