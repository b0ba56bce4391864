//! Bit timing as users give it, in parts: by options of a bus, in configuration files, or in
//! python-can's 4.0.0 form; and what backends make of it.

use super::{BitTiming, BitTimingFd, Phase, Segments, check_near, is_near};
use crate::error::{Error, Result};
use crate::options::{OptionKind, OptionSpec, Options, Value};

const fn whole(min: i64, max: i64) -> OptionKind {
    OptionKind::Integer { min, max }
}

/// Options by which a classic timing is given: a backend that can set one has them in its table.
/// `bitrate` is the backend's own.
///
/// ```
/// use canbus::{OptionKind, OptionSpec, Options, bit_timing::{CLASSIC_OPTIONS, Timing, TimingParts}};
/// const OWN: &[OptionSpec] = &[OptionSpec::new("channel", OptionKind::Text, "which one")];
/// const OPTIONS: &[OptionSpec] =
///     &OptionSpec::joined::<{ OWN.len() + CLASSIC_OPTIONS.len() }>(OWN, CLASSIC_OPTIONS);
/// # fn main() -> canbus::Result<()> {
/// let given = [("f_clock", "8000000"), ("btr0", "0x00"), ("btr1", "0x1c")];
/// let options = Options::check("mybus", OPTIONS, given)?;
/// let timing = TimingParts::from_options(&options).timing(None)?;
/// assert!(matches!(timing, Some(Timing::Classic(timing)) if timing.bitrate() == 500_000));
/// # Ok(())
/// # }
/// ```
pub const CLASSIC_OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "f_clock",
        whole(1, u32::MAX as i64),
        "bit timing: the clock, in Hz",
    ),
    OptionSpec::new("brp", whole(1, 65_535), "bit timing: prescaler"),
    OptionSpec::new(
        "tseg1",
        whole(1, 65_535),
        "bit timing: quanta before the sample point",
    ),
    OptionSpec::new("tseg2", whole(1, 65_535), "bit timing: quanta after it"),
    OptionSpec::new(
        "sjw",
        whole(1, 65_535),
        "bit timing: synchronisation jump width",
    ),
    OptionSpec::new(
        "nof_samples",
        whole(1, 3),
        "bit timing: samples a bit, 1 or 3",
    ),
    OptionSpec::new(
        "btr0",
        whole(0, 255),
        "bit timing: register BTR0 of an SJA1000",
    ),
    OptionSpec::new(
        "btr1",
        whole(0, 255),
        "bit timing: register BTR1 of an SJA1000",
    ),
    OptionSpec::new(
        "sample_point",
        OptionKind::Number { min: 50.0 },
        "where to sample a bit of the bit rate, in percent",
    ),
];

/// Options by which a timing of CAN FD is given, beside [`CLASSIC_OPTIONS`].
pub const FD_OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "nom_brp",
        whole(1, 65_535),
        "bit timing, arbitration: prescaler",
    ),
    OptionSpec::new(
        "nom_tseg1",
        whole(1, 65_535),
        "the same: quanta before the sample point",
    ),
    OptionSpec::new("nom_tseg2", whole(1, 65_535), "the same: quanta after it"),
    OptionSpec::new(
        "nom_sjw",
        whole(1, 65_535),
        "the same: synchronisation jump width",
    ),
    OptionSpec::new(
        "data_brp",
        whole(1, 65_535),
        "bit timing, data phase: prescaler",
    ),
    OptionSpec::new(
        "data_tseg1",
        whole(1, 65_535),
        "the same: quanta before the sample point",
    ),
    OptionSpec::new("data_tseg2", whole(1, 65_535), "the same: quanta after it"),
    OptionSpec::new(
        "data_sjw",
        whole(1, 65_535),
        "the same: synchronisation jump width",
    ),
    OptionSpec::new(
        "data_sample_point",
        OptionKind::Number { min: 50.0 },
        "where to sample a bit of the data bit rate, in percent",
    ),
];

/// A complete timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Of a classic bus.
    Classic(BitTiming),
    /// Of a CAN FD bus.
    Fd(BitTimingFd),
}

/// What was given of one phase.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PhaseParts {
    /// The bit rate, in bit/s.
    pub bitrate: Option<u32>,
    /// The prescaler.
    pub brp: Option<u32>,
    /// Quanta before the sample point.
    pub tseg1: Option<u32>,
    /// Quanta after it.
    pub tseg2: Option<u32>,
    /// Synchronisation jump width.
    pub sjw: Option<u32>,
    /// The sample point, in percent.
    pub sample_point: Option<f64>,
}

