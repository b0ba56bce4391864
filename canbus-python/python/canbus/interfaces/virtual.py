"""Buses inside this process: every bus on a channel hears what the others send."""

from __future__ import annotations

import logging
from threading import RLock
from typing import Any, Final, Optional

from canbus import _core, _fork, typechecking
from canbus.bus import CanProtocol
from canbus.exceptions import CanOperationError
from canbus.interfaces._native import NativeBus
from canbus.message import Message

logger = logging.getLogger("can.interfaces.virtual")

#: The open channels: for each the queues of its buses.
channels: Final[dict[Any, list[_Queue]]] = {}
channels_lock = RLock()
_fork.keep(channels_lock)

#: Names for channels that the library cannot tell apart from others by themselves.
_names: dict[Any, str] = {}


class _Queue:
    """What a bus has received and not yet delivered."""

    def __init__(self, bus: _core.Bus) -> None:
        # Not the bus class: that one is to be closed when nobody holds it any more.
        self._bus = bus

    def qsize(self) -> int:
        return self._bus.waiting()

    def empty(self) -> bool:
        return not self.qsize()

    def get(self, block: bool = True, timeout: Optional[float] = None) -> Message:
        import queue

        message = self._bus.recv(timeout if block else 0)
        if message is None:
            raise queue.Empty
        return message


class VirtualBus(NativeBus):
    """A bus inside this process, on a channel of any name or number."""

    _backend = "virtual"

    def __init__(
        self,
        channel: typechecking.Channel = "channel-0",
        receive_own_messages: bool = False,
        rx_queue_size: int = 0,
        preserve_timestamps: bool = False,
        protocol: CanProtocol = CanProtocol.CAN_20,
        can_filters: Optional[typechecking.CanFilters] = None,
        **kwargs: Any,
    ) -> None:
        self.channel_id = channel
        self._can_protocol = protocol
        self.receive_own_messages = receive_own_messages
        self.preserve_timestamps = preserve_timestamps
        # It carries every frame whatever the protocol is said to be, as python-can's does.
        kwargs.pop("fd", None)
        options = {
            **kwargs,
            "receive_own_messages": receive_own_messages,
            "rx_queue_size": rx_queue_size,
            "preserve_timestamps": preserve_timestamps,
        }
        with channels_lock:
            self._open(_name(channel), can_filters, options, channel)
            self.channel_info = f"Virtual bus channel {channel}"
            self.queue = _Queue(self._core_bus)
            channels.setdefault(channel, []).append(self.queue)
            self.channel = channels[channel]

    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        try:
            self._core_bus.send(msg, timeout)
        except AttributeError:
            self._check_if_open()
            raise

    def _check_if_open(self) -> None:
        if self._is_shutdown:
            raise CanOperationError("Cannot operate on a closed bus")

    def shutdown(self) -> None:
        super().shutdown()
        queue = self.__dict__.get("queue")
        with channels_lock:
            queues = channels.get(self.__dict__.get("channel_id"), [])
            if queue in queues:
                queues.remove(queue)
                if not queues:
                    del channels[self.channel_id]

    @staticmethod
    def _detect_available_configs() -> list[typechecking.AutoDetectedConfig]:
        with channels_lock:
            open_channels = list(channels)
        free = next(
            name for name in map("channel-{}".format, range(len(open_channels) + 1))
            if name not in open_channels
        )
        return [{"interface": "virtual", "channel": one} for one in [*open_channels, free]]


def _name(channel: Any) -> str:
    """A name for a channel: any hashable object, and equal ones are the same channel."""
    if isinstance(channel, str) and not channel.isdigit():
        return channel
    with channels_lock:
        return _names.setdefault(channel, f"{channel!r} #{len(_names)}")
