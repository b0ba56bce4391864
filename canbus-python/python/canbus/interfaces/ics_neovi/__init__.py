"""The interface neovi, which is not a part of canbus yet."""

from __future__ import annotations

from canbus.interfaces.ics_neovi.neovi_bus import NeoViBus

__all__ = ["NeoViBus"]
