//! `canbus logger`: what reaches the file and the screen.

use crate::bus::{Group, frame, numbers, send};
use crate::tool::{Running, folder, names, read, run};
use canbus::formats;
use std::process::Stdio;

/// The number of lost frames that a summary tells.
fn dropped(said: &str) -> u32 {
    let (before, _) = said.rsplit_once(" dropped").expect("a summary");
    let number = before.rsplit(' ').next().expect("a number");
    number.parse().expect("a number")
}

#[test]
fn frames_are_recorded_with_their_time_channel_and_direction() {
    let (folder, group) = (folder(), Group::new());
    let logger = Running::start(
        folder.path(),
        &["logger -f a.blf -n 3", &group.arguments()],
        Stdio::null(),
    );
    let before = canbus::Timestamp::now();
    send(&group.open(), 5..8);
    logger
        .end()
        .expect(0, "3 frames in")
        .expect(0, ", 0 dropped; a.blf: ");
    let none: [(&str, &str); 0] = [];
    let log = formats::open(folder.path().join("a.blf"), none).expect("a log");
    let messages: Vec<_> = log.map(|message| message.expect("intact")).collect();
    assert_eq!(messages.len(), 3);
    for (number, message) in (5..).zip(messages) {
        assert_eq!(message.frame, frame(number));
        assert_eq!(message.direction, canbus::Direction::Rx);
        let late = message.timestamp.nanos_since(before);
        assert!((-1_000_000..5_000_000_000).contains(&late), "{late}");
    }
}

#[test]
fn exactly_as_many_frames_as_asked_are_taken() {
    let (folder, group) = (folder(), Group::new());
    let logger = Running::start(
        folder.path(),
        &["logger --file_name a.log --count 37", &group.arguments()],
        Stdio::null(),
    );
    send(&group.open(), 0..500);
    logger.end().expect(0, "37 frames in");
    assert_eq!(
        numbers(&read(folder.path(), "a.log")),
        (0..37).collect::<Vec<_>>()
    );
}

#[test]
fn without_a_file_frames_are_printed_at_once() {
    let (folder, group) = (folder(), Group::new());
    let mut logger = Running::start(
        folder.path(),
        &["logger -n 2", &group.arguments()],
        Stdio::piped(),
    );
    let bus = group.open();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(logger.stdout()));
    for number in 1..3 {
        send(&bus, number..number + 1);
        let line = lines.next().expect("a line").expect("text");
        let ends = format!("DL:  4    00 00 00 0{number}                 Channel: 239.74.163.2");
        assert!(
            line.starts_with("Timestamp: ") && line.ends_with(&ends),
            "{line}"
        );
    }
    assert!(lines.next().is_none());
    logger.end().expect(0, "2 frames in");
}

#[test]
fn a_burst_arrives_complete_or_what_is_missing_is_told_exactly() {
    const FRAMES: u32 = 20_000;
    let (folder, group) = (folder(), Group::new());
    let burst = |name: &str, more: &str| {
        let file = format!("-f {name}");
        let arguments = ["logger", &file, &group.arguments(), more];
        let logger = Running::start(folder.path(), &arguments, Stdio::null());
        send(&group.open(), 0..FRAMES);
        logger.signal("TERM");
        let ended = logger.end();
        ended.expect(0, "frames in");
        let found = numbers(&read(folder.path(), name));
        assert!(
            found.is_sorted_by(|one, next| one < next),
            "in order, none twice"
        );
        let missing = FRAMES - found.len() as u32;
        assert_eq!(dropped(&ended.stderr), missing, "{}", ended.stderr);
        ended.expect(0, &format!("{} frames in", found.len()));
        (missing, ended.stderr)
    };
    let (missing, said) = burst("large.log", "");
    assert_eq!(missing, 0, "{said}");
    // A receive buffer for a handful of frames makes loss certain, and it must be told at once.
    let (missing, said) = burst("small.log", "receive_buffer=4096");
    assert!(missing > 0);
    assert!(said.contains(" lost so far"), "{said}");
}

#[test]
fn filters_let_through_what_they_say() {
    let (folder, group) = (folder(), Group::new());
    let start = |arguments: &str| {
        Running::start(
            folder.path(),
            &["logger", arguments, &group.arguments()],
            Stdio::null(),
        )
    };
    let these = start("-f these.log --filter 100:7F0 005:7FF");
    let others = start("-f others.log --filter 000~400");
    send(&group.open(), 0..0x7FF);
    for logger in [these, others] {
        logger.signal("INT");
        logger.end().expect(0, "frames in");
    }
    let these: Vec<u32> = [5].into_iter().chain(0x100..0x110).collect();
    assert_eq!(numbers(&read(folder.path(), "these.log")), these);
    let others: Vec<u32> = (0x400..0x7FF).collect();
    assert_eq!(numbers(&read(folder.path(), "others.log")), others);
}

#[test]
fn large_logs_are_continued_in_new_files() {
    let (folder, group) = (folder(), Group::new());
    let logger = Running::start(
        folder.path(),
        &["logger -f a.log -s 100000 -n 10000", &group.arguments()],
        Stdio::null(),
    );
    send(&group.open(), 0..10_000);
    logger
        .end()
        .expect(0, "10000 frames in")
        .expect(0, " full files before it");
    // "a.log" comes before "a_2026-…" in the alphabet and after them in time.
    let mut names = names(folder.path());
    names.rotate_left(1);
    assert!(names.len() > 2, "{names:?}");
    let all: String = names.iter().map(|name| read(folder.path(), name)).collect();
    assert_eq!(numbers(&all), (0..10_000).collect::<Vec<_>>());
}

#[test]
fn a_log_is_continued_if_asked_and_replaced_otherwise() {
    let (folder, group) = (folder(), Group::new());
    let at = folder.path();
    for (arguments, numbers_there) in [
        ("-f a.log -n 5", vec![0, 1, 2, 3, 4]),
        ("-f a.log -n 2 -a", vec![0, 1, 2, 3, 4, 0, 1]),
        ("-f a.log -n 1 -a -s 100000", vec![0, 1, 2, 3, 4, 0, 1, 0]),
        ("-f a.log -n 3", vec![0, 1, 2]),
    ] {
        let logger = Running::start(
            at,
            &["logger", arguments, &group.arguments()],
            Stdio::null(),
        );
        send(&group.open(), 0..10);
        logger.end().expect(0, "frame");
        assert_eq!(numbers(&read(at, "a.log")), numbers_there);
    }
    assert_eq!(names(at), ["a.log"]);
}

#[test]
fn the_time_is_up_when_it_was_asked_to_be() {
    let folder = folder();
    let start = std::time::Instant::now();
    run(folder.path(), "logger -i virtual --duration 0.4 -f a.log").expect(0, "0 frames in 0.4 s");
    let took = start.elapsed().as_millis();
    assert!((400..1500).contains(&took), "{took} ms");
}
