"""The interface cantact, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class CantactBus(MissingBus):
    """A bus of cantact; cannot be opened yet."""

    _missing = missing("cantact")
