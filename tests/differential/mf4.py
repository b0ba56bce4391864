"""MF4: python-can, asammdf and we read what each of the others writes, frame for frame."""

from __future__ import annotations

import gzip
import json
import os
import random
import struct
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import _mdf
import _messages
import numpy
from _compare import Keeps, expect_same, numbered
from _harness import case, each, example, expect, main, scratch
from _logs import everything, line, ours, write_ours
from _mdf import Channel, File, Group
from asammdf import MDF, Signal
from asammdf.blocks.v4_blocks import SourceInformation
from can import LogReader, Message, MF4Reader, MF4Writer

#: A channel that is not given becomes the first one in both.
KEEPS = Keeps(channel=lambda channel: numbered(channel) or 0)
LEVELS = [0, 1, 2]
START = 1_700_000_000_000_000_000


def write_theirs(file: Path, messages: list[Message], **options: Any) -> None:
    writer = MF4Writer(file, **options)
    for message in messages:
        writer.on_message_received(message)
    writer.stop()


def theirs(file: Path) -> list[Message]:
    with LogReader(file) as reader:
        return list(reader)


def arranged(messages: list[Message], by_id: bool = False) -> list[Message]:
    """python-can puts frames of the same time in an order by their kind."""

    def key(message: Message) -> tuple[Any, ...]:
        kinds = (message.is_error_frame, message.is_remote_frame, message.is_fd)
        # And groups of one identifier in the order of the file.
        where = (message.arbitration_id, message.channel) if by_id else ()
        return (round(message.timestamp * 1e6), *kinds, *where)

    return sorted(messages, key=key)


def same(expected: list[Message], actual: list[Message], keeps: Keeps = KEEPS) -> None:
    expect_same(arranged(expected), arranged(actual), keeps)


@each({f"{name} at level {level}": (name, level) for name in everything() for level in LEVELS})
def what_python_can_writes_we_read(given: tuple[str, int]) -> None:
    name, level = given
    file = scratch() / "a.mf4"
    messages = everything()[name]
    write_theirs(file, messages, compression_level=level)
    same(messages, ours(file))
    # A frame's time is a double there; both make the same of it, to what a double tells today.
    same(theirs(file), ours(file), replace(KEEPS, time=2e-7))


@each({f"{name} at level {level}": (name, level) for name in everything() for level in LEVELS})
def what_we_write_python_can_reads(given: tuple[str, int]) -> None:
    name, level = given
    file = scratch() / "a.mf4"
    messages = everything()[name]
    write_ours(file, messages, f"compression_level={level}")
    expect_same(messages, ours(file), KEEPS)
    same(messages, theirs(file))


@each(list(everything()))
def what_we_write_compressed_python_can_reads(name: str) -> None:
    """Unsorted and unfinished, as it must be where nothing can be changed any more."""
    file = scratch() / "a.mf4.gz"
    messages = everything()[name]
    write_ours(file, messages)
    expect_same(messages, ours(file), KEEPS)
    same(messages, theirs(file))
    plain = file.with_suffix("")
    plain.write_bytes(gzip.decompress(file.read_bytes()))
    expect_same(messages, ours(plain), KEEPS)
    same(messages, theirs(plain))


