"""The interface vector, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class VectorBus(MissingBus):
    """A bus of vector; cannot be opened yet."""

    _missing = missing("vector")
