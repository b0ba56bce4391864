""".asc: what python-can and can-utils write or ship we read, what we write they read."""

from __future__ import annotations

import copy
import gzip
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import _messages
from _compare import Keeps, expect_same, numbered
from _harness import Skip, canbus, case, each, example, expect, main, scratch, source
from _logs import directed, everything, ours, write_ours
from can import ASCReader, ASCWriter, Message

#: A channel that is not given becomes the writer's first one in both.
KEEPS = Keeps(channel=lambda channel: numbered(channel) or 0)
#: python-can writes the start of a log cut to milliseconds, and those without their zeros.
THEIR_TIMES = replace(KEEPS, relative_time=True)
#: It writes no cause of error frames, and does not look for the one that we write.
THEIRS_KEEP = replace(THEIR_TIMES, error_content=False)

LISTS = everything()
START = ["START", "OF", "MEASUREMENT"]
ABSOLUTE = "relative_timestamp=false"


def write_theirs(file: Path, messages: list[Message]) -> None:
    with ASCWriter(file) as writer:
        for message in messages:
            writer.on_message_received(message)


def theirs(file: Path, *, relative: bool = True) -> list[Message]:
    with ASCReader(file, relative_timestamp=relative) as reader:
        return [as_it_was(message) for message in reader]


def as_it_was(message: Message) -> Message:
    """It forgets the kind of CAN FD frames for error frames, which are of no kind."""
    if message.is_error_frame:
        message.is_fd = False
    return message


def without_empty_fd(messages: list[Message]) -> list[Message]:
    """python-can reads a CAN FD frame without data as a remote frame."""
    return [message for message in messages if not message.is_fd or message.data]


@each(LISTS)
def what_python_can_writes_we_read(given: list[Message]) -> None:
    file = scratch() / "a.asc"
    messages = directed(copy.deepcopy(given))
    write_theirs(file, messages)
    expect_same(messages, ours(file), THEIRS_KEEP)
    write_theirs(file, without_empty_fd(messages))
    # The same file, read by both.
    expect_same(theirs(file), ours(file), KEEPS)
    absolute = theirs(file, relative=False)
    expect_same(absolute, ours(file, ABSOLUTE), KEEPS)


@each(LISTS)
def what_we_write_python_can_reads(given: list[Message]) -> None:
    file = scratch() / "a.asc"
    write_ours(file, given)
    expect_same(given, ours(file, ABSOLUTE), KEEPS)
    messages = directed(without_empty_fd(given))
    write_ours(file, messages)
    keeps = replace(KEEPS, error_content=False)
    expect_same(messages, theirs(file, relative=False), keeps)
    expect_same(messages, theirs(file), replace(keeps, relative_time=True))


@case
def times_of_every_size_are_kept_by_both_readers() -> None:
    file = scratch() / "a.asc"
    messages = _messages.times(channel=0)
    for given in (messages, messages[::-1], messages[2:]):
        write_ours(file, given)
        expect_same(given, ours(file, ABSOLUTE), KEEPS)
        expect_same(given, theirs(file, relative=False), KEEPS)


