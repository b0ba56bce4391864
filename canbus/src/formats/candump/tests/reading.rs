//! The reader.

use super::*;
use crate::error::ErrorKind;
use crate::frame::Kind;
use proptest::prelude::*;

#[test]
fn lines_of_python_can_are_read_as_they_were_meant() {
    let read: Result<Vec<Message>> = reader(WRITTEN_BY_PYTHON_CAN).collect();
    let expected: Vec<Message> = samples()
        .into_iter()
        .map(|mut message| {
            let number = message.channel.and_then(Channel::trailing_number);
            let micros = message.timestamp.as_micros_rounded();
            message.timestamp = Timestamp::from_nanos(micros * 1000);
            if message.channel != Some(Channel::named("vcan0")) && number != Some(7) {
                let name = format!("can{}", number.expect("all others have one"));
                message.channel = Some(Channel::named(&name));
            }
            message
        })
        .collect();
    assert_eq!(read.expect("no errors"), expected);
}

#[test]
fn times_are_exact_to_the_nanosecond() {
    for (time, nanos) in [
        ("0.0", 0),
        ("1.5", 1_500_000_000),
        ("1600000000.123456", 1_600_000_000_123_456_000),
        ("1600000000.123456789", 1_600_000_000_123_456_789),
        ("0000000001.000000001", 1_000_000_001),
        ("-1.5", -1_500_000_000),
        ("-0.000001", -1_000),
        ("9223372036.854775807", i64::MAX),
        ("-9223372036.854775808", i64::MIN),
    ] {
        let message = read(&format!("({time}) can0 123#"));
        assert_eq!(message.timestamp.as_nanos(), nanos, "{time}");
    }
}

#[test]
fn wrong_times_are_refused() {
    for time in [
        "",
        "1",
        ".5",
        "1.",
        "1.1234567890",
        "+1.5",
        "1.-5",
        "--1.5",
        "1,5",
        "1.5.5",
        "1e9.0",
        "9223372036.854775808",
        "-9223372036.854775809",
        "99999999999999999999.0",
        "1.5)",
    ] {
        assert_refused(
            &format!("({time}) can0 123#"),
            &format!("expected (SECONDS.FRACTION), not \"({time})\""),
        );
    }
    for time in ["1.5", "(1.5", "1.5)", "()", "(1.5)x"] {
        assert_refused(
            &format!("{time} can0 123#"),
            &format!("expected (SECONDS.FRACTION), not {time:?}"),
        );
    }
}

#[test]
fn the_number_of_digits_says_the_width_of_an_id() {
    for (text, id) in [
        ("123", standard(0x123)),
        ("7fF", standard(0x7FF)),
        ("00000123", extended(0x123)),
        ("1FFFFFFF", extended(0x1FFF_FFFF)),
        // can-utils has only the two forms; python-can takes these as well.
        ("1", standard(1)),
        ("0123", extended(0x123)),
        ("9FFFFFFF", extended(0x1FFF_FFFF)),
    ] {
        assert_eq!(read(&format!("(1.0) can0 {text}#")).frame.id(), id);
    }
    for (text, told) in [
        ("800", "0x7FF (11 bits), not 0x800"),
        ("40000001", "0x1FFFFFFF (29 bits), not 0x40000001"),
        ("", "digits and #, not \"#01\""),
        (
            "123456789",
            "expected an ID of up to 8 hexadecimal digits and #, not \"123456789#01\"",
        ),
        (
            "12G",
            "expected an ID of up to 8 hexadecimal digits and #, not \"12G#01\"",
        ),
    ] {
        assert_refused(&format!("(1.0) can0 {text}#01"), told);
    }
}

