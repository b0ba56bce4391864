//! What the name of a line means: a device, or one of pyserial's URLs.

use crate::error::{Error, Result};
use std::time::Duration;

/// The URLs that there are, for messages.
pub(super) const URLS: &str = "socket://HOST:PORT, rfc2217://HOST:PORT and loop://";

/// Where a line leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Address<'a> {
    /// A serial port of this machine.
    Device(&'a str),
    /// Bytes over TCP.
    Tcp(Place<'a>),
    /// A serial port of another machine, by telnet with the option COM-PORT (RFC 2217).
    Rfc2217(Place<'a>, RemoteOptions),
    /// Back to this program.
    Loop,
}

/// A host and a port of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
}

/// What can be said behind `?` of an `rfc2217://` URL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RemoteOptions {
    /// Whether to go on where the server does not answer to flow control and modem lines.
    pub(super) ignore_set_control: bool,
    /// How long to wait for the server's answers.
    pub(super) timeout: Duration,
}

impl Address<'_> {
    /// # Errors
    /// `InvalidInput` for an empty name and for a URL that says nothing or something unknown.
    pub(super) fn parse(name: &str) -> Result<Address<'_>> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Error::invalid(format!(
                "expected a serial port (/dev/ttyUSB0, COM3) or one of {URLS}"
            )));
        }
        let Some((scheme, rest)) = name.split_once("://") else {
            return Ok(Address::Device(name));
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = query.split('&').filter(|part| !part.is_empty());
        match scheme.to_ascii_lowercase().as_str() {
            "socket" => {
                only_logging(name, query)?;
                Ok(Address::Tcp(Place::parse(name, place)?))
            }
            "rfc2217" => {
                let options = RemoteOptions::parse(name, query)?;
                Ok(Address::Rfc2217(Place::parse(name, place)?, options))
            }
            "loop" => {
                only_logging(name, query)?;
                Ok(Address::Loop)
            }
            _ => Err(Error::invalid(format!(
                "{name}: no serial line is reached by {scheme}://; there are {URLS}"
            ))),
        }
    }
}

impl<'a> Place<'a> {
    fn parse(name: &str, text: &'a str) -> Result<Place<'a>> {
        let parts = text.trim_end_matches('/').rsplit_once(':');
        let place = parts.and_then(|(host, port)| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let port = port.parse().ok().filter(|&port| port > 0)?;
            (!host.is_empty()).then_some(Place { host, port })
        });
        place.ok_or_else(|| {
            Error::invalid(format!(
                "{name}: expected HOST:PORT behind ://, with a port from 1 to 65535"
            ))
        })
    }
}

impl RemoteOptions {
    fn parse<'q>(name: &str, query: impl Iterator<Item = &'q str>) -> Result<RemoteOptions> {
        let mut options = RemoteOptions {
            ignore_set_control: false,
            timeout: Duration::from_secs(3),
        };
        for part in query {
            match part.split_once('=').unwrap_or((part, "")) {
                ("ign_set_control", _) => options.ignore_set_control = true,
                ("timeout", seconds) => options.timeout = parse_timeout(name, seconds)?,
                // How pyserial asks for modem lines, which no CAN adapter has a use for.
                ("poll_modem" | "logging", _) => {}
                (other, _) => return Err(unknown(name, other, RFC2217_OPTIONS)),
            }
        }
        Ok(options)
    }
}

const RFC2217_OPTIONS: &str = "ign_set_control, timeout, poll_modem and logging";

fn parse_timeout(name: &str, seconds: &str) -> Result<Duration> {
    let timeout = seconds.parse().ok();
    let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.ok_or_else(|| {
        Error::invalid(format!(
            "{name}: timeout is {seconds}, but expected seconds"
        ))
    })
}

