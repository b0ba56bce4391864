"""The interfaces that canbus does not have yet: their names are there, and say so."""

from __future__ import annotations

from typing import Any, Optional

from canbus.bus import BusABC
from canbus.exceptions import CanInterfaceNotImplementedError
from canbus.message import Message


class MissingBus(BusABC):
    """A bus that cannot be opened."""

    #: What is said to who tries.
    _missing: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise CanInterfaceNotImplementedError(self._missing)

    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        raise CanInterfaceNotImplementedError(self._missing)


def missing(interface: str) -> str:
    """The text for an interface."""
    return f"the interface {interface} is not a part of canbus yet"
