"""The bus class of UDP multicast."""

from __future__ import annotations

import logging
from typing import Any, Optional

from canbus import typechecking
from canbus.exceptions import CanInterfaceNotImplementedError
from canbus.interfaces._native import NativeBus, protocol_of

log = logging.getLogger("can.interfaces.udp_multicast.bus")


class UdpMulticastBus(NativeBus):
    """A bus over UDP multicast; python-can's and canbus's hear each other."""

    _backend = "udp_multicast"

    #: A group that reaches the local site.
    DEFAULT_GROUP_IPv6 = "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173"
    DEFAULT_GROUP_IPv4 = "239.74.163.2"

    def __init__(
        self,
        channel: str = DEFAULT_GROUP_IPv6,
        port: int = 43113,
        hop_limit: int = 1,
        receive_own_messages: bool = False,
        fd: bool = True,
        can_filters: Optional[typechecking.CanFilters] = None,
        **kwargs: Any,
    ) -> None:
        if receive_own_messages:
            # The library could; programs that ask python-can for it are used to this answer.
            raise CanInterfaceNotImplementedError(
                "udp_multicast does not give back own messages; open a second bus for it"
            )
        self._can_protocol = protocol_of(fd)
        options = {**kwargs, "port": port, "hop_limit": hop_limit, "fd": fd}
        self._open(channel, can_filters, options, channel)

    @property
    def is_fd(self) -> bool:
        return self._can_protocol is protocol_of(True)

    @staticmethod
    def _detect_available_configs() -> list[typechecking.AutoDetectedConfig]:
        groups = (UdpMulticastBus.DEFAULT_GROUP_IPv6, UdpMulticastBus.DEFAULT_GROUP_IPv4)
        return [{"interface": "udp_multicast", "channel": group} for group in groups]
