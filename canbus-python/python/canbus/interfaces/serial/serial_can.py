"""The interface serial, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class SerialBus(MissingBus):
    """A bus of serial; cannot be opened yet."""

    _missing = missing("serial")