#[test]
fn data_is_pairs_of_digits_with_or_without_points() {
    for (text, data) in [
        ("", &[][..]),
        ("0a", &[0x0A]),
        ("0102030405060708", &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("01.02.03.04.05.06.07.08", &[1, 2, 3, 4, 5, 6, 7, 8]),
        (".AB.cd.", &[0xAB, 0xCD]),
        ("01.0203", &[1, 2, 3]),
        (".", &[]),
    ] {
        let frame = Frame::data(standard(0x123), data).expect("valid");
        assert_eq!(read(&format!("(1.0) can0 123#{text}")).frame, frame);
        let frame = Frame::fd(standard(0x123), data, false, false).expect("valid");
        assert_eq!(read(&format!("(1.0) can0 123##0{text}")).frame, frame);
    }
    for text in [
        "0", "012", "0G", "G0", "GG", "01..02", "01.2", "0.12", "01 02", "é0",
    ] {
        let told = format!("expected pairs of hexadecimal digits, not {text:?}");
        assert_refused(&format!("(1.0) can0 123#{text}"), &told);
    }
    for text in ["010203040506070809", "01.02.03.04.05.06.07.08.09"] {
        assert_refused(
            &format!("(1.0) can0 123#{text}"),
            &format!("expected at most 8 bytes of data, not {text:?}"),
        );
    }
    assert_refused(
        &format!("(1.0) can0 123##0{}", "00".repeat(65)),
        &format!(
            "expected at most 64 bytes of data, not {:?}…",
            "00".repeat(30)
        ),
    );
}

#[test]
fn fd_flags_are_bits_of_a_hexadecimal_digit() {
    for (digit, brs, esi) in [
        ('0', false, false),
        ('1', true, false),
        ('2', false, true),
        ('3', true, true),
        // With CANFD_FDF, as newer kernels and can-utils set it.
        ('4', false, false),
        ('5', true, false),
        ('B', true, true),
        ('e', false, true),
        ('F', true, true),
    ] {
        let kind = read(&format!("(1.0) can0 123##{digit}01")).frame.kind();
        assert_eq!(kind, Kind::Fd { brs, esi }, "{digit}");
    }
    assert_refused(
        "(1.0) can0 123##",
        "expected a digit of flags behind ##, not \"\"",
    );
    assert_refused(
        "(1.0) can0 123##G01",
        "expected a digit of flags behind ##, not \"G01\"",
    );
}

#[test]
fn fd_data_of_other_lengths_is_filled_up_with_zeros() {
    let frame = read("(1.0) can0 123##1010203040506070809").frame;
    assert_eq!(frame.payload(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0]);
}

#[test]
fn remote_frames_have_a_dlc_which_may_be_left_out() {
    for (text, dlc) in [("R", 0), ("r", 0), ("R0", 0), ("R5", 5), ("r8", 8)] {
        let frame = Frame::remote(standard(0x123), dlc).expect("valid");
        assert_eq!(read(&format!("(1.0) can0 123#{text} T")).frame, frame);
    }
    assert_refused(
        "(1.0) can0 123#R9",
        "expected a DLC of 0 to 8 behind the R of a remote frame",
    );
    assert_refused(
        "(1.0) can0 123#Rx",
        "expected a DLC of 0 to 8 behind the R of a remote frame",
    );
    assert_refused(
        "(1.0) can0 123#R12",
        "expected a DLC of 0 to 8 behind the R of a remote frame",
    );
}

#[test]
fn a_raw_dlc_follows_eight_bytes() {
    let full = Frame::data(standard(0x123), &[0x11; 8]).expect("valid");
    for (digit, dlc) in [('9', 9), ('a', 10), ('F', 15)] {
        let data = read(&format!("(1.0) can0 123#1111111111111111_{digit}"));
        assert_eq!(data.frame, full.with_raw_dlc(dlc).expect("valid"));
        let remote = read(&format!("(1.0) can0 123#R8_{digit}")).frame;
        assert_eq!((remote.is_remote(), remote.dlc()), (true, dlc));
    }
    for text in ["1111111111111111_8", "1111111111111111_G", "R8_8"] {
        assert_refused(
            &format!("(1.0) can0 123#{text}"),
            "expected a raw DLC of 9 to F, not",
        );
    }
    assert_refused(
        "(1.0) can0 123#11_9",
        "a raw DLC of 9 needs a classic frame of 8 bytes",
    );
    assert_refused(
        "(1.0) can0 123#R7_9",
        "expected a DLC of 0 to 8 behind the R",
    );
    assert_refused(
        "(1.0) can0 123##01111111111111111_9",
        "expected pairs of hexadecimal digits",
    );
}

#[test]
fn error_frames_keep_their_class_and_data() {
    let line = "(1.0) can0 20000004#0004000000000000";
    let frame = Frame::error(extended(4), &[0, 4, 0, 0, 0, 0, 0, 0]).expect("valid");
    assert_eq!(
        read(line),
        message(
            1_000_000_000,
            Channel::named("can0"),
            Ok(frame),
            Direction::Rx
        )
    );
    // As candump writes a bus error of a real controller.
    let frame = read("(1.0) can0 20000088#0000000000000000 R").frame;
    assert_eq!((frame.id(), frame.len()), (extended(0x88), 8));
    assert_eq!(read("(1.0) can0 20000080#00").frame.id(), extended(0x80));
    assert_eq!(
        read("(1.0) can0 3FFFFFFF#").frame.id(),
        extended(0x1FFF_FFFF)
    );
    assert_eq!(read("(1.0) can0 20000004# T").direction, Direction::Tx);
}

#[test]
fn an_error_frame_as_python_can_writes_it_has_no_cause() {
    let unknown = Frame::error(extended(0), &[]).expect("valid");
    assert_eq!(read("(1.0) can0 20000080#").frame, unknown);
    assert_eq!(
        read("(1.0) can0 A0000080#").frame,
        unknown.with_id(extended(0x80))
    );
}

#[test]
fn error_frames_are_neither_remote_nor_fd() {
    for text in ["R", "##000", "_9"] {
        assert_refused(
            &format!("(1.0) can0 20000004#{text}"),
            "expected pairs of hexadecimal digits",
        );
    }
    assert_refused(
        "(1.0) can0 20000004#000102030405060708",
        "expected at most 8 bytes",
    );
}

#[test]
fn frames_of_can_xl_are_named_as_such() {
    let line = "(1.0) can0 00123#81:00:12345678#11223344";
    let error = refusal(line);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "a.log, line 1: frames of CAN XL are not supported: \"81:00:12345678#11223344\""
    );
}

