//! The reader.

use super::*;
use crate::error::ErrorKind;
use crate::formats::csv::quick;
use crate::frame::Kind;
use proptest::prelude::*;

fn all(content: impl Into<Vec<u8>>) -> Vec<Message> {
    reader(content)
        .collect::<Result<_>>()
        .expect("nothing wrong")
}

/// The only message of a line, without a header.
fn read(line: &str) -> Message {
    let mut messages = all(format!("{line}\n"));
    assert_eq!(messages.len(), 1, "{line}");
    messages.remove(0)
}

fn refusal(line: &str) -> String {
    let mut messages: Vec<Result<Message>> = reader(format!("{line}\n")).collect();
    assert_eq!(messages.len(), 1, "{line}");
    let error = messages.remove(0).expect_err(line);
    assert_eq!(error.kind(), ErrorKind::Malformed, "{line}");
    error.to_string()
}

#[test]
fn lines_of_python_can_are_read_as_they_were_meant() {
    assert_eq!(all(WRITTEN_BY_PYTHON_CAN), samples());
    let other_ends = WRITTEN_BY_PYTHON_CAN.replace('\n', "\r\n");
    assert_eq!(all(other_ends), samples());
    let no_last_end = WRITTEN_BY_PYTHON_CAN.trim_end();
    assert_eq!(all(no_last_end), samples());
}

#[test]
fn the_header_may_be_missing_as_in_files_that_python_can_began_by_appending() {
    let (_, lines) = WRITTEN_BY_PYTHON_CAN.split_once('\n').expect("a header");
    assert_eq!(all(lines), samples());
    assert_eq!(all(""), []);
    assert_eq!(all("timestamp,arbitration_id,data\n"), []);
}

#[test]
fn values_in_quotation_marks_are_read() {
    let quoted = WRITTEN_BY_PYTHON_CAN.trim_end().replace(',', "\",\"");
    let quoted = format!("\"{}\"\n", quoted.replace('\n', "\"\n\""));
    assert_eq!(all(quoted), samples());
}

#[test]
fn columns_stand_where_the_header_says() {
    let content = "Data, Note ,DLC,arbitration_id,timestamp,extended\n\
                   AQI=,\"a, b\",2,7b,1.5,1\n\
                   ,,0,0x7B,2,0\n";
    let expected = [
        message(1_500_000_000, Frame::data(extended(0x7B), &[1, 2])),
        message(2_000_000_000, Frame::data(standard(0x7B), &[])),
    ];
    assert_eq!(all(content), expected);
    // Without a dlc there is nothing that the data could contradict.
    let content = "channel,timestamp,arbitration_id,data\ncan0,1.5,1,AQI=\n";
    let frame = Frame::data(standard(1), &[1, 2]);
    let expected = message(1_500_000_000, frame).on(Channel::named("can0"));
    assert_eq!(all(content), [expected]);
}

#[test]
fn files_put_behind_each_other_are_read_by_their_own_headers() {
    let content = "timestamp,arbitration_id,extended,remote,error,dlc,data\n\
                   1.5,0x1,0,0,0,1,AQ==\n\
                   arbitration_id,timestamp,data\n\
                   1,1.5,AQ==\n";
    let one = message(1_500_000_000, Frame::data(standard(1), &[1]));
    assert_eq!(all(content), [one, one]);
}

#[test]
fn flags_of_other_programs_are_words() {
    let message = read("1,1,True,false,FALSE,0,");
    assert_eq!(message.frame.id(), extended(1));
    let message = read("1,1,0,TRUE,,3,");
    assert_eq!(message.frame, Frame::remote(standard(1), 3).expect("valid"));
}

#[test]
fn data_of_more_than_eight_bytes_is_can_fd_whose_flags_python_can_lost() {
    let message = read("1600000002.0,0x18ff50e5,1,0,0,12,AAECAwQFBgcICQoL");
    let kind = Kind::Fd {
        brs: false,
        esi: false,
    };
    assert_eq!((message.frame.kind(), message.frame.len()), (kind, 12));
}

