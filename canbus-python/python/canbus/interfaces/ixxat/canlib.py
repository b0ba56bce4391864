"""The interface ixxat, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class IXXATBus(MissingBus):
    """A bus of ixxat; cannot be opened yet."""

    _missing = missing("ixxat")