#[test]
fn channels_of_digits_are_numbers_and_a_missing_direction_is_rx() {
    let message = read("  (1.0)\t 12   123#   t ");
    assert_eq!(message.channel, Some(Channel::number(12)));
    assert_eq!(message.direction, Direction::Tx);
    let message = read("(1.0) käse1 123#\r");
    assert_eq!(message.channel, Some(Channel::named("käse1")));
    assert_eq!(message.direction, Direction::Rx);
    assert_eq!(read("(1.0) can0 123# R").direction, Direction::Rx);
    assert_refused(
        "(1.0) can0 123# X",
        "expected pairs of hexadecimal digits, not \" X\"",
    );
    assert_refused(
        "(1.0) can0 123# R R",
        "expected pairs of hexadecimal digits, not \" R\"",
    );
}

#[test]
fn channels_are_told_apart_however_many_there_are() {
    let content = (0..40)
        .map(|n| format!("(1.0) ch{} 123#\n", n % 20))
        .collect::<Vec<_>>()
        .concat();
    let read: Vec<_> = reader(content).map(|m| m.expect("valid").channel).collect();
    let expected: Vec<_> = (0..40)
        .map(|n| Some(Channel::named(&format!("ch{}", n % 20))))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn garbage_is_an_error_with_its_line_and_the_next_line_is_read() {
    let mut content = b"(1.0) can0 123#\n\nhello\n# a comment\n(1.0) \xFF 123#\n".to_vec();
    content.extend_from_slice(b"(2.0) can0 123\n(1.0)\n   \n(3.0) can0 124#\n");
    let mut log = reader(content);
    let report = log.report();
    let told: Vec<String> = log
        .by_ref()
        .map(|message| match message {
            Ok(message) => message.frame.id().to_string(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Malformed);
                error.to_string()
            }
        })
        .collect();
    assert_eq!(
        told,
        [
            "123",
            "a.log, line 3: expected (SECONDS.FRACTION), not \"hello\"",
            "a.log, line 5: expected a channel's name, not \"\u{fffd}\"",
            "a.log, line 6: expected an ID of up to 8 hexadecimal digits and #, not \"123\"",
            "a.log, line 7: expected (SECONDS.FRACTION) CHANNEL ID#DATA, not \"(1.0)\"",
            "124",
        ]
    );
    assert_eq!(report.passed_over(), 1);
    assert!(!report.is_truncated());
    assert!(log.next().is_none());
}

