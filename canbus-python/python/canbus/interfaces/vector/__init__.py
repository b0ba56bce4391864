"""The interface vector, which is not a part of canbus yet; but for its value types."""

from __future__ import annotations

from canbus.interfaces.vector import canlib, exceptions, xlclass, xldefine
from canbus.interfaces.vector.canlib import (
    VectorBus,
    VectorBusParams,
    VectorCanFdParams,
    VectorCanParams,
    VectorChannelConfig,
    get_channel_configs,
)
from canbus.interfaces.vector.exceptions import (
    VectorError,
    VectorInitializationError,
    VectorOperationError,
)

__all__ = [
    "VectorBus",
    "VectorBusParams",
    "VectorCanFdParams",
    "VectorCanParams",
    "VectorChannelConfig",
    "VectorError",
    "VectorInitializationError",
    "VectorOperationError",
    "canlib",
    "exceptions",
    "get_channel_configs",
    "xlclass",
    "xldefine",
]
