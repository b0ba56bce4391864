"""The interface usb2can, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.usb2can.usb2canInterface import Usb2canBus

__all__ = ["Usb2canBus"]
