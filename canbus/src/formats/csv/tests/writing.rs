//! The writer.

use super::*;
use crate::error::ErrorKind;
use crate::formats::Output;
use crate::formats::output::tests::Memory;
use crate::listener::Listener;
use std::fs;

fn write(columns: &str, messages: &[Message]) -> String {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write("csv", output, [("columns", columns)]).expect("valid");
    log.on_batch(messages).expect("written");
    log.finish().expect("complete");
    memory.text()
}

#[test]
fn lines_are_those_of_python_can() {
    assert_eq!(write("standard", &samples()), WRITTEN_BY_PYTHON_CAN);
    // What these columns cannot say is left out.
    let more: Vec<Message> = samples()
        .into_iter()
        .map(|message| Message {
            direction: Direction::Tx,
            ..message.on(Channel::number(3))
        })
        .collect();
    assert_eq!(write("standard", &more), WRITTEN_BY_PYTHON_CAN);
    // Where there is nothing to add, packed lines are the same.
    assert_eq!(write("packed", &samples()), WRITTEN_BY_PYTHON_CAN);
}

#[test]
fn a_can_fd_frame_is_refused_rather_than_stripped_of_its_flags() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write("csv", output, NO_OPTIONS).expect("no options");
    let fd = message(0, Frame::fd(standard(1), &[1], true, false));
    let error = log.on_message(&fd).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let told = "python-can's columns do not tell a CAN FD frame; the option columns=extended does";
    assert!(error.to_string().ends_with(told), "{error}");
    log.finish().expect("complete");
    assert_eq!(memory.text().lines().count(), 1);
}

#[test]
fn channel_direction_fd_flags_and_raw_dlcs_are_kept_in_more_columns_or_packed_ones() {
    for columns in ["extended", "packed"] {
        let text = write(columns, &everything());
        let read: Result<Vec<Message>> = reader(text).collect();
        assert_eq!(read.expect("no errors"), everything(), "{columns}");
    }
}

#[test]
fn lines_of_packed_columns_have_seven_values_of_which_flags_that_are_set_are_1() {
    for line in write("packed", &everything()).lines().skip(1) {
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!(values.len(), 7, "{line}");
        assert!(values[2] == "1" || values[2] == "0", "{line}");
        for value in [values[3], values[4]] {
            assert!(value == "1" || value.starts_with('0'), "{line}");
        }
    }
    let fd = Message {
        direction: Direction::Tx,
        ..message(1_500_000_000, Frame::fd(standard(0x123), &[1], true, true))
    };
    let error = message(1_500_000_000, Frame::error(extended(0x24), &[]));
    let channel = Channel::named("can0");
    assert_eq!(
        write("packed", &[fd.on(channel), error.on(channel)])
            .split_once('\n')
            .expect("a header")
            .1,
        "1.5,0x123,0,0,0;channel=can0;tx;fd;brs;esi,1,AQ==\n1.5,0x24,1,0;channel=can0,1,0,\n"
    );
}

#[test]
fn names_of_channels_are_quoted_where_they_must_be() {
    let odd = Channel::named("a, \"b\"");
    let sample = samples()[0].on(odd);
    let text = write("extended", &[sample]);
    assert!(text.ends_with(",\"a, \"\"b\"\"\",Rx,,0,0,0\n"), "{text}");
    let read: Result<Vec<Message>> = reader(text).collect();
    assert_eq!(read.expect("no errors"), [sample]);
    for columns in ["extended", "packed"] {
        let blanks = samples()[0].on(Channel::named(" can "));
        let read: Result<Vec<Message>> = reader(write(columns, &[blanks])).collect();
        assert_eq!(read.expect("no errors"), [blanks], "{columns}");
    }
    for (columns, name) in [("extended", "a\nb"), ("packed", "a;b"), ("packed", "a,b")] {
        let output = Output::new(Memory::default());
        let mut log = formats::write("csv", output, [("columns", columns)]).expect("valid");
        let error = log
            .on_message(&sample.on(Channel::named(name)))
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("a name without"), "{error}");
    }
}

