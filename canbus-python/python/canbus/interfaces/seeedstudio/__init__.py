"""The interface seeedstudio, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.seeedstudio.seeedstudio import SeeedBus

__all__ = ["SeeedBus"]
