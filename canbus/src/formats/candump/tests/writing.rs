//! The writer.

use super::*;
use crate::error::ErrorKind;
use crate::formats::Output;
use crate::formats::output::tests::Memory;
use crate::listener::Listener;

fn write(messages: &[Message], options: &[(&str, &str)]) -> String {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".log", output, options.iter().copied()).expect("valid options");
    log.on_batch(messages).expect("written");
    log.finish().expect("complete");
    memory.text()
}

fn line(frame: Result<Frame>, direction: Direction) -> String {
    let text = write(&[message(0, Channel::named("c"), frame, direction)], &[]);
    let line = text.strip_prefix("(0.000000) c ").expect("as always");
    line.strip_suffix('\n').expect("one line").into()
}

#[test]
fn lines_are_those_of_python_can() {
    assert_eq!(write(&samples(), &[]), WRITTEN_BY_PYTHON_CAN);
}

#[test]
fn the_direction_can_be_left_out() {
    let expected = WRITTEN_BY_PYTHON_CAN
        .replace(" R\n", "\n")
        .replace(" T\n", "\n");
    assert_eq!(write(&samples(), &[("direction", "false")]), expected);
}

#[test]
fn messages_without_a_channel_get_that_of_the_option() {
    let nowhere = Message {
        channel: None,
        ..samples()[0]
    };
    for (option, name) in [("bus", "bus"), ("5", "can5")] {
        let text = write(&[nowhere], &[("channel", option)]);
        assert_eq!(text, format!("(1.500000) {name} 123#01AB R\n"));
    }
    assert_eq!(write(&[nowhere], &[]), "(1.500000) vcan0 123#01AB R\n");
    for option in ["", "a b"] {
        let output = Output::new(Memory::default());
        let error = formats::write(".log", output, [("channel", option)]).err();
        let error = error.expect("refused").to_string();
        assert!(error.contains("a name without blanks"), "{error}");
    }
}

#[test]
fn a_channel_that_would_break_the_line_is_refused_and_nothing_is_written() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".log", output, NO_OPTIONS).expect("valid");
    let good = samples()[0];
    log.on_message(&good).expect("written");
    for name in ["", "a b", "a\n", "a\u{a0}b"] {
        let error = log.on_message(&good.on(Channel::named(name)));
        let error = error.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(
            error.to_string(),
            format!("stream: a channel of a .log file has a name without blanks, not {name:?}")
        );
    }
    log.on_message(&good).expect("written");
    log.finish().expect("complete");
    assert_eq!(memory.text(), "(1.500000) can0 123#01AB R\n".repeat(2));
}

#[test]
fn channels_are_told_apart_however_many_there_are() {
    let messages: Vec<Message> = (0..40)
        .map(|n| samples()[0].on(Channel::named(&format!("ch{}", n % 20))))
        .collect();
    let expected = (0..40)
        .map(|n| format!("(1.500000) ch{} 123#01AB R\n", n % 20))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(write(&messages, &[]), expected);
}

// The forms are those of `snprintf_canframe` in can-utils' lib.c.
#[test]
fn remote_frames_keep_their_dlc_and_raw_dlcs_are_appended() {
    use Direction::Rx;
    let remote = |dlc| Frame::remote(standard(1), dlc);
    assert_eq!(line(remote(0), Rx), "001#R R");
    assert_eq!(line(remote(5), Rx), "001#R5 R");
    assert_eq!(line(remote(8), Rx), "001#R8 R");
    let raw = |dlc| remote(8).and_then(|frame| frame.with_raw_dlc(dlc));
    assert_eq!(line(raw(8), Rx), "001#R8 R");
    assert_eq!(line(raw(15), Rx), "001#R8_F R");
    let data = Frame::data(extended(2), &[0xF0; 8]).expect("valid");
    assert_eq!(
        line(data.with_raw_dlc(9), Rx),
        "00000002#F0F0F0F0F0F0F0F0_9 R"
    );
    assert_eq!(line(Ok(data), Rx), "00000002#F0F0F0F0F0F0F0F0 R");
    let fd = Frame::fd(standard(2), &[0x0F; 64], true, false);
    assert_eq!(line(fd, Rx), format!("002##1{} R", "0F".repeat(64)));
}

#[test]
fn error_frames_have_the_flag_and_their_class() {
    use Direction::{Rx, Tx};
    let error = |class, data| Frame::error(extended(class), data);
    assert_eq!(
        line(error(4, &[0, 4, 0, 0, 0, 0, 0, 0]), Rx),
        "20000004#0004000000000000"
    );
    assert_eq!(line(error(4, &[]), Tx), "20000004# T");
    assert_eq!(line(error(0, &[]), Rx), "20000080#");
    assert_eq!(line(error(0, &[1]), Rx), "20000000#01");
    assert_eq!(line(error(0x80, &[1]), Rx), "20000080#01");
    assert_eq!(line(error(0x80, &[]), Rx), "A0000080#");
    assert_eq!(line(error(0x1FFF_FFFF, &[]), Rx), "3FFFFFFF#");
    assert_eq!(line(Frame::error(standard(4), &[]), Rx), "20000004#");
}

#[test]
fn times_are_rounded_to_microseconds_and_may_be_negative() {
    for (nanos, time) in [
        (0, "0.000000"),
        (499, "0.000000"),
        (500, "0.000001"),
        (999_999_499, "0.999999"),
        (999_999_500, "1.000000"),
        (-1_500_000_000, "-1.500000"),
        (-1_000, "-0.000001"),
        (-500, "0.000000"),
        (1_234_567_890_123_456_789, "1234567890.123457"),
        (i64::MAX, "9223372036.854775"),
        (i64::MIN, "-9223372036.854775"),
    ] {
        let message = Message {
            timestamp: Timestamp::from_nanos(nanos),
            ..samples()[0]
        };
        let text = write(&[message], &[]);
        assert_eq!(text, format!("({time}) can0 123#01AB R\n"), "{nanos}");
    }
}

#[test]
fn times_may_go_back_without_being_changed() {
    // python-can writes no time before that of the first message.
    let mut messages = samples();
    messages.reverse();
    let mut lines: Vec<&str> = WRITTEN_BY_PYTHON_CAN.lines().collect();
    lines.reverse();
    assert_eq!(write(&messages, &[]), lines.join("\n") + "\n");
}

#[test]
fn what_was_written_is_buffered_until_it_is_flushed() {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".log", output, NO_OPTIONS).expect("valid");
    log.on_message(&samples()[0]).expect("written");
    assert_eq!((memory.text().as_str(), log.file_size()), ("", 0));
    log.flush().expect("flushed");
    assert_eq!(memory.text(), "(1.500000) can0 123#01AB R\n");
    assert_eq!(log.file_size(), 27);
    log.on_message(&samples()[1]).expect("written");
    log.finish().expect("complete");
    log.finish().expect("complete already");
    assert_eq!(memory.text().lines().count(), 2);
    assert!(
        log.on_message(&samples()[0])
            .and_then(|()| log.flush())
            .is_err()
    );
}
