//! Text in other encodings, in pieces of every size.

use super::*;
use std::io::Cursor;

const TEXT: &str = "Mär 1; käse; 5 €\n";

/// Gives out so many bytes at a time.
struct Slow(Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn decoded(bytes: &[u8], name: &str) -> Vec<u8> {
    let encoding = named(name).expect("an encoding");
    let mut texts = [1, 2, 3, 1000].map(|step| {
        let source = Slow(Cursor::new(bytes.to_vec()), step);
        let mut text = Vec::new();
        let mut reader = Decoded::new(source, encoding);
        reader.read_to_end(&mut text).expect("read");
        text
    });
    assert!(texts.iter().all(|text| *text == texts[0]));
    std::mem::take(&mut texts[0])
}

fn encoded(pieces: &[&[u8]], target: Target) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), target);
    for piece in pieces {
        encoder.write_all(piece).expect("written");
    }
    encoder.finish().expect("complete")
}

fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = [0xFEFF].into_iter().chain(text.encode_utf16());
    units.flat_map(order).collect()
}

#[test]
fn utf_8_is_handed_through_whatever_it_is() {
    let all = [
        &b""[..],
        b"a",
        b"ab",
        TEXT.as_bytes(),
        b"M\xE4r\xFF",
        b"\xEF\xBB\xBFa",
    ];
    for bytes in all {
        assert_eq!(decoded(bytes, "utf-8"), bytes);
    }
}

#[test]
fn a_byte_order_mark_of_utf_16_is_obeyed_whatever_was_asked_for() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        for name in ["utf-8", "cp1252", "utf-16"] {
            assert_eq!(decoded(&wide(TEXT, order), name), TEXT.as_bytes());
        }
    }
    // Half a character at the end of a cut file.
    assert_eq!(decoded(b"\xFF\xFEa\0b", "utf-8"), "a\u{FFFD}".as_bytes());
}

#[test]
fn one_byte_encodings_become_utf_8() {
    let bytes = b"M\xE4r 1; k\xE4se; 5 \x80\n";
    for name in ["cp1252", "windows-1252", "latin1", "CP1252"] {
        assert_eq!(decoded(bytes, name), TEXT.as_bytes());
    }
    assert_eq!(decoded(b"", "cp1252"), b"");
}

#[test]
fn pythons_names_are_known_and_others_are_refused() {
    let names = [
        ("latin-1", "windows-1252"),
        ("latin_1", "windows-1252"),
        ("utf_8", "UTF-8"),
        ("UTF-8-SIG", "UTF-8"),
        ("utf_16", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("shift_jis", "Shift_JIS"),
        ("gbk", "GBK"),
    ];
    for (name, found) in names {
        assert_eq!(named(name).map(Encoding::name), Some(found), "{name}");
    }
    assert_eq!(named("utf-9"), None);
    let options = Options::check("reader", &[ENCODING], [("encoding", "utf-9")]).expect("a text");
    let error = chosen(&options).expect_err("refused").to_string();
    assert!(error.starts_with("option encoding is utf-9, but expected the name"));
}

#[test]
fn what_is_written_is_read_again_in_pieces_of_every_size() {
    let bytes = TEXT.as_bytes();
    for size in [1, 2, 3, 100] {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        for (big, order) in [
            (false, u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (true, u16::to_be_bytes),
        ] {
            let begun = false;
            let written = encoded(&pieces, Target::Wide { big, begun });
            assert_eq!(written, wide(TEXT, order));
        }
        let written = encoded(&pieces, Target::Other(named("cp1252").expect("known")));
        assert_eq!(written, b"M\xE4r 1; k\xE4se; 5 \x80\n");
    }
}

#[test]
fn what_an_encoding_does_not_have_is_a_question_mark() {
    let latin = || Target::Other(named("latin1").expect("known"));
    assert_eq!(encoded(&["a→b".as_bytes()], latin()), b"a?b");
    assert_eq!(encoded(&[b"a\xFFb"], latin()), b"a?b");
    assert_eq!(encoded(&[b"a\xE2\x86"], latin()), b"a?");
}
