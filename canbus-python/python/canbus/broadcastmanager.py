"""Periodic sending."""

from __future__ import annotations

import abc
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, Final, Optional, Union

from canbus import _later, typechecking
from canbus.exceptions import CanError, CanOperationError
from canbus.message import Message

if TYPE_CHECKING:
    from canbus import _core
    from canbus.bus import BusABC

log = _later.logger(__name__, "can.bcm")

NANOSECONDS_IN_SECOND: Final[int] = 1_000_000_000
#: How long stopping waits for a bus that is just sending, in seconds.
_PATIENCE: Final[float] = 1.0


class CyclicTask(abc.ABC):
    """Something that is done again and again."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Ends it."""


class CyclicSendTaskABC(CyclicTask, abc.ABC):
    """Messages of one arbitration ID, sent in turn, one a period."""

    def __init__(self, messages: Union[Sequence[Message], Message], period: float) -> None:
        self.messages = self._check_and_convert_messages(messages)
        self.arbitration_id = self.messages[0].arbitration_id
        self.period = period
        self.period_ns = round(period * NANOSECONDS_IN_SECOND)

    @staticmethod
    def _check_and_convert_messages(
        messages: Union[Sequence[Message], Message],
    ) -> tuple[Message, ...]:
        if not isinstance(messages, (list, tuple)):
            if not isinstance(messages, Message):
                raise ValueError("Must be either a list, tuple, or a Message")
            messages = (messages,)
        if not messages:
            raise ValueError("Must be a sequence at least of length 1")
        first, *others = messages
        if any(other.arbitration_id != first.arbitration_id for other in others):
            raise ValueError("All Arbitration IDs should be the same")
        if any(other.channel != first.channel for other in others):
            raise ValueError("All Channel IDs should be the same")
        return tuple(messages)


class LimitedDurationCyclicSendTaskABC(CyclicSendTaskABC, abc.ABC):
    """Ends by itself after `duration` seconds, unless that is None."""

    def __init__(
        self,
        messages: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float],
    ) -> None:
        super().__init__(messages, period)
        self.duration = duration
        self.end_time: Optional[float] = None


class RestartableCyclicTaskABC(CyclicSendTaskABC, abc.ABC):
    """Can be started again after it was stopped."""

    @abc.abstractmethod
    def start(self) -> None:
        """Begins from the first message."""


class ModifiableCyclicTaskABC(CyclicSendTaskABC, abc.ABC):
    """Takes new data while it runs."""

    def _check_modified_messages(self, messages: tuple[Message, ...]) -> None:
        if len(messages) != len(self.messages):
            raise ValueError(
                f"the task sends {len(self.messages)} messages, which {len(messages)} cannot replace"
            )
        if messages[0].arbitration_id != self.arbitration_id:
            raise ValueError(
                f"the task sends arbitration ID {self.arbitration_id:#x}, "
                f"which {messages[0].arbitration_id:#x} cannot replace"
            )

    def modify_data(self, messages: Union[Sequence[Message], Message]) -> None:
        """Sends these messages instead: as many, of the same arbitration ID."""
        messages = self._check_and_convert_messages(messages)
        self._check_modified_messages(messages)
        self.messages = messages


class MultiRateCyclicSendTaskABC(CyclicSendTaskABC, abc.ABC):
    """First `count` messages at one period, then more at another."""

    def __init__(
        self,
        channel: typechecking.Channel,
        messages: Union[Sequence[Message], Message],
        count: int,
        initial_period: float,
        subsequent_period: float,
    ) -> None:
        super().__init__(messages, subsequent_period)
        self.channel = channel


class _NativeRun:
    """A task of the library, in the place of the thread that it does not need."""

    daemon = True

    def __init__(self, task: _core.PeriodicTask, name: str) -> None:
        self._task = task
        self.name = name
        self.ident: Optional[int] = None

    def is_alive(self) -> bool:
        return self._task.running

    def join(self, timeout: Optional[float] = None) -> None:
        self._task.wait(timeout)


