"""The interface seeedstudio, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class SeeedBus(MissingBus):
    """A bus of seeedstudio; cannot be opened yet."""

    _missing = missing("seeedstudio")
