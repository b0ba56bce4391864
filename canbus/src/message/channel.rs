//! A channel: a number or a name, small enough to travel with every message.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{LazyLock, OnceLock, RwLock};

/// Which channel of a bus, or which of a log file: a number (`0`) or a name (`vcan0`).
///
/// Names are kept once for the whole process, so that a channel is four bytes.
///
/// ```
/// use canbus::Channel;
/// assert_eq!(Channel::parse("3"), Channel::number(3));
/// assert_eq!(Channel::named("can3").to_string(), "can3");
/// assert_eq!(Channel::named("can3").trailing_number(), Some(3));
/// assert_ne!(Channel::named("3"), Channel::number(3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel(NonZeroU32);

/// Set for a name; the other bits are then its place in the table, plus one. Without it they are
/// the number plus one.
const NAMED: u32 = 1 << 31;

/// A name, and the number that it ends with: writers ask for both with every message.
#[derive(Clone, Copy)]
struct Name {
    text: &'static str,
    number: Option<u32>,
}

#[derive(Default)]
struct Names {
    places: HashMap<&'static str, u32>,
    names: Vec<Name>,
}

static NAMES: LazyLock<RwLock<Names>> = LazyLock::new(RwLock::default);

/// The first names once more, to be found without a lock; hardly any process has others.
static FIRST: [OnceLock<Name>; 64] = [const { OnceLock::new() }; 64];

impl Channel {
    /// The largest number that a channel can have.
    pub const MAX_NUMBER: u32 = NAMED - 2;

    /// A channel by number.
    ///
    /// # Panics
    /// Over [`Channel::MAX_NUMBER`].
    pub fn number(number: u32) -> Channel {
        assert!(
            number <= Channel::MAX_NUMBER,
            "channel {number} is too large"
        );
        Channel(NonZeroU32::MIN.saturating_add(number))
    }

    /// A channel by name. The name is kept as long as the process lives.
    pub fn named(name: &str) -> Channel {
        let known = NAMES
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .places
            .get(name)
            .copied();
        let place = known.unwrap_or_else(|| intern(name));
        Channel(NonZeroU32::MIN.saturating_add(place) | NAMED)
    }

    /// A number where the text is one (as in options and files), else a name.
    pub fn parse(text: &str) -> Channel {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits && number <= Channel::MAX_NUMBER => Channel::number(number),
            _ => Channel::named(text),
        }
    }

    /// What stands for it as long as this process lives; never zero.
    pub(crate) fn to_bits(self) -> u32 {
        self.0.get()
    }

    /// The channel of [`Channel::to_bits`]; `None` for zero.
    pub(crate) fn from_bits(bits: u32) -> Option<Channel> {
        NonZeroU32::new(bits).map(Channel)
    }

    /// The number, if it is one.
    #[inline]
    pub fn as_number(self) -> Option<u32> {
        (self.0.get() & NAMED == 0).then(|| self.0.get() - 1)
    }

    /// The name, if it has one.
    #[inline]
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|name| name.text)
    }

    /// What is kept of the name.
    #[inline]
    fn known(self) -> Option<Name> {
        if self.0.get() & NAMED == 0 {
            return None;
        }
        let place = (self.0.get() & !NAMED) as usize - 1;
        match FIRST.get(place).and_then(OnceLock::get) {
            Some(name) => Some(*name),
            None => later(place),
        }
    }

    /// The number, or the digits that the name ends with: 2 for `vcan2`. Formats whose channels
    /// are numbers are written with it.
    #[inline]
    pub fn trailing_number(self) -> Option<u32> {
        match self.known() {
            Some(name) => name.number,
            None => self.as_number(),
        }
    }
}

/// A name that is not among the first.
#[cold]
fn later(place: usize) -> Option<Name> {
    let names = NAMES
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    names.names.get(place).copied()
}

fn intern(name: &str) -> u32 {
    let mut names = NAMES
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // Another thread may have been first between the two locks.
    if let Some(&place) = names.places.get(name) {
        return place;
    }
    let kept: &'static str = Box::leak(name.into());
    let place = names.names.len();
    let digits = kept.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let new = Name {
        text: kept,
        number: kept[digits..].parse().ok(),
    };
    if let Some(first) = FIRST.get(place) {
        first.get_or_init(|| new);
    }
    names.names.push(new);
    names.places.insert(kept, place as u32);
    place as u32
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.as_number()) {
            (Some(name), _) => f.pad(name),
            (None, number) => fmt::Display::fmt(&number.unwrap_or_default(), f),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({self})")
    }
}

impl From<u32> for Channel {
    fn from(number: u32) -> Channel {
        Channel::number(number)
    }
}

impl From<&str> for Channel {
    fn from(name: &str) -> Channel {
        Channel::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_kept_apart() {
        assert_eq!(Channel::number(0).as_number(), Some(0));
        assert_eq!(Channel::number(0).name(), None);
        assert_eq!(
            Channel::number(Channel::MAX_NUMBER).as_number(),
            Some(Channel::MAX_NUMBER)
        );
        assert_eq!(Channel::named("abc").name(), Some("abc"));
        assert_eq!(Channel::named("abc").as_number(), None);
        assert_eq!(Channel::named("abc"), Channel::named("abc"));
        assert_ne!(Channel::named("abc"), Channel::named("abd"));
        assert_eq!(Channel::named("").name(), Some(""));
    }

    #[test]
    fn text_of_digits_is_a_number() {
        assert_eq!(Channel::parse("17"), Channel::number(17));
        assert_eq!(Channel::from("17"), Channel::from(17));
        for name in ["", "+1", "-1", "1a", "99999999999", "2147483647"] {
            assert_eq!(Channel::parse(name), Channel::named(name));
        }
        assert_eq!(
            Channel::parse("2147483646").as_number(),
            Some(Channel::MAX_NUMBER)
        );
    }

    #[test]
    fn the_trailing_number_is_that_of_the_name() {
        assert_eq!(Channel::named("PCAN_USBBUS12").trailing_number(), Some(12));
        assert_eq!(Channel::named("12").trailing_number(), Some(12));
        assert_eq!(Channel::named("can").trailing_number(), None);
        assert_eq!(Channel::number(4).trailing_number(), Some(4));
    }

    #[test]
    fn names_beyond_the_first_are_the_same_to_who_asks() {
        for number in 0..2 * FIRST.len() as u32 {
            let name = format!("many{number}");
            let channel = Channel::named(&name);
            assert_eq!(channel.name(), Some(&*name));
            assert_eq!(channel.trailing_number(), Some(number));
            assert_eq!(channel.as_number(), None);
        }
    }

    #[test]
    fn display_pads_both_forms() {
        assert_eq!(
            format!("{:>5}|{:<5}|", Channel::number(7), Channel::named("a")),
            "    7|a    |"
        );
        assert_eq!(format!("{:?}", Channel::named("a")), "Channel(a)");
    }

    #[test]
    fn threads_that_intern_the_same_name_get_the_same_channel() {
        let channels: Vec<Channel> = std::thread::scope(|scope| {
            let spawned: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| Channel::named("raced-for")))
                .collect();
            spawned
                .into_iter()
                .map(|t| t.join().expect("joins"))
                .collect()
        });
        assert!(channels.iter().all(|&channel| channel == channels[0]));
    }
}
