//! The commands that set an adapter up: bit rates, timing registers, opening.

use crate::bit_timing::{BitTiming, Timing, TimingParts};
use crate::error::{Context, Error, Result};
use crate::options::Options;

/// A command without its CR, and what it is for, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) text: String,
    pub(super) what: String,
}

/// The clock of the SJA1000 whose registers the command `s` sets, in Hz.
const CLOCK: u32 = 8_000_000;

/// Bit rates in bit/s. `S7` is 800,000 by LAWICEL's manual and Linux's driver, and 750,000 by
/// python-can and the `CANable`; it depends on the adapter. `S9` is the `CANable`'s.
const BITRATES: &[(u32, &str)] = &[
    (10_000, "S0"),
    (20_000, "S1"),
    (50_000, "S2"),
    (100_000, "S3"),
    (125_000, "S4"),
    (250_000, "S5"),
    (500_000, "S6"),
    (750_000, "S7"),
    (800_000, "S7"),
    (1_000_000, "S8"),
    (83_300, "S9"),
];

/// Bit rates of the data phase. The `CANable` 2 has those of 1, 2, 4 and 5 Mbit/s, others have more.
const DATA_BITRATES: &[(u32, &str)] = &[
    (500_000, "Y0"),
    (1_000_000, "Y1"),
    (2_000_000, "Y2"),
    (3_000_000, "Y3"),
    (4_000_000, "Y4"),
    (5_000_000, "Y5"),
    (8_000_000, "Y8"),
];

impl Command {
    fn new(text: &str, what: String) -> Command {
        Command {
            text: text.into(),
            what,
        }
    }

    /// What opens the channel.
    pub(super) fn open(listen_only: bool) -> Command {
        if listen_only {
            Command::new("L", "open listen-only".into())
        } else {
            Command::new("O", "open".into())
        }
    }
}

/// What the options say of bit rates and timing, and whether that is for CAN FD.
///
/// # Errors
/// `InvalidInput` where they contradict each other or an adapter has no command for them.
pub(super) fn from_options(options: &Options) -> Result<(Vec<Command>, bool)> {
    let parts = TimingParts::from_options(options);
    let timing = parts.timing(Some(CLOCK))?;
    let number = |name| {
        let number = options.integer(name).filter(|number| *number > 0);
        number.and_then(|number| u32::try_from(number).ok())
    };
    let (bitrate, data_bitrate) = (number("bitrate"), number("data_bitrate"));
    let registers = options.text("btr").filter(|text| !text.trim().is_empty());
    if let Some(text) = registers {
        if bitrate.is_some() || timing.is_some() {
            let message = "options btr and bitrate (or a bit timing) exclude each other";
            return Err(Error::invalid(message));
        }
        let (btr0, btr1) = parse_registers(text)?;
        return Ok((vec![registers_command(btr0, btr1)], false));
    }
    match timing {
        Some(timing @ Timing::Classic(_)) => {
            let Timing::Classic(timing) = timing.adjust_clock(&[CLOCK])? else {
                return Err(Error::invalid("expected a classic bit timing"));
            };
            Ok((vec![timing_command(&timing)], false))
        }
        Some(Timing::Fd(timing)) => {
            let rates = (timing.nom_bitrate(), Some(timing.data_bitrate()));
            Ok((bitrate_commands(rates.0, rates.1)?, true))
        }
        None => match (bitrate, data_bitrate) {
            (Some(bitrate), data) => Ok((bitrate_commands(bitrate, data)?, data.is_some())),
            (None, Some(_)) => Err(Error::invalid("option data_bitrate needs option bitrate")),
            (None, None) => Ok((Vec::new(), false)),
        },
    }
}

/// What sets these bit rates, in bit/s.
///
/// # Errors
/// `InvalidInput` for those that have no command.
pub(super) fn bitrate_commands(bitrate: u32, data_bitrate: Option<u32>) -> Result<Vec<Command>> {
    let text = find(BITRATES, bitrate).context("option bitrate")?;
    let mut commands = vec![Command::new(text, format!("a bit rate of {bitrate}"))];
    if let Some(rate) = data_bitrate {
        let text = find(DATA_BITRATES, rate).context("option data_bitrate")?;
        commands.push(Command::new(text, format!("a data bit rate of {rate}")));
    }
    Ok(commands)
}

