"""`canbus player` sends logs that python-can wrote; python-can receives."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import statistics
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import Skip, canbus, case, each, eventually, expect, main, options, running, scratch
from _network import GROUP, Network
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
def the_pace_can_be_multiplied():
    log = paced(messages.mix(60, error=False), 0.02)
    file, expected = written(".blf", log)
    for speed in (4, 0.5):
        network = Network()
        with network.listening() as heard:
            canbus("player", file, "--speed", speed, *network.arguments())
        found = heard()
        expect_same(expected, found, RECEIVED)
        # Half of them nearly at their time, however busy the machine is.
        late = [m.timestamp - found[0].timestamp - at * 0.02 / speed for at, m in enumerate(found)]
        expect(abs(statistics.median(late)) < 0.05, True, str(late))


@case
def a_part_by_time_id_and_channel_is_what_python_can_finds_in_the_log():
    file, all_of_it = written(".blf", paced(messages.mix(300, error=False), 0.001))
    first = all_of_it[0].timestamp
    wanted = [
        message
        for message in all_of_it
        if 0.0495 <= message.timestamp - first < 0.2495
        and message.arbitration_id & 0x1 == 0
        and message.channel in (0, 1)
    ]
    expect(0 < len(wanted) < 200, True, f"{len(wanted)} wanted")
    network = Network()
    part = ["--start", "49.5ms", "--end", "0.2495", "--filter", "0:1"]
    part += ["--log-channel", "0", "--log-channel", "1"]
    with network.listening() as heard:
        canbus("player", file, *part, *network.arguments())
    expect_same(wanted, heard(), RECEIVED)
    # The same by recorded time.
    ends = [f"@{first + 0.0495:.6f}", f"@{first + 0.2495:.6f}"]
    part = ["--start", ends[0], "--end", ends[1], *part[4:]]
    network = Network()
    with network.listening() as heard:
        canbus("player", file, *part, *network.arguments())
    expect_same(wanted, heard(), RECEIVED)


@case
def each_channel_goes_to_its_own_bus_on_one_schedule():
    log = paced(messages.mix(400, error=False), 0.002)
    file, expected = written(".blf", log)
    networks = {channel: Network() for channel in (0, 1, "*")}
    maps = []
    for channel, network in networks.items():
        maps += ["--map", f"{channel}=udp_multicast:{GROUP},port={network.port}"]
    with networks[0].listening() as none, networks[1].listening() as one:
        with networks["*"].listening() as others:
            canbus("player", file, *maps)
    start = expected[0].timestamp
    begun = min(first.timestamp for first in (none()[0], one()[0], others()[0]))
    for heard, wanted in ((none, {0}), (one, {1}), (others, None)):
        messages_of = [
            message
            for message in expected
            if (message.channel in wanted if wanted else message.channel not in (0, 1))
        ]
        expect(len(messages_of) > 20, True)
        found = heard()
        expect_same(messages_of, found, RECEIVED)
        # Half of them nearly at their time on the one schedule, however busy the machine is.
        due = [message.timestamp - start for message in messages_of]
        late = [message.timestamp - begun - at for message, at in zip(found, due)]
        expect(abs(statistics.median(late)) < 0.05, True, str(late))


class Terminal:
    """Our command on a terminal of its own, which is kept for a look at it afterwards."""

    def __init__(self, *arguments: object) -> None:
        if options.canbus is None:
            raise Skip("the command was not given: --canbus PATH")
        self.keyboard, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.said = b""
        self.process = subprocess.Popen(
            [options.canbus, *map(str, arguments)],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        while True:
            try:
                self.said += os.read(self.keyboard, 4096)
            except OSError:
                return

    def press(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def wait_for(self, text: bytes) -> None:
        eventually(lambda: text in self.said, f"{text!r} in {self.said!r}", 20)

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self.slave) == self.before


@contextmanager
def terminal(*arguments: object) -> Iterator[Terminal]:
    made = Terminal(*arguments)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        os.close(made.slave)
        os.close(made.keyboard)


@case
def keys_pause_step_and_go_on():
    log = [Message(timestamp=1.6e9 + at, arbitration_id=1) for at in (0, 1, 2, 3600, 3600.1)]
    file, _ = written(".log", log)
    network = Network()
    with network.listening() as heard:
        with terminal("player", "-v", file, *network.arguments()) as ours:
            ours.wait_for(b"space pauses")
            ours.press(b" ")
            ours.wait_for(b"paused")
            time.sleep(2.5)
            expect(ours.said.count(b"ID:") <= 2, True, repr(ours.said))
            for _ in range(4 - ours.said.count(b"ID:")):
                before = ours.said.count(b"ID:")
                ours.press(b"\n")
                eventually(lambda: ours.said.count(b"ID:") > before, "a step", 10)
            # What comes after a step keeps its distance to it, and is not waited for an hour.
            ours.press(b" ")
            ours.wait_for(b"going on")
            expect(ours.process.wait(20), 0)
            expect(ours.is_as_before(), True)
        expect(len(heard()), 5)


@case
def the_pace_changes_while_a_frame_is_waited_for():
    log = [Message(timestamp=1.6e9 + at, arbitration_id=1) for at in (0, 60)]
    file, _ = written(".log", log)
    start = time.monotonic()
    with terminal("player", file, *Network().arguments()) as ours:
        ours.wait_for(b"space pauses")
        ours.press(b"+++++++")
        ours.wait_for(b"128 times the recorded pace")
        expect(ours.process.wait(20), 0)
    expect(time.monotonic() - start < 20, True)


@case
def keys_work_again_after_the_process_was_stopped():
    log = [Message(timestamp=1.6e9 + at, arbitration_id=1) for at in (0, 3600)]
    file, _ = written(".log", log)
    with terminal("player", file, *Network().arguments()) as ours:
        ours.wait_for(b"space pauses")
        ours.process.send_signal(signal.SIGSTOP)
        # As a shell has it while its job is stopped.
        termios.tcsetattr(ours.slave, termios.TCSANOW, ours.before)
        ours.process.send_signal(signal.SIGCONT)
        eventually(lambda: not ours.is_as_before(), "single keys again", 10)
        ours.press(b"q")
        expect(ours.process.wait(20), 0)
        expect(ours.is_as_before(), True)
        ours.wait_for(b"ended by q")


@case
def progress_is_what_is_known():
    log = [Message(timestamp=1.6e9 + at / 50, arbitration_id=1) for at in range(150)]
    file, _ = written(".log", log)
    with terminal("player", file, *Network().arguments()) as ours:
        ours.wait_for(b"s into the log")
        expect(b"%" in ours.said or b"left" in ours.said, False, repr(ours.said))
        expect(ours.process.wait(20), 0)


@each({"q": b"q", "Ctrl-C": b"\x03", "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP})
def the_terminal_is_as_before(end):
    log = [Message(timestamp=1.6e9 + at, arbitration_id=1) for at in (0, 3600)]
    file, _ = written(".log", log)
    with terminal("player", file, *Network().arguments()) as ours:
        ours.wait_for(b"space pauses")
        expect(ours.is_as_before(), False)
        if isinstance(end, bytes):
            ours.press(end)
        else:
            ours.process.send_signal(end)
        expect(ours.process.wait(20), 0)
        expect(ours.is_as_before(), True)
        ours.wait_for(b"; interrupted")


@case
def what_is_piped_in_is_no_key():
    log = [Message(timestamp=1.6e9 + at, arbitration_id=1) for at in (0, 1)]
    file, _ = written(".log", log)
    with running("player", file, *Network().arguments()) as ours:
        said, errors = ours.communicate("q \n", timeout=20)
    expect((ours.returncode, said), (0, ""))
    expect("sent 2 frames" in errors and "space" not in errors, True, errors)


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