/// What was given of a timing; the rest is derived as far as possible.
///
/// ```
/// use canbus::bit_timing::{PhaseParts, TimingParts};
/// # fn main() -> canbus::Result<()> {
/// // can.BitTiming(bitrate=1000000, f_clock=8000000, tseg1=5, tseg2=2, sjw=1)
/// let given = TimingParts {
///     f_clock: Some(8_000_000),
///     classic: PhaseParts {
///         bitrate: Some(1_000_000),
///         tseg1: Some(5),
///         tseg2: Some(2),
///         sjw: Some(1),
///         ..PhaseParts::default()
///     },
///     ..TimingParts::default()
/// };
/// assert_eq!(given.classic(None)?.brp(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TimingParts {
    /// The clock, in Hz.
    pub f_clock: Option<u32>,
    /// A classic timing.
    pub classic: PhaseParts,
    /// How often a classic bit is sampled; once if it is not given.
    pub nof_samples: Option<u8>,
    /// The register BTR0 of an SJA1000.
    pub btr0: Option<u8>,
    /// Its register BTR1.
    pub btr1: Option<u8>,
    /// The arbitration phase of CAN FD.
    pub nominal: PhaseParts,
    /// The data phase of CAN FD.
    pub data: PhaseParts,
}

impl PhaseParts {
    fn from_options(options: &Options, prefix: &str, bitrate: &str) -> PhaseParts {
        let number = |name: &str| {
            let number = options.integer(&format!("{prefix}{name}"))?;
            u32::try_from(number).ok()
        };
        PhaseParts {
            bitrate: options
                .integer(bitrate)
                .and_then(|number| u32::try_from(number).ok()),
            brp: number("brp"),
            tseg1: number("tseg1"),
            tseg2: number("tseg2"),
            sjw: number("sjw"),
            sample_point: options.number(&format!("{prefix}sample_point")),
        }
    }

    /// Whether any of the quanta is given.
    fn has_quanta(&self) -> bool {
        [self.brp, self.tseg1, self.tseg2, self.sjw]
            .iter()
            .any(Option::is_some)
    }

    /// The phase, with the prescaler from clock and bit rate if it is not given.
    fn phase(&self, prefix: &str, f_clock: Option<u32>) -> Result<Phase> {
        let missing = |name: &str| Error::invalid(format!("bit timing needs {prefix}{name} too"));
        let segments = Segments {
            tseg1: self.tseg1.ok_or_else(|| missing("tseg1"))?,
            tseg2: self.tseg2.ok_or_else(|| missing("tseg2"))?,
            sjw: self.sjw.ok_or_else(|| missing("sjw"))?,
        };
        let phase = match (self.brp, self.bitrate, f_clock) {
            (Some(brp), ..) => Phase { brp, segments },
            (None, Some(bitrate), Some(f_clock)) => Phase::nearest(f_clock, bitrate, segments)?,
            _ => return Err(missing("brp, or f_clock and a bitrate")),
        };
        if let (Some(bitrate), Some(f_clock)) = (self.bitrate, f_clock) {
            let actual = phase.bitrate(f_clock);
            if !is_near(actual, f64::from(bitrate)) {
                check_near("bitrate", actual.round_ties_even() as u32, bitrate)?;
            }
        }
        Ok(phase)
    }
}

impl TimingParts {
    /// What options of these names say: [`CLASSIC_OPTIONS`], [`FD_OPTIONS`], `bitrate` and
    /// `data_bitrate`.
    pub fn from_options(options: &Options) -> TimingParts {
        let byte = |name| {
            options
                .integer(name)
                .and_then(|number| u8::try_from(number).ok())
        };
        let classic = PhaseParts::from_options(options, "", "bitrate");
        let mut nominal = PhaseParts::from_options(options, "nom_", "bitrate");
        nominal.sample_point = classic.sample_point;
        TimingParts {
            f_clock: options
                .integer("f_clock")
                .and_then(|number| u32::try_from(number).ok()),
            classic,
            nof_samples: byte("nof_samples"),
            btr0: byte("btr0"),
            btr1: byte("btr1"),
            nominal,
            data: PhaseParts::from_options(options, "data_", "data_bitrate"),
        }
    }

    /// The timing that was given; `None` if only bit rates were, or nothing at all. Where no clock
    /// was given, it is the device's, in Hz.
    ///
    /// # Errors
    /// `InvalidInput` if parts are missing (the message names the first), contradict each other, or
    /// are out of range. python-can passes over an incomplete timing in silence.
    pub fn timing(&self, device_clock: Option<u32>) -> Result<Option<Timing>> {
        let classic =
            self.classic.has_quanta() || self.btr0.or(self.btr1).or(self.nof_samples).is_some();
        let fd = self.nominal.has_quanta() || self.data.has_quanta();
        if classic && fd {
            let text = "bit timing is given twice: for classic CAN, and for CAN FD (nom_…, data_…)";
            return Err(Error::invalid(text));
        }
        let wished = self.classic.sample_point.is_some() || self.data.sample_point.is_some();
        let rates = (self.nominal.bitrate, self.data.bitrate);
        let is_fd = fd || (wished && rates.1.is_some());
        if !(classic || fd || (wished && rates.0.is_some())) {
            return Ok(None);
        }
        let timing = if is_fd && !classic {
            Timing::Fd(self.fd(device_clock)?)
        } else {
            Timing::Classic(self.classic(device_clock)?)
        };
        Ok(Some(timing))
    }

