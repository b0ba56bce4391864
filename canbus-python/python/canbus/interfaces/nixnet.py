"""The interface nixnet, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class NiXNETcanBus(MissingBus):
    """A bus of nixnet; cannot be opened yet."""

    _missing = missing("nixnet")