#[test]
fn what_python_can_appends_to_an_extended_file_is_read() {
    let content = "timestamp,arbitration_id,extended,remote,error,dlc,data,channel,direction,raw_dlc,fd,brs,esi\n\
                   1.5,0x1,0,0,0,1,AQ==,can0,Tx,,1,1,0\n\
                   1.5,0x1,0,0,0,1,AQ==\n";
    let fd = message(1_500_000_000, Frame::fd(standard(1), &[1], true, false));
    let fd = Message {
        direction: Direction::Tx,
        ..fd.on(Channel::named("can0"))
    };
    let plain = message(1_500_000_000, Frame::data(standard(1), &[1]));
    assert_eq!(all(content), [fd, plain]);
}

#[test]
fn wrong_values_are_named_with_their_line() {
    for (line, told) in [
        (
            "now,0x1,0,0,0,0,",
            "a header with the columns timestamp, arbitration_id and data",
        ),
        (
            "-,0x1,0,0,0,0,",
            "a number of seconds within 292 years, not \"-\"",
        ),
        ("1,,0,0,0,0,", "an arbitration ID such as 0x123, not \"\""),
        (
            "1,0x,0,0,0,0,",
            "an arbitration ID such as 0x123, not \"0x\"",
        ),
        (
            "1,0xg,0,0,0,0,",
            "an arbitration ID such as 0x123, not \"0xg\"",
        ),
        (
            "1,0x123456789,0,0,0,0,",
            "an arbitration ID such as 0x123, not",
        ),
        ("1,0x800,0,0,0,0,", "at most 0x7FF (11 bits), not 0x800"),
        ("1,0x1,2,0,0,0,", "0 or 1, not \"2\""),
        ("1,0x1,0,no,0,0,", "0 or 1, not \"no\""),
        (
            "1,0x1,0,0,0;,0,",
            "0 with channel=, tx, fd, brs, esi, raw_dlc=, not \";\"",
        ),
        (
            "1,0x1,0,0,0x,0,",
            "0 with channel=, tx, fd, brs, esi, raw_dlc=, not \"x\"",
        ),
        ("1,0x1,0,0,0;xl,0,", "raw_dlc=, not \";xl\""),
        (
            "1,0x1,0,0,0;raw_dlc=8,0,",
            "a raw DLC of 9 to 15, not \"8\"",
        ),
        ("1,0x1,0,0,0,,", "a dlc of 0 to 64, not \"\""),
        ("1,0x1,0,0,0,x,", "a dlc of 0 to 64, not \"x\""),
        ("1,0x1,0,0,0,100,", "a dlc of 0 to 64, not \"100\""),
        (
            "1,0x1,0,0,0,3,AQI=",
            "expected 3 bytes of data, as its dlc says, not 2",
        ),
        (
            "1,0x1,0,0,0,2,AQI",
            "up to 64 bytes of data in base64, not \"AQI\"",
        ),
        (
            "1,0x1,0,0,0,2,A?I=",
            "up to 64 bytes of data in base64, not \"A?I=\"",
        ),
        (
            "1,0x1,0,1,0,9,",
            "expected a remote frame to have a dlc of 0 to 8",
        ),
        (
            "1,0x1,0,0,0,0",
            "expected 7 values between commas, not \"1,0x1,0,0,0,0\"",
        ),
        ("1,0x1,0,0,0,0,,", "expected 7 values between commas, not"),
    ] {
        let error = refusal(line);
        assert!(
            error.starts_with("a.csv, line 1: expected ") || error.contains("0x7FF"),
            "{error}"
        );
        assert!(error.contains(told), "{error}");
    }
    // Two lines of which the first lost its end.
    let merged = format!(
        "{}1,0x1,0,0,0,0,2,0x1,0,0,0,0,\n",
        "timestamp,arbitration_id,data\n"
    );
    let error = reader(merged).next().expect("one").expect_err("refused");
    assert!(
        error
            .to_string()
            .contains("expected 3 values between commas, not")
    );
    let long = format!("1,0x1,0,0,0,65,{}", "A".repeat(88));
    assert!(refusal(&long).contains("up to 64 bytes of data"));
    let wrong = "timestamp,arbitration_id,extended,remote,error,dlc,data,direction,fd\n";
    for (line, told) in [
        ("1,0x1,0,0,0,0,,up,0", "a direction Rx or Tx, not \"up\""),
        ("1,0x1,0,0,0,0,,Rx,y", "0 or 1, not \"y\""),
    ] {
        let outcome = reader(format!("{wrong}{line}\n")).next().expect("one");
        let error = outcome.expect_err("refused").to_string();
        assert_eq!(error, format!("a.csv, line 2: expected {told}"));
    }
}

