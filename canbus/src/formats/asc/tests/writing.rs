//! What is written, to the byte.

use super::*;
use crate::error::ErrorKind;
use crate::formats::LogWriter;
use proptest::prelude::*;

const START: i64 = 1_700_000_000_000_000_000;

#[test]
fn the_file_has_vectors_layout_and_a_version() {
    let wide = Frame::data(extended(0x18FF_50E5), &[0xAB; 8]).expect("valid");
    let fd = Frame::fd(standard(0x7FF), &[0x1F; 12], true, false).expect("valid");
    let wide_fd = Frame::fd(extended(0x1FFF_FFFF), &[], false, true).expect("valid");
    let messages = [
        at(START + 5_250_000, data(0x1, &[])),
        sent(at(START + 1_000_005_000, data(0x7FF, &[1, 2]))).on(Channel::named("can11")),
        at(START + 12_345_678_999, wide),
        at(
            START + 12_345_678_999,
            Frame::remote(standard(0x123), 5).expect("valid"),
        ),
        at(START + 100_000_000_000, fd),
        sent(at(START + 12_345_000_000_000, wide_fd)),
    ];
    let text = "\
date Tue Nov 14 10:13:20.005 pm 2023
base hex  timestamps absolute
internal events logged
// version 9.0.0
Begin TriggerBlock Tue Nov 14 10:13:20.005 pm 2023
   0.000000 Start of measurement
   0.000250 1  1               Rx   d 0
   0.995005 12 7FF             Tx   d 2 01 02
  12.340679 1  18FF50E5x       Rx   d 8 AB AB AB AB AB AB AB AB
  12.340679 1  123             Rx   r 5
  99.995000 CANFD   1 Rx        7FF                                   1 0 9 12 1F 1F 1F 1F 1F 1F 1F 1F 1F 1F 1F 1F        0    0     3000        0        0        0        0        0
12344.995000 CANFD   1 Tx   1FFFFFFFx                                   0 1 0  0        0    0     5000        0        0        0        0        0
End TriggerBlock
";
    assert_eq!(written(&messages, &[]), text);
}

#[test]
fn milliseconds_of_dates_are_padded() {
    // python-can 4.6.1 writes 5 ms as .5 and reads them as 500.
    let message = at(START + 5_000_000, data(1, &[]));
    let text = written(&[message], &[]);
    assert!(
        text.starts_with("date Tue Nov 14 10:13:20.005 pm 2023\n"),
        "{text}"
    );
    assert_eq!(all(text, &[ABSOLUTE, UTC]), [message]);
}

#[test]
fn the_dlc_of_fd_frames_is_the_code_of_their_length() {
    for (code, len) in (0..).zip([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]) {
        let frame = Frame::fd(standard(1), &[7; 64][..len], false, false).expect("valid");
        let line = lines(&[at(0, frame)]).remove(0);
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[7..9], [format!("{code:x}"), len.to_string()]);
        assert_eq!(read(&line).frame, frame);
    }
}

#[test]
fn a_log_without_dates_starts_at_zero() {
    let text = written(&[at(1_500_000_000, data(1, &[]))], &[]);
    assert!(
        text.starts_with("date Thu Jan 01 12:00:00.000 am 1970\n"),
        "{text}"
    );
    assert!(text.contains("\n   1.500000 1  1 "), "{text}");
}

#[test]
fn an_earlier_message_keeps_its_time_in_a_block_of_its_own() {
    let messages = [
        START,
        START - 1_500_000_000,
        START + 1,
        2_000_000_000,
        START,
    ]
    .map(|time| at(time, data(1, &[])));
    let text = written(&messages, &[]);
    assert_eq!(text.matches("Begin TriggerBlock").count(), 3, "{text}");
    assert_eq!(text.matches("End TriggerBlock").count(), 3, "{text}");
    assert_eq!(
        times(&all(text, &[ABSOLUTE, UTC])),
        [START, START - 1_500_000_000, START, 2_000_000_000, START]
    );
}

#[test]
fn relative_times_are_written_on_request() {
    let messages = [0, 250_000_000, 250_000_000, 100_000_000, 1_000_000_000]
        .map(|time| at(START + time, data(1, &[])));
    let text = written(&messages, &[("timestamps_format", "relative")]);
    assert!(text.contains("base hex  timestamps relative\n"));
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("d 0"))
        .map(|line| &line[..11])
        .collect();
    assert_eq!(
        shown,
        [
            "   0.000000",
            "   0.250000",
            "   0.000000",
            "   0.000000",
            "   0.900000"
        ]
    );
    assert_eq!(all(text, &[ABSOLUTE, UTC]), messages);
}

