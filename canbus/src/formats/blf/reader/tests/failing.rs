//! Inputs that fail: what came before the error is read, and the error is told once.

use crate::error::{Error, ErrorKind};
use crate::formats::blf::header::SIZE;
use crate::formats::blf::reader::Reader;
use crate::formats::blf::tests::{container, file, messages, objects};
use crate::formats::{self, Input};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use std::io::{self, Cursor, Read, Write};

#[test]
fn damaged_compression_is_told_once_behind_what_came_before_it() {
    let parts: Vec<_> = (0..20)
        .map(|n| container(0, &objects(&messages(n..n + 1))))
        .collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let bytes = file(&parts);
    encoder.write_all(&bytes[..1_000]).expect("in memory");
    let mut packed = encoder.finish().expect("in memory");
    let mut second = GzEncoder::new(Vec::new(), Compression::none());
    second.write_all(&bytes[1_000..]).expect("in memory");
    let mut second = second.finish().expect("in memory");
    // The kind of block that there is none of.
    second[10] = 0xFF;
    packed.append(&mut second);
    let input = Input::new("x.blf.gz", Cursor::new(packed));
    let none: [(&str, &str); 0] = [];
    let log: Vec<_> = formats::read("blf.gz", input, none)
        .expect("a header")
        .take(100)
        .collect();
    // Each container has 80 bytes; of the eleventh the object is cut off.
    assert_eq!(log.len(), 11);
    for (message, expected) in log.iter().zip(messages(0..10)) {
        assert_eq!(message.as_ref().ok(), Some(&expected));
    }
    let error = log[10].as_ref().expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let told = error.to_string();
    assert!(
        told.starts_with("x.blf.gz: the compressed data is damaged: "),
        "{told}"
    );
}

/// Fails in the same way for ever.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::InvalidData.into())
    }
}

#[test]
fn an_input_that_repeats_its_error_ends() {
    let bytes = file(&[container(6, &objects(&messages(0..2)))]);
    for length in [0, 50, SIZE, 150, bytes.len() - 1, bytes.len()] {
        let input = Input::new("x", Cursor::new(bytes[..length].to_vec()).chain(Broken));
        let Ok(reader) = Reader::open(input, TimeZone::UTC) else {
            assert!(length < 72, "{length}");
            continue;
        };
        let found: Vec<_> = reader.take(10).collect();
        let (last, before) = found.split_last().expect("an error");
        let kind = last.as_ref().map_err(Error::kind);
        assert_eq!(kind, Err(ErrorKind::Malformed), "{length}");
        assert!(before.iter().all(Result::is_ok) && before.len() <= 2);
        assert!(length < bytes.len() || before.len() == 2);
    }
}
