"""The interface kvaser, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.kvaser.canlib import KvaserBus

__all__ = ["KvaserBus"]
