"""`canbus logger` records what python-can sends; python-can reads the files."""

import gzip
import signal
import subprocess
import sys
import time
from pathlib import Path

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import case, each, eventually, expect, main, scratch
from _network import GROUP, Network
from can import Message

def sent(suffix: str) -> list[Message]:
    """Messages of all kinds that python-can's reader of this suffix knows."""
    kinds = messages.kinds()
    if suffix.startswith(".log"):
        # It takes error frames with a cause for data frames.
        del kinds["error with class and details"]
    parts = messages.lengths() + messages.remotes() + messages.ids()
    return list(kinds.values()) + parts + messages.mix(500)


def read(file: Path) -> list[Message]:
    with can.LogReader(file) as reader:
        return list(reader)


#: What a receiver can know, and python-can's readers keep: not when a frame was sent, nor by which
#: channel and in which direction, nor the cause of an error.
RECEIVED = Keeps(time=None, channel=None, direction=False, error_content=False)


@each([".blf", ".log", ".log.gz"])
def python_can_reads_what_was_recorded(suffix):
    network, file = Network(), scratch() / f"a{suffix}"
    expected = sent(suffix)
    before = time.time()
    with network.logger("-f", file) as logger:
        network.send(expected)
        expect(logger.by(signal.SIGTERM), 0)
    expect(f"{len(expected)} frames in" in logger.stderr, True, logger.stderr)
    found = read(file)
    expect_same(expected, found, RECEIVED)
    expect({m.is_rx for m in found}, {True})
    times = [m.timestamp for m in found]
    expect(times, sorted(times))
    expect(before - 0.01 < times[0] and times[-1] < time.time() + 0.01, True, "times of today")


@case
def printed_frames_look_as_python_can_prints_them():
    network = Network()
    expected = sent(".txt")
    with network.logger("-n", len(expected)) as logger:
        network.send(expected)
        logger.stdout, logger.stderr = logger.process.communicate(timeout=20)
    check_printed(expected, logger.stdout)


@case
def a_text_file_looks_as_python_can_prints_it():
    network, file = Network(), scratch() / "a.txt"
    expected = sent(".txt")
    with network.logger("-f", file) as logger:
        network.send(expected)
        expect(logger.by(signal.SIGINT), 0)
    check_printed(expected, file.read_text())


def check_printed(expected: list[Message], text: str) -> None:
    lines = text.splitlines()
    expect(len(lines), len(expected))
    for message, line in zip(expected, lines):
        seen = can.Message(
            timestamp=float(line[len("Timestamp: ") :].split()[0]),
            arbitration_id=message.arbitration_id,
            is_extended_id=message.is_extended_id,
            is_remote_frame=message.is_remote_frame,
            is_error_frame=message.is_error_frame,
            is_fd=message.is_fd,
            bitrate_switch=message.bitrate_switch,
            error_state_indicator=message.error_state_indicator,
            dlc=message.dlc,
            data=None if message.is_remote_frame else message.data,
            channel=GROUP,
        )
        expect(line, str(seen))


