"""The interface socketcand, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class SocketCanDaemonBus(MissingBus):
    """A bus of socketcand; cannot be opened yet."""

    _missing = missing("socketcand")
