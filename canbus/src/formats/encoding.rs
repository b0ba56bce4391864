//! The encoding of text formats: other encodings become UTF-8 on the way in and are made from
//! UTF-8 on the way out, once, so that every format reads and writes UTF-8 only.
//!
//! UTF-8 costs nothing: its bytes are handed through. The encodings are those of the WHATWG, as
//! browsers know them, by the names of theirs and of Python (`cp1252`, `latin-1`, `utf_16`).

#[cfg(test)]
mod tests;

use super::{Input, Output};
use crate::error::{Error, ErrorKind, Result};
use crate::options::{OptionKind, OptionSpec, Options};
use encoding_rs::{CoderResult, Decoder, EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read, Write};

/// The option of every text format.
pub(crate) const ENCODING: OptionSpec = OptionSpec::new(
    "encoding",
    OptionKind::Text,
    "encoding of the text, such as utf-8, cp1252 or utf-16; a file with a byte order mark is read \
     by that",
)
.or("utf-8");

/// The input as UTF-8, from the encoding that the option names or a byte order mark shows.
///
/// # Errors
/// `InvalidInput` for a name that is none.
pub(crate) fn decode(input: Input, options: &Options) -> Result<Input> {
    let encoding = chosen(options)?;
    Ok(input.through(|source| Decoded::new(source, encoding)))
}

/// The output that takes UTF-8 and writes the encoding that the option names; what that cannot
/// say becomes a question mark.
///
/// # Errors
/// `InvalidInput` for a name that is none, `Unsupported` where a file of UTF-16 is to be
/// continued, `Io`.
pub(crate) fn encode(output: Output, options: &Options) -> Result<Output> {
    let encoding = chosen(options)?;
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    if let Some(mut existing) = output.existing()? {
        let mut mark = [0; 2];
        let marked = existing.fill(&mut mark)? == 2 && is_wide_mark(mark).is_some();
        if wide || marked {
            // Half a character at its end, or a mark in its middle, would spoil what follows.
            let text = "a file in UTF-16 cannot be continued; convert it to UTF-8 first";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
    }
    Ok(match encoding {
        _ if encoding == UTF_8 => output,
        _ if wide => output.encoded(Target::Wide {
            big: encoding == UTF_16BE,
            begun: says_its_order(options.text(ENCODING.name).unwrap_or_default()),
        }),
        _ => output.encoded(Target::Other(encoding)),
    })
}

/// The encoding that the option names.
fn chosen(options: &Options) -> Result<&'static Encoding> {
    let name = options.text(ENCODING.name).unwrap_or_default();
    named(name).ok_or_else(|| {
        Error::invalid(format!(
            "option encoding is {name}, but expected the name of one, such as utf-8, cp1252, \
             latin1, utf-16 or shift_jis"
        ))
    })
}

/// The name as it is compared.
fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', ' '], "-")
}

/// Whether the name says in which order the bytes stand: Python writes no mark then, and reads one
/// as a character.
fn says_its_order(name: &str) -> bool {
    let name = plain(name);
    name.ends_with("le") || name.ends_with("be")
}

fn named(name: &str) -> Option<&'static Encoding> {
    let plain = plain(name);
    // As Python spells what browsers spell otherwise.
    let plain = match plain.as_str() {
        "utf-8-sig" => "utf-8",
        "utf-16-le" | "utf16" => "utf-16le",
        "utf-16-be" => "utf-16be",
        other => other,
    };
    Encoding::for_label(plain.as_bytes())
        .or_else(|| Encoding::for_label(plain.replace('-', "").as_bytes()))
}

/// The encoding whose byte order mark this is.
fn is_wide_mark(bytes: [u8; 2]) -> Option<&'static Encoding> {
    match bytes {
        [0xFF, 0xFE] => Some(UTF_16LE),
        [0xFE, 0xFF] => Some(UTF_16BE),
        _ => None,
    }
}

/// How much is decoded at once.
const CAPACITY: usize = 1 << 16;

/// A source whose bytes become UTF-8.
struct Decoded<R> {
    source: R,
    given: &'static Encoding,
    /// What is not given out yet, from `at` on.
    text: Vec<u8>,
    at: usize,
    state: State,
}

enum State {
    /// The first bytes were not looked at.
    Fresh,
    /// It is UTF-8.
    Plain,
    Coded(Box<Decoder>),
    Ended,
}