#[test]
fn of_a_cut_log_every_whole_line_is_read_and_nothing_else() {
    for cut in 0..WRITTEN_BY_PYTHON_CAN.len() {
        let content = &WRITTEN_BY_PYTHON_CAN[..cut];
        let complete = content.matches('\n').count();
        let rest = content.len() - content.rfind('\n').map_or(0, |at| at + 1);
        let mut log = reader(content);
        let report = log.report();
        let read: Vec<Message> = log.by_ref().map(|m| m.expect("no error")).collect();
        // Only the line end is missing: the line is whole, with its direction.
        let lines: Vec<&str> = WRITTEN_BY_PYTHON_CAN.lines().collect();
        let whole = rest == lines[complete].len();
        // Nothing tells that the very first line is cut within its data.
        let believed = complete == 0 && [20, 22, 24, 25].contains(&rest);
        let expected = complete + usize::from(whole || believed);
        assert_eq!(read.len(), expected, "cut at {cut}");
        let cut_line = rest > 0 && !whole && !believed;
        assert_eq!(report.is_truncated(), cut_line, "cut at {cut}");
        assert!(log.next().is_none());
    }
}

#[test]
fn long_garbage_is_shown_by_its_beginning() {
    let (short, long) = ("x".repeat(60), "x".repeat(61));
    let told = |garbage: &str| refusal(garbage).to_string();
    assert!(told(&short).ends_with(&format!("not \"{short}\"")));
    assert!(told(&long).ends_with(&format!("not \"{short}\"…")));
}

#[test]
fn a_last_line_without_a_direction_is_only_suspect_where_all_others_have_one() {
    for (before, believed) in [
        ("", true),
        ("(1.0) can0 20000080#\n", true),
        ("(1.0) can0 123#\n(1.0) can0 123# R\n", true),
        ("(1.0) can0 123# T\n", false),
        ("(1.0) can0 20000080#\n(1.0) can0 123# T\n", false),
    ] {
        let mut log = reader(format!("{before}(2.0) can0 123#01"));
        let report = log.report();
        let read: Result<Vec<Message>> = log.by_ref().collect();
        let count = read.expect("no error").len();
        let expected = before.lines().count() + usize::from(believed);
        assert_eq!(
            (count, report.is_truncated()),
            (expected, !believed),
            "{before}"
        );
        // An error frame has no direction anyway.
        assert_eq!(
            reader(format!("{before}(2.0) can0 20000004#01")).count(),
            before.lines().count() + 1
        );
    }
}

fn refusal(line: &str) -> crate::Error {
    let mut log = reader(format!("{line}\n(9.0) can0 123#\n"));
    let error = log.next().expect("an error").expect_err(line);
    assert!(log.next().expect("the next line").is_ok());
    error
}

fn assert_refused(line: &str, told: &str) {
    let error = refusal(line).to_string();
    assert!(error.starts_with("a.log, line 1: "), "{error}");
    assert!(error.contains(told), "{error}\nlacks\n{told}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_the_bytes_reading_comes_to_an_end(
        content in prop::collection::vec(prop_oneof![
            any::<u8>(),
            prop::sample::select(&b"()#.-_ RT0123456789ABCDEFcan\r\n"[..]),
        ], 0..400),
    ) {
        let lines = content.split(|&byte| byte == b'\n').count();
        prop_assert!(reader(content).count() <= lines);
    }

    #[test]
    fn a_changed_byte_changes_one_line_at_most(at in 0..WRITTEN_BY_PYTHON_CAN.len(), byte: u8) {
        let mut content = WRITTEN_BY_PYTHON_CAN.as_bytes().to_vec();
        content[at] = byte;
        let whole: Vec<Message> = reader(WRITTEN_BY_PYTHON_CAN).map(|m| m.expect("valid")).collect();
        let kept = reader(content).flatten().filter(|message| whole.contains(message)).count();
        prop_assert!(kept + 2 >= whole.len());
    }
}