class ThreadBasedCyclicSendTask(
    LimitedDurationCyclicSendTaskABC, ModifiableCyclicTaskABC, RestartableCyclicTaskABC
):
    """Sends from this process.

    On a bus of the library the library keeps the time. A thread of Python does it for other buses, and
    where Python is to be called for each message.
    """

    #: How many messages come first at another period, and that.
    _first: Optional[tuple[int, float]] = None

    def __init__(
        self,
        bus: BusABC,
        lock: threading.Lock,
        messages: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float] = None,
        on_error: Optional[Callable[[Exception], bool]] = None,
        autostart: bool = True,
        modifier_callback: Optional[Callable[[Message], None]] = None,
    ) -> None:
        super().__init__(messages, period, duration)
        self.bus = bus
        self.send_lock = lock
        self.thread: Union[threading.Thread, _NativeRun, None] = None
        self.on_error = on_error
        self.modifier_callback = modifier_callback
        self.period_ms = round(period * 1000)
        self._stop = threading.Event()
        self._stop.set()
        self._task: Optional[_core.PeriodicTask] = None
        self._counts: dict[str, Any] = {}
        if autostart:
            self.start()

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent."""
        if self._task is not None:
            return not self._task.running
        return self._stop.is_set()

    @property
    def statistics(self) -> dict[str, Any]:
        """What became of the messages since the start.

        `sent`, `refused` (the bus did not take them), `late` (by more than a tenth of the period),
        `missed` (periods that went by without one), `worst_lateness` in seconds, and `lateness`: for each
        class of lateness its end in seconds and how many there were. Where a kernel or a thread of
        Python sends, some is missing.
        """
        return dict(self._counts) if self._task is None else self._task.statistics

    @property
    def _name(self) -> str:
        return f"Cyclic send task for 0x{self.messages[0].arbitration_id:X}"

    def _native_task(self) -> Optional[_core.PeriodicTask]:
        native = getattr(self.bus, "_native", None)
        if native is None or self.modifier_callback is not None or self.on_error is not None:
            return None
        task: _core.PeriodicTask = native.send_periodic(
            list(self.messages), self.period, self.duration, self._first
        )
        return task

    def start(self) -> None:
        if not self.stopped:
            return
        self.end_time = None if self.duration is None else time.perf_counter() + self.duration
        self._task = self._native_task()
        if self._task is not None:
            self.thread = _NativeRun(self._task, self._name)
            self._task.start()
            return
        self._stop = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(self._stop,), name=self._name, daemon=True
        )
        self.thread = thread
        thread.start()

    def stop(self) -> None:
        if self._task is not None:
            self._stop.set()
            self._task.stop()
            return
        # With the lock nothing is being sent, and nothing will be; a send that hangs is left alone.
        sends = threading.current_thread() is self.thread
        locked = not sends and self.send_lock.acquire(timeout=_PATIENCE)
        try:
            self._stop.set()
        finally:
            if locked:
                self.send_lock.release()

    def modify_data(self, messages: Union[Sequence[Message], Message]) -> None:
        super().modify_data(messages)
        if self._task is not None:
            self._task.modify(list(self.messages))

    def _run(self, stop: threading.Event) -> None:
        try:
            self._send_until(stop)
        finally:
            stop.set()

    def _send_until(self, stop: threading.Event) -> None:
        index = 0
        counts = dict.fromkeys(("sent", "refused", "late", "missed"), 0)
        worst = 0.0
        due = time.perf_counter()
        while not stop.is_set():
            now = time.perf_counter()
            if self.end_time is not None and now >= self.end_time:
                break
            # What a halt has held up is not sent in a burst.
            missed = max(0, int((now - due) / self.period))
            due += missed * self.period
            worst = max(worst, now - due)
            counts["missed"] += missed
            counts["late"] += now - due > self.period / 10
            try:
                if not self._send(self.messages[index % len(self.messages)], stop):
                    break
                counts["sent"] += 1
            except Exception as error:
                counts["refused"] += 1
                if not self._goes_on(error):
                    break
            finally:
                self._counts = {**counts, "worst_lateness": worst}
            index += 1
            due += self.period
            stop.wait(max(0.0, due - time.perf_counter()))

    def _send(self, message: Message, stop: threading.Event) -> bool:
        """False if it was stopped before."""
        if self.modifier_callback is not None:
            self.modifier_callback(message)
        with self.send_lock:
            if stop.is_set():
                return False
            self.bus.send(message)
        return True

    def _goes_on(self, error: Exception) -> bool:
        if self.on_error is not None:
            return self.on_error(error)
        log.error("%s: %s", self._name, error)
        if not isinstance(error, CanError):
            raise error
        return False
