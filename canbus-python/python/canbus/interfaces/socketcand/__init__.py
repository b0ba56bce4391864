"""The interface socketcand, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.socketcand.socketcand import SocketCanDaemonBus

__all__ = ["SocketCanDaemonBus"]
