"""A bus that several threads share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import RLock
from typing import TYPE_CHECKING, Any, Optional

from canbus import typechecking
from canbus.interface import Bus
from canbus.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canbus.bus import BusABC, BusState, CanProtocol


class ThreadSafeBus:
    """A bus whose `send` and `recv` are called by one thread at a time.

    Buses of canbus itself need no such care: they are used by many threads as they are. This class takes
    the locks for those of others. It passes for the bus inside of it.
    """

    __slots__ = ("__weakref__", "__wrapped__", "_lock_recv", "_lock_send")

    def __init__(
        self,
        channel: Optional[typechecking.Channel] = None,
        interface: Optional[str] = None,
        config_context: Optional[str] = None,
        ignore_config: bool = False,
        **kwargs: Any,
    ) -> None:
        bus = Bus(
            channel=channel,
            interface=interface,
            config_context=config_context,
            ignore_config=ignore_config,
            **kwargs,
        )
        # A bus of the library does its own locking.
        native = getattr(bus, "_native", None) is not None
        set_slot = object.__setattr__
        set_slot(self, "__wrapped__", bus)
        set_slot(self, "_lock_send", _Nothing() if native else RLock())
        set_slot(self, "_lock_recv", _Nothing() if native else RLock())

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        if name in ThreadSafeBus.__slots__:
            # Not made completely.
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__wrapped__, name)

    def __dir__(self) -> list[str]:
        return dir(self.__wrapped__)

    def __str__(self) -> str:
        return str(self.__wrapped__)

    def __repr__(self) -> str:
        return f"<ThreadSafeBus of {self.__wrapped__!r}>"

    def __iter__(self) -> Iterator[Message]:
        while True:
            message = self.recv(timeout=1.0)
            if message is not None:
                yield message

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.__wrapped__.__exit__(*exception)

    def recv(self, timeout: Optional[float] = None) -> Optional[Message]:
        with self._lock_recv:
            return self.__wrapped__.recv(timeout=timeout)

    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        with self._lock_send:
            self.__wrapped__.send(msg=msg, timeout=timeout)

    @property
    def filters(self) -> Optional[typechecking.CanFilters]:
        with self._lock_recv:
            return self.__wrapped__.filters

    @filters.setter
    def filters(self, filters: Optional[typechecking.CanFilters]) -> None:
        with self._lock_recv:
            self.__wrapped__.filters = filters

    def set_filters(self, filters: Optional[typechecking.CanFilters] = None) -> None:
        with self._lock_recv:
            self.__wrapped__.set_filters(filters=filters)

    def flush_tx_buffer(self) -> None:
        with self._lock_send:
            self.__wrapped__.flush_tx_buffer()

    def shutdown(self) -> None:
        with self._lock_send, self._lock_recv:
            self.__wrapped__.shutdown()

    @property
    def state(self) -> BusState:
        with self._lock_send, self._lock_recv:
            return self.__wrapped__.state

    @state.setter
    def state(self, new_state: BusState) -> None:
        with self._lock_send, self._lock_recv:
            self.__wrapped__.state = new_state

    @property
    def protocol(self) -> CanProtocol:
        with self._lock_send, self._lock_recv:
            return self.__wrapped__.protocol

    if TYPE_CHECKING:
        __wrapped__: BusABC
        _lock_send: AbstractContextManager[Any]
        _lock_recv: AbstractContextManager[Any]


class _Nothing:
    """A lock that nobody needs."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        pass
