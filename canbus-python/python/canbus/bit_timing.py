"""Bit timings: how a controller divides its clock into bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Union

from canbus import _core


class _Timing(Mapping[str, int]):
    """What both kinds have in common: they are mappings of their arguments."""

    _KEYS: ClassVar[tuple[str, ...]]
    _timing: Union[_core.Timing, _core.TimingFd]

    def __str__(self) -> str:
        return str(self._timing)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value}" for key, value in self.items())
        return f"can.{type(self).__name__}({arguments})"

    def __getitem__(self, key: str) -> int:
        if key not in self._KEYS:
            raise KeyError(key)
        value: int = getattr(self._timing, key)
        return value

    def __len__(self) -> int:
        return len(self._KEYS)

    def __iter__(self) -> Iterator[str]:
        return iter(self._KEYS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        return tuple(self.values()) == tuple(other.values())

    def __hash__(self) -> int:
        return hash(tuple(self.values()))

    def __reduce__(self) -> tuple[type, tuple[int, ...]]:
        return type(self), tuple(self.values())


class BitTiming(_Timing):
    """The timing of a classic bus, with the ranges of the SJA1000."""

    _KEYS = ("f_clock", "brp", "tseg1", "tseg2", "sjw", "nof_samples")
    _timing: _core.Timing

    def __init__(
        self,
        f_clock: int,
        brp: int,
        tseg1: int,
        tseg2: int,
        sjw: int,
        nof_samples: int = 1,
        strict: bool = False,
    ) -> None:
        self._timing = _core.Timing(int(f_clock), brp, tseg1, tseg2, sjw, nof_samples, strict)

    @classmethod
    def _of(cls, timing: _core.Timing) -> BitTiming:
        made = cls.__new__(cls)
        made._timing = timing
        return made

    @classmethod
    def from_bitrate_and_segments(
        cls,
        f_clock: int,
        bitrate: int,
        tseg1: int,
        tseg2: int,
        sjw: int,
        nof_samples: int = 1,
        strict: bool = False,
    ) -> BitTiming:
        """From the bit rate in place of the prescaler; it may be off by 1/256.

        :raises ValueError: a value is out of its range.
        """
        make = _core.Timing.from_bitrate_and_segments
        return cls._of(make(f_clock, bitrate, tseg1, tseg2, sjw, nof_samples, strict))

    @classmethod
    def from_registers(cls, f_clock: int, btr0: int, btr1: int) -> BitTiming:
        """From the registers of an SJA1000."""
        if not 0 <= btr0 <= 0xFF or not 0 <= btr1 <= 0xFF:
            raise ValueError(f"btr0 is {btr0} and btr1 {btr1}, but expected 0 to 255")
        return cls._of(_core.Timing.from_registers(f_clock, btr0, btr1))

    @classmethod
    def iterate_from_sample_point(
        cls, f_clock: int, bitrate: int, sample_point: float = 69.0
    ) -> Iterator[BitTiming]:
        """Timings of this bit rate near this sample point in percent, one a prescaler."""
        make = _core.Timing.all_from_sample_point
        yield from map(cls._of, make(f_clock, bitrate, sample_point))

    @classmethod
    def from_sample_point(
        cls, f_clock: int, bitrate: int, sample_point: float = 69.0
    ) -> BitTiming:
        """The timing of this bit rate that is nearest to this sample point in percent."""
        return cls._of(_core.Timing.from_sample_point(f_clock, bitrate, sample_point))

    @property
    def f_clock(self) -> int:
        """The controller's clock in Hz."""
        return self._timing.f_clock

    @property
    def bitrate(self) -> int:
        """The bit rate in bit/s."""
        return self._timing.bitrate

    @property
    def brp(self) -> int:
        """Bit rate prescaler."""
        return self._timing.brp

    @property
    def tq(self) -> int:
        """The time quantum in nanoseconds."""
        return self._timing.tq

    @property
    def nbt(self) -> int:
        """Nominal bit time in quanta."""
        return self._timing.nbt

    @property
    def tseg1(self) -> int:
        """Quanta before the sample point, less one."""
        return self._timing.tseg1

    @property
    def tseg2(self) -> int:
        """Quanta after the sample point."""
        return self._timing.tseg2

    @property
    def sjw(self) -> int:
        """Synchronisation jump width in quanta."""
        return self._timing.sjw

    @property
    def nof_samples(self) -> int:
        """How often a bit is sampled: 1 or 3."""
        return self._timing.nof_samples

    @property
    def sample_point(self) -> float:
        """Where a bit is sampled, in percent."""
        return self._timing.sample_point

    @property
    def btr0(self) -> int:
        """The register BTR0 of an SJA1000."""
        return self._timing.btr0

    @property
    def btr1(self) -> int:
        """The register BTR1 of an SJA1000."""
        return self._timing.btr1

    def oscillator_tolerance(
        self, node_loop_delay_ns: float = 250.0, bus_length_m: float = 10.0
    ) -> float:
        """How far oscillators may be off, in percent to each side."""
        return self._timing.oscillator_tolerance(node_loop_delay_ns, bus_length_m)

    def recreate_with_f_clock(self, f_clock: int) -> BitTiming:
        """The same bit rate and sample point at another clock.

        :raises ValueError: there is no such timing.
        """
        return self._of(self._timing.recreate_with_f_clock(f_clock))


