"""The interfaces: where the class of each is, those of plug-ins included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = [
    "BACKENDS",
    "VALID_INTERFACES",
    "canalystii",
    "cantact",
    "etas",
    "gs_usb",
    "ics_neovi",
    "iscan",
    "ixxat",
    "kvaser",
    "neousys",
    "nican",
    "nixnet",
    "pcan",
    "robotell",
    "seeedstudio",
    "serial",
    "slcan",
    "socketcan",
    "socketcand",
    "systec",
    "udp_multicast",
    "usb2can",
    "vector",
    "virtual",
]

if TYPE_CHECKING:
    from canbus.interfaces import (
        canalystii,
        cantact,
        etas,
        gs_usb,
        ics_neovi,
        iscan,
        ixxat,
        kvaser,
        neousys,
        nican,
        nixnet,
        pcan,
        robotell,
        seeedstudio,
        serial,
        slcan,
        socketcan,
        socketcand,
        systec,
        udp_multicast,
        usb2can,
        vector,
        virtual,
    )

    #: The module and the name of the class for each interface.
    BACKENDS: dict[str, tuple[str, str]]
    #: The names.
    VALID_INTERFACES: frozenset[str]

_OWN: dict[str, tuple[str, str]] = {
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


def __getattr__(name: str) -> Any:
    """Looks for plug-ins when it is asked for the interfaces; that takes longer than all else."""
    if name not in ("BACKENDS", "VALID_INTERFACES"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from canbus._entry_points import read_entry_points

    found = read_entry_points("can.interface")
    backends = {**_OWN, **{one.key: (one.module_name, one.class_name) for one in found}}
    globals().update(BACKENDS=backends, VALID_INTERFACES=frozenset(backends))
    return globals()[name]
