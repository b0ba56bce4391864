"""The interface pcan, which is not a part of canbus yet; but for the codes of its bit rates."""

from __future__ import annotations

from ctypes import c_ushort

from canbus.interfaces._missing import MissingBus, missing

#: For each bit rate the registers BTR0 and BTR1 at a clock of 8 MHz (PCANBasic.h, PCAN_BAUD_…).
PCAN_BITRATES: dict[int, c_ushort] = {
    bitrate: c_ushort(registers)
    for bitrate, registers in (
        (1_000_000, 0x0014),
        (800_000, 0x0016),
        (500_000, 0x001C),
        (250_000, 0x011C),
        (125_000, 0x031C),
        (100_000, 0x432F),
        (95_000, 0xC34E),
        (83_000, 0x852B),
        (50_000, 0x472F),
        (47_000, 0x1414),
        (33_000, 0x8B2F),
        (20_000, 0x532F),
        (10_000, 0x672F),
        (5_000, 0x7F7F),
    )
}


class PcanBus(MissingBus):
    """A bus of pcan; cannot be opened yet."""

    _missing = missing("pcan")
