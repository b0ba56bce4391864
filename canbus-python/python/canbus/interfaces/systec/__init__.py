"""The interface systec, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.systec.ucanbus import UcanBus

__all__ = ["UcanBus"]