#[test]
fn garbage_is_an_error_with_its_line_and_the_next_line_is_read() {
    let mut content = b"ti\xFFmestamp,x\n\n".to_vec();
    content.extend_from_slice(b"1.5,0x1,0,0,0,0,\nhello\n\xFF\n1.5,0x1,0,0,0,0,\n");
    let told: Vec<String> = reader(content)
        .map(|outcome| match outcome {
            Ok(message) => message.frame.id().to_string(),
            Err(error) => error
                .to_string()
                .split(": ")
                .next()
                .expect("a place")
                .into(),
        })
        .collect();
    let expected = [
        "a.csv, line 1",
        "001",
        "a.csv, line 4",
        "a.csv, line 5",
        "001",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_line_that_is_cut_anywhere_is_a_damaged_tail_and_no_message() {
    let line = "1700000000.25,0x123,0,0,0;channel=can0,7,AQIDBAUGBw==";
    let extended = "timestamp,arbitration_id,extended,remote,error,dlc,data,channel,direction,raw_dlc,fd,brs,esi\n\
                    1.5,0x1,0,0,0,8,AQIDBAUGBwg=,can0,Tx,12,0,0,0";
    for whole in [line, extended] {
        let start = whole.find('\n').map_or(0, |at| at + 1);
        for end in start + 1..whole.len() {
            let mut log = reader(&whole[..end]);
            let report = log.report();
            // The first line can't be known to be no header.
            let found: Vec<_> = log.by_ref().filter_map(Result::ok).collect();
            assert_eq!(found, [], "{:?}", &whole[start..end]);
            assert!(report.is_truncated(), "{:?}", &whole[start..end]);
        }
        assert_eq!(all(whole).len(), 1);
    }
}

proptest! {
    /// Lines with columns that are not quite python-can's are read in the other way.
    #[test]
    fn plain_lines_are_read_in_one_pass_as_they_are_read_by_their_columns(
        time in "-?[0-9]{0,12}(\\.[0-9]{0,10})?",
        id in "(0x)?[0-9a-fA-Fg]{0,9}",
        flags in "[01],[01],[01]",
        dlc in "[0-9]{1,2}",
        data in "[A-D/+]{0,3}(AAAA|AQI=|AQ==|A===|AQIDBAUGBwg=|AAAAAAAAAAAA)?",
    ) {
        let line = format!("{time},{id},{flags},{dlc},{data}");
        let header = "timestamp,arbitration_id,extended,remote,error,dlc,data,channel\n";
        let slow = reader(format!("{header}{line},\n")).next().and_then(Result::ok);
        let quick = quick::parse(line.as_bytes());
        prop_assert!(quick.is_none() || quick == slow, "{line}: {quick:?}, {slow:?}");
    }
}

#[test]
fn plain_lines_are_read_in_one_pass() {
    let plain = WRITTEN_BY_PYTHON_CAN.lines().skip(1);
    let quick: Vec<bool> = plain
        .map(|line| quick::parse(line.as_bytes()).is_some())
        .collect();
    assert_eq!(quick, [true, true, true, false, true, false, false]);
    let longest = "9000000000.999999999,0x1fffffff,1,0,0,8,AAECAwQFBgc=";
    assert_eq!(quick::parse(longest.as_bytes()), Some(read(longest)));
}
