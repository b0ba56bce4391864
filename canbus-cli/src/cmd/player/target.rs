//! Where the frames of each channel of a log go: `--map FROM=TO`.

use canbus::{Bus, Channel, Message, backends};
use std::str::FromStr;

/// What `FROM` is for all channels that are not named, and for frames without a channel.
const OTHERS: &str = "*";

/// `FROM=[INTERFACE:]CHANNEL[,KEY=VALUE]...`
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    /// A channel of the log; `None` for all others.
    pub(super) from: Option<String>,
    /// The kind of bus, if it is not that of the other arguments.
    pub(super) interface: Option<String>,
    pub(super) channel: String,
    pub(super) options: Vec<(String, String)>,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Mapping, String> {
        let wrong =
            || "expected FROM=[INTERFACE:]CHANNEL, such as can0=socketcan:vcan0".to_string();
        let (from, to) = text.split_once('=').ok_or_else(wrong)?;
        let mut channel = String::new();
        let mut options: Vec<(String, String)> = Vec::new();
        for (number, part) in to.split(',').enumerate() {
            match (part.split_once('='), options.last_mut()) {
                (Some((key, value)), _) if number > 0 => {
                    options.push((key.replace('-', "_"), value.into()));
                }
                // A comma inside of a value.
                (_, Some((_, value))) => *value = format!("{value},{part}"),
                (_, None) if number > 0 => channel = format!("{channel},{part}"),
                (_, None) => channel = part.into(),
            }
        }
        // What stands before a colon may be a part of the channel: an address, a port.
        let named = channel
            .split_once(':')
            .filter(|(name, _)| backends::find(name).is_ok());
        if named.is_none() {
            check_interface(&channel)?;
        }
        let interface = named.map(|(name, _)| name.to_string());
        let channel = named.map_or(channel.clone(), |(_, channel)| channel.into());
        if from.is_empty() || channel.is_empty() {
            return Err(wrong());
        }
        for (at, (key, _)) in options.iter().enumerate() {
            if options[..at].iter().any(|(other, _)| other == key) {
                return Err(format!("option {key} is given twice"));
            }
        }
        Ok(Mapping {
            from: (from != OTHERS).then(|| from.into()),
            interface,
            channel,
            options,
        })
    }
}

/// Refuses a channel that begins with what looks like an interface which there is not: opened on
/// another one, it would be a wrong bus.
fn check_interface(channel: &str) -> Result<(), String> {
    let Some((name, rest)) = channel.split_once(':') else {
        return Ok(());
    };
    let is_word = name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // A host with its port, a URL, an address of IPv6, a device such as COM1:.
    let is_port = rest.len() > 2 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = is_port || rest.starts_with("//") || rest.contains(':') || rest.is_empty();
    match backends::find(name) {
        Err(error) if is_word && !is_address => Err(format!(
            "{error}; if {channel} is a channel, its interface is named before it: INTERFACE:{channel}"
        )),
        _ => Ok(()),
    }
}

/// The buses, and which channel goes to which.
#[derive(Default)]
pub(super) struct Targets {
    buses: Vec<Bus>,
    /// Channels of the log by what they are called there, each with the place of its bus.
    named: Vec<(String, usize)>,
    others: Option<usize>,
    /// The answers for channels that were seen already.
    seen: Vec<(Option<Channel>, Option<usize>)>,
}

impl Targets {
    /// Adds a bus; the place by which it is called.
    pub(super) fn add(&mut self, bus: Bus) -> usize {
        self.buses.push(bus);
        self.buses.len() - 1
    }

    /// Sends a channel of the log, `None` for all others, to a bus.
    pub(super) fn assign(&mut self, from: Option<String>, bus: usize) {
        match from {
            Some(from) => self.named.push((from, bus)),
            None => self.others = Some(bus),
        }
    }

    /// The bus for a message; `None` if its channel goes nowhere.
    pub(super) fn of(&mut self, message: &Message) -> Option<&Bus> {
        let channel = message.channel;
        let known = self.seen.iter().find(|(seen, _)| *seen == channel);
        let place = known.map_or_else(|| self.find(channel), |(_, place)| *place);
        if known.is_none() {
            self.seen.push((channel, place));
        }
        place.and_then(|place| self.buses.get(place))
    }

    fn find(&self, channel: Option<Channel>) -> Option<usize> {
        let name = channel.map(|channel| channel.to_string());
        let named = self
            .named
            .iter()
            .find(|(from, _)| Some(from) == name.as_ref());
        named.map(|(_, place)| *place).or(self.others)
    }

