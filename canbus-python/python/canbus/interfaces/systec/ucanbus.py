"""The interface systec, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class UcanBus(MissingBus):
    """A bus of systec; cannot be opened yet."""

    _missing = missing("systec")
