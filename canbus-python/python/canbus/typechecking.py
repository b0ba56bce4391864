"""Types for annotations."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Optional, TypedDict, Union

if TYPE_CHECKING:
    import struct


class _CanFilterBase(TypedDict):
    can_id: int
    can_mask: int


class CanFilter(_CanFilterBase, total=False):
    """One filter: a frame passes if its ID equals can_id in the bits of can_mask."""

    extended: bool


CanFilters = Sequence[CanFilter]

CanData = Union[bytes, bytearray, int, Iterable[int]]

ChannelStr = str
ChannelInt = int
Channel = Union[int, str, Sequence[int]]

FileLike = Union[IO[Any], io.TextIOWrapper, io.BufferedIOBase]
StringPathLike = Union[str, "PathLike[str]"]
AcceptedIOType = Union[FileLike, StringPathLike]

ReadableBytesLike = Union[bytes, bytearray, memoryview]

TAdditionalCliArgs = dict[str, Union[str, int, float, bool]]
#: For the viewer: how the data of each arbitration ID is taken apart, and by what it is divided.
TDataStructs = dict[Union[int, tuple[int, ...]], Union["struct.Struct", tuple[Any, ...]]]


class AutoDetectedConfig(TypedDict):
    """A bus that was found: arguments for Bus."""

    interface: str
    channel: Channel


class BusConfig(TypedDict, total=False):
    """A configuration as load_config gives it; more keys may be there."""

    interface: str
    channel: Optional[Channel]


class BitTimingDict(TypedDict):
    """The arguments of BitTiming."""

    f_clock: int
    brp: int
    tseg1: int
    tseg2: int
    sjw: int
    nof_samples: int


class BitTimingFdDict(TypedDict):
    """The arguments of BitTimingFd."""

    f_clock: int
    nom_brp: int
    nom_tseg1: int
    nom_tseg2: int
    nom_sjw: int
    data_brp: int
    data_tseg1: int
    data_tseg2: int
    data_sjw: int
