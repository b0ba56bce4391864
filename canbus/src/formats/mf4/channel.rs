//! The channels of a group, found by their names: `CAN_DataFrame.ID`, also with something before
//! it, and `ID` below `CAN_DataFrame`.

use super::bytes::{Block, Bytes};
use super::layout::{Content, Layout, Sort};
use super::value::{Linear, Number, Time, Way, is_sent, is_text, range};
use crate::error::Result;

/// Kinds of channels, as a file numbers them.
const VARIABLE: u8 = 1;
const MASTER: u8 = 2;
const VIRTUAL_MASTER: u8 = 3;
const SYNC_TIME: u8 = 1;
/// Flags: every value is invalid; a bit of the record says whether it is.
const ALL_INVALID: u32 = 1;
const MAY_BE_INVALID: u32 = 2;
/// Conversions.
const SAME: u8 = 0;
const LINEAR: u8 = 1;
const VALUE_TO_TEXT: u8 = 7;
const RANGE_TO_TEXT: u8 = 8;
/// How deep channels may be inside of others.
const DEEPEST: usize = 8;
/// So many names of a conversion are looked at.
const MOST_NAMES: usize = 256;

/// What our writer calls the number of messages of other groups before one.
pub(super) const OTHERS: &str = "CanbusOthersBefore";
/// What frames are called, and what sort they are.
const SORTS: [(&str, Sort); 3] = [
    ("CAN_DataFrame", Sort::Data),
    ("CAN_RemoteFrame", Sort::Remote),
    ("CAN_ErrorFrame", Sort::Error),
];

/// The channels of a group.
#[derive(Default)]
pub(super) struct Channels {
    sort: Option<Sort>,
    time: Option<Time>,
    /// By the last part of their names.
    found: Vec<(String, Channel)>,
}

/// A channel.
struct Channel {
    kind: u8,
    sync: u8,
    data_type: u8,
    at: u32,
    bits: u32,
    number: Option<Number>,
    linear: Linear,
    /// The ranges whose name means that a frame was sent, where numbers have names.
    sent: Option<Vec<(f64, f64)>>,
    data: u64,
}

impl Channels {
    /// Reads the channels from the one at `first` on; `name` is that of the group.
    ///
    /// # Errors
    /// `Io`, `Malformed`.
    pub(super) fn read(
        first: u64,
        name: &str,
        data_width: usize,
        bytes: &mut Bytes,
    ) -> Result<Channels> {
        let mut channels = Channels::default();
        channels.walk(first, data_width, 0, bytes)?;
        if channels.sort.is_none() {
            channels.sort = sort_of(name);
        }
        Ok(channels)
    }

