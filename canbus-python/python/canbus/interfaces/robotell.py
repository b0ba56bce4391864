"""The interface robotell, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class robotellBus(MissingBus):
    """A bus of robotell; cannot be opened yet."""

    _missing = missing("robotell")