#[test]
fn messages_without_channel_get_the_one_of_the_option() {
    let message = Message::received(data(1, &[]), Timestamp::ZERO);
    for (channel, shown) in [("1", "1 "), ("12", "12")] {
        let text = written(
            &[message, message.on(Channel::named("x"))],
            &[("channel", channel)],
        );
        let line = format!("\n   0.000000 {shown} 1               Rx   d 0\n");
        assert!(
            text.contains(&line.repeat(2).replace("\n\n", "\n")),
            "{text}"
        );
    }
}

fn log(memory: &Memory) -> LogWriter {
    formats::write("asc", Output::new(memory.clone()), [UTC]).expect("valid")
}

#[test]
fn remarks_are_lines_that_are_no_frames() {
    let memory = Memory::default();
    let mut log = log(&memory);
    log.on_event("before everything", None).expect("kept");
    log.on_message(&at(START + 1_000, data(1, &[])))
        .expect("written");
    log.on_event("test 3\nbegins", Some(Timestamp::from_nanos(START + 2_000)))
        .expect("kept");
    log.on_event("1  123 Rx d 0", None).expect("kept");
    log.on_event("CANFD 1 Rx 1 0 0 0 0", None).expect("kept");
    log.on_event(" \n", None).expect("nothing to keep");
    log.finish().expect("complete");
    let text = memory.text();
    let shown: Vec<&str> = text.lines().skip(6).collect();
    assert_eq!(
        shown,
        [
            "   0.000001 before everything",
            "   0.000001 1  1               Rx   d 0",
            "   0.000002 test 3 begins",
            "   0.000002 // 1  123 Rx d 0",
            "   0.000002 // CANFD 1 Rx 1 0 0 0 0",
            "End TriggerBlock",
        ]
    );
    let mut read = reader(text, &[]);
    assert_eq!(read.by_ref().flatten().count(), 1);
    assert_eq!(read.report().passed_over(), 4);
}

#[test]
fn a_log_of_nothing_is_a_log() {
    let text = written(&[], &[]);
    assert!(text.starts_with("date "), "{text}");
    assert!(
        text.ends_with("base hex  timestamps absolute\ninternal events logged\n// version 9.0.0\n")
    );
    assert_eq!(all(text, &[ABSOLUTE]), []);
    let memory = Memory::default();
    let mut log = log(&memory);
    log.on_event("only this", None).expect("kept");
    log.finish().expect("complete");
    assert!(
        memory
            .text()
            .contains("\n   0.000000 only this\nEnd TriggerBlock\n")
    );
}

#[test]
fn what_was_flushed_is_a_log_without_its_end() {
    let memory = Memory::default();
    let mut log = log(&memory);
    log.on_message(&at(START, data(1, &[]))).expect("written");
    assert_eq!(memory.text(), "");
    log.flush().expect("flushed");
    let read = all(memory.text(), &[ABSOLUTE, UTC]);
    assert_eq!(read, [at(START, data(1, &[]))]);
    drop(log);
    assert!(!memory.text().contains("End"));
}

#[test]
fn wrong_options_are_named() {
    for (name, value) in [
        ("tz", "Nowhere/Land"),
        ("encoding", "utf-9"),
        ("timestamps_format", "x"),
    ] {
        let output = Output::new(Memory::default());
        let error = formats::write("asc", output, [(name, value)])
            .err()
            .expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn remarks_are_written_in_the_encoding_asked_for() {
    let memory = Memory::default();
    let options = [UTC, ("encoding", "cp1252")];
    let mut log = formats::write("asc", Output::new(memory.clone()), options).expect("valid");
    log.on_event("käse", Some(Timestamp::ZERO)).expect("kept");
    log.finish().expect("complete");
    let bytes = memory.bytes();
    assert!(bytes.windows(5).any(|part| part == b"k\xE4se\n"));
}

proptest! {
    #[test]
    fn any_moment_is_kept_to_the_microsecond(first: i64, second: i64, relative: bool) {
        let limit = |time: i64| time.clamp(i64::MIN + 2_000_000, i64::MAX - 2_000_000);
        let messages = [limit(first), limit(second)].map(|time| at(time, data(1, &[])));
        let format = if relative { "relative" } else { "absolute" };
        let text = written(&messages, &[("timestamps_format", format)]);
        let read = times(&all(text, &[ABSOLUTE, UTC]));
        let wanted = messages.map(|message| message.timestamp.as_micros_rounded() * 1000);
        prop_assert_eq!(read, wanted);
    }
}

#[test]
fn the_style_of_python_can_has_short_lines_and_dates_of_24_hours() {
    let message = at(START + 1_000_000, data(0x123, &[7]));
    let text = "\
date Tue Nov 14 22:13:20.001 2023
base hex  timestamps absolute
internal events logged
Begin Triggerblock Tue Nov 14 22:13:20.001 2023
 0.000000 Start of measurement
 0.000000 1  123             Rx   d 1 07
End TriggerBlock
";
    assert_eq!(written(&[message], &[("style", "python-can")]), text);
    assert_eq!(all(text, &[ABSOLUTE, UTC]), [message]);
}
