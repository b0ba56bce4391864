//! Writing, appending, and the defects of python-can's writer.

use super::*;
use crate::error::ErrorKind;
use Direction::{Rx, Tx};

#[test]
fn version_2_1_keeps_every_kind_and_looks_as_by_peak() {
    let text = write(&samples(), &[]);
    assert_eq!(
        records(&text),
        [
            "      1         0.000 DT 1      0300 Rx -  7    10 32 54 76 98 BA DC",
            "      2      1283.231 DT 1  00000300 Tx -  0",
            "      3      1298.945 FD 1      0500 Tx -  9    01 02 03 04 05 06 07 08 09 0A 0B 0C",
            "      4      1298.945 FB 1      0500 Rx -  8    10 32 54 76 98 BA DC FE",
            "      5      1298.946 FE 1      0500 Rx -  0",
            "      6      1298.946 BI 1  1FFFFFFF Rx -  1    07",
            "      7      2000.000 RR 1      0100 Rx -  3",
            "      8      2000.000 ER 1         - Tx -  5    08 00 19 00 08",
            "      9      3000.000 ER 1         - Rx -  5    08 01 00 00 00",
        ]
    );
    assert_eq!(read(&text), (samples(), 0));
}

#[test]
fn version_2_0_has_lengths_in_bytes_and_empty_columns() {
    let text = write(&samples(), &[("version", "2.0")]);
    let lines = records(&text);
    assert_eq!(
        lines[0],
        "      1         0.000 DT     0300 Rx 7  10 32 54 76 98 BA DC"
    );
    assert!(lines[2].starts_with("      3      1298.945 FD     0500 Tx 12 01 02 03"));
    assert_eq!(
        lines[7],
        "      8      2000.000 ER          Tx    08 00 19 00 08"
    );
    assert_eq!(read(&text), (samples(), 0));
}

/// Without CAN FD.
fn old_samples() -> Vec<Message> {
    let mut messages = samples();
    messages.retain(|message| !message.frame.is_fd());
    messages
}

#[test]
fn versions_1_x_are_written_as_by_peak() {
    let text = write(&old_samples(), &[("version", "1.3")]);
    assert_eq!(
        records(&text),
        [
            "     1)         0.000 1  Rx        0300 -  7    10 32 54 76 98 BA DC",
            "     2)      1283.231 1  Tx    00000300 -  0",
            "     3)      2000.000 1  Rx        0100 -  3    RTR",
            "     4)      2000.000 1  Error     0008 -  4    00 19 00 08",
            "     5)      3000.000 1  Error     0008 -  4    01 00 00 00",
        ]
    );
    assert_eq!(read(&text), (old_samples(), 0));
    let text = write(&old_samples(), &[("version", "1.1")]);
    assert_eq!(
        records(&text),
        [
            "     1)         0.0  Rx         0300  7  10 32 54 76 98 BA DC",
            "     2)      1283.2  Tx     00000300  0",
            "     3)      2000.0  Rx         0100  3  RTR",
            "     4)      2000.0  Error      0008  4  00 19 00 08",
            "     5)      3000.0  Error      0008  4  01 00 00 00",
        ]
    );
    let text = write(&old_samples(), &[("file_version", "1.0")]);
    assert_eq!(
        records(&text),
        [
            "     1)         0      0300  7  10 32 54 76 98 BA DC",
            "     2)      1283  00000300  0",
            "     3)      2000      0100  3  RTR",
            "     4)      2000      0008  4  ERROR 00 19 00 08",
            "     5)      3000      0008  4  ERROR 01 00 00 00",
        ]
    );
    let read: Result<Vec<Message>> = reader(text, &[("absolute", "1")]).collect();
    assert_eq!(read.expect("valid").len(), 5);
}

#[test]
fn frames_that_a_version_has_no_place_for_are_refused_and_cost_nothing() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".trc", output, [("version", "1.3")]).expect("valid");
    let error = log.on_message(&samples()[2]).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "stream: version 1.3 of .trc has no CAN FD; 2.0 and 2.1 have"
    );
    log.finish().expect("complete");
    assert_eq!(memory.text(), "");
}

// The measured defects of python-can 4.6.1's TRCWriter, one by one.

#[test]
fn fd_remote_and_error_frames_are_not_dropped() {
    assert_eq!(records(&write(&samples(), &[])).len(), samples().len());
}

