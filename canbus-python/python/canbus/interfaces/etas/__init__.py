"""The interface etas, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class EtasBus(MissingBus):
    """A bus of etas; cannot be opened yet."""

    _missing = missing("etas")
