"""The interface socketcand, which is not a part of canbus yet; but for its messages as text."""

from __future__ import annotations

import logging
from typing import Optional

from canbus.interfaces._missing import MissingBus, missing
from canbus.message import Message

log = logging.getLogger("can.interfaces.socketcand.socketcand")


class SocketCanDaemonBus(MissingBus):
    """A bus of socketcand; cannot be opened yet."""

    _missing = missing("socketcand")


def convert_ascii_message_to_can_message(ascii_msg: str) -> Optional[Message]:
    """What the daemon says as a message; None for what is none."""
    words = ascii_msg.split()
    if len(words) < 4 or words[0] != "<" or words[-1] != ">":
        log.warning("Could not parse ascii message: %s", ascii_msg)
        return None
    kind, number, time, *data = words[1:-1]
    can_id, timestamp = int(number, 16), float(time)
    if kind == "frame":
        return Message(
            timestamp=timestamp,
            arbitration_id=can_id,
            is_extended_id=len(number) != 3,
            data=bytes.fromhex("".join(data[:1])),
        )
    if kind == "error":
        return Message(
            timestamp=timestamp,
            arbitration_id=can_id,
            is_extended_id=True,
            is_error_frame=True,
            data=bytearray([0]),
        )
    log.warning("Could not parse ascii message: %s", ascii_msg)
    return None


def convert_can_message_to_ascii_message(can_message: Message) -> str:
    """A message as the daemon takes it."""
    width = 8 if can_message.is_extended_id else 3
    words = [f"{can_message.arbitration_id:0{width}X}", f"{can_message.dlc:X}"]
    words += [f"{byte:X}" for byte in can_message.data]
    return f"< send {' '.join(words)} >"
