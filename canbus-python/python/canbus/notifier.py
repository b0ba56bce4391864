"""The Notifier: brings the messages of buses to listeners."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Callable, Final, NamedTuple, Optional, Union

from canbus import _fork, _later
from canbus.bus import BusABC
from canbus.listener import Listener
from canbus.message import Message

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

logger = _later.logger(__name__, "can.Notifier")
# What is received is logged as the bus does it.
LOG = _later.logger(__name__, "can.bus")

MessageRecipient = Union[Listener, Callable[[Message], Union[Optional[Awaitable[None]], None]]]

#: How long a thread waits in a bus of the library before it looks whether it is to end.
_SLICE: Final = 0.05
#: The most messages that one turn of an event loop delivers.
_TURN: Final = 256
#: The most messages that are delivered before another bus gets its turn.
_RUN: Final = 32

_RECV: Final = BusABC.recv


class _BusNotifierPair(NamedTuple):
    bus: BusABC
    notifier: Notifier


class _NotifierRegistry:
    """Which bus is read by which notifier: two would take each other's messages."""

    def __init__(self) -> None:
        self.pairs: list[_BusNotifierPair] = []
        self.lock = threading.Lock()
        _fork.keep(self.lock)

    def register(self, bus: BusABC, notifier: Notifier) -> None:
        with self.lock:
            for pair in self.pairs:
                if bus is pair.bus and not pair.notifier.stopped:
                    raise ValueError(
                        "A bus can not be added to multiple active Notifier instances."
                    )
            self.pairs.append(_BusNotifierPair(bus, notifier))

    def unregister(self, bus: BusABC, notifier: Notifier) -> None:
        with self.lock:
            self.pairs = [
                pair
                for pair in self.pairs
                if not (pair.bus is bus and pair.notifier is notifier)
            ]

    def find_instances(self, bus: BusABC) -> tuple[Notifier, ...]:
        with self.lock:
            return tuple(pair.notifier for pair in self.pairs if pair.bus is bus)


def _native(bus: BusABC) -> Any:
    """The library's bus behind this one, if nobody has changed how it receives."""
    inner = getattr(bus, "__wrapped__", bus)
    own = "recv" in getattr(inner, "__dict__", ())
    if own or getattr(type(inner), "recv", None) is not _RECV:
        return None
    return getattr(inner, "_native", None)


