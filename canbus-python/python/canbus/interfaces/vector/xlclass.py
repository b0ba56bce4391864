"""Types of Vector's XL driver library (vxlapi.h); the fields of the structures come with the interface."""

from __future__ import annotations

import ctypes

XLuint64 = ctypes.c_int64
XLaccess = XLuint64
XLhandle = ctypes.c_void_p
XLstatus = ctypes.c_short
XLportHandle = ctypes.c_long
XLeventTag = ctypes.c_ubyte
XLstringType = ctypes.c_char_p


class XLchannelConfig(ctypes.Structure):
    """One channel of the driver's configuration."""


class XLdriverConfig(ctypes.Structure):
    """The driver's configuration."""


class XLevent(ctypes.Structure):
    """An event of a classic channel."""


class XLcanRxEvent(ctypes.Structure):
    """An event that a CAN FD channel received."""
