"""A vehicle that does not exist: its messages, without any adapter."""

from __future__ import annotations

from typing import Any, Optional

from canbus import typechecking
from canbus.interfaces._native import NativeBus, protocol_of


class SimulatedBus(NativeBus):
    """A bus with the traffic of a vehicle."""

    _backend = "simulated"

    def __init__(
        self,
        channel: typechecking.Channel = "vehicle",
        can_filters: Optional[typechecking.CanFilters] = None,
        **kwargs: Any,
    ) -> None:
        self._can_protocol = protocol_of(bool(kwargs.get("fd")))
        self._open(channel, can_filters, kwargs, channel)