    fn walk(
        &mut self,
        mut at: u64,
        data_width: usize,
        depth: usize,
        bytes: &mut Bytes,
    ) -> Result<()> {
        while at != 0 {
            let block = bytes.block(at, *b"CN")?;
            at = block.link(0);
            let name = bytes.text(block.link(2))?;
            if self.sort.is_none() {
                self.sort = sort_of(&name);
            }
            let inside = block.link(1);
            if inside != 0
                && depth < DEEPEST
                && bytes.head(inside)?.is_some_and(|head| &head.id == b"CN")
            {
                self.walk(inside, data_width, depth + 1, bytes)?;
            }
            let last = name.rsplit('.').next().unwrap_or_default();
            let channel = Channel::read(&block, last == "Dir", data_width, bytes)?;
            if channel.is_master() && channel.sync == SYNC_TIME {
                self.time = channel.time();
            } else if block.u32(12) & ALL_INVALID == 0 {
                self.found.push((last.to_string(), channel));
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Channel> {
        let mut named = self.found.iter().filter(|(found, _)| found == name);
        named.next().map(|(_, channel)| channel)
    }

    fn number(&self, name: &str) -> Option<Number> {
        self.find(name)?.number
    }

    /// What a record says, if the group holds frames.
    pub(super) fn layout(&self) -> Option<Layout> {
        let none = || {
            Time::Counted(Linear {
                offset: 0.0,
                factor: 0.0,
            })
        };
        let sort = self.sort?;
        let content = self
            .find("DataBytes")
            .map_or(Content::Missing, Channel::content);
        let id = self.number("ID");
        // Without one it is about frames, and holds none: statistics of the bus, say.
        if id.is_none() && sort != Sort::Error {
            return None;
        }
        Some(Layout {
            others: self.number(OTHERS),
            id,
            ide: self.number("IDE"),
            channel: self.number("BusChannel"),
            dlc: self.number("DLC"),
            length: self.number("DataLength"),
            way: self.find("Dir").and_then(Channel::way),
            edl: self.number("EDL").or_else(|| self.number("FDF")),
            brs: self.number("BRS"),
            esi: self.number("ESI"),
            content,
            ..Layout::new(sort, self.time.unwrap_or_else(none))
        })
    }
}

/// What sort of frames a name speaks of.
fn sort_of(name: &str) -> Option<Sort> {
    let mut parts = name.split('.');
    parts.find_map(|part| {
        let found = SORTS.iter().find(|(word, _)| part.ends_with(word));
        found.map(|&(_, sort)| sort)
    })
}

impl Channel {
    fn read(block: &Block, names: bool, data_width: usize, bytes: &mut Bytes) -> Result<Channel> {
        let data_type = block.u8(2);
        let (at, bits, flags) = (block.u32(4), block.u32(8), block.u32(12));
        let mut number = Number::new(at, block.u8(3), bits, data_type);
        if flags & MAY_BE_INVALID != 0 {
            let bit = 8 * data_width + block.u32(16) as usize;
            number = number.map(|number| number.or_invalid(bit));
        }
        let mut channel = Channel {
            kind: block.u8(0),
            sync: block.u8(1),
            data_type,
            at,
            bits,
            number,
            linear: Linear::SAME,
            sent: None,
            data: block.link(5),
        };
        let conversion = block.link(4);
        let needed = names || channel.is_master();
        if conversion != 0 && needed {
            channel.convert(&bytes.block(conversion, *b"CC")?, bytes)?;
        }
        Ok(channel)
    }

    /// Kind (u8), precision (u8), flags, number of links and of values (u16 each), least and
    /// greatest value; then the values.
    fn convert(&mut self, block: &Block, bytes: &mut Bytes) -> Result<()> {
        const VALUES: usize = 24;
        match block.u8(0) {
            LINEAR => {
                self.linear = Linear {
                    offset: block.f64(VALUES),
                    factor: block.f64(VALUES + 8),
                };
            }
            VALUE_TO_TEXT | RANGE_TO_TEXT => {
                let is_range = block.u8(0) == RANGE_TO_TEXT;
                let count = usize::from(block.u16(6)) / if is_range { 2 } else { 1 };
                let mut sent = Vec::new();
                for index in 0..count.min(MOST_NAMES) {
                    let found = if is_range {
                        range(&block.data, VALUES + 16 * index)
                    } else {
                        let value = block.f64(VALUES + 8 * index);
                        (value, value)
                    };
                    if is_sent(&bytes.text(block.link(4 + index))?) {
                        sent.push(found);
                    }
                }
                self.sent = Some(sent);
            }
            SAME => {}
            kind if self.is_master() => {
                let what =
                    format!("a conversion of kind {kind}, where a time has none or a linear one");
                return Err(bytes.malformed(block.at, what));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_master(&self) -> bool {
        matches!(self.kind, MASTER | VIRTUAL_MASTER)
    }

    fn time(&self) -> Option<Time> {
        if self.kind == VIRTUAL_MASTER {
            return Some(Time::Counted(self.linear));
        }
        Time::new(self.number?, self.data_type, self.linear)
    }

    fn way(&self) -> Option<Way> {
        if self.kind == VARIABLE && is_text(self.data_type) {
            return None;
        }
        Way::new(
            (self.at, self.bits, self.data_type),
            self.number,
            self.sent.clone(),
        )
    }

    fn content(&self) -> Content {
        if self.kind == VARIABLE {
            let there = self.number.filter(|_| self.data != 0);
            return there.map_or(Content::Missing, |offset| Content::There {
                offset,
                link: self.data,
            });
        }
        Content::Here {
            at: self.at as usize,
            most: self.bits as usize / 8,
        }
    }
}