/// What pyserial would log is not logged here, but its URLs are taken as they are.
fn only_logging<'q>(name: &str, mut query: impl Iterator<Item = &'q str>) -> Result<()> {
    let option = |part: &'q str| part.split_once('=').map_or(part, |(option, _)| option);
    match query.find(|part| option(part) != "logging") {
        None => Ok(()),
        Some(other) => Err(unknown(name, option(other), "logging")),
    }
}

fn unknown(name: &str, option: &str, known: &str) -> Error {
    Error::invalid(format!("{name}: no option {option}; there is {known}"))
}

/// The name of a line without the baud rate that may stand behind an `@`, and that baud rate or
/// the default.
///
/// # Errors
/// `InvalidInput` for a baud rate that is no number a port could be set to.
pub(crate) fn split_baud_rate(channel: &str, default: u32) -> Result<(&str, u32)> {
    let Some((name, rate)) = channel.rsplit_once('@') else {
        return Ok((channel, default));
    };
    // A name may hold an @ too.
    if rate.is_empty() || !rate.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((channel, default));
    }
    match rate.parse() {
        Ok(rate) if rate > 0 => Ok((name, rate)),
        _ => Err(Error::invalid(format!(
            "{channel}: expected a baud rate from 1 to {} behind @",
            u32::MAX
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        Address::parse(name).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_no_url_is_a_device() {
        for name in [
            "/dev/ttyUSB0",
            "COM3",
            r"\\.\COM12",
            "/dev/serial/by-id/usb-x",
        ] {
            assert_eq!(Address::parse(name).expect("a name"), Address::Device(name));
        }
    }

    #[test]
    fn urls_are_taken_as_pyserial_takes_them() {
        let place = |host, port| Place { host, port };
        for (name, host, port) in [
            ("socket://localhost:7000", "localhost", 7000),
            ("SOCKET://10.0.0.1:1/", "10.0.0.1", 1),
            ("socket://[::1]:65535?logging=debug", "::1", 65535),
        ] {
            let address = Address::parse(name).expect("a URL");
            assert_eq!(address, Address::Tcp(place(host, port)));
        }
        assert_eq!(Address::parse("loop://").expect("a URL"), Address::Loop);
        let given = Address::parse("rfc2217://h:2217?ign_set_control&timeout=0.5&poll_modem");
        let options = RemoteOptions {
            ignore_set_control: true,
            timeout: Duration::from_millis(500),
        };
        let expected = Address::Rfc2217(place("h", 2217), options);
        assert_eq!(given.expect("a URL"), expected);
    }

    #[test]
    fn a_url_that_is_not_understood_says_what_there_is() {
        assert!(refusal("spy:///dev/ttyUSB0").contains("there are socket://HOST:PORT, rfc2217"));
        assert!(refusal("socket://localhost").contains("expected HOST:PORT"));
        assert!(refusal("socket://:7000").contains("expected HOST:PORT"));
        assert!(refusal("socket://h:65536").contains("from 1 to 65535"));
        assert!(refusal("socket://h:1?timeout=3").contains("no option timeout; there is logging"));
        assert!(refusal("rfc2217://h:1?x=3").contains("no option x; there is ign_set_control"));
        assert!(refusal("rfc2217://h:1?timeout=-1").contains("timeout is -1"));
        assert!(refusal(" ").contains("/dev/ttyUSB0"));
    }

    #[test]
    fn a_baud_rate_may_stand_behind_the_name() {
        let split = |channel| split_baud_rate(channel, 115_200).expect("a name");
        assert_eq!(split("/dev/ttyUSB0"), ("/dev/ttyUSB0", 115_200));
        assert_eq!(split("/dev/ttyUSB0@9600"), ("/dev/ttyUSB0", 9600));
        assert_eq!(split("/dev/a@b"), ("/dev/a@b", 115_200));
        assert_eq!(split("/dev/a@"), ("/dev/a@", 115_200));
        for wrong in ["COM1@0", "COM1@99999999999"] {
            let error = split_baud_rate(wrong, 1).expect_err("refused");
            assert!(error.to_string().contains("behind @"), "{error}");
        }
    }
}
