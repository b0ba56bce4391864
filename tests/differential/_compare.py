"""Whether two lists of messages are the same, as far as a format or bus keeps them.

``Keeps`` says field by field what must come through; whatever it does not switch off must be
equal. The result names the message and the field, so that a failed case can be understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from can import Message

#: How many differing messages are shown; the rest is only counted.
SHOWN = 5


def as_it_is(channel: Any) -> Any:
    """Channels are compared as they are."""
    return channel


def numbered(channel: Any) -> Any:
    """Channels are compared by number: 2 and "can2" are the same."""
    digits = re.search(r"\d+$", channel) if isinstance(channel, str) else None
    return int(digits.group()) if digits else channel


@dataclass(frozen=True)
class Keeps:
    """What must come through; the default is everything, times to the microsecond."""

    #: Greatest difference of times in seconds; ``None`` compares no times.
    time: float | None = 1e-6
    #: Compare times from the first message on, for formats that hold no absolute time.
    relative_time: bool = False
    #: Makes channels comparable; ``None`` compares no channels.
    channel: Callable[[Any], Any] | None = as_it_is
    direction: bool = True
    remote_dlc: bool = True
    #: The ID and data of error frames.
    error_content: bool = True
    #: BRS and ESI.
    fd_flags: bool = True
    #: Whether a frame is FD at all.
    fd: bool = True


def differences(expected: Message, actual: Message, keeps: Keeps = Keeps()) -> list[str]:
    """The fields but time in which the messages differ, each as ``field: expected X, got Y``."""
    fields = ["is_error_frame"]
    if not (expected.is_error_frame and actual.is_error_frame and not keeps.error_content):
        fields += ["arbitration_id", "is_extended_id", "is_remote_frame", "data"]
        if keeps.remote_dlc or not expected.is_remote_frame:
            fields.append("dlc")
    if keeps.fd:
        fields.append("is_fd")
    if keeps.fd and keeps.fd_flags:
        fields += ["bitrate_switch", "error_state_indicator"]
    if keeps.direction:
        fields.append("is_rx")
    pairs = [(name, getattr(expected, name), getattr(actual, name)) for name in fields]
    if keeps.channel:
        pairs.append(("channel", keeps.channel(expected.channel), keeps.channel(actual.channel)))
    return [
        f"{name}: expected {_shown(want)}, got {_shown(got)}"
        for name, want, got in pairs
        if want != got
    ]


def _time_difference(want: float, got: float, keeps: Keeps) -> list[str]:
    # The tolerance is widened by what a double loses at that size, so that 1e-6 means that.
    if keeps.time is None or abs(want - got) <= keeps.time + 4e-16 * abs(want):
        return []
    return [f"timestamp: expected {want!r}, got {got!r}"]


def _shown(value: Any) -> str:
    return bytes(value).hex(" ") if isinstance(value, (bytes, bytearray)) else repr(value)


def expect_same(
    expected: list[Message], actual: list[Message], keeps: Keeps = Keeps(), what: str = ""
) -> None:
    """Fails the case unless both lists hold the same messages in the same order."""
    lines = []
    base_want = expected[0].timestamp if keeps.relative_time and expected else 0.0
    base_got = actual[0].timestamp if keeps.relative_time and actual else 0.0
    for index, (want, got) in enumerate(zip(expected, actual)):
        found = differences(want, got, keeps)
        found += _time_difference(want.timestamp - base_want, got.timestamp - base_got, keeps)
        if found:
            lines.append(f"message {index}: {'; '.join(found)}")
    hidden = len(lines) - SHOWN
    lines = lines[:SHOWN] + ([f"and {hidden} more messages differ"] if hidden > 0 else [])
    if len(expected) != len(actual):
        lines.append(f"expected {len(expected)} messages, got {len(actual)}")
    if lines:
        raise AssertionError("\n".join([*([what] if what else []), *lines]))
