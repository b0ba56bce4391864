"""The interface slcan, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class slcanBus(MissingBus):
    """A bus of slcan; cannot be opened yet."""

    _missing = missing("slcan")