#[test]
fn appending_writes_a_header_only_where_the_file_has_another_or_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for suffix in ["", ".gz"] {
        let path = folder.path().join(format!("a.csv{suffix}"));
        let append = |columns: &str, messages: &[Message]| {
            let mut log = formats::append(&path, [("columns", columns)]).expect("continued");
            log.on_batch(messages).expect("written");
            log.finish().expect("complete");
        };
        let read = || -> Vec<Message> {
            let log = formats::open(&path, NO_OPTIONS).expect("opened");
            log.collect::<Result<_>>().expect("nothing wrong")
        };
        let mut expected = Vec::new();
        for columns in ["standard", "standard", "packed"] {
            append(columns, &samples());
            expected.extend(samples());
        }
        if suffix.is_empty() {
            let text = fs::read_to_string(&path).expect("there");
            assert_eq!(text.matches("timestamp").count(), 1);
        }
        append("extended", &everything());
        expected.extend(everything());
        append("standard", &samples());
        // Without a word about its columns the last part is read by those of the extended one,
        // which begin in the same way.
        expected.extend(samples());
        assert_eq!(read(), expected);
    }
}

#[test]
fn only_can_fd_frames_are_packed_on_demand() {
    let fd = message(0, Frame::fd(standard(1), &[1], true, false));
    let mut messages = samples();
    assert_eq!(write("packed-fd", &messages), WRITTEN_BY_PYTHON_CAN);
    messages.push(fd);
    let read: Result<Vec<Message>> = reader(write("packed-fd", &messages)).collect();
    assert_eq!(read.expect("no errors"), messages);
}

#[test]
fn a_file_of_another_encoding_is_written_and_read_with_the_names_of_its_channels() {
    let name = Channel::named("Bühne");
    let messages: Vec<Message> = samples().into_iter().map(|one| one.on(name)).collect();
    for (encoding, umlaut) in [
        ("cp1252", &b"B\xFChne"[..]),
        ("utf-8", "Bühne".as_bytes()),
        ("utf-16", b"B\0\xFC\0h\0n\0e\0"),
        ("utf-16-be", b"\0B\0\xFC\0h\0n\0e"),
    ] {
        let memory = Memory::default();
        let options = [("columns", "extended"), ("encoding", encoding)];
        let output = Output::new(memory.clone());
        let mut log = formats::write(".csv", output, options).expect("valid options");
        log.on_batch(&messages).expect("written");
        log.finish().expect("complete");
        let bytes = memory.bytes();
        let found = bytes.windows(umlaut.len()).any(|part| part == umlaut);
        assert!(found, "{encoding}");
        let input = Input::new("a.csv", Cursor::new(bytes));
        let log = formats::read(".csv", input, [("encoding", encoding)]).expect("valid options");
        let read: Result<Vec<Message>> = log.collect();
        assert_eq!(read.expect("no error"), messages, "{encoding}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line_and_cost_no_other() {
    let good = "1.5,0x123,0,0,0,2,Aas=\n";
    let head = "timestamp,arbitration_id,extended,remote,error,dlc,data\n";
    for (bad, encoding) in [
        (&b"1.5,0x12\xFF,0,0,0,2,Aas=\n"[..], "utf-8"),
        // 0x81 begins a letter of two bytes, for which what follows is no second one.
        (b"1.5,0x12\x81\x20,0,0,0,2,Aas=\n", "shift_jis"),
    ] {
        let content = [head.as_bytes(), good.as_bytes(), bad, good.as_bytes()].concat();
        let input = Input::new("a.csv", Cursor::new(content));
        let log = formats::read(".csv", input, [("encoding", encoding)]).expect("valid options");
        let outcomes: Vec<Result<Message>> = log.collect();
        assert_eq!(outcomes.len(), 3, "{encoding}");
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{encoding}");
        let told = outcomes[1].as_ref().expect_err("refused").to_string();
        assert!(told.starts_with("a.csv, line 3: expected "), "{told}");
    }
    let named = b"timestamp,arbitration_id,extended,remote,error,dlc,data,channel\n\
                  1.5,0x123,0,0,0,2,Aas=,B\xFChne\n";
    let told = reader(&named[..])
        .next()
        .expect("one")
        .expect_err("refused");
    let told = told.to_string();
    assert!(
        told.starts_with("a.csv, line 2: expected a channel's name, not"),
        "{told}"
    );
}