class Notifier(AbstractContextManager["Notifier"]):
    """Reads one or several buses and calls each listener with each message.

    Without an event loop each bus has a thread. With one the listeners are called in it, and may be
    coroutines.
    """

    _registry: Final = _NotifierRegistry()

    def __init__(
        self,
        bus: Union[BusABC, list[BusABC]],
        listeners: Iterable[MessageRecipient],
        timeout: float = 1.0,
        loop: Optional[asyncio.AbstractEventLoop] = None,
    ) -> None:
        self.listeners: list[MessageRecipient] = list(listeners)
        self._bus_list: list[BusABC] = []
        self.timeout = timeout
        self._loop = loop
        #: The exception of a thread that ended by it.
        self.exception: Optional[Exception] = None
        self._stopped = False
        self._lock = threading.Lock()
        self._readers: list[Union[int, threading.Thread]] = []
        # The event loop itself does not keep them.
        self._tasks: set[asyncio.Task[Any]] = set()
        for each in bus if isinstance(bus, list) else [bus]:
            self.add_bus(each)

    @property
    def bus(self) -> Union[BusABC, tuple[BusABC, ...]]:
        """The bus, or a tuple of several."""
        if len(self._bus_list) == 1:
            return self._bus_list[0]
        return tuple(self._bus_list)

    def add_bus(self, bus: BusABC) -> None:
        """Reads this bus, too.

        :raises ValueError: another notifier reads it.
        """
        self._registry.register(bus, self)
        self._bus_list.append(bus)
        descriptor = -1
        if self._loop is not None:
            try:
                descriptor = bus.fileno()
            except NotImplementedError:
                # There is none; a thread will do.
                descriptor = -1
        if self._loop is not None and descriptor >= 0:
            self._loop.add_reader(descriptor, self._on_message_available, bus)
            self._readers.append(descriptor)
            return
        thread = threading.Thread(
            target=self._rx_thread, args=(bus,), name=f'can.notifier for bus "{bus.channel_info}"', daemon=True
        )
        thread.start()
        self._readers.append(thread)

    def stop(self, timeout: float = 5.0) -> None:
        """Ends the reading and stops the listeners; waits for threads at most so many seconds."""
        self._stopped = True
        end = time.time() + timeout
        for reader in self._readers:
            if isinstance(reader, threading.Thread):
                if reader is not threading.current_thread():
                    reader.join(max(0.0, end - time.time()))
            elif self._loop is not None:
                self._loop.remove_reader(reader)
        for listener in self.listeners:
            stop = getattr(listener, "stop", None)
            if stop is not None:
                stop()
        for bus in self._bus_list:
            self._registry.unregister(bus, self)

    def _rx_thread(self, bus: BusABC) -> None:
        native = _native(bus)
        deliver = self._deliver if self._loop is None else self._deliver_from_thread
        while not self._stopped:
            try:
                if native is not None:
                    messages = native.recv_batch(min(self.timeout, _SLICE))
                else:
                    message = bus.recv(self.timeout)
                    messages = [] if message is None else [message]
            except Exception as error:
                if self._stopped:
                    return
                self._fail(error)
                continue
            if messages:
                if native is not None and LOG.isEnabledFor(bus.RECV_LOGGING_LEVEL):
                    for message in messages:
                        LOG.log(bus.RECV_LOGGING_LEVEL, "Received: %s", message)
                deliver(messages)

    def _deliver(self, messages: list[Message]) -> None:
        """Hands messages over; one whose listener fails does not keep the others back."""
        plain = type(self)._on_message_received is Notifier._on_message_received
        for start in range(0, len(messages), _RUN):
            # What fails takes only the message that it failed at out of it.
            left = iter(messages[start : start + _RUN])
            while self._hand_over(left, plain):
                pass

    def _hand_over(self, messages: Iterator[Message], plain: bool) -> bool:
        """Hands over until a listener fails; true if it did."""
        try:
            with self._lock:
                if not plain:
                    for message in messages:
                        self._on_message_received(message)
                    return False
                # One call less for each message.
                for message in messages:
                    for recipient in self.listeners:
                        recipient(message)
        except Exception as error:
            self._fail(error)
            return True
        return False

    def _fail(self, error: Exception) -> None:
        """Tells of a failure; raises it again unless a listener has dealt with it."""
        self.exception = error
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._on_error, error)
            raise error
        if not self._on_error(error):
            raise error
        logger.debug("suppressed exception: %s", error)

    def _deliver_from_thread(self, messages: list[Message]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver_in_loop, messages)

    def _deliver_in_loop(self, messages: list[Message]) -> None:
        for message in messages:
            self._on_message_received(message)

    def _on_message_available(self, bus: BusABC) -> None:
        """Called by the event loop when the bus can be read."""
        for _ in range(_TURN):
            message = bus.recv(0)
            if message is None:
                return
            self._on_message_received(message)

    def _on_message_received(self, msg: Message) -> None:
        for recipient in self.listeners:
            answer = recipient(msg)
            if answer is not None and self._loop is not None:
                self._run_coroutine(answer)

    def _run_coroutine(self, answer: Any) -> None:
        import asyncio

        if asyncio.iscoroutine(answer) and self._loop is not None:
            task = self._loop.create_task(answer)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _on_error(self, exc: Exception) -> bool:
        """Tells the listeners; true if one of them has dealt with it."""
        handled = False
        for listener in self.listeners:
            on_error = getattr(listener, "on_error", None)
            if on_error is None:
                continue
            try:
                on_error(exc)
            except NotImplementedError:
                pass
            else:
                handled = True
        return handled

    def add_listener(self, listener: MessageRecipient) -> None:
        """Calls this listener, too."""
        self.listeners.append(listener)

    def remove_listener(self, listener: MessageRecipient) -> None:
        """Calls this listener no more.

        :raises ValueError: it is none of them.
        """
        self.listeners.remove(listener)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    @staticmethod
    def find_instances(bus: BusABC) -> tuple[Notifier, ...]:
        """The notifiers that read this bus."""
        return Notifier._registry.find_instances(bus)

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if not self._stopped:
            self.stop()
