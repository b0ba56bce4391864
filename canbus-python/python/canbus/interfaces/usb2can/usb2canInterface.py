"""The interface usb2can, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class Usb2canBus(MissingBus):
    """A bus of usb2can; cannot be opened yet."""

    _missing = missing("usb2can")