@each([".log", ".blf"])
def it_records_the_same_as_python_cans_logger(suffix):
    network, folder = Network(), scratch()
    expected = messages.mix(800)
    command = [sys.executable, "-m", "can.logger", "-f", str(folder / f"theirs{suffix}")]
    theirs = subprocess.Popen(
        [*command, *network.arguments()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    eventually(lambda: (folder / f"theirs{suffix}").exists(), "python-can's logger starts")
    time.sleep(0.3)
    with network.logger("-f", folder / f"ours{suffix}") as logger:
        network.send(expected, pause=0.0002)
        time.sleep(0.5)
        theirs.send_signal(signal.SIGINT)
        theirs.communicate(timeout=20)
        expect(logger.by(signal.SIGINT), 0)
    ours, theirs_read = read(folder / f"ours{suffix}"), read(folder / f"theirs{suffix}")
    expect(len(theirs_read), len(expected), "python-can's own logger misses none")
    # python-can writes no DLC of remote frames into a .log.
    compared = Keeps(time=0.05, channel=None, error_content=False, remote_dlc=suffix != ".log")
    expect_same(theirs_read, ours, compared)
    if suffix == ".log":
        # The text is the same, but for the time, and the channel, which python-can takes over
        # from the sender.
        texts = [(folder / f"{who}.log").read_text() for who in ("ours", "theirs")]
        for message, *lines in zip(expected, *(text.splitlines() for text in texts), strict=True):
            if not message.is_remote_frame:
                expect(*(line.split(" ", 2)[2] for line in lines))


SIGNALS = {".blf": signal.SIGTERM, ".log.gz": signal.SIGINT, ".log": signal.SIGHUP}


@each(list(SIGNALS))
def a_signal_in_the_middle_of_traffic_leaves_a_whole_file(suffix):
    network, file = Network(), scratch() / f"a{suffix}"
    expected = messages.mix(2000)
    with network.logger("-f", file, "--flush", 0) as logger:
        network.send(expected[:1000], pause=0.0002)
        logger.process.send_signal(SIGNALS[suffix])
        network.send(expected[1000:], pause=0.0002)
        _, said = logger.process.communicate(timeout=20)
    expect(logger.process.returncode, 0)
    found = read(file)
    expect(len(found) >= 1000, True, f"{len(found)} of at least 1000")
    expect(f"{len(found)} frames in" in said, True, said)
    expect_same(expected[: len(found)], found, RECEIVED)


@each([".blf", ".log", ".log.gz"], seconds=30)
def a_killed_logger_leaves_a_file_that_python_can_reads(suffix):
    network, file = Network(), scratch() / f"a{suffix}"
    expected, times = messages.mix(600, error=False), []
    with network.logger("-f", file) as logger:
        with network.bus() as bus:
            for message in expected:
                bus.send(message)
                times.append(time.monotonic())
                time.sleep(0.005)
        killed = time.monotonic()
        logger.by(signal.SIGKILL)
    safe = sum(killed - sent > 1.3 for sent in times)
    expect(safe > 100, True, "long enough")
    found = read_killed(file)
    expect(len(found) >= safe, True, f"{len(found)} of {safe} that are older than a second")
    expect_same(expected[: len(found)], found, RECEIVED)


def read_killed(file: Path) -> list[Message]:
    if file.suffix != ".gz":
        return read(file)
    found = []
    try:
        with can.LogReader(file) as reader:
            found.extend(reader)
    except EOFError:
        # The end mark of the compression is missing, which Python's gzip says at the end.
        pass
    else:
        raise AssertionError("the file of a killed logger is complete?")
    return found


@case
def rotated_files_hold_everything_and_have_python_cans_names():
    network, folder = Network(), scratch()
    expected = messages.mix(3000, error=False)
    with network.logger("-f", folder / "a.blf", "-s", 20_000) as logger:
        network.send(expected)
        expect(logger.by(signal.SIGTERM), 0)
    full = sorted(folder.glob("a_????-??-??T??????_#???.blf"), key=lambda file: file.name[-8:])
    expect(len(full) >= 2, True, f"{len(full)} full files")
    expect(len(list(folder.iterdir())), len(full) + 1)
    found = [message for file in [*full, folder / "a.blf"] for message in read(file)]
    expect_same(expected, found, RECEIVED)


@case
def a_log_of_python_can_is_continued():
    network, folder = Network(), scratch()
    for suffix in (".blf", ".log", ".log.gz"):
        file = folder / f"a{suffix}"
        first, more = messages.mix(50, 1, error=False), messages.mix(50, 2, error=False)
        with can.Logger(file) as writer:
            for message in first:
                writer(message)
        with network.logger("-a", "-f", file) as logger:
            network.send(more)
            expect(logger.by(signal.SIGTERM), 0)
        # python-can writes no DLC of remote frames into a .log.
        kept = Keeps(time=None, channel=None, direction=False, remote_dlc=False)
        expect_same(first + more, read(file), kept)
    with gzip.open(folder / "a.log.gz") as text:
        expect(len(text.read().splitlines()), 100)


if __name__ == "__main__":
    main()
