"""Listeners: what a Notifier calls for each message."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Optional

from canbus.message import Message

if TYPE_CHECKING:
    import asyncio

    from canbus.bus import BusABC


class Listener(ABC):
    """Something that takes messages; it may be called like a function, too."""

    @abstractmethod
    def on_message_received(self, msg: Message) -> None:
        """Takes a message."""

    def __call__(self, msg: Message) -> None:
        self.on_message_received(msg)

    def on_error(self, exc: Exception) -> None:
        """Hears of a failure in the thread that receives.

        A listener that overrides it has dealt with the failure, and the thread goes on.
        """
        raise NotImplementedError

    def stop(self) -> None:  # noqa: B027
        """Is called when nothing more comes."""


class RedirectReader(Listener):
    """Sends each message on a bus."""

    def __init__(self, bus: BusABC, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bus = bus

    def on_message_received(self, msg: Message) -> None:
        self.bus.send(msg)


class BufferedReader(Listener):
    """Keeps messages until somebody takes them."""

    def __init__(self) -> None:
        self.buffer: SimpleQueue[Message] = SimpleQueue()
        self.is_stopped: bool = False

    def on_message_received(self, msg: Message) -> None:
        if self.is_stopped:
            raise RuntimeError("reader has already been stopped")
        self.buffer.put(msg)

    def get_message(self, timeout: float = 0.5) -> Optional[Message]:
        """The oldest message, or None when the time is up."""
        try:
            if self.is_stopped:
                return self.buffer.get(block=False)
            return self.buffer.get(block=True, timeout=timeout)
        except Empty:
            return None

    def stop(self) -> None:
        self.is_stopped = True


class AsyncBufferedReader(Listener, AsyncIterator[Message]):
    """Keeps messages for coroutines: `await reader.get_message()`, `async for`."""

    def __init__(self, **kwargs: Any) -> None:
        import asyncio

        self._is_stopped: bool = False
        if "loop" in kwargs:
            warnings.warn(
                "The 'loop' argument is deprecated since python-can 4.0.0; it has no effect",
                DeprecationWarning,
                stacklevel=2,
            )
        self.buffer: asyncio.Queue[Message] = asyncio.Queue()

    def on_message_received(self, msg: Message) -> None:
        if self._is_stopped:
            raise RuntimeError("reader has already been stopped")
        self.buffer.put_nowait(msg)

    async def get_message(self) -> Message:
        """The oldest message; waits for one."""
        return await self.buffer.get()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        return await self.buffer.get()

    def stop(self) -> None:
        self._is_stopped = True