#[test]
fn channel_0_stays_0_and_does_not_become_1() {
    let on = |channel| Message {
        channel,
        ..samples()[0]
    };
    let channels = [
        Some(Channel::number(0)),
        Some(Channel::number(3)),
        Some(Channel::named("can2")),
        Some(Channel::named("bus")),
        None,
    ];
    let text = write(&channels.map(on), &[("channel", "9")]);
    let read: Vec<_> = read(&text).0.iter().map(|m| m.channel).collect();
    assert_eq!(
        read,
        [0, 3, 2, 9, 9].map(|number| Some(Channel::number(number)))
    );
}

#[test]
fn a_version_is_chosen_by_option() {
    assert!(write(&samples(), &[("version", "2.0")]).starts_with(";$FILEVERSION=2.0\r\n"));
    let output = Output::new(Memory::default());
    let error = formats::write(".trc", output, [("version", "1.2")])
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn any_stream_is_written_also_one_without_a_name() {
    assert!(write(&[], &[]).is_empty());
    assert_eq!(read(&write(&samples()[..1], &[])).0.len(), 1);
}

/// Writes the messages to a file in two parts.
fn in_two_parts(name: &str, messages: &[Message], options: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let (one, two) = messages.split_at(messages.len() / 2);
    let mut log = formats::create(&path, options.iter().copied()).expect("created");
    log.on_batch(one)
        .and_then(|()| log.finish())
        .expect("written");
    let mut log = formats::append(&path, NO_OPTIONS).expect("continued");
    log.on_batch(two)
        .and_then(|()| log.finish())
        .expect("written");
    std::fs::read(&path).expect("there")
}

#[test]
fn appending_truncates_nothing_and_goes_on_with_number_start_and_version() {
    for version in ["1.0", "1.1", "1.3", "2.0", "2.1"] {
        let options = [("version", version)];
        let whole = write(&old_samples(), &options);
        let parts = in_two_parts("a.trc", &old_samples(), &options);
        assert_eq!(String::from_utf8(parts).expect("text"), whole, "{version}");
    }
    let parts = in_two_parts("a.trc.gz", &samples(), &[]);
    let input = Input::new("a.trc.gz", Cursor::new(parts));
    let log = formats::read("trc.gz", input, NO_OPTIONS).expect("valid");
    let messages: Result<Vec<Message>> = log.collect();
    assert_eq!(messages.expect("valid"), samples());
}

#[test]
fn what_cannot_be_continued_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.trc");
    let v2_1 = write(&samples()[..1], &[]);
    for (content, options, told) in [
        (
            v2_1.as_str(),
            &[("version", "1.1")][..],
            "the file that is continued has 2.1",
        ),
        ("1 2 3 4\n", &[], "only if its header tells the start time"),
        (
            ";$FILEVERSION=1.2\n;$STARTTIME=44548.6\n1) 0 1 Rx 0001 0\n",
            &[],
            "only if",
        ),
    ] {
        std::fs::write(&path, content).expect("written");
        let error = formats::append(&path, options.iter().copied())
            .err()
            .expect("refused");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), content);
    }
}

#[test]
fn a_file_that_was_killed_in_its_header_begins_anew_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.trc");
    let whole = write(&samples(), &[]);
    for length in [0, 5, 20, 40, 300] {
        std::fs::write(&path, &whole[..length]).expect("written");
        let mut log = formats::append(&path, NO_OPTIONS).expect("continued");
        log.on_batch(&samples())
            .and_then(|()| log.finish())
            .expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        let messages: Vec<Message> = reader(text, &[]).filter_map(Result::ok).collect();
        assert_eq!(messages, samples(), "{length}");
    }
}

#[test]
fn remarks_are_events_on_a_line_of_their_own() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".trc", output, NO_OPTIONS).expect("valid");
    let error = log.on_event("too early", None).expect_err("no time");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    log.on_event("test 1 begins", Some(samples()[0].timestamp))
        .expect("written");
    log.on_message(&samples()[1]).expect("written");
    log.on_event("two\r\nlines", None).expect("written");
    log.finish().expect("complete");
    let text = memory.text();
    assert_eq!(
        records(&text),
        [
            "      1         0.000 EV -  test 1 begins",
            "      2      1283.231 DT 1  00000300 Tx -  0",
            "      3      1283.231 EV -  two lines",
        ]
    );
    assert_eq!(read(&text), (samples()[1..2].to_vec(), 2));
    let output = Output::new(Memory::default());
    let mut log = formats::write(".trc", output, [("version", "2.0")]).expect("valid");
    let error = log
        .on_event("x", Some(Timestamp::ZERO))
        .expect_err("not in 2.0");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_cause_that_peak_has_no_place_for_stands_in_a_comment() {
    let frame = Frame::error(extended(0x24), &[0, 0x30, 0, 0, 0, 0, 0x80, 0x60]);
    let messages = [message(0, frame, Rx), samples()[0]];
    let text = write(&messages, &[]);
    assert!(
        text.contains(";   Error frame: 20000024#0030000000008060\r\n      1 "),
        "{text}"
    );
    assert_eq!(read(&text).0, messages);
    // It belongs to the next line only.
    let text = text.replace("      1         0.000 ER", "      1         0.000 ST");
    assert_eq!(read(&text), (messages[1..].to_vec(), 1));
}

