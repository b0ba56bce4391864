"""The interface nican, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class NicanBus(MissingBus):
    """A bus of nican; cannot be opened yet."""

    _missing = missing("nican")
