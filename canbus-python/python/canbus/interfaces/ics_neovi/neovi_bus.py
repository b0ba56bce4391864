"""The interface neovi, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class NeoViBus(MissingBus):
    """A bus of neovi; cannot be opened yet."""

    _missing = missing("neovi")
