"""The interfaces: where the class of each is, those of plug-ins included."""

from __future__ import annotations

from canbus._entry_points import read_entry_points

__all__ = ["BACKENDS", "VALID_INTERFACES"]

#: The module and the name of the class for each interface.
BACKENDS: dict[str, tuple[str, str]] = {
    "kvaser": ("canbus.interfaces.kvaser", "KvaserBus"),
    "socketcan": ("canbus.interfaces.socketcan", "SocketcanBus"),
    "serial": ("canbus.interfaces.serial.serial_can", "SerialBus"),
    "pcan": ("canbus.interfaces.pcan", "PcanBus"),
    "usb2can": ("canbus.interfaces.usb2can", "Usb2canBus"),
    "ixxat": ("canbus.interfaces.ixxat", "IXXATBus"),
    "nican": ("canbus.interfaces.nican", "NicanBus"),
    "iscan": ("canbus.interfaces.iscan", "IscanBus"),
    "virtual": ("canbus.interfaces.virtual", "VirtualBus"),
    "udp_multicast": ("canbus.interfaces.udp_multicast", "UdpMulticastBus"),
    "neovi": ("canbus.interfaces.ics_neovi", "NeoViBus"),
    "vector": ("canbus.interfaces.vector", "VectorBus"),
    "slcan": ("canbus.interfaces.slcan", "slcanBus"),
    "robotell": ("canbus.interfaces.robotell", "robotellBus"),
    "canalystii": ("canbus.interfaces.canalystii", "CANalystIIBus"),
    "systec": ("canbus.interfaces.systec", "UcanBus"),
    "seeedstudio": ("canbus.interfaces.seeedstudio", "SeeedBus"),
    "cantact": ("canbus.interfaces.cantact", "CantactBus"),
    "gs_usb": ("canbus.interfaces.gs_usb", "GsUsbBus"),
    "nixnet": ("canbus.interfaces.nixnet", "NiXNETcanBus"),
    "neousys": ("canbus.interfaces.neousys", "NeousysBus"),
    "etas": ("canbus.interfaces.etas", "EtasBus"),
    "socketcand": ("canbus.interfaces.socketcand", "SocketCanDaemonBus"),
    "simulated": ("canbus.interfaces.simulated", "SimulatedBus"),
}

BACKENDS.update(
    {entry.key: (entry.module_name, entry.class_name) for entry in read_entry_points("can.interface")}
)

VALID_INTERFACES = frozenset(sorted(BACKENDS.keys()))