    /// The classic timing. Without quanta and registers it is found by bit rate and sample point.
    ///
    /// # Errors
    /// As [`timing`](Self::timing).
    pub fn classic(&self, device_clock: Option<u32>) -> Result<BitTiming> {
        let f_clock = self.clock(device_clock)?;
        let parts = &self.classic;
        if let (Some(wanted), Some(bitrate), false, None) = (
            parts.sample_point,
            parts.bitrate,
            parts.has_quanta(),
            self.btr0.or(self.btr1),
        ) {
            let found = BitTiming::from_sample_point(f_clock, bitrate, wanted)?;
            return found.with_samples(self.nof_samples.unwrap_or(1));
        }
        let timing = BitTiming::new(f_clock, self.phase(Some(f_clock))?)?;
        match self.btr1 {
            Some(btr1) => timing.with_samples(if btr1 & 0x80 == 0 { 1 } else { 3 }),
            None => timing.with_samples(self.nof_samples.unwrap_or(1)),
        }
    }

    /// Prescaler and segments of the classic timing, in no range but that of [`Phase`]: for
    /// controllers with longer segments than [`BitTiming`] has. The clock is needed only if the
    /// prescaler must be derived. Registers win over quanta.
    ///
    /// # Errors
    /// `InvalidInput` if parts are missing, or out of range.
    pub fn phase(&self, f_clock: Option<u32>) -> Result<Phase> {
        let mut parts = self.classic;
        if let Some(btr0) = self.btr0 {
            parts.brp = Some(u32::from(btr0 & 0x3f) + 1);
            parts.sjw = Some(u32::from(btr0 >> 6) + 1);
        }
        if let Some(btr1) = self.btr1 {
            parts.tseg1 = Some(u32::from(btr1 & 0x0f) + 1);
            parts.tseg2 = Some(u32::from(btr1 >> 4 & 0x07) + 1);
        }
        let phase = parts.phase("", f_clock.or(self.f_clock))?;
        phase.check("")?;
        Ok(phase)
    }

    /// The timing of CAN FD. Without quanta it is found by bit rates and sample points; the sample
    /// point that is not given is the usual one of its bit rate.
    ///
    /// # Errors
    /// As [`timing`](Self::timing).
    pub fn fd(&self, device_clock: Option<u32>) -> Result<BitTimingFd> {
        let f_clock = self.clock(device_clock)?;
        let (nominal, data) = (&self.nominal, &self.data);
        if let (Some(slow), Some(fast), false) = (
            nominal.bitrate,
            data.bitrate,
            nominal.has_quanta() || data.has_quanta(),
        ) {
            let wish = |parts: &PhaseParts, bitrate| {
                (
                    bitrate,
                    parts
                        .sample_point
                        .unwrap_or_else(|| super::cia_sample_point(bitrate)),
                )
            };
            return BitTimingFd::from_sample_point(f_clock, wish(nominal, slow), wish(data, fast));
        }
        let nominal = nominal.phase("nom_", Some(f_clock))?;
        BitTimingFd::new(f_clock, nominal, data.phase("data_", Some(f_clock))?)
    }

    fn clock(&self, device_clock: Option<u32>) -> Result<u32> {
        let clock = self.f_clock.or(device_clock);
        clock.ok_or_else(|| Error::invalid("bit timing needs f_clock too"))
    }
}

impl Timing {
    /// This timing at one of these clocks in Hz; see [`BitTiming::adjust_clock`].
    ///
    /// # Errors
    /// `OpenFailed` if none of the clocks allows it.
    pub fn adjust_clock(&self, valid_clocks: &[u32]) -> Result<Timing> {
        match self {
            Timing::Classic(timing) => timing.adjust_clock(valid_clocks).map(Timing::Classic),
            Timing::Fd(timing) => timing.adjust_clock(valid_clocks).map(Timing::Fd),
        }
    }

    /// The options that say the same, for opening a bus with it:
    /// `Bus::builder("pcan").options(timing.options())`.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        let value = |number: u32| Value::from(i64::from(number));
        let quanta = |phase: Phase| {
            let Segments { tseg1, tseg2, sjw } = phase.segments;
            [phase.brp, tseg1, tseg2, sjw].map(value)
        };
        let named = |names: [&'static str; 4], phase| names.into_iter().zip(quanta(phase));
        match self {
            Timing::Classic(timing) => [("f_clock", value(timing.f_clock()))]
                .into_iter()
                .chain(named(["brp", "tseg1", "tseg2", "sjw"], timing.phase()))
                .chain([("nof_samples", i64::from(timing.nof_samples()).into())])
                .collect(),
            Timing::Fd(timing) => [("f_clock", value(timing.f_clock()))]
                .into_iter()
                .chain(named(
                    ["nom_brp", "nom_tseg1", "nom_tseg2", "nom_sjw"],
                    timing.nominal(),
                ))
                .chain(named(
                    ["data_brp", "data_tseg1", "data_tseg2", "data_sjw"],
                    timing.data(),
                ))
                .collect(),
        }
    }
}
