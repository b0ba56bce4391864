"""BusABC: what every bus is, whoever drives it."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from enum import Enum
from time import time
from typing import TYPE_CHECKING, Callable, Optional, Union, cast

from canbus import _later, typechecking
from canbus.broadcastmanager import CyclicSendTaskABC, ThreadBasedCyclicSendTask
from canbus.message import Message

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from canbus import _core

LOG = _later.logger(__name__, "can.bus")


class BusState(Enum):
    """How a bus takes part: fully, only listening, or not at all."""

    ACTIVE = 1
    PASSIVE = 2
    ERROR = 3


class CanProtocol(Enum):
    """What frames a bus carries."""

    CAN_20 = 1
    CAN_FD = 2
    CAN_FD_NON_ISO = 3
    CAN_XL = 4


class BusABC(ABC):
    """A CAN bus. Drivers derive from it and give `send` and `_recv_internal`.

    A bus that is carried out by the library has it in `_native`; then messages come from there
    without a call of `_recv_internal` for each.
    """

    channel_info: str = "unknown"

    #: The level below DEBUG at which received messages are logged.
    RECV_LOGGING_LEVEL = 9

    _is_shutdown: bool = True
    _can_protocol: CanProtocol = CanProtocol.CAN_20
    _filters: Optional[typechecking.CanFilters] = None
    _native: Optional[_core.Bus] = None

    @abstractmethod
    def __init__(
        self,
        channel: typechecking.Channel,
        can_filters: Optional[typechecking.CanFilters] = None,
        **kwargs: object,
    ):
        self._periodic_tasks: list[_SelfRemovingCyclicTask] = []
        self.set_filters(can_filters)
        # Last: a bus that was not made completely is not closed with a warning.
        self._is_shutdown = False

    def __str__(self) -> str:
        return self.channel_info

    def recv(self, timeout: Optional[float] = None) -> Optional[Message]:
        """Waits for a message; None when the time is up. No timeout waits for ever."""
        native = self._native
        if native is not None:
            message = native.recv(timeout)
            if message is not None and LOG.isEnabledFor(self.RECV_LOGGING_LEVEL):
                LOG.log(self.RECV_LOGGING_LEVEL, "Received: %s", message)
            return message
        end = None if timeout is None else time() + timeout
        left = timeout
        while True:
            message, filtered = self._recv_internal(timeout=left)
            if message is not None and (filtered or self._matches_filters(message)):
                LOG.log(self.RECV_LOGGING_LEVEL, "Received: %s", message)
                return message
            if end is not None:
                left = end - time()
                if left <= 0:
                    return None

    def _recv_internal(self, timeout: Optional[float]) -> tuple[Optional[Message], bool]:
        """For drivers: the next message, and whether the filters were applied already."""
        raise NotImplementedError(f"{type(self).__name__} has no _recv_internal")

    @abstractmethod
    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        """Sends a message; waits for room at most so many seconds."""
        raise NotImplementedError(f"{type(self).__name__} has no send")

    def send_periodic(
        self,
        msgs: Union[Message, Sequence[Message]],
        period: float,
        duration: Optional[float] = None,
        store_task: bool = True,
        autostart: bool = True,
        modifier_callback: Optional[Callable[[Message], None]] = None,
    ) -> CyclicSendTaskABC:
        """Sends messages in turn, one every `period` seconds.

        The bus keeps the task until it is stopped, unless store_task is false.
        """
        if isinstance(msgs, Message):
            msgs = [msgs]
        elif not isinstance(msgs, Sequence):
            raise ValueError("Must be either a message or a sequence of messages")
        task = cast(
            "_SelfRemovingCyclicTask",
            self._send_periodic_internal(msgs, period, duration, autostart, modifier_callback),
        )
        tasks = self._tasks()
        original_stop = task.stop

        def stop(remove_task: bool = True) -> None:
            nonlocal store_task
            if store_task and remove_task:
                # Stopped before, or the bus was closed meanwhile.
                with contextlib.suppress(ValueError):
                    tasks.remove(task)
                store_task = False
            original_stop()

        task.stop = stop  # type: ignore[method-assign]
        if store_task:
            tasks.append(task)
        return task

    def _tasks(self) -> list[_SelfRemovingCyclicTask]:
        """The list of tasks, also of a bus whose __init__ never came here."""
        try:
            return self._periodic_tasks
        except AttributeError:
            self._periodic_tasks = []
            return self._periodic_tasks

    @property
    def _lock_send_periodic(self) -> threading.Lock:
        """What tasks that run in Python hold while they send."""
        lock: threading.Lock = self.__dict__.setdefault("_periodic_lock", threading.Lock())
        return lock

    def _send_periodic_internal(
        self,
        msgs: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float] = None,
        autostart: bool = True,
        modifier_callback: Optional[Callable[[Message], None]] = None,
    ) -> CyclicSendTaskABC:
        """For drivers that have something better than this."""
        return ThreadBasedCyclicSendTask(
            bus=self,
            lock=self._lock_send_periodic,
            messages=msgs,
            period=period,
            duration=duration,
            autostart=autostart,
            modifier_callback=modifier_callback,
        )

    def stop_all_periodic_tasks(self, remove_tasks: bool = True) -> None:
        """Stops every periodic task; with remove_tasks they are forgotten, too."""
        tasks = self._tasks()
        for task in list(tasks):
            task.stop(remove_task=False)
        if remove_tasks:
            tasks.clear()

    def __iter__(self) -> Iterator[Message]:
        """The messages as they come, for ever."""
        while True:
            message = self.recv(timeout=1.0)
            if message is not None:
                yield message

    @property
    def filters(self) -> Optional[typechecking.CanFilters]:
        """The filters; a message passes if one of them matches. None lets all pass."""
        return self._filters

    @filters.setter
    def filters(self, filters: Optional[typechecking.CanFilters]) -> None:
        self.set_filters(filters)

    def set_filters(self, filters: Optional[typechecking.CanFilters] = None) -> None:
        """Lets through only messages that one of the filters matches."""
        self._filters = filters or None
        with contextlib.suppress(NotImplementedError):
            self._apply_filters(self._filters)

    def _apply_filters(self, filters: Optional[typechecking.CanFilters]) -> None:
        """For drivers that can filter by themselves."""

    def _matches_filters(self, msg: Message) -> bool:
        if self._filters is None:
            return True
        for one in self._filters:
            if "extended" in one and one["extended"] != msg.is_extended_id:
                continue
            if not (one["can_id"] ^ msg.arbitration_id) & one["can_mask"]:
                return True
        return False

    def flush_tx_buffer(self) -> None:
        """Throws away what waits to be sent, where the driver can."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Stops the periodic tasks. Drivers that override it call this one, too."""
        if self._is_shutdown:
            LOG.debug("%s is already shut down", self.__class__)
            return
        self._is_shutdown = True
        self.stop_all_periodic_tasks()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.shutdown()

    def __del__(self) -> None:
        if not self._is_shutdown:
            # At the end of the interpreter much may be gone already.
            with contextlib.suppress(ImportError, KeyError):
                LOG.warning("%s was not properly shut down", self.__class__.__name__)
            with contextlib.suppress(AttributeError):
                self.shutdown()

    @property
    def state(self) -> BusState:
        """How the bus takes part."""
        return BusState.ACTIVE

    @state.setter
    def state(self, new_state: BusState) -> None:
        raise NotImplementedError("Property is not implemented.")

    @property
    def protocol(self) -> CanProtocol:
        """What frames this bus carries."""
        return self._can_protocol

    @staticmethod
    def _detect_available_configs() -> Sequence[typechecking.AutoDetectedConfig]:
        """For drivers: the arguments of buses that could be opened now."""
        raise NotImplementedError

    def fileno(self) -> int:
        """A file descriptor that is readable when a message waits, or -1."""
        raise NotImplementedError("fileno is not implemented using current CAN bus")


class _SelfRemovingCyclicTask(CyclicSendTaskABC, ABC):
    """Only for annotations: a task whose `stop` takes the bus's list into account."""

    def stop(self, remove_task: bool = True) -> None:
        raise NotImplementedError
