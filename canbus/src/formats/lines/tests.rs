//! Lines whole, cut, too long, and where they lie in the buffer.

use super::*;
use crate::error::ErrorKind;
use std::io::{self, Cursor, Read};

fn lines(content: impl Into<Vec<u8>>) -> Lines {
    Lines::new(Input::new("a.log", Cursor::new(content.into())))
}

/// The lines with their completeness, or the error.
fn all(mut lines: Lines) -> Vec<std::result::Result<(String, bool), String>> {
    let mut found = Vec::new();
    loop {
        match lines.next() {
            Ok(None) => return found,
            Ok(Some(line)) => {
                let text = String::from_utf8_lossy(line.text).into_owned();
                found.push(Ok((text, line.complete)));
            }
            Err(error) => found.push(Err(error.to_string())),
        }
    }
}

fn whole(text: &str) -> std::result::Result<(String, bool), String> {
    Ok((text.into(), true))
}

#[test]
fn line_ends_are_taken_off_and_the_last_line_may_lack_one() {
    assert_eq!(
        all(lines("a\nb\r\n\n\r\nc\rd\n e")),
        [
            whole("a"),
            whole("b"),
            whole(""),
            whole(""),
            whole("c\rd"),
            Ok((" e".into(), false))
        ]
    );
    assert_eq!(all(lines("")), []);
    assert_eq!(all(lines("\n")), [whole("")]);
}

#[test]
fn a_byte_order_mark_is_taken_off_the_first_line_only() {
    assert_eq!(
        all(lines("\u{feff}a\n\u{feff}b\n")),
        [whole("a"), whole("\u{feff}b")]
    );
}

#[test]
fn lines_of_all_lengths_come_through_the_ends_of_the_buffer() {
    let written: Vec<String> = (0..1500).map(|n| "x".repeat(n * 7 % 1999)).collect();
    let content = written.join("\n") + "\n";
    assert!(content.len() > 5 * CAPACITY);
    let read: Vec<String> = all(lines(content))
        .into_iter()
        .map(|line| line.expect("a line").0)
        .collect();
    assert_eq!(read, written);
}

#[test]
fn a_line_that_is_too_long_is_an_error_and_the_next_one_is_read() {
    let told = format!("a.log, line 2: the line is longer than {MAX_LINE} bytes");
    for (length, fits) in [
        (MAX_LINE, true),
        (MAX_LINE + 1, false),
        (CAPACITY - 2, false),
        (CAPACITY + 1, false),
        (5 * CAPACITY, false),
    ] {
        let long = "x".repeat(length);
        let found = all(lines(format!("a\n{long}\nb\n")));
        let second = if fits {
            whole(&long)
        } else {
            Err(told.clone())
        };
        assert_eq!(found, [whole("a"), second, whole("b")], "{length}");
        let found = all(lines(format!("a\n{long}")));
        let second = if fits {
            Ok((long, false))
        } else {
            Err(told.clone())
        };
        assert_eq!(found, [whole("a"), second], "{length}");
    }
}

#[test]
fn the_lines_behind_one_that_is_too_long_keep_their_numbers() {
    let long = "x".repeat(3 * CAPACITY);
    let found = all(lines(format!("{long}\na\n{long}\n")));
    assert_eq!(found.len(), 3);
    let told = found[2].as_ref().expect_err("too long");
    assert!(told.starts_with("a.log, line 3: "), "{told}");
}

/// Gives a line, then fails for ever.
struct Failing(bool);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        buffer[..4].copy_from_slice(b"a\nb\n");
        Ok(4)
    }
}

#[test]
fn an_error_of_reading_is_the_end() {
    let mut lines = Lines::new(Input::new("a.log", Failing(false)));
    assert_eq!(lines.next().expect("read").expect("a line").text, b"a");
    assert_eq!(lines.next().expect("read").expect("a line").text, b"b");
    let error = lines.next().err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(lines.next().expect("the end").is_none());
    assert!(lines.next().expect("the end").is_none());
}

/// A line `good` is a message, `pass` none, anything else an error.
fn messages(content: &str) -> (Vec<String>, bool) {
    let lines = lines(content);
    let report = lines.input.report();
    let frame = crate::Frame::data(crate::Id::standard(1).expect("fits"), &[]).expect("valid");
    let read = lines.messages(move |line| match line.text {
        text if text == b"good" || text.starts_with(b"good ") => {
            Some(Ok(Message::received(frame, crate::Timestamp::ZERO)))
        }
        text if text.starts_with(b"pass") => None,
        _ => Some(Err(Error::malformed("bad"))),
    });
    let read = read
        .map(|message| message.map_or_else(|error| error.to_string(), |_| "good".into()))
        .collect();
    (read, report.is_truncated())
}

#[test]
fn an_error_names_the_line_and_reading_goes_on() {
    let (read, truncated) = messages("good\npass\nx\ngood\nx\n");
    assert_eq!(
        read,
        ["good", "a.log, line 3: bad", "good", "a.log, line 5: bad"]
    );
    assert!(!truncated);
}

#[test]
fn a_last_line_without_end_and_sense_is_a_damaged_tail() {
    assert_eq!(messages("good\ngood"), (vec!["good".into(); 2], false));
    assert_eq!(messages("good\npass"), (vec!["good".into()], false));
    assert_eq!(messages("good\ngo"), (vec!["good".into()], true));
}

/// As after a power failure: the length of the file was written, but not all of what is in it.
#[test]
fn a_hole_of_zero_bytes_is_told_wherever_it_begins() {
    let hole = "\0".repeat(600);
    let told = |line: u32| {
        format!("a.log, line {line}: a hole of zero bytes, as a power failure leaves it")
    };
    let read = messages(&format!("good\npass{hole}xx\ngood\n"));
    assert_eq!(read, (vec!["good".into(), told(2), "good".into()], false));
    // Some formats pass over what stands behind a frame.
    let (read, _) = messages(&format!("good\ngood {hole}od\ngood\n"));
    assert_eq!(read, ["good".into(), "good".into(), told(2), "good".into()]);
    let (read, _) = messages(&format!("good\ngo{hole}od\ngood\n"));
    assert_eq!(read, ["good", "a.log, line 2: bad", "good"]);
    assert_eq!(
        messages(&format!("good\n{hole}")),
        (vec!["good".into()], true)
    );
    let read = messages(&format!("good\ngood {hole}"));
    assert_eq!(read, (vec!["good".into(); 2], true));
    // A few are no hole.
    assert_eq!(messages("pass\0\0\ngood\n"), (vec!["good".into()], false));
}

#[test]
fn of_an_input_known_to_be_cut_the_last_line_is_not_trusted() {
    let mut lines = lines("a\nb");
    lines.input.report().note_truncated();
    assert_eq!(lines.next().expect("read").expect("a line").text, b"a");
    assert!(lines.next().expect("read").is_none());
}

/// Gives what it holds, then fails.
struct Breaks(Option<&'static [u8]>);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(content) = self.0.take() else {
            return Err(io::Error::other("unplugged"));
        };
        buffer[..content.len()].copy_from_slice(content);
        Ok(content.len())
    }
}

#[test]
fn half_a_line_before_an_error_is_no_line() {
    let lines = Lines::new(Input::new("a.log", Breaks(Some(b"(1.0) whole\n(2.0) ha"))));
    assert_eq!(
        all(lines),
        [whole("(1.0) whole"), Err("a.log: unplugged".into())]
    );
}
