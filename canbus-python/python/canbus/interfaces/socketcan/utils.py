"""What programs ask about the kernel's CAN interfaces."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import socket
import struct
import subprocess
from collections.abc import Sequence
from typing import Any, Optional

from canbus import typechecking
from canbus.interfaces.socketcan.constants import CAN_EFF_FLAG

log = logging.getLogger("can.interfaces.socketcan.utils")


def pack_filters(can_filters: Optional[typechecking.CanFilters] = None) -> bytes:
    """Filters as the kernel takes them; none lets all through."""
    packed = []
    for one in can_filters or ({"can_id": 0, "can_mask": 0},):
        can_id, mask = one["can_id"], one["can_mask"]
        if "extended" in one:
            mask |= CAN_EFF_FLAG
            if one["extended"]:
                can_id |= CAN_EFF_FLAG
        packed += [can_id, mask]
    return struct.pack(f"={len(packed)}I", *packed)


def find_available_interfaces() -> list[str]:
    """The names of the CAN interfaces that are up; none where that cannot be told."""
    command = ["ip", "-json", "link", "list", "up"]
    try:
        links: Any = json.loads(subprocess.check_output(command, text=True))
        names = [link.get("ifname") for link in links if link.get("link_type") == "can"]
    except Exception as error:
        log.info("cannot list the interfaces: %s", error)
        return []
    return [name for name in names if name]


def interface_of_bcm_socket(sock: socket.socket) -> str:
    """The interface of a connected socket of the broadcast manager, which the kernel tells in
    /proc/net/can-bcm.

    :raises ValueError: the socket is another one.
    """
    try:
        with open(f"/proc/net/can-bcm/{os.fstat(sock.fileno()).st_ino}", encoding="ascii") as file:
            told = re.search(r"/ bound (\S+)", file.read())
    except OSError:
        told = None
    if told is None:
        raise ValueError(f"expected a connected socket of the broadcast manager, not {sock!r}")
    return told[1]


def error_code_to_str(code: Optional[int]) -> str:
    """An error number of the system in words."""
    if code is None:
        return "UNKNOWN (None)"
    name = errno.errorcode.get(code, "UNKNOWN")
    return f"{name} (Error Code {code}): {os.strerror(code)}"


__all__: Sequence[str] = (
    "error_code_to_str",
    "find_available_interfaces",
    "interface_of_bcm_socket",
    "pack_filters",
)
