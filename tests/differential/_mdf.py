"""Small MDF 4 files made block by block: forms that loggers write and asammdf does not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Data types of channels.
UNSIGNED, MOTOROLA, SIGNED, REAL, TEXT, BYTES = 0, 1, 2, 4, 7, 10
#: Flags of channel groups.
VARIABLE, BUS_EVENT = 0x1, 0x6


@dataclass
class Channel:
    """A channel: its name, first byte, bits, data type, and what else it has."""

    name: str
    byte: int
    bits: int
    data_type: int = UNSIGNED
    shift: int = 0
    kind: int = 0
    sync: int = 0
    #: The names of values, or factor and offset.
    names: dict[int, str] | None = None
    factor: float | None = None
    invalid_bit: int | None = None
    #: Where data of variable length are: offset in the file, or the key of a group.
    data: int | str = 0


def time(byte: int = 0, *, integer: bool = False) -> Channel:
    """The time of a record, in seconds or whole microseconds."""
    if integer:
        return Channel("Timestamp", byte, 64, UNSIGNED, kind=2, sync=1, factor=1e-6)
    return Channel("Timestamp", byte, 64, REAL, kind=2, sync=1)


@dataclass
class Group:
    """A channel group."""

    channels: list[Channel]
    size: int
    count: int = 0
    record_id: int = 0
    flags: int = BUS_EVENT
    invalid_bytes: int = 0
    key: str = ""
    frame: str = "CAN_DataFrame"


@dataclass
class File:
    """A file in the making."""

    start: int
    version: int = 410
    #: What is not finished; zero for a finished file.
    unfinished: int = 0
    time_flags: int = 2
    tz_minutes: int = 0
    blocks: bytearray = field(default_factory=bytearray)
    last_group: int = 0
    places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mark = b"UnFinMF " if self.unfinished else b"MDF     "
        version = f"{self.version / 100:.2f}".encode().ljust(8)
        self.blocks += struct.pack(
            "<8s8s8s4xH30x2H", mark, version, b"canbus  ", self.version, self.unfinished, 0
        )
        facts = struct.pack(
            "<Qhh4B2d", self.start, self.tz_minutes, 0, self.time_flags, 0, 0, 0, 0, 0
        )
        self.add(b"HD", [0] * 6, facts)

    def add(self, name: bytes, links: Sequence[int] = (), data: bytes = b"") -> int:
        """Adds a block; gives its offset."""
        self.blocks += bytes(-len(self.blocks) % 8)
        at = len(self.blocks)
        length = 24 + 8 * len(links) + len(data)
        self.blocks += b"##" + name + struct.pack("<4xQQ", length, len(links))
        self.blocks += struct.pack(f"<{len(links)}Q", *links) + data
        return at

    def text(self, text: str) -> int:
        """Adds a text."""
        return self.add(b"TX", [], text.encode() + b"\0")

    def link(self, at: int, index: int, target: int) -> None:
        """Sets a link of a block."""
        struct.pack_into("<Q", self.blocks, at + 24 + 8 * index, target)

    def groups(self, groups: Sequence[Group], id_size: int = 0, data: int = 0) -> int:
        """Adds a data group with these channel groups; gives its offset."""
        made = [(group, self._group(group)) for group in groups]
        for (_, at), (_, following) in zip(made, made[1:]):
            self.link(at, 0, following)
        at = self.add(b"DG", [0, made[0][1], data, 0], bytes([id_size]) + bytes(7))
        self.link(self.last_group or 64, 0, at)
        self.last_group = at
        return at

    def data(self, group: int, block: int) -> None:
        """Says where the data of a data group are."""
        self.link(group, 2, block)

    def _group(self, group: Group) -> int:
        first = 0
        if not group.flags & VARIABLE:
            inside = 0
            for channel in reversed(group.channels[1:]):
                name = f"{group.frame}.{channel.name}"
                inside = self._channel(channel, name, inside, 0)
            frame = Channel(group.frame, 0, 8 * group.size, BYTES)
            frame.byte = min(channel.byte for channel in group.channels[1:])
            frame.bits = 8 * (group.size - frame.byte)
            whole = self._channel(frame, group.frame, 0, inside)
            first = self._channel(group.channels[0], group.channels[0].name, whole, 0)
        source = self.add(b"SI", [self.text("CAN"), 0, 0], bytes([2, 2, 0, 0, 0, 0, 0, 0]))
        size = group.size & 0xFFFFFFFF, group.invalid_bytes
        facts = struct.pack(
            "<QQHH4x2I", group.record_id, group.count, group.flags, ord("."), *size
        )
        at = self.add(b"CG", [0, first, self.text("CAN"), source, 0, 0], facts)
        if group.key:
            self.places[group.key] = at
        return at

    def _channel(self, channel: Channel, name: str, following: int, inside: int) -> int:
        conversion = 0
        if channel.names is not None:
            texts = [self.text(text) for text in channel.names.values()] + [0]
            facts = struct.pack("<BBHHHdd", 7, 0, 0, len(texts), len(texts) - 1, 0, 0)
            facts += struct.pack(f"<{len(channel.names)}d", *channel.names)
            conversion = self.add(b"CC", [0, 0, 0, 0, *texts], facts)
        elif channel.factor is not None:
            facts = struct.pack("<BBHHHdddd", 1, 0, 0, 0, 2, 0, 0, 0, channel.factor)
            conversion = self.add(b"CC", [0, 0, 0, 0], facts)
        data = channel.data if isinstance(channel.data, int) else self.places[channel.data]
        flags = 0 if channel.invalid_bit is None else 2
        facts = struct.pack(
            "<4BIIII52x",
            channel.kind,
            channel.sync,
            channel.data_type,
            channel.shift,
            channel.byte,
            channel.bits,
            flags,
            channel.invalid_bit or 0,
        )
        links = [following, inside, self.text(name), 0, conversion, data, 0, 0]
        return self.add(b"CN", links, facts)
