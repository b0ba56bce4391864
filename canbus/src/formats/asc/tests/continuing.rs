//! Files that are continued.

use super::*;
use crate::error::ErrorKind;
use std::fs;

const START: i64 = 1_700_000_000_000_000_000;

fn message(number: i64) -> Message {
    at(START + number * 1_500_000, data(0x100, &[number as u8]))
}

fn append(path: &std::path::Path, numbers: &[i64]) {
    let mut log = formats::append(path, [UTC]).expect("open");
    for &number in numbers {
        log.on_message(&message(number)).expect("written");
    }
    log.finish().expect("complete");
}

/// The contents continued with message 7.
fn continued(content: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.asc");
    fs::write(&path, content).expect("written");
    append(&path, &[7]);
    fs::read_to_string(&path).expect("there")
}

#[test]
fn a_file_is_continued_with_the_start_that_it_has() {
    for name in ["a.asc", "a.asc.gz"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        append(&path, &[0, 1]);
        append(&path, &[]);
        append(&path, &[2, 3]);
        let found = formats::open(&path, [ABSOLUTE, UTC]).expect("open");
        let found: Result<Vec<Message>> = found.collect();
        assert_eq!(found.expect("valid"), [0, 1, 2, 3].map(message), "{name}");
        // Times go on also for those who do not look at the dates.
        let found = formats::open(&path, [UTC]).expect("open");
        let found: Result<Vec<Message>> = found.collect();
        assert_eq!(times(&found.expect("valid"))[3], 4_500_000, "{name}");
    }
}

#[test]
fn the_trigger_block_is_begun_again_with_its_date() {
    let text = continued(&written(&[message(0)], &[]));
    let tail = "\
   0.000000 1  100             Rx   d 1 00
End TriggerBlock
Begin TriggerBlock Tue Nov 14 10:13:20.000 pm 2023
   0.010500 1  100             Rx   d 1 07
End TriggerBlock
";
    assert!(text.ends_with(tail), "{text}");
}

#[test]
fn what_a_killed_program_left_is_continued_in_its_block() {
    let whole = written(&[message(0)], &[]);
    let killed = whole.replace("End TriggerBlock\n", "");
    let text = continued(&killed);
    let line = "   0.010500 1  100             Rx   d 1 07\nEnd TriggerBlock\n";
    assert_eq!(text, format!("{killed}{line}"));
    // The end itself may be cut.
    let text = continued(whole.trim_end_matches("Block\n"));
    assert!(
        text.ends_with(&format!(
            "End Trigger\nBegin TriggerBlock Tue Nov 14 10:13:20.000 pm 2023\n{line}"
        )),
        "{text}"
    );
}

#[test]
fn files_of_python_can_and_can_utils_are_continued() {
    let python = "\
date Thu Nov 26 14:55:41.545 2026
base hex  timestamps absolute
internal events logged
Begin Triggerblock Tue Nov 14 22:13:20.0 2023
 0.000000 Start of measurement
 0.000000 1  100             Tx   d 0 \nEnd TriggerBlock
";
    let can_utils = "\
date Tue Nov 14 22:13:20 2023
base hex  timestamps absolute
no internal events logged
   0.000000 1  100             Tx   d 0
";
    for content in [python, can_utils] {
        let text = continued(content);
        assert!(text.starts_with(content));
        let found = all(text, &[ABSOLUTE, UTC]);
        assert_eq!(
            found,
            [sent(at(START, data(0x100, &[]))), message(7)],
            "{content}"
        );
    }
}

#[test]
fn a_file_without_a_date_gets_a_block_with_one() {
    let text = continued("base hex  timestamps absolute\n1.0 1 100 Rx d 0\n");
    assert!(!text.contains("version"), "{text}");
    let found = times(&all(text, &[ABSOLUTE, UTC]));
    assert_eq!(
        found,
        [1_000_000_000, message(7).timestamp.as_nanos() / 1000 * 1000]
    );
}

#[test]
fn a_file_with_relative_times_is_continued_with_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.asc");
    let relative = [("timestamps_format", "relative")];
    fs::write(&path, written(&[0, 1, 2].map(message), &relative)).expect("written");
    append(&path, &[3, 4]);
    let text = fs::read_to_string(&path).expect("there");
    assert_eq!(text.matches("timestamps").count(), 1, "{text}");
    assert_eq!(all(text, &[ABSOLUTE, UTC]), [0, 1, 2, 3, 4].map(message));
}

#[test]
fn an_earlier_message_gets_a_block_of_its_own_also_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.asc");
    append(&path, &[5]);
    append(&path, &[-100, 6]);
    let text = fs::read_to_string(&path).expect("there");
    assert_eq!(all(text, &[ABSOLUTE, UTC]), [5, -100, 6].map(message));
}

#[test]
fn what_could_only_be_spoilt_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.asc");
    let wide: Vec<u8> = "\u{FEFF}date"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for content in [b"base dec  timestamps absolute\n".to_vec(), wide] {
        fs::write(&path, &content).expect("written");
        let error = formats::append(&path, [UTC]).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("cannot be continued"), "{error}");
        assert_eq!(fs::read(&path).expect("there"), content);
    }
}

#[test]
fn a_file_that_ends_anywhere_is_read_and_continued() {
    let fd = Frame::fd(extended(0x1FFF_FFFF), &[0x5A; 12], true, false).expect("valid");
    let cause = Frame::error(extended(0x24), &[0, 0x30]).expect("valid");
    let remote = Frame::remote(standard(0x123), 5).expect("valid");
    let frames = [data(0x100, &[0x1F; 8]), fd, remote, cause, data(0x7FF, &[])];
    let messages: Vec<Message> = (0..)
        .zip(frames)
        .map(|(n, frame)| at(START + n * 1_000_000, frame))
        .collect();
    let whole = written(&messages, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.asc");
    for length in 0..=whole.len() {
        let cut = &whole[..length];
        let complete = cut
            .lines()
            .filter(|line| line.starts_with(' '))
            .count()
            .saturating_sub(1);
        let log = reader(cut, &[ABSOLUTE, UTC]);
        let found: Result<Vec<Message>> = log.collect();
        let found = found.expect("no error");
        // The last line may be whole already, or nothing yet.
        assert!(
            found.len() + 1 >= complete && found.len() <= complete,
            "{cut}"
        );
        // But for a cause that is not there yet, nothing is made of half a line.
        let known = found.len() - usize::from(found.len() == 4 && found[3].frame.is_empty());
        assert_eq!(found[..known], messages[..known], "{cut}");
        fs::write(&path, cut).expect("written");
        append(&path, &[7]);
        let again = formats::open(&path, [ABSOLUTE, UTC]).expect("open");
        let again: Vec<Message> = again.filter_map(Result::ok).collect();
        assert_eq!(again.last(), Some(&message(7)), "{cut}");
        assert!(again.len() > known, "{cut}");
    }
}