impl<R: Read> Decoded<R> {
    fn new(source: R, given: &'static Encoding) -> Decoded<R> {
        Decoded {
            source,
            given,
            text: Vec::new(),
            at: 0,
            state: State::Fresh,
        }
    }

    /// Looks at the first two bytes: UTF-16 says so by them.
    fn begin(&mut self) -> io::Result<()> {
        let mut mark = Vec::new();
        (&mut self.source).take(2).read_to_end(&mut mark)?;
        let marked = mark.first_chunk().and_then(|&mark| is_wide_mark(mark));
        if marked.is_none() && self.given == UTF_8 {
            self.text = mark;
            self.state = State::Plain;
            return Ok(());
        }
        let mut decoder = marked.unwrap_or(self.given).new_decoder();
        self.decode(&mut decoder, &mark, false);
        self.state = State::Coded(Box::new(decoder));
        Ok(())
    }

    /// Adds the text of these bytes to what is to be given out.
    fn decode(&mut self, decoder: &mut Decoder, bytes: &[u8], last: bool) {
        let mut rest = bytes;
        loop {
            let used = self.text.len();
            self.text.resize(used + CAPACITY, 0);
            let (result, read, written, _) =
                decoder.decode_to_utf8(rest, &mut self.text[used..], last);
            self.text.truncate(used + written);
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// Decodes the next bytes.
    fn advance(&mut self) -> io::Result<()> {
        let State::Coded(mut decoder) = std::mem::replace(&mut self.state, State::Ended) else {
            return Ok(());
        };
        (self.at, self.text) = (0, Vec::new());
        let mut bytes = vec![0; CAPACITY];
        let count = match self.source.read(&mut bytes) {
            Ok(count) => count,
            Err(error) => {
                self.state = State::Coded(decoder);
                return Err(error);
            }
        };
        self.decode(&mut decoder, &bytes[..count], count == 0);
        if count > 0 {
            self.state = State::Coded(decoder);
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.state, State::Fresh) {
            self.begin()?;
        }
        while self.at == self.text.len() {
            match self.state {
                State::Plain => return self.source.read(buffer),
                State::Ended => return Ok(0),
                _ => self.advance()?,
            }
        }
        let rest = &self.text[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// What is made from UTF-8.
pub(super) enum Target {
    /// UTF-16 behind a byte order mark, which encoders of browsers do not have.
    Wide {
        /// The high byte first.
        big: bool,
        /// Whether the mark was written.
        begun: bool,
    },
    /// Any other.
    Other(&'static Encoding),
}

/// A sink that takes UTF-8 and passes on another encoding.
pub(super) struct Encoder<W> {
    sink: W,
    target: Target,
    /// The beginning of a character of which the rest is still to come.
    begun: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(sink: W, target: Target) -> Encoder<W> {
        Encoder {
            sink,
            target,
            begun: Vec::new(),
        }
    }

    /// The sink, after everything was passed on.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.begun.is_empty() {
            self.begun.clear();
            self.pass_on("\u{FFFD}")?;
        }
        Ok(self.sink)
    }

    fn pass_on(&mut self, text: &str) -> io::Result<()> {
        let bytes = match &mut self.target {
            Target::Wide { big, begun } => {
                let mark = (!std::mem::replace(begun, true)).then_some(0xFEFF);
                let order = if *big {
                    u16::to_be_bytes
                } else {
                    u16::to_le_bytes
                };
                let units = mark.into_iter().chain(text.encode_utf16());
                units.flat_map(order).collect()
            }
            Target::Other(encoding) => narrow(encoding, text),
        };
        self.sink.write_all(&bytes)
    }
}

/// The text in an encoding that does not have every character.
fn narrow(encoding: &'static Encoding, mut text: &str) -> Vec<u8> {
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::with_capacity(text.len() + 16);
    loop {
        bytes.reserve(text.len() + 16);
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        text = &text[read..];
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
            EncoderResult::OutputFull => {}
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(buffer);
        let mut rest = bytes.as_slice();
        let mut text = String::with_capacity(rest.len());
        while let Err(error) = str::from_utf8(rest) {
            let (whole, behind) = rest.split_at(error.valid_up_to());
            text.push_str(&String::from_utf8_lossy(whole));
            let Some(broken) = error.error_len() else {
                // It may go on in the next piece.
                self.begun = behind.to_vec();
                rest = &[];
                break;
            };
            text.push('\u{FFFD}');
            rest = &behind[broken..];
        }
        text.push_str(&String::from_utf8_lossy(rest));
        self.pass_on(&text)?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
