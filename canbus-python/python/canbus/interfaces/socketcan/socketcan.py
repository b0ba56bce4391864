"""The bus class of SocketCAN, and its periodic tasks."""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import warnings
from collections.abc import Sequence
from typing import Any, Callable, Optional, Union

from canbus import typechecking
from canbus.broadcastmanager import CyclicSendTaskABC, ThreadBasedCyclicSendTask
from canbus.interfaces._native import NativeBus, protocol_of
from canbus.interfaces.socketcan import constants
from canbus.interfaces.socketcan.utils import find_available_interfaces, interface_of_bcm_socket
from canbus.message import Message

log = logging.getLogger("can.interfaces.socketcan.socketcan")
log_tx = log.getChild("tx")
log_rx = log.getChild("rx")


def create_socket() -> socket.socket:
    """A raw CAN socket of no interface."""
    return socket.socket(constants.PF_CAN, socket.SOCK_RAW, constants.CAN_RAW)


def bind_socket(sock: socket.socket, channel: str = "can0") -> None:
    """Binds a socket to an interface."""
    sock.bind((channel,))


def create_bcm_socket(channel: str) -> socket.socket:
    """A socket of the kernel's broadcast manager, for periodic tasks on an interface."""
    sock = socket.socket(constants.PF_CAN, socket.SOCK_DGRAM, constants.CAN_BCM)
    sock.connect((channel,))
    return sock


class CyclicSendTask(ThreadBasedCyclicSendTask):
    """A periodic task that the kernel's broadcast manager carries out; what it cannot do, such as to
    send an error frame, the library does.

    :param bcm_socket: on which interface: a socket of :func:`create_bcm_socket`, the name of an
        interface, or a bus
    :param task_id: a number of the caller's; the library has its own
    :param duration: ends after so many seconds
    """

    def __init__(
        self,
        bcm_socket: Union[socket.socket, str, SocketcanBus],
        task_id: int,
        messages: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float] = None,
        autostart: bool = True,
    ) -> None:
        self.bcm_socket = bcm_socket
        self.task_id = task_id
        bus = _bus_of(bcm_socket)
        super().__init__(bus, threading.Lock(), messages, period, duration, autostart=autostart)


class MultiRateCyclicSendTask(CyclicSendTask):
    """Sends `count` messages at one period, then more at another.

    :param channel: as `bcm_socket` of :class:`CyclicSendTask`
    """

    def __init__(
        self,
        channel: Union[socket.socket, str, SocketcanBus],
        task_id: int,
        messages: Union[Sequence[Message], Message],
        count: int,
        initial_period: float,
        subsequent_period: float,
    ) -> None:
        self._first = count, initial_period
        super().__init__(channel, task_id, messages, subsequent_period)


class SocketcanBus(NativeBus):
    """A CAN interface of the kernel, or all of them for the channel "".

    Periodic tasks are carried out by the kernel; with `kernel_periodic=False` the library sends.
    """

    _backend = "socketcan"
    _task_ids = itertools.count(1)

    def __init__(
        self,
        channel: str = "",
        receive_own_messages: bool = False,
        local_loopback: bool = True,
        fd: bool = False,
        can_filters: Optional[typechecking.CanFilters] = None,
        ignore_rx_error_frames: bool = False,
        **kwargs: Any,
    ) -> None:
        self.channel = channel
        self._can_protocol = protocol_of(fd)
        # python-can takes these and does nothing with them; the library would set the controller up.
        for name in ("bitrate", "data_bitrate"):
            kwargs.pop(name, None)
        options = {
            "kernel_periodic": True,
            **kwargs,
            "receive_own_messages": receive_own_messages,
            "local_loopback": local_loopback,
            "fd": fd,
            "ignore_rx_error_frames": ignore_rx_error_frames,
        }
        self._open(channel, can_filters, options)
        self.channel_info = f"socketcan channel '{channel}'"

    def send(self, msg: Message, timeout: Optional[float] = None) -> None:
        log_tx.debug("sending: %s", msg)
        super().send(msg, timeout)

    def _send_periodic_internal(
        self,
        msgs: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float] = None,
        autostart: bool = True,
        modifier_callback: Optional[Callable[[Message], None]] = None,
    ) -> CyclicSendTaskABC:
        if modifier_callback is None:
            return CyclicSendTask(
                self, next(self._task_ids), msgs, period, duration, autostart=autostart
            )
        warnings.warn(
            f"{type(self).__name__} falls back to a thread-based cyclic task, "
            "when the `modifier_callback` argument is given.",
            stacklevel=3,
        )
        return super()._send_periodic_internal(
            msgs, period, duration, autostart, modifier_callback
        )

    @staticmethod
    def _detect_available_configs() -> list[typechecking.AutoDetectedConfig]:
        names = find_available_interfaces()
        return [{"interface": "socketcan", "channel": name} for name in names]


def _bus_of(place: Union[socket.socket, str, SocketcanBus]) -> SocketcanBus:
    """A bus to send on; one that is made here hears nothing and ends with its last task."""
    if isinstance(place, SocketcanBus):
        return place
    name = place if isinstance(place, str) else interface_of_bcm_socket(place)
    return _Sender(name, fd=True, can_filters=[{"can_id": 0, "can_mask": 0, "extended": False}])


class _Sender(SocketcanBus):
    """Closed without a word when nobody has it any more."""

    def __del__(self) -> None:
        if not self._is_shutdown:
            self.shutdown()