fn find(table: &[(u32, &'static str)], wanted: u32) -> Result<&'static str> {
    let found = table.iter().find(|(rate, _)| *rate == wanted);
    found.map(|(_, text)| *text).ok_or_else(|| {
        let rates: Vec<String> = table.iter().map(|(rate, _)| rate.to_string()).collect();
        Error::invalid(format!(
            "no command sets {wanted} bit/s, but only {}; a bit timing sets others (btr0 and btr1)",
            rates.join(", ")
        ))
    })
}

/// What sets the registers BTR0 and BTR1.
pub(super) fn registers_command(btr0: u8, btr1: u8) -> Command {
    let text = format!("s{btr0:02X}{btr1:02X}");
    Command::new(&text, format!("BTR0 {btr0:#04x} and BTR1 {btr1:#04x}"))
}

fn timing_command(timing: &BitTiming) -> Command {
    registers_command(timing.btr0(), timing.btr1())
}

/// `XXYY`, as python-can takes it.
fn parse_registers(text: &str) -> Result<(u8, u8)> {
    let digits = text.trim();
    let hexadecimal = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let both = u16::from_str_radix(digits, 16).ok();
    let both = both.filter(|_| hexadecimal).ok_or_else(|| {
        Error::invalid(format!(
            "option btr is {text}, but expected four hexadecimal digits: BTR0, BTR1"
        ))
    })?;
    Ok(((both >> 8) as u8, both as u8))
}

#[cfg(test)]
mod tests {
    use super::super::BACKEND;
    use super::*;

    fn texts(given: &[(&str, &str)]) -> Result<(Vec<String>, bool)> {
        let options = Options::check("slcan", BACKEND.options, given.iter().copied())?;
        let (commands, fd) = from_options(&options)?;
        Ok((commands.into_iter().map(|one| one.text).collect(), fd))
    }

    fn refusal(given: &[(&str, &str)]) -> String {
        texts(given).expect_err("refused").to_string()
    }

    #[test]
    fn bit_rates_and_timings_become_the_commands_that_python_can_sends() {
        for (given, commands, fd) in [
            (&[][..], &[][..], false),
            (&[("bitrate", "500000")], &["S6"], false),
            (&[("bitrate", "83300")], &["S9"], false),
            (
                &[("bitrate", "1000000"), ("data_bitrate", "5000000")],
                &["S8", "Y5"],
                true,
            ),
            (
                &[("bitrate", "500000"), ("data_bitrate", "0")],
                &["S6"],
                false,
            ),
            (&[("btr", "011c")], &["s011C"], false),
            (&[("btr0", "0x1"), ("btr1", "0x1c")], &["s011C"], false),
            // 250 kbit/s at 16 MHz, the same at 8.
            (
                &[
                    ("f_clock", "16000000"),
                    ("brp", "4"),
                    ("tseg1", "13"),
                    ("tseg2", "2"),
                    ("sjw", "1"),
                ],
                &["s011C"],
                false,
            ),
            (
                &[("bitrate", "250000"), ("sample_point", "87.5")],
                &["s411C"],
                false,
            ),
        ] {
            let found = texts(given).expect("valid");
            assert_eq!(found.0, commands, "{given:?}");
            assert_eq!(found.1, fd, "{given:?}");
        }
        let fd = [
            ("f_clock", "80000000"),
            ("nom_brp", "1"),
            ("nom_tseg1", "119"),
            ("nom_tseg2", "40"),
            ("nom_sjw", "40"),
            ("data_brp", "1"),
            ("data_tseg1", "29"),
            ("data_tseg2", "10"),
            ("data_sjw", "10"),
        ];
        let expected = (vec!["S6".to_string(), "Y2".to_string()], true);
        assert_eq!(texts(&fd).expect("valid"), expected);
    }

    #[test]
    fn what_has_no_command_is_refused_by_name() {
        assert!(
            refusal(&[("bitrate", "33333")]).starts_with("option bitrate: no command sets 33333")
        );
        let fast = [("bitrate", "500000"), ("data_bitrate", "6000000")];
        assert!(refusal(&fast).starts_with("option data_bitrate: no command sets 6000000"));
        assert!(refusal(&[("data_bitrate", "2000000")]).contains("needs option bitrate"));
        assert!(refusal(&[("btr", "11c")]).contains("four hexadecimal digits"));
        assert!(refusal(&[("btr", "+11c")]).contains("four hexadecimal digits"));
        let both = [("btr", "011c"), ("bitrate", "250000")];
        assert!(refusal(&both).contains("exclude each other"));
    }
}
