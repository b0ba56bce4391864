"""The harness itself: that its cases count, its messages are fit, its comparison sees."""

import copy
import subprocess
import sys
from pathlib import Path

import _messages as messages
from _compare import Keeps, differences, expect_same, numbered
from _harness import case, each, expect, main, scratch
from can import Message

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from _harness import Skip, case, each, expect, main
@case
def one_passes(): pass
@each([1, 2])
def a_number_is_one(number): expect(number, 1, "number")
@case
def one_is_skipped(): raise Skip("no reason")
@case(seconds=1)
def one_hangs():
    while True: pass
main()
"""


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    file = scratch() / "script.py"
    file.write_text(SCRIPT.format(folder=str(Path(__file__).parent)))
    command = [sys.executable, str(file), "--unknown", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@case
def every_outcome_is_counted_and_explained():
    done = run_script()
    expect(done.stdout.splitlines()[-1], "2 passed, 2 failed, 1 skipped")
    expect(done.returncode, 1)
    for part in (
        "FAILED: a number is one: 2\n  script.py:",
        "number: expected\n  1\nbut got\n  2",
        "skipped: one is skipped: no reason",
        "FAILED: one hangs",
        "still running after 1 s",
    ):
        expect(part in done.stdout, True, f"{part!r} in {done.stdout!r}")


@case
def a_pattern_chooses_cases_and_one_without_match_fails():
    done = run_script("one_passes", "number is one: 1")
    expect((done.stdout, done.returncode), ("2 passed, 0 failed, 0 skipped\n", 0))
    done = run_script("-v", "one passes")
    expect(done.stdout, "passed: one passes\n1 passed, 0 failed, 0 skipped\n")
    done = run_script("nonsense")
    expect(done.stdout, "no case matches\n0 passed, 0 failed, 0 skipped\n")
    expect(done.returncode, 1)


GENERATORS = {
    "kinds": lambda: list(messages.kinds().values()),
    "lengths": messages.lengths,
    "remotes": messages.remotes,
    "ids": messages.ids,
    "channels": messages.channels,
    "times": messages.times,
    "mix": lambda: messages.mix(500),
}


@each(GENERATORS)
def messages_are_valid_and_the_same_every_time(generator):
    first, second = generator(), generator()
    expect_same(first, second, Keeps(time=0.0))
    for message in first:
        if message.timestamp >= 0:  # python-can's own check refuses times before 1970
            message._check()


@case
def what_a_format_cannot_hold_is_left_out():
    few = [*messages.kinds(fd=False, remote=False, error=False).values()]
    few += messages.mix(500, fd=False, remote=False, error=False)
    expect([m for m in few if m.is_fd or m.is_remote_frame or m.is_error_frame], [])
    many = messages.mix(500)
    for sort in ("is_fd", "is_remote_frame", "is_error_frame", "is_rx", "is_extended_id"):
        expect({getattr(m, sort) for m in many}, {False, True}, sort)
    expect(any(m.is_fd for m in messages.lengths(fd=False)), False)
    expect({m.channel for m in messages.ids(channel="can5")}, {"can5"})


def changed(message: Message, field: str, value: object) -> Message:
    other = copy.deepcopy(message)
    setattr(other, field, value)
    return other


#: A field, a value that changes it, and what ``Keeps`` may say to let that pass.
FIELDS = [
    ("arbitration_id", 5, None),
    ("is_extended_id", False, None),
    ("is_remote_frame", True, None),
    ("dlc", 9, None),
    ("data", b"x", None),
    ("is_error_frame", True, None),
    ("is_fd", False, Keeps(fd=False)),
    ("bitrate_switch", True, Keeps(fd_flags=False)),
    ("error_state_indicator", True, Keeps(fd_flags=False)),
    ("is_rx", False, Keeps(direction=False)),
    ("channel", 7, Keeps(channel=None)),
]


@each({field: (field, value, lenient) for field, value, lenient in FIELDS})
def a_difference_is_seen_in(given):
    field, value, lenient = given
    message = Message(arbitration_id=1, is_fd=True, data=b"12", channel=0)
    other = changed(message, field, value)
    expect([line.split(":")[0] for line in differences(message, other)], [field])
    if lenient:
        expect(differences(message, other, lenient), [])


@case
def remote_dlc_error_content_and_channel_names_can_be_let_pass():
    remote, error = Message(is_remote_frame=True, dlc=5), Message(is_error_frame=True)
    expect(differences(remote, changed(remote, "dlc", 0)), ["dlc: expected 5, got 0"])
    expect(differences(remote, changed(remote, "dlc", 0), Keeps(remote_dlc=False)), [])
    other = changed(changed(error, "arbitration_id", 0x80), "data", b"a")
    expect(len(differences(error, other)), 2)
    expect(differences(error, other, Keeps(error_content=False)), [])
    expect(differences(Message(channel=2), Message(channel="can2"), Keeps(channel=numbered)), [])


def failure(*given: object, **named: object) -> str:
    try:
        expect_same(*given, **named)
    except AssertionError as error:
        return str(error)
    return ""


@case
def times_and_missing_messages_are_reported():
    one, later = Message(timestamp=1.0), Message(timestamp=1.000002)
    expect(failure([one], [later]), "message 0: timestamp: expected 1.0, got 1.000002")
    expect(failure([one], [later], Keeps(time=3e-6)), "")
    expect(failure([one], [later], Keeps(time=None)), "")
    shifted = [later, changed(one, "timestamp", 1.000004)]
    expect(failure([one, later], shifted, Keeps(relative_time=True)), "")
    expect(failure([one], [], what="read"), "read\nexpected 1 messages, got 0")
    lines = failure([one] * 8, [later] * 9).splitlines()
    expect(lines[5:], ["and 3 more messages differ", "expected 8 messages, got 9"])


if __name__ == "__main__":
    main()
