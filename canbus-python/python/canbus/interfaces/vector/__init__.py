"""The interface vector, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.vector.canlib import VectorBus

__all__ = ["VectorBus"]
