"""The interface kvaser, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class KvaserBus(MissingBus):
    """A bus of kvaser; cannot be opened yet."""

    _missing = missing("kvaser")