#[test]
fn times_are_exact_back_and_forth_and_before_the_first() {
    for nanos in [
        0,
        1_500_000_000,
        START,
        START + 999_999,
        -1_000_000_000_000_000_000,
        i64::MIN,
        i64::MAX,
    ] {
        let messages = [0, 1_000, -5_000_000_000, 7_200_000_000_000].map(|more| Message {
            timestamp: Timestamp::from_nanos(nanos).plus_nanos(more),
            ..samples()[0]
        });
        let (found, _) = read(&write(&messages, &[]));
        for (found, wanted) in found.iter().zip(messages) {
            let distance = found.timestamp.nanos_since(wanted.timestamp).abs();
            assert!(distance <= 1_000, "{nanos}: {found:?} {wanted:?}");
        }
    }
}

#[test]
fn the_start_is_civil_time_in_the_zone_that_was_asked_for() {
    let text = write(&samples(), &[("tz", "Europe/Berlin")]);
    assert!(
        text.contains(";   Start time: 18.12.2021 15:28:07.062.0\r\n"),
        "{text}"
    );
    let read: Result<Vec<Message>> = reader(text, &[("tz", "Europe/Berlin")]).collect();
    assert_eq!(read.expect("valid"), samples());
}

#[test]
fn what_was_written_is_buffered_until_it_is_flushed() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".trc", output, NO_OPTIONS).expect("valid");
    log.on_message(&samples()[0]).expect("written");
    assert_eq!(memory.text(), "");
    log.flush().expect("flushed");
    assert_eq!(records(&memory.text()).len(), 1);
    log.on_message(&samples()[1]).expect("written");
    log.finish().expect("complete");
    assert_eq!(records(&memory.text()).len(), 2);
    assert_eq!(log.file_size(), memory.text().len() as u64);
    assert_eq!(Tx, samples()[1].direction);
}

#[test]
fn a_file_of_another_encoding_is_written_and_read() {
    for (encoding, begins) in [
        ("cp1252", &b";$FILEVERSION=2.1"[..]),
        ("utf-16", b"\xFF\xFE;\0$\0F\0I\0"),
        // As Python does: who says the order gets no mark.
        ("utf-16-be", b"\0;\0$\0F\0I"),
        ("utf_16_le", b";\0$\0F\0I\0"),
    ] {
        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let options = [("encoding", encoding)];
        let mut log = formats::write(".trc", output, options).expect("valid options");
        log.on_batch(&samples()).expect("written");
        log.finish().expect("complete");
        assert!(memory.bytes().starts_with(begins), "{encoding}");
        let messages: Result<Vec<Message>> = reader(memory.bytes(), &options).collect();
        assert_eq!(messages.expect("no error"), samples(), "{encoding}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line_and_cost_no_other() {
    let good = "      1         0.000 DT     0300 Rx 2  10 32\r\n";
    let head = ";$FILEVERSION=2.0\r\n;$COLUMNS=N,O,T,I,d,l,D\r\n;  k\u{FC}hl\r\n";
    let head: Vec<u8> = head.chars().map(|letter| letter as u8).collect();
    for (bad, encoding) in [
        (
            &b"      2         0.000 DT     03\xFF0 Rx 2  10 32\r\n"[..],
            "utf-8",
        ),
        (
            b"      2         0.000 DT     03\x810 Rx 2  10 32\r\n",
            "shift_jis",
        ),
    ] {
        let content = [&head, good.as_bytes(), bad, good.as_bytes()].concat();
        let outcomes: Vec<_> = reader(content, &[("encoding", encoding)]).collect();
        assert_eq!(outcomes.len(), 3, "{encoding}");
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{encoding}");
        let told = outcomes[1].as_ref().expect_err("refused").to_string();
        assert!(told.starts_with("a.trc, line 5: "), "{told}");
    }
}
