"""The interface neousys, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.neousys.neousys import NeousysBus

__all__ = ["NeousysBus"]
