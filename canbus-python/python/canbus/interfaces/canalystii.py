"""The interface canalystii, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces._missing import MissingBus, missing


class CANalystIIBus(MissingBus):
    """A bus of canalystii; cannot be opened yet."""

    _missing = missing("canalystii")