class BitTimingFd(_Timing):
    """The timing of a CAN FD bus: of the arbitration phase (`nom_`) and of the data phase."""

    _KEYS = (
        "f_clock",
        "nom_brp",
        "nom_tseg1",
        "nom_tseg2",
        "nom_sjw",
        "data_brp",
        "data_tseg1",
        "data_tseg2",
        "data_sjw",
    )
    _timing: _core.TimingFd

    def __init__(
        self,
        f_clock: int,
        nom_brp: int,
        nom_tseg1: int,
        nom_tseg2: int,
        nom_sjw: int,
        data_brp: int,
        data_tseg1: int,
        data_tseg2: int,
        data_sjw: int,
        strict: bool = False,
    ) -> None:
        nominal = (nom_brp, nom_tseg1, nom_tseg2, nom_sjw)
        data = (data_brp, data_tseg1, data_tseg2, data_sjw)
        if min(*nominal, *data) < 0:
            raise ValueError("the parts of a bit timing are not negative")
        self._timing = _core.TimingFd(int(f_clock), nominal, data, strict)

    @classmethod
    def _of(cls, timing: _core.TimingFd) -> BitTimingFd:
        made = cls.__new__(cls)
        made._timing = timing
        return made

    @classmethod
    def from_bitrate_and_segments(
        cls,
        f_clock: int,
        nom_bitrate: int,
        nom_tseg1: int,
        nom_tseg2: int,
        nom_sjw: int,
        data_bitrate: int,
        data_tseg1: int,
        data_tseg2: int,
        data_sjw: int,
        strict: bool = False,
    ) -> BitTimingFd:
        """From the bit rates in place of the prescalers; they may be off by 1/256.

        :raises ValueError: a value is out of its range.
        """
        nominal = (nom_bitrate, nom_tseg1, nom_tseg2, nom_sjw)
        data = (data_bitrate, data_tseg1, data_tseg2, data_sjw)
        make = _core.TimingFd.from_bitrate_and_segments
        return cls._of(make(f_clock, nominal, data, strict))

    @classmethod
    def iterate_from_sample_point(
        cls,
        f_clock: int,
        nom_bitrate: int,
        nom_sample_point: float,
        data_bitrate: int,
        data_sample_point: float,
    ) -> Iterator[BitTimingFd]:
        """Timings of these bit rates near these sample points in percent."""
        nominal, data = (nom_bitrate, nom_sample_point), (data_bitrate, data_sample_point)
        yield from map(cls._of, _core.TimingFd.all_from_sample_point(f_clock, nominal, data))

    @classmethod
    def from_sample_point(
        cls,
        f_clock: int,
        nom_bitrate: int,
        nom_sample_point: float,
        data_bitrate: int,
        data_sample_point: float,
    ) -> BitTimingFd:
        """The timing of these bit rates that is nearest to these sample points in percent."""
        nominal, data = (nom_bitrate, nom_sample_point), (data_bitrate, data_sample_point)
        return cls._of(_core.TimingFd.from_sample_point(f_clock, nominal, data))

    @property
    def f_clock(self) -> int:
        """The controller's clock in Hz."""
        return self._timing.f_clock

    @property
    def nom_bitrate(self) -> int:
        """The bit rate of the arbitration phase in bit/s."""
        return self._timing.nom_bitrate

    @property
    def nom_brp(self) -> int:
        """Prescaler of the arbitration phase."""
        return self._timing.nom_brp

    @property
    def nom_tq(self) -> int:
        """The time quantum of the arbitration phase in nanoseconds."""
        return self._timing.nom_tq

    @property
    def nbt(self) -> int:
        """A bit of the arbitration phase in quanta."""
        return self._timing.nbt

    @property
    def nom_tseg1(self) -> int:
        """Quanta before the sample point of the arbitration phase, less one."""
        return self._timing.nom_tseg1

    @property
    def nom_tseg2(self) -> int:
        """Quanta after the sample point of the arbitration phase."""
        return self._timing.nom_tseg2

    @property
    def nom_sjw(self) -> int:
        """Synchronisation jump width of the arbitration phase in quanta."""
        return self._timing.nom_sjw

    @property
    def nom_sample_point(self) -> float:
        """Where a bit of the arbitration phase is sampled, in percent."""
        return self._timing.nom_sample_point

    @property
    def data_bitrate(self) -> int:
        """The bit rate of the data phase in bit/s."""
        return self._timing.data_bitrate

    @property
    def data_brp(self) -> int:
        """Prescaler of the data phase."""
        return self._timing.data_brp

    @property
    def data_tq(self) -> int:
        """The time quantum of the data phase in nanoseconds."""
        return self._timing.data_tq

    @property
    def dbt(self) -> int:
        """A bit of the data phase in quanta."""
        return self._timing.dbt

    @property
    def data_tseg1(self) -> int:
        """Quanta before the sample point of the data phase, less one."""
        return self._timing.data_tseg1

    @property
    def data_tseg2(self) -> int:
        """Quanta after the sample point of the data phase."""
        return self._timing.data_tseg2

    @property
    def data_sjw(self) -> int:
        """Synchronisation jump width of the data phase in quanta."""
        return self._timing.data_sjw

    @property
    def data_sample_point(self) -> float:
        """Where a bit of the data phase is sampled, in percent."""
        return self._timing.data_sample_point

    def oscillator_tolerance(
        self, node_loop_delay_ns: float = 250.0, bus_length_m: float = 10.0
    ) -> float:
        """How far oscillators may be off, in percent to each side."""
        return self._timing.oscillator_tolerance(node_loop_delay_ns, bus_length_m)

    def recreate_with_f_clock(self, f_clock: int) -> BitTimingFd:
        """The same bit rates and sample points at another clock.

        :raises ValueError: there is no such timing.
        """
        return self._of(self._timing.recreate_with_f_clock(f_clock))
