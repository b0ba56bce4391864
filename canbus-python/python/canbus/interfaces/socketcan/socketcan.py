"""The bus class of SocketCAN."""

from __future__ import annotations

import logging
from typing import Any, Optional

from canbus import typechecking
from canbus.broadcastmanager import ThreadBasedCyclicSendTask
from canbus.interfaces._native import NativeBus, protocol_of
from canbus.interfaces.socketcan.utils import find_available_interfaces

log = logging.getLogger("can.interfaces.socketcan.socketcan")
log_tx = log.getChild("tx")
log_rx = log.getChild("rx")


class CyclicSendTask(ThreadBasedCyclicSendTask):
    """A periodic task by the name that it has in python-can; the library's scheduler sends."""


class MultiRateCyclicSendTask(CyclicSendTask):
    """A name that programs import; no bus makes one yet."""


class SocketcanBus(NativeBus):
    """A CAN interface of the kernel, or all of them for the channel ""."""

    _backend = "socketcan"
    _periodic_task = CyclicSendTask

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

    @staticmethod
    def _detect_available_configs() -> list[typechecking.AutoDetectedConfig]:
        names = find_available_interfaces()
        return [{"interface": "socketcan", "channel": name} for name in names]
