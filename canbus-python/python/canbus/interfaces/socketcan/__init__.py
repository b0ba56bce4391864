"""The CAN interfaces of the Linux kernel."""

from __future__ import annotations

from canbus.interfaces.socketcan import constants, socketcan, utils
from canbus.interfaces.socketcan.socketcan import (
    CyclicSendTask,
    MultiRateCyclicSendTask,
    SocketcanBus,
)

__all__ = [
    "CyclicSendTask",
    "MultiRateCyclicSendTask",
    "SocketcanBus",
    "constants",
    "socketcan",
    "utils",
]
