"""The bus class of SocketCAN."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Callable, Optional, Union

from canbus import typechecking
from canbus.broadcastmanager import ThreadBasedCyclicSendTask
from canbus.interfaces._native import NativeBus, protocol_of
from canbus.interfaces.socketcan.utils import find_available_interfaces
from canbus.message import Message

log = logging.getLogger("can.interfaces.socketcan.socketcan")
log_tx = log.getChild("tx")
log_rx = log.getChild("rx")


class CyclicSendTask(ThreadBasedCyclicSendTask):
    """A task that the kernel carries out."""


class MultiRateCyclicSendTask(CyclicSendTask):
    """First some messages at one period, then more at another."""


class SocketcanBus(NativeBus):
    """A CAN interface of the kernel, or all of them for the channel ""."""

    _backend = "socketcan"

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
            **kwargs,
            "receive_own_messages": receive_own_messages,
            "local_loopback": local_loopback,
            "fd": fd,
            "ignore_rx_error_frames": ignore_rx_error_frames,
        }
        self._open(channel, can_filters, options)
        self.channel_info = f"socketcan channel '{channel}'"

    def _send_periodic_internal(
        self,
        msgs: Union[Sequence[Message], Message],
        period: float,
        duration: Optional[float] = None,
        autostart: bool = True,
        modifier_callback: Optional[Callable[[Message], None]] = None,
    ) -> ThreadBasedCyclicSendTask:
        return CyclicSendTask(
            bus=self,
            lock=self._lock_send_periodic,
            messages=msgs,
            period=period,
            duration=duration,
            autostart=autostart,
            modifier_callback=modifier_callback,
        )

    @staticmethod
    def _detect_available_configs() -> list[typechecking.AutoDetectedConfig]:
        names = find_available_interfaces()
        return [{"interface": "socketcan", "channel": name} for name in names]
