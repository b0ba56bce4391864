"""What the buses that the library carries out have in common."""

from __future__ import annotations

import logging
from typing import Any, Optional

from canbus import _core, typechecking
from canbus.bus import BusABC, BusState, CanProtocol
from canbus.exceptions import CanOperationError
from canbus.message import Message

log = logging.getLogger("can.interfaces")

_OPTIONS: dict[str, frozenset[str]] = {
    name: frozenset(options) for name, _, options in _core.backends()
}

#: Arguments that some programs give to every bus, and that say nothing to these.
_SILENT = frozenset(("single_handle",))


class NativeBus(BusABC):
    """A bus of the library. The class says which backend."""

    _backend: str

    def _open(
        self,
        channel: Any,
        can_filters: Optional[typechecking.CanFilters],
        options: dict[str, Any],
        shown_channel: Any = None,
    ) -> None:
        """Opens the bus and takes it over.

        Options that the backend does not have are left out with a warning, as python-can's classes
        take and ignore any.
        """
        known = _OPTIONS[self._backend]
        taken = _with_timing(options)
        for name in [name for name in taken if name not in known]:
            value = taken.pop(name)
            if name not in _SILENT:
                log.info("%s has no option %s; %r is ignored", self._backend, name, value)
        native = _core.Bus(self._backend, {"channel": channel, **taken}, shown_channel)
        self.channel_info = native.summary
        self._core_bus = native
        if type(self)._recv_internal is NativeBus._recv_internal:
            self._native = native
        super().__init__(channel=channel, can_filters=can_filters)

    def _bus(self) -> _core.Bus:
        try:
            return self._core_bus
        except AttributeError:
            raise CanOperationError("Cannot operate on a closed bus") from None

    def _recv_internal(self, timeout: Optional[float]) -> tuple[Optional[Message], bool]:
        return self._bus().recv(timeout), True

    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        self._core_bus.send(msg, timeout)

    def _apply_filters(self, filters: Optional[typechecking.CanFilters]) -> None:
        self._bus().set_filters(
            [
                (one["can_id"], one["can_mask"], one.get("extended"))
                for one in filters or ()
            ]
        )

    def flush_tx_buffer(self) -> None:
        self._bus().flush_tx_buffer()

    def fileno(self) -> int:
        descriptor = self._bus().fileno()
        if descriptor is None:
            raise NotImplementedError(f"{type(self).__name__} has no file descriptor")
        return descriptor

    def shutdown(self) -> None:
        super().shutdown()
        native = getattr(self, "_core_bus", None)
        if native is not None:
            native.shutdown()

    @property
    def dropped(self) -> int:
        """How many received messages were lost, as far as it is known."""
        return self._bus().dropped

    @property
    def state(self) -> BusState:
        known = self._bus().error_state
        return BusState.ERROR if known == "bus off" else BusState.ACTIVE

    @state.setter
    def state(self, new_state: BusState) -> None:
        raise NotImplementedError("Property is not implemented.")


def _with_timing(options: dict[str, Any]) -> dict[str, Any]:
    """The options with what stands for several of them taken apart."""
    taken = dict(options)
    timing = taken.pop("timing", None)
    if timing is not None:
        taken.update(timing)
    if taken.pop("state", BusState.ACTIVE) is BusState.PASSIVE:
        taken["listen_only"] = True
    return taken


def protocol_of(fd: bool) -> CanProtocol:
    """The protocol of a bus that carries CAN FD frames or not."""
    return CanProtocol.CAN_FD if fd else CanProtocol.CAN_20


def detected(backend: str) -> list[typechecking.AutoDetectedConfig]:
    """The buses that the library finds."""
    return _core.detect(backend, 2.0)