    /// " to …" of the bus if there is one for all, else ": can0 to …, all others to …".
    pub(super) fn summary(&self) -> String {
        let shown = |place: usize| match self.buses.get(place) {
            Some(bus) => bus.describe().summary.clone(),
            None => String::new(),
        };
        let named = self
            .named
            .iter()
            .map(|(from, place)| format!("{from} to {}", shown(*place)));
        let mut parts: Vec<String> = named.collect();
        match self.others {
            Some(place) if parts.is_empty() => return format!(" to {}", shown(place)),
            Some(place) => parts.push(format!("all others to {}", shown(place))),
            None => {}
        }
        format!(": {}", parts.join(", "))
    }

    /// Closes all buses; the first error there was.
    pub(super) fn shutdown(&self) -> canbus::Result<()> {
        let closed: Vec<_> = self.buses.iter().map(Bus::shutdown).collect();
        closed.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_channel_and_bus_with_options() {
        let parsed = |text: &str| {
            let one = text.parse::<Mapping>().expect("valid");
            let options: Vec<String> = one
                .options
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            (
                one.from.unwrap_or("all others".into()),
                one.interface.unwrap_or_default(),
                one.channel,
                options.join(" "),
            )
        };
        let expected = |from: &str, interface: &str, channel: &str, options: &str| {
            (
                from.to_string(),
                interface.to_string(),
                channel.to_string(),
                options.to_string(),
            )
        };
        assert_eq!(parsed("can0=vcan0"), expected("can0", "", "vcan0", ""));
        assert_eq!(parsed("0=virtual:a"), expected("0", "virtual", "a", ""));
        assert_eq!(
            parsed("*=udp_multicast:ff15::1,port=5000,hop-limit=0"),
            expected(
                "all others",
                "udp_multicast",
                "ff15::1",
                "port=5000 hop_limit=0"
            )
        );
        // No interface is called ff15, and a channel may have commas.
        assert_eq!(parsed("1=ff15::1"), expected("1", "", "ff15::1", ""));
        assert_eq!(
            parsed("1=0,1,fd=yes,name=a,b"),
            expected("1", "", "0,1", "fd=yes name=a,b")
        );
        for channel in [
            "localhost:29536",
            "ws://host/a",
            "10.0.0.1:5000",
            "COM1:",
            "/dev/x:1",
        ] {
            let whole = parsed(&format!("1={channel}"));
            assert_eq!(whole, expected("1", "", channel, ""));
        }
        let named = parsed("1=virtual:pcan:a");
        assert_eq!(named, expected("1", "virtual", "pcan:a", ""));
        for wrong in [
            "",
            "can0",
            "can0=",
            "=vcan0",
            "can0=virtual:",
            "can0=,fd=yes",
            // What looks like an interface must be one.
            "0=simulatd:a",
            "0=virtul:a",
            "0=pcan:PCAN_USBBUS1",
            "0=kvaser:0",
            "0=virtual:a,fd=yes,fd=no",
        ] {
            assert!(wrong.parse::<Mapping>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn channels_go_where_they_are_sent_and_others_together_or_nowhere() {
        let mut targets = Targets::default();
        let bus = |channel| Bus::open("virtual", channel).expect("opens");
        let (one, two) = (targets.add(bus("one")), targets.add(bus("two")));
        targets.assign(Some("can0".into()), one);
        targets.assign(Some("1".into()), two);
        let frame =
            canbus::Frame::data(canbus::Id::standard(1).expect("fits"), &[]).expect("valid");
        let on = |targets: &mut Targets, channel: Option<Channel>| {
            let message = Message {
                channel,
                ..Message::received(frame, canbus::Timestamp::ZERO)
            };
            let bus = targets.of(&message)?;
            Some(bus.describe().channels[0].to_string())
        };
        for _ in 0..2 {
            assert_eq!(
                on(&mut targets, Some(Channel::named("can0"))),
                Some("one".into())
            );
            assert_eq!(
                on(&mut targets, Some(Channel::number(1))),
                Some("two".into())
            );
            assert_eq!(on(&mut targets, Some(Channel::named("can1"))), None);
            assert_eq!(on(&mut targets, None), None);
        }
        targets.seen.clear();
        targets.assign(None, one);
        assert_eq!(on(&mut targets, None), Some("one".into()));
        assert!(
            targets.summary().contains(", all others to "),
            "{}",
            targets.summary()
        );
        targets.shutdown().expect("closes");
    }
}
