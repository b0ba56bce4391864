"""The interface pcan, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.pcan.pcan import PcanBus

__all__ = ["PcanBus"]
