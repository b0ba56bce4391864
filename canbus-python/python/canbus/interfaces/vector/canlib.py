"""The interface vector, which is not a part of canbus yet; but for its value types."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from canbus.interfaces._missing import MissingBus, missing

#: The library, if it was found.
xldriver: Any = None


class VectorBus(MissingBus):
    """A bus of vector; cannot be opened yet."""

    _missing = missing("vector")


class VectorCanParams(NamedTuple):
    """How a channel of classic CAN is set up."""

    bitrate: int
    sjw: int
    tseg1: int
    tseg2: int
    sam: int
    output_mode: int
    can_op_mode: int


class VectorCanFdParams(NamedTuple):
    """How a channel of CAN FD is set up: `abr` is the arbitration phase, `dbr` the data phase."""

    bitrate: int
    data_bitrate: int
    sjw_abr: int
    tseg1_abr: int
    tseg2_abr: int
    sam_abr: int
    sjw_dbr: int
    tseg1_dbr: int
    tseg2_dbr: int
    output_mode: int
    can_op_mode: int


class VectorBusParams(NamedTuple):
    """How a channel is set up."""

    bus_type: int
    can: VectorCanParams
    canfd: VectorCanFdParams


class VectorChannelConfig(NamedTuple):
    """A channel as the driver lists it."""

    name: str
    hw_type: int
    hw_index: int
    hw_channel: int
    channel_index: int
    channel_mask: int
    channel_capabilities: int
    channel_bus_capabilities: int
    is_on_bus: bool
    connected_bus_type: int
    bus_params: Optional[VectorBusParams]
    serial_number: int
    article_number: int
    transceiver_name: str


def get_channel_configs() -> list[VectorChannelConfig]:
    """The channels that the driver lists: none without one."""
    return []