@case
def a_compressed_file_of_asammdf_is_read() -> None:
    file = scratch() / "a.mf4"
    messages = _messages.mix(500)
    write_theirs(file, messages)
    packed = Path(f"{file}.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    same(messages, ours(packed))


@case
def times_before_the_epoch_and_beyond_32_bits_come_through() -> None:
    file = scratch() / "a.mf4"
    for start in range(len(_messages.TIMES)):
        messages = _messages.times(channel=0)[start:]
        write_ours(file, messages)
        expect_same(messages, ours(file), KEEPS)
        same(messages, theirs(file))


@case
def nanoseconds_are_whole_in_the_file() -> None:
    file = scratch() / "a.mf4"
    times = [START + offset for offset in (0, 1, 999_999_999, 86_400_000_000_007, -5)]
    lines = [{"timestamp_ns": time, "id": 1, "kind": "data", "data": ""} for time in times]
    example("make_log", file, stdin="\n".join(map(json.dumps, lines)))
    with MDF(file) as mdf:
        found = mdf.get("time", group=0, raw=True).samples
        expect([START + int(offset) for offset in found], times)
        expect(mdf.get("CAN_DataFrame.ID", group=0).timestamps[3], 86400.000000007)
    dumped = example("dump_log", file).stdout.splitlines()
    expect([json.loads(line)["timestamp_ns"] for line in dumped], times)


@case
def the_start_time_is_that_of_the_first_message() -> None:
    file = scratch() / "a.mf4"
    write_ours(file, _messages.mix(3))
    with MDF(file) as mdf:
        expect(mdf.header.start_time.timestamp(), _messages.EPOCH)
        expect(mdf.header.start_time.utcoffset().total_seconds(), 0.0)
        expect({group.channel_group.acq_source.bus_type for group in mdf.groups}, {2})


@each(["Asia/Tokyo", "America/New_York"])
def python_can_writes_the_time_of_a_clock_on_the_wall(zone: str) -> None:
    file = scratch() / "a.mf4"
    messages = _messages.mix(20)
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = zone
        time.tzset()
        write_theirs(file, messages)
        same(messages, ours(file))
        os.environ["TZ"] = "UTC"
        same(messages, ours(file, f"tz={zone}"))
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


@case
def raw_dlcs_come_through() -> None:
    file = scratch() / "a.mf4"
    lines = [
        {"timestamp_ns": 10**18, "id": 1, "kind": kind, "dlc": dlc, "data": data}
        for kind, data in (("data", "00" * 8), ("remote", ""))
        for dlc in range(8, 16)
    ]
    example("make_log", file, stdin="\n".join(map(json.dumps, lines)))
    expect([found.dlc for found in ours(file)], [*range(8, 16)] * 2)
    found = theirs(file)
    expect([found.dlc for found in found if found.is_remote_frame], [*range(8, 16)])
    expect([len(found.data) for found in found if not found.is_remote_frame], [8] * 8)


@each(LEVELS)
def python_can_reads_what_a_killed_writer_flushed(level: int) -> None:
    file = scratch() / "a.mf4"
    messages = _messages.mix(500)
    lines = [line(message) + "\n" for message in messages]
    for place in (400, 300, 200, 100):
        lines.insert(place, '{"flush":true}\n')
    options = ["--abandon", file, f"compression_level={level}"]
    example("make_log", *options, stdin="".join(lines), check=False)
    same(messages[:400], theirs(file))
    expect_same(messages[:400], ours(file), KEEPS)
    write_ours(file, messages[400:], "--append")
    same(messages, theirs(file))
    expect_same(messages, ours(file), KEEPS)


@each(LEVELS)
def we_append_to_files_of_python_can_and_our_own(level: int) -> None:
    file = scratch() / "a.mf4"
    messages = _messages.mix(900)
    write_theirs(file, messages[:300], compression_level=level)
    write_ours(file, messages[300:600], "--append", f"compression_level={level}")
    same(messages[:600], theirs(file))
    write_ours(file, messages[600:], "--append", f"compression_level={2 - level}")
    same(messages, theirs(file))
    same(messages, ours(file))


DATABASE = """VERSION ""

BU_: Motor Display

BO_ 291 Engine: 8 Motor
 SG_ Speed : 0|16@1+ (0.5,0) [0|0] "rpm" Display
"""


@each(["a.mf4", "a.mf4.gz"])
def asammdf_decodes_by_the_database_that_we_put_into_the_file(name: str) -> None:
    folder = scratch()
    (folder / "car.dbc").write_text(DATABASE)
    data = struct.pack("<H6x", 3000)
    message = Message(timestamp=1e9, arbitration_id=291, is_extended_id=False, data=data)
    write_ours(folder / name, [message], f"database={folder / 'car.dbc'}")
    same([message], ours(folder / name))
    file = folder / "plain.mf4"
    packed = (folder / name).read_bytes()
    file.write_bytes(gzip.decompress(packed) if name.endswith(".gz") else packed)
    with MDF(file) as mdf:
        expect(mdf.extract_attachment(0)[0], DATABASE.encode())
        expect([float(speed) for speed in mdf.get("Speed").samples], [1500.0])


@case
def asammdf_saves_our_file_anew() -> None:
    folder = scratch()
    messages = _messages.mix(2000)
    write_ours(folder / "a.mf4", messages)
    for compression in LEVELS:
        for version in ("4.10", "4.20"):
            with MDF(folder / "a.mf4") as mdf:
                copy = mdf.convert(version)
                copy.save(folder / "b.mf4", compression=compression, overwrite=True)
            same(theirs(folder / "b.mf4"), ours(folder / "b.mf4"), replace(KEEPS, time=2e-7))


@case
def one_group_for_each_identifier_is_merged() -> None:
    """As CANedge and asammdf arrange them: a group for each identifier and bus."""
    file = scratch() / "a.mf4"
    messages = [m for m in _messages.mix(4000) if not (m.is_error_frame or m.is_remote_frame)]
    for number, message in enumerate(messages):
        message.arbitration_id = 0x100 + number % 150
        message.is_extended_id = False
    by_id: dict[tuple[int, int], list[Message]] = {}
    for message in messages:
        by_id.setdefault((message.arbitration_id, message.channel), []).append(message)
    mdf = MDF(version="4.10")
    mdf.start_time = mdf.start_time.fromtimestamp(int(_messages.EPOCH))
    for some in by_id.values():
        mdf.append(frame_signal(some))
    mdf.save(file, compression=2)
    expect(len(by_id) > 500, True, f"{len(by_id)} groups")
    expect_same(arranged(theirs(file), True), arranged(ours(file), True), KEEPS)
    expect_same(arranged(messages, True), arranged(ours(file), True), KEEPS)


def frame_signal(messages: list[Message]) -> Signal:
    """Frames as asammdf's example for bus logging has them."""
    parts = [
        ("BusChannel", "<u1"),
        ("ID", "<u4"),
        ("IDE", "<u1"),
        ("DLC", "<u1"),
        ("DataLength", "<u1"),
        ("DataBytes", "(64,)u1"),
        ("Dir", "<u1"),
        ("EDL", "<u1"),
        ("BRS", "<u1"),
        ("ESI", "<u1"),
    ]
    types = numpy.dtype([(f"CAN_DataFrame.{name}", kind) for name, kind in parts])
    samples = numpy.zeros(len(messages), dtype=types)
    for sample, message in zip(samples, messages):
        values = {
            "BusChannel": message.channel,
            "ID": message.arbitration_id,
            "IDE": message.is_extended_id,
            "DLC": message.dlc if not message.is_fd else _messages.FD_LENGTHS.index(message.dlc),
            "DataLength": len(message.data),
            "Dir": not message.is_rx,
            "EDL": message.is_fd,
            "BRS": message.bitrate_switch,
            "ESI": message.error_state_indicator,
        }
        for name, value in values.items():
            sample[f"CAN_DataFrame.{name}"] = value
        sample["CAN_DataFrame.DataBytes"][: len(message.data)] = list(message.data)
    times = numpy.array([m.timestamp - int(_messages.EPOCH) for m in messages])
    source = SourceInformation(source_type=2, bus_type=2)
    return Signal(samples=samples, timestamps=times, name="CAN_DataFrame", source=source)


def bits() -> list[Channel]:
    """A record as data loggers pack it, without the data: 8 bytes of time, then bits."""
    return [
        _mdf.time(integer=True),
        Channel("ID", 8, 29),
        Channel("IDE", 11, 1, shift=7),
        Channel("BusChannel", 12, 2),
        Channel("DLC", 12, 4, shift=2),
        Channel("Dir", 12, 1, shift=6, names={0: "Rx", 1: "Tx"}),
        Channel("EDL", 13, 1),
        Channel("BRS", 13, 1, shift=1),
        Channel("ESI", 13, 1, shift=2),
        Channel("DataLength", 14, 7),
    ]


def packed(message: Message) -> bytes:
    """The record of a message in that form."""
    dlc = _messages.FD_LENGTHS.index(message.dlc) if message.is_fd else message.dlc
    word = message.arbitration_id | message.is_extended_id << 31
    flags = message.is_fd | message.bitrate_switch << 1 | message.error_state_indicator << 2
    where = message.channel | dlc << 2 | (not message.is_rx) << 6
    micros = round(message.timestamp * 1e6) - START // 1000
    return struct.pack("<QIBBB", micros, word, where, flags, len(message.data))


def frames(count: int) -> list[Message]:
    return _messages.mix(count, remote=False, error=False)


def both(file: Path, made: File, messages: list[Message]) -> None:
    """python-can confirms that the file is right, and we read the same."""
    file.write_bytes(made.blocks)
    same(messages, theirs(file), replace(KEEPS, time=2e-6))
    same(messages, ours(file), replace(KEEPS, time=2e-6))


@case
def packed_bits_and_names_of_values_are_understood() -> None:
    messages = frames(300)
    channels = [*bits(), Channel("DataBytes", 15, 512, _mdf.BYTES)]
    made = File(START)
    group = made.groups([Group(channels, 79, len(messages))])
    records = [packed(message) + bytes(message.data).ljust(64, b"\xee") for message in messages]
    made.data(group, made.add(b"DT", [], b"".join(records)))
    both(scratch() / "a.mf4", made, messages)


@case
def bits_that_say_what_is_invalid_are_passed_over() -> None:
    messages = frames(300)
    channels = [*bits(), Channel("DataBytes", 15, 512, _mdf.BYTES)]
    channels[3].invalid_bit = 9
    made = File(START)
    group = made.groups([Group(channels, 79, len(messages), invalid_bytes=2)])
    records = [
        packed(message) + bytes(message.data).ljust(64, b"\xee") + b"\xff\x01"
        for message in messages
    ]
    made.data(group, made.add(b"DT", [], b"".join(records)))
    both(scratch() / "a.mf4", made, messages)


@each([False, True])
def data_of_variable_length_are_read(zipped: bool) -> None:
    messages = frames(300)
    contents = [struct.pack("<I", len(message.data)) + message.data for message in messages]
    offsets = [sum(map(len, contents[:index])) for index in range(len(contents))]
    made = File(START)
    blob = b"".join(contents)
    data = dz(made, b"SD", blob) if zipped else made.add(b"SD", [], blob)
    channels = [*bits(), Channel("DataBytes", 15, 64, _mdf.BYTES, kind=1, data=data)]
    group = made.groups([Group(channels, 23, len(messages))])
    records = [
        packed(message) + struct.pack("<Q", offset) for message, offset in zip(messages, offsets)
    ]
    made.data(group, made.add(b"DT", [], b"".join(records)))
    both(scratch() / "a.mf4", made, messages)


def dz(made: File, kind: bytes, data: bytes) -> int:
    """A compressed block."""
    packed = zlib.compress(data)
    facts = struct.pack("<2sBxIQQ", kind, 0, 0, len(data), len(packed))
    return made.add(b"DZ", [], facts + packed)


@each([0, 0x01 | 0x04 | 0x20])
def a_loggers_mixed_records_are_read_finished_or_not(unfinished: int) -> None:
    """Unsorted, with data of variable length in a group of their own, as CANedge writes."""
    messages = frames(300)
    made = File(START, unfinished=unfinished)
    records, offset = [], 0
    for message in messages:
        records.append(b"\1" + packed(message) + struct.pack("<Q", offset))
        records.append(b"\2" + struct.pack("<I", len(message.data)) + message.data)
        offset += 4 + len(message.data)
    count = 0 if unfinished else len(messages)
    made_data = Group([], 0 if unfinished else offset, count, 2, _mdf.VARIABLE, key="data")
    # The group of the data must be there before the one that names it.
    at = made._group(made_data)
    channels = [*bits(), Channel("DataBytes", 15, 64, _mdf.BYTES, kind=1, data="data")]
    group = made.groups([Group(channels, 23, count, 1)], id_size=1)
    made.link(first_of(made, group), 0, at)
    block = made.add(b"DT", [], b"".join(records))
    made.data(group, block)
    if unfinished:
        struct.pack_into("<Q", made.blocks, block + 8, 24)
    both(scratch() / "a.mf4", made, messages)


def first_of(made: File, group: int) -> int:
    """The first channel group of a data group."""
    return int(struct.unpack_from("<Q", made.blocks, group + 32)[0])


@case
def records_that_straddle_blocks_and_lists_are_read() -> None:
    messages = frames(300)
    channels = [*bits(), Channel("DataBytes", 15, 512, _mdf.BYTES)]
    made = File(START)
    group = made.groups([Group(channels, 79, len(messages))])
    records = b"".join(
        packed(message) + bytes(message.data).ljust(64, b"\0") for message in messages
    )
    parts = [records[at : at + 1000] for at in range(0, len(records), 1000)]
    blocks = [
        dz(made, b"DT", part) if number % 2 else made.add(b"DT", [], part)
        for number, part in enumerate(parts)
    ]
    following = 0
    for first in reversed(range(0, len(blocks), 5)):
        some = blocks[first : first + 5]
        offsets = [1000 * (first + number) for number in range(len(some))]
        facts = struct.pack(f"<B3xI{len(some)}Q", 0, len(some), *offsets)
        following = made.add(b"DL", [following, *some], facts)
    made.data(group, made.add(b"HL", [following], bytes(8)))
    both(scratch() / "a.mf4", made, messages)


@case(seconds=300)
def our_default_is_hardly_larger_than_theirs() -> None:
    """Cyclic traffic with counters and noise, as a car has it. Ours tells the order besides, and has
    more groups: 12 KiB whatever is in the file."""
    folder = scratch()
    noise = random.Random(1)
    messages = [
        Message(
            timestamp=_messages.EPOCH + number * 250e-6,
            arbitration_id=0x100 + number % 150 * 7,
            is_extended_id=False,
            channel=number % 2,
            data=[number // 150 & 0xFF, number >> 11 & 0xFF, number % 150, 0, 0xFF]
            + [noise.randrange(256), number // 150 & 0x0F],
        )
        for number in range(60_000)
    ]
    write_theirs(folder / "theirs.mf4", messages)
    write_ours(folder / "ours.mf4", messages)
    sizes = [(folder / name).stat().st_size for name in ("ours.mf4", "theirs.mf4")]
    expect(sizes[0] <= sizes[1] * 1.01 + 12 * 1024, True, f"{sizes[0]} and {sizes[1]} bytes")


if __name__ == "__main__":
    main()
