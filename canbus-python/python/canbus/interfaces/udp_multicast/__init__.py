"""CAN over UDP multicast: between programs, on one machine or in a network."""

from __future__ import annotations

from canbus.interfaces.udp_multicast import bus, utils
from canbus.interfaces.udp_multicast.bus import UdpMulticastBus

__all__ = ["UdpMulticastBus", "bus", "utils"]
