"""The interface iscan, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class IscanBus(MissingBus):
    """A bus of iscan; cannot be opened yet."""

    _missing = missing("iscan")
