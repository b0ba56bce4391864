"""Rotated, joined and selected logs beside python-can's `SizedRotatingLogger` and readers."""

import heapq
import re
import signal
from dataclasses import replace
from pathlib import Path

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import canbus, case, each, expect, main, scratch
from _network import Network
from can import Message

NAME = re.compile(r"part_\d{4}-\d\d-\d\dT\d{6}_#(\d{3})\.\w+")

#: What a receiver can know, and python-can's readers keep.
RECEIVED = Keeps(time=None, channel=None, direction=False, error_content=False)


def write(file: Path, log: list[Message]) -> None:
    with can.Logger(file) as writer:
        for message in log:
            writer(message)


def read(*files: Path) -> list[Message]:
    found = []
    for file in files:
        with can.LogReader(file) as reader:
            found.extend(reader)
    return found


def parts(folder: Path, suffix: str) -> list[Path]:
    """The full files in the order of their counts, and then the current one."""
    full = list(folder.glob(f"part_*{suffix}"))
    expect([file.name for file in full if not NAME.fullmatch(file.name)], [])
    full.sort(key=lambda file: NAME.fullmatch(file.name)[1])
    return [*full, folder / f"part{suffix}"]


@each([".log", ".blf"])
def a_log_is_parted_as_by_the_sized_rotating_logger(suffix):
    log, folder = messages.mix(3000, error=False), scratch()
    source, limit = folder / "source.log", 20_000
    write(source, log)
    for who in ("ours", "theirs"):
        (folder / who).mkdir()
    theirs = can.SizedRotatingLogger(folder / "theirs" / f"part{suffix}", max_bytes=limit)
    with theirs:
        for message in read(source):
            theirs(message)
    canbus("logconvert", "-s", limit, source, folder / "ours" / f"part{suffix}")
    ours, their = (parts(folder / who, suffix) for who in ("ours", "theirs"))
    expect_same(read(*their), read(*ours), Keeps(remote_dlc=False))
    counts = [[NAME.fullmatch(file.name)[1] for file in files[:-1]] for files in (ours, their)]
    shorter = min(map(len, counts))
    expect(shorter >= 2, True, f"{counts}")
    expect(counts[0][:shorter], counts[1][:shorter], "counts from #000 on")
    if suffix == ".log":
        expect(abs(len(ours) - len(their)) <= 1, True, f"{len(ours)} and {len(their)} files")
    for file in ours[:-1]:
        expect(file.stat().st_size >= limit, True, f"{file} is full")


@case
def the_newest_files_of_a_logger_are_kept_and_read_by_python_can():
    network, folder = Network(), scratch()
    expected = messages.mix(2000, error=False)
    arguments = ("--file-frames", 300, "--keep-files", 3)
    with network.logger("-f", folder / "part.blf", *arguments) as logger:
        network.send(expected)
        expect(logger.by(signal.SIGTERM), 0)
    files = parts(folder, ".blf")
    expect(len(files), 3)
    # 1800 of 2000 fill six files, of which the last two stay.
    expect_same(expected[1200:], read(*files), RECEIVED)
    counts = [NAME.fullmatch(file.name)[1] for file in files[:-1]]
    expect(counts, ["004", "005"])


@case
def a_ring_holds_what_python_can_sent_before_the_signal():
    network, folder = Network(), scratch()
    expected = messages.mix(500, error=False)
    ring = ("--ring", "1h", "--after", "50ms", "--flush", "0.02")
    with network.logger("-f", folder / "part.log", *ring) as logger:
        network.send(expected)
        logger.process.send_signal(signal.SIGUSR1)
        expect(logger.by(signal.SIGTERM), 0)
    (file,) = folder.iterdir()
    expect(bool(NAME.fullmatch(file.name)), True, file.name)
    expect_same(expected, read(file), replace(RECEIVED, remote_dlc=False))


@case
def several_logs_are_joined_as_their_merged_readers_would_be():
    folder, logs = scratch(), []
    for number, suffix in enumerate((".log", ".blf", ".log.gz", ".blf")):
        log = sorted(messages.mix(700, number, error=False), key=lambda message: message.timestamp)
        for message in log:
            # So that no two logs have a time in common.
            message.timestamp = round(message.timestamp, 5) + number * 1e-6
        logs.append(folder / f"{number}{suffix}")
        write(logs[-1], log)
    canbus("logconvert", *logs, folder / "all.log")
    readers = [list(read(log)) for log in logs]
    expected = list(heapq.merge(*readers, key=lambda message: round(message.timestamp, 6)))
    expect_same(expected, read(folder / "all.log"), Keeps(channel=None, remote_dlc=False))


@case
def a_part_of_a_log_is_what_python_would_select():
    folder, log = scratch(), messages.mix(3000, error=False)
    write(folder / "source.blf", log)
    log = read(folder / "source.blf")
    start = log[0].timestamp
    first, last = sorted(message.timestamp for message in log)[1000:2001:1000]
    selections = {
        "--filter 100:700": lambda m: m.arbitration_id & 0x700 == 0x100,
        "--filter 100~700:x": lambda m: m.is_extended_id and m.arbitration_id & 0x700 != 0x100,
        "--direction tx": lambda m: not m.is_rx,
        "--kind fd": lambda m: m.is_fd,
        "--kind data,remote": lambda m: not m.is_fd,
        f"--start @{first:.6f} --end @{last:.6f}": lambda m: in_time(m, first, last),
        f"--start {first - start:.6f}s": lambda m: m.timestamp - start >= first - start - 1e-6,
    }
    for selection, wanted in selections.items():
        canbus("logconvert", *selection.split(), folder / "source.blf", folder / "part.blf")
        expected = [message for message in log if wanted(message)]
        expect(0 < len(expected) < len(log), True, selection)
        found = read(folder / "part.blf")
        # Times are cut to what the arguments say; the message on the border may go either way.
        expect(abs(len(found) - len(expected)) <= 1, True, selection)
        if "start" not in selection:
            expect_same(expected, found)


def in_time(message: Message, first: float, last: float) -> bool:
    return round(first, 6) <= message.timestamp < round(last, 6)


if __name__ == "__main__":
    main()
