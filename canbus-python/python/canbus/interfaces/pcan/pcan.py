"""The interface pcan, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class PcanBus(MissingBus):
    """A bus of pcan; cannot be opened yet."""

    _missing = missing("pcan")
