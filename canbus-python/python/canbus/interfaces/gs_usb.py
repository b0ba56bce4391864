"""The interface gs_usb, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class GsUsbBus(MissingBus):
    """A bus of gs_usb; cannot be opened yet."""

    _missing = missing("gs_usb")
