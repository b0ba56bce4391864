"""The interface serial, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.serial.serial_can import SerialBus

__all__ = ["SerialBus"]
