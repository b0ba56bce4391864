"""Messages to feed to both sides: every kind of frame, every length, edges of IDs and times.

All of it is deterministic: the same call gives the same messages on every machine. What a format
cannot hold is left out by ``fd=False`` and so on.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from can import Message

#: An ordinary moment of today's epoch, in whole microseconds, which a double holds well enough.
EPOCH = 1_700_000_000.125
STANDARD_IDS = [0x000, 0x001, 0x07F, 0x080, 0x123, 0x7FF]
EXTENDED_IDS = [0x00000000, 0x00000123, 0x000007FF, 0x00000800, 0x18FF50E5, 0x1FFFFFFF]
FD_LENGTHS = [*range(9), 12, 16, 20, 24, 32, 48, 64]
CHANNELS: list[Any] = [None, 0, 1, 3, 15, "can0", "vcan7"]
#: Before the epoch, at it, a nanosecond and a microsecond after, today, beyond 32 bits.
TIMES = [-1.5, -0.000001, 0.0, 0.000000001, 0.000001, 0.999999, 1.0, EPOCH, 2.0**32 + 0.5]


def kinds(
    *, fd: bool = True, remote: bool = True, error: bool = True, **more: Any
) -> dict[str, Message]:
    """One message of every kind of frame, by name; ``more`` goes to every message."""
    found: dict[str, dict[str, Any]] = {}
    for width, extended, id_ in (("standard", False, 0x123), ("extended", True, 0x18FF50E5)):
        base = {"arbitration_id": id_, "is_extended_id": extended}
        found[f"{width} data"] = base | {"data": payload(8)}
        found[f"{width} without data"] = base | {"data": b""}
        if remote:
            found[f"{width} remote without DLC"] = base | {"is_remote_frame": True, "dlc": 0}
            found[f"{width} remote with DLC"] = base | {"is_remote_frame": True, "dlc": 5}
        if fd:
            for flags, brs, esi in FD_FLAGS:
                found[f"{width} FD{flags}"] = base | _fd(payload(12), brs, esi)
            found[f"{width} FD without data"] = base | _fd(b"", False, False)
            found[f"{width} FD of 64 bytes"] = base | _fd(payload(64), True, False)
    if error:
        found["error"] = {"is_error_frame": True}
        # As SocketCAN delivers one: the ID holds the class, eight bytes hold the details.
        found["error with class and details"] = {
            "is_error_frame": True,
            "arbitration_id": 0x024,
            "data": [0, 0x30, 0, 0, 0, 0, 0x80, 0x60],
        }
    common = {"timestamp": EPOCH, "channel": 0} | more
    return {name: Message(**(common | given)) for name, given in found.items()}


FD_FLAGS = [
    ("", False, False),
    (" with BRS", True, False),
    (" with ESI", False, True),
    (" with BRS and ESI", True, True),
]


def lengths(*, fd: bool = True, **more: Any) -> list[Message]:
    """Data frames of every length, in both widths, FD with every pair of BRS and ESI."""
    given: list[dict[str, Any]] = []
    for extended in (False, True):
        id_ = {"arbitration_id": 0x456, "is_extended_id": extended}
        given += [id_ | {"data": payload(length)} for length in range(9)]
        for length in FD_LENGTHS if fd else []:
            given += [id_ | _fd(payload(length), brs, esi) for _, brs, esi in FD_FLAGS]
    return _in_sequence(given, more)


def remotes(**more: Any) -> list[Message]:
    """Remote frames with every DLC from 0 to 8, in both widths."""
    return _in_sequence(
        [
            {"arbitration_id": 0x321, "is_extended_id": wide, "is_remote_frame": True, "dlc": dlc}
            for wide in (False, True)
            for dlc in range(9)
        ],
        more,
    )


def ids(**more: Any) -> list[Message]:
    """The edges of both ranges of IDs, small extended ones among them."""
    given = [{"arbitration_id": i, "is_extended_id": False} for i in STANDARD_IDS]
    given += [{"arbitration_id": i, "is_extended_id": True} for i in EXTENDED_IDS]
    return _in_sequence([one | {"data": payload(2)} for one in given], more)


def times(**more: Any) -> list[Message]:
    """The same frame at the edges of time, in ascending order."""
    return [
        Message(**({"timestamp": time, "arbitration_id": 0x77, "data": payload(3)} | more))
        for time in TIMES
    ]


def channels(which: Iterable[Any] = CHANNELS, **more: Any) -> list[Message]:
    """The same frame on each channel, received and sent."""
    return _in_sequence(
        [
            {"arbitration_id": 0x55, "data": payload(4), "channel": channel, "is_rx": is_rx}
            for channel in which
            for is_rx in (True, False)
        ],
        more,
    )


def mix(
    count: int,
    seed: int = 1,
    *,
    fd: bool = True,
    remote: bool = True,
    error: bool = True,
    **more: Any,
) -> list[Message]:
    """A plausible recording: kinds, IDs, data and channels at random, times ascending."""
    dice = random.Random(seed)
    sorts = ["data"] * 12 + ["fd"] * 6 * fd + ["remote"] * remote + ["error"] * error
    microseconds, given = 0, []
    for _ in range(count):
        microseconds += dice.choice([0, 1, 57, 1_000, 20_011])
        one: dict[str, Any] = {
            "timestamp": EPOCH + microseconds / 1e6,
            "channel": dice.randrange(4),
            "is_rx": dice.random() < 0.8,
        }
        wide = dice.random() < 0.5
        one["is_extended_id"] = wide
        one["arbitration_id"] = dice.randrange(1 << 29 if wide else 1 << 11)
        sort = dice.choice(sorts)
        if sort == "data":
            one["data"] = dice.randbytes(dice.randrange(9))
        elif sort == "fd":
            data = dice.randbytes(dice.choice(FD_LENGTHS))
            one |= _fd(data, dice.random() < 0.5, dice.random() < 0.1)
        elif sort == "remote":
            one |= {"is_remote_frame": True, "dlc": dice.randrange(9)}
        else:
            one |= {"is_error_frame": True, "arbitration_id": 0, "is_extended_id": True}
        given.append(one)
    return [Message(**(one | more)) for one in given]


def payload(length: int) -> bytes:
    """Bytes of which no two neighbours are equal and which use every bit: 0x1F, 0x56, 0x8D…"""
    return bytes((0x1F + 0x37 * index) & 0xFF for index in range(length))


def _fd(data: bytes, brs: bool, esi: bool) -> dict[str, Any]:
    return {"is_fd": True, "data": data, "bitrate_switch": brs, "error_state_indicator": esi}


def _in_sequence(given: list[dict[str, Any]], more: dict[str, Any]) -> list[Message]:
    """A millisecond after one another from EPOCH on, on channel 0 where nothing else is said."""
    return [
        Message(**({"timestamp": EPOCH + index / 1000, "channel": 0} | one | more))
        for index, one in enumerate(given)
    ]
