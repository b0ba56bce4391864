//! What python-can's columns leave out, in a form that its reader passes over: words behind the 0
//! of the column `remote` or `error`.

use super::expected;
use crate::error::{Error, Result};
use crate::formats::table::Extra;
use crate::message::{Channel, Direction};

/// Between the words.
const SEPARATOR: u8 = b';';
const CHANNEL: &[u8] = b"channel=";
const RAW_DLC: &[u8] = b"raw_dlc=";

/// Puts the words that follow the 0.
///
/// # Errors
/// `InvalidInput` for a channel whose name would not be one word.
pub(super) fn put(line: &mut Vec<u8>, extra: &Extra) -> Result<()> {
    if let Some(channel) = extra.channel {
        let name = channel.to_string();
        if name.contains(|c: char| ",;\"".contains(c) || c.is_control()) {
            return Err(Error::invalid(format!(
                "a channel of packed columns has a name without commas, semicolons and quotation \
                 marks, not {name:?}"
            )));
        }
        put_word(line, CHANNEL);
        line.extend_from_slice(name.as_bytes());
        // A blank in front of the comma would be one behind the value.
        if extra.direction == Direction::Rx && name.ends_with(' ') {
            put_word(line, b"rx");
        }
    }
    if extra.direction == Direction::Tx {
        put_word(line, b"tx");
    }
    for (set, word) in [
        (extra.fd, &b"fd"[..]),
        (extra.brs, b"brs"),
        (extra.esi, b"esi"),
    ] {
        if set {
            put_word(line, word);
        }
    }
    if let Some(dlc) = extra.raw_dlc {
        put_word(line, RAW_DLC);
        line.extend_from_slice(itoa::Buffer::new().format(dlc).as_bytes());
    }
    Ok(())
}

fn put_word(line: &mut Vec<u8>, word: &[u8]) {
    line.push(SEPARATOR);
    line.extend_from_slice(word);
}

/// Reads the words that follow a 0, which begin with the separator.
///
/// # Errors
/// `Malformed` for words that are not ours.
pub(super) fn parse(
    words: &[u8],
    extra: &mut Extra,
    mut channel: impl FnMut(&[u8]) -> Result<Option<Channel>>,
) -> Result<()> {
    let unknown = || expected("0, 1 or 0 with channel=, tx, fd, brs, esi, raw_dlc=", words);
    let words_only = words.strip_prefix(&[SEPARATOR]).ok_or_else(unknown)?;
    for word in words_only.split(|&byte| byte == SEPARATOR) {
        if let Some(name) = word.strip_prefix(CHANNEL) {
            extra.channel = channel(name)?;
        } else if let Some(dlc) = word.strip_prefix(RAW_DLC) {
            extra.raw_dlc = Some(parse_raw_dlc(dlc)?);
        } else {
            match word {
                b"rx" => extra.direction = Direction::Rx,
                b"tx" => extra.direction = Direction::Tx,
                b"fd" => extra.fd = true,
                b"brs" => extra.brs = true,
                b"esi" => extra.esi = true,
                _ => return Err(unknown()),
            }
        }
    }
    Ok(())
}

/// A raw DLC of a classic frame.
///
/// # Errors
/// `Malformed` unless it is 9 to 15.
pub(super) fn parse_raw_dlc(text: &[u8]) -> Result<u8> {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number
        .filter(|dlc| (9..=15).contains(dlc))
        .ok_or_else(|| expected("a raw DLC of 9 to 15", text))
}
