"""The interface neousys, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class NeousysBus(MissingBus):
    """A bus of neousys; cannot be opened yet."""

    _missing = missing("neousys")