@each(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "utc"])
def dates_are_those_of_the_time_zone(zone: str) -> None:
    folder = scratch()
    messages = _messages.mix(50, error=False)
    write_ours(folder / "a.asc", messages, f"tz={zone}")
    expect_same(messages, ours(folder / "a.asc", ABSOLUTE, f"tz={zone}"), KEEPS)
    script = (
        "import can, sys\n"
        "for m in can.ASCReader(sys.argv[1], relative_timestamp=False): print(repr(m.timestamp))"
    )
    environment = {"TZ": "UTC" if zone == "utc" else zone}
    done = subprocess.run(
        [sys.executable, "-c", script, folder / "a.asc"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [float(line) for line in done.stdout.split()]
    expect(len(found), len(messages))
    for time, message in zip(found, messages):
        expect(abs(time - message.timestamp) < 2e-6, True, f"{time} {message.timestamp}")


@each(LISTS)
def our_lines_have_the_words_of_theirs(given: list[Message]) -> None:
    folder = scratch()
    messages = directed(copy.deepcopy(given))
    for message in messages:
        if message.is_error_frame:
            message.arbitration_id, message.is_extended_id, message.data = 0, True, bytearray()
            message.dlc = 0
    write_ours(folder / "ours.asc", messages)
    write_theirs(folder / "theirs.asc", messages)
    # But for times, which count from another start.
    lines = [
        [line.upper().split()[1:] for line in (folder / name).read_text().splitlines()]
        for name in ("ours.asc", "theirs.asc")
    ]
    found, wanted = (of_file[of_file.index(START) :] for of_file in lines)
    expect(found, wanted)


@each(["absolute", "relative"])
def continued_files_are_read_by_python_can(form: str) -> None:
    file = scratch() / "a.asc"
    messages = without_empty_fd(_messages.mix(300, error=False))
    write_ours(file, messages[:100], f"timestamps_format={form}")
    write_ours(file, messages[100:200], "--append")
    write_ours(file, messages[200:], "--append")
    expect_same(messages, ours(file, ABSOLUTE), KEEPS)
    if form == "absolute":  # python-can does not add up times that count from the line before
        expect_same(messages, theirs(file, relative=False), KEEPS)
        expect_same(messages, theirs(file), THEIR_TIMES)


@case
def a_file_of_python_can_is_continued() -> None:
    file = scratch() / "a.asc"
    messages = without_empty_fd(_messages.mix(200, error=False))
    # At a whole second its milliseconds cannot be wrong.
    for message in messages:
        message.timestamp += 0.875
    write_theirs(file, messages[:100])
    write_ours(file, messages[100:], "--append")
    expect_same(messages, ours(file, ABSOLUTE), KEEPS)
    expect_same(messages, theirs(file, relative=False), KEEPS)


@case
def remarks_do_not_disturb_anybody() -> None:
    file = scratch() / "a.asc"
    messages = _messages.mix(3, error=False, fd=False)
    with ASCWriter(file) as writer:
        for message in messages:
            writer.log_event("a remark", message.timestamp)
            writer.on_message_received(message)
    expect_same(messages, ours(file), THEIR_TIMES)


def tool(name: str) -> str:
    """A program of can-utils."""
    found = shutil.which(name)
    if found is None:
        raise Skip(f"{name} of can-utils is not installed")
    return found


def run(*command: Any) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    expect(done.returncode, 0, done.stderr)
    return done.stdout


def for_can_utils(messages: list[Message]) -> list[Message]:
    """Without what only this crate or python-can can say."""
    return [m for m in messages if not m.is_error_frame]


DEVICES = [f"can{number}" for number in range(16)]


@each(LISTS)
def asc2log_reads_what_we_write(given: list[Message]) -> None:
    folder = scratch()
    messages = for_can_utils(given)
    write_ours(folder / "a.asc", messages)
    (folder / "a.log").write_text(run(tool("asc2log"), "-I", folder / "a.asc"))
    # It takes the time of day in its own way, and older ones leave out DLC and direction.
    keeps = replace(KEEPS, relative_time=True, remote_dlc=False, direction=False)
    expect_same(messages, ours(folder / "a.log"), keeps)


@case
def asc2log_knows_our_error_frames() -> None:
    folder = scratch()
    messages = [m for m in _messages.kinds().values() if m.is_error_frame]
    write_ours(folder / "a.asc", messages)
    (folder / "a.log").write_text(run(tool("asc2log"), "-I", folder / "a.asc"))
    found = ours(folder / "a.log")
    expect([m.is_error_frame for m in found], [True] * len(messages))


WAYS = [(name, option) for name in LISTS for option in ("", "-f", "-4", "-n")]


@each({f"{name} {option}".strip(): (name, option) for name, option in WAYS})
def we_read_what_log2asc_writes(given: tuple[str, str]) -> None:
    name, option = given
    folder = scratch()
    messages = for_can_utils(LISTS[name])
    write_ours(folder / "a.log", messages, "channel=can0")
    options = [option] if option else []
    command = [tool("log2asc"), *options, "-I", folder / "a.log", "-O", folder / "a.asc"]
    run(*command, *DEVICES, "vcan7")
    keeps = Keeps(
        time=1e-4 if option == "-4" else 1e-6,
        relative_time=True,
        channel=lambda channel: 16 if channel == "vcan7" else numbered(channel) or 0,
        # Older ones do not know them.
        remote_dlc=False,
        direction=False,
    )
    expect_same(messages, ours(folder / "a.asc"), keeps)


@each(LISTS)
def a_conversion_is_that_of_log2asc(given: list[Message]) -> None:
    folder = scratch()
    # A name that can-utils takes for a channel of its own is one by its number here.
    messages = [m for m in for_can_utils(given) if m.channel != "vcan7"]
    write_ours(folder / "a.log", messages, "channel=can0")
    run(tool("log2asc"), "-I", folder / "a.log", "-O", folder / "theirs.asc", *DEVICES)
    canbus("logconvert", folder / "a.log", folder / "ours.asc")
    found, wanted = (ours(folder / f"{who}.asc") for who in ("ours", "theirs"))
    keeps = replace(KEEPS, relative_time=True, remote_dlc=False, direction=False)
    expect_same(wanted, found, keeps)


#: Sample files of python-can.
SAMPLES = [
    "issue_1256",
    "issue_1299",
    "logfile",
    "logfile_errorframes",
    "single_frame",
    "single_frame_us_locale",
    "test_CanErrorFrames",
    "test_CanFdMessage",
    "test_CanFdMessage64",
    "test_CanFdRemoteMessage",
    "test_CanMessage",
    "test_CanRemoteMessage",
]


@each([f"{name}.asc" for name in SAMPLES] + ["test_CanMessage.asc.gz"])
def samples_are_read_as_python_can_reads_them(name: str) -> None:
    file = source(f"test/data/{name}")
    for relative in (True, False):
        expected = [as_we_say(name, message) for message in read_sample(file, relative)]
        found = ours(file, f"relative_timestamp={str(relative).lower()}", "tz=local")
        expect_same(expected, found, Keeps())


def read_sample(file: Path, relative: bool) -> list[Message]:
    if file.suffix != ".gz":
        return theirs(file, relative=relative)
    # Its LogReader loses the options of compressed files.
    with gzip.open(file, "rt") as text, ASCReader(text, relative_timestamp=relative) as reader:
        return [as_it_was(message) for message in reader]


def as_we_say(name: str, message: Message) -> Message:
    """Where python-can is wrong."""
    if message.is_fd and message.is_remote_frame:
        # There are no remote frames of CAN FD; the flags of these lines say RTR and not FDF.
        message.is_fd = message.bitrate_switch = message.error_state_indicator = False
    if message.dlc > 8 and not message.is_fd and name == "issue_1299.asc":
        # A raw DLC of 13 is no length of 32; a classic frame has 8 bytes.
        expect((message.dlc, len(message.data)), (32, 8))
        message.dlc = 13
    if name == "single_frame.asc":
        # A frame of 64 bytes can be of CAN FD only; python-can takes the first 8.
        expect((message.dlc, len(message.data)), (64, 8))
        message.is_fd, message.data = True, bytearray(range(64))
    return message


@case
def all_samples_are_in_the_list() -> None:
    found = sorted(path.name.split(".")[0] for path in source("test/data").glob("*.asc"))
    expect(found, sorted(SAMPLES))


if __name__ == "__main__":
    main()
