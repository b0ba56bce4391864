"""The interface ixxat, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.ixxat.canlib import IXXATBus

__all__ = ["IXXATBus"]
