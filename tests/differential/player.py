"""`canbus player` sends logs that python-can wrote; python-can receives."""

import subprocess
import sys
import time
from pathlib import Path

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import canbus, case, each, expect, main, scratch
from _network import Network
from can import Message

SUFFIXES = [".blf", ".log", ".log.gz"]


def written(suffix: str, log: list[Message]) -> tuple[Path, list[Message]]:
    """A log of python-can's, and what python-can reads from it, which is not always the same."""
    file = scratch() / f"a{suffix}"
    with can.Logger(file) as writer:
        for message in log:
            writer(message)
    with can.LogReader(file) as reader:
        return file, list(reader)


def paced(log: list[Message], pause: float) -> list[Message]:
    """The same messages so far apart."""
    for index, message in enumerate(log):
        message.timestamp = messages.EPOCH + index * pause
    return log


def everything() -> list[Message]:
    kinds = messages.kinds()
    # What python-can writes for it, it reads as something else.
    del kinds["error with class and details"]
    return [*kinds.values(), *messages.lengths(), *messages.remotes(), *messages.ids()]


#: A receiver sees its own time and channel, and that it received.
RECEIVED = Keeps(time=None, channel=None, direction=False)


@each(SUFFIXES)
def python_can_hears_all_frames_in_order(suffix):
    file, expected = written(suffix, paced(everything(), 0.001))
    network = Network()
    with network.listening() as heard:
        done = canbus("player", file, *network.arguments())
    without_errors = [m for m in expected if not m.is_error_frame]
    expect_same(without_errors, heard(), RECEIVED)
    expect(f"sent {len(without_errors)} frames in" in done.stderr, True, done.stderr)
    left_out = len(expected) - len(without_errors)
    expect(done.stderr.endswith(f"; {left_out} error frame left out\n"), True, done.stderr)


@each(SUFFIXES)
def error_frames_are_sent_if_asked(suffix):
    file, expected = written(suffix, paced(messages.mix(300), 0.001))
    network = Network()
    with network.listening() as heard:
        canbus("player", "--error-frames", file, *network.arguments())
    expect(any(m.is_error_frame for m in expected), True)
    expect_same(expected, heard(), RECEIVED)


@case
def the_same_comes_as_from_python_cans_player():
    file, _ = written(".blf", paced(messages.mix(400), 0.001))
    found = []
    theirs = [sys.executable, "-m", "can.player"]
    for play in (
        lambda *arguments: canbus("player", *arguments),
        lambda *arguments: subprocess.run(
            [*theirs, *map(str, arguments)], check=True, capture_output=True
        ),
    ):
        network = Network()
        with network.listening() as heard:
            play(*network.arguments(), file)
        found.append(heard())
    expect_same(found[1], found[0], RECEIVED)


@case
def frames_come_at_the_recorded_pace():
    log = messages.mix(200, error=False)
    file, expected = written(".blf", log)
    network = Network()
    with network.listening() as heard:
        canbus("player", file, *network.arguments())
    # The machine may be busy; python-can's own player is later than that.
    close = Keeps(time=0.05, relative_time=True, channel=None, direction=False)
    expect_same(expected, heard(), close)


@case
def gap_skip_and_ignored_times_are_kept():
    log = paced(messages.mix(5, fd=False, error=False), 60.0)
    file, expected = written(".log", log)
    for arguments, pause in (
        (("--skip", 0.2), 0.2),
        (("--ignore-timestamps", "--gap", 0.1), 0.1),
        (("--ignore-timestamps",), 0.0001),
    ):
        network = Network()
        with network.listening() as heard:
            canbus("player", *arguments, file, *network.arguments())
        for index, message in enumerate(expected):
            message.timestamp = messages.EPOCH + index * pause
        close = Keeps(time=0.05, relative_time=True, channel=None, direction=False)
        expect_same(expected, heard(), close)


@case
def a_loop_sends_the_log_again():
    file, expected = written(".blf", paced(messages.mix(50, error=False), 0.002))
    network = Network()
    with network.listening() as heard:
        canbus("player", "--loop", 3, file, *network.arguments())
    expect_same(expected * 3, heard(), RECEIVED)


@case
def what_is_sent_is_printed_as_python_can_prints_it():
    file, expected = written(".blf", paced(messages.mix(200, error=False), 0.0001))
    done = canbus("player", "-v", file, *Network().arguments())
    expect(done.stdout.splitlines(), [str(message) for message in expected])


@case
def a_silent_hour_is_not_waited_for_by_the_first_frame():
    log = [Message(timestamp=time.time() + 3600, arbitration_id=1)]
    file, _ = written(".log", log)
    start = time.monotonic()
    canbus("player", file, *Network().arguments())
    expect(time.monotonic() - start < 2, True)


if __name__ == "__main__":
    main()
