"""The interface neovi, which is not a part of canbus yet; but for its errors."""

from __future__ import annotations

from canbus.interfaces.ics_neovi.neovi_bus import (
    ICSApiError,
    ICSInitializationError,
    ICSOperationError,
    NeoViBus,
)

__all__ = ["ICSApiError", "ICSInitializationError", "ICSOperationError", "NeoViBus"]
