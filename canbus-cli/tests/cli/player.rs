//! `canbus player`: what is sent, and when.

use crate::bus::Group;
use crate::tool::{folder, run, write};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const KINDS: &str = "\
(1600000000.000000) can0 123#0102030405060708 R
(1600000000.010000) can1 18FF50E5#R5 T
(1600000000.020000) can0 00000123##3AABBCC R
(1600000000.030000) can0 20000004#0011223344556677
(1600000000.040000) can0 7FF# R
";

/// Plays a log and gives the printed form of what a bus heard, from the ID on.
fn heard(folder: &Path, arguments: &str) -> Vec<String> {
    let group = Group::new();
    let heard = group.listen();
    let done = run(folder, &format!("player {arguments} {}", group.arguments()));
    done.expect(0, "canbus player: sent ");
    let messages = heard.messages();
    let shown = |text: String| text[text.find("ID:").expect("printed")..].to_string();
    messages
        .iter()
        .map(|message| shown(message.to_string()))
        .collect()
}

/// How long playing takes that says this, in milliseconds.
fn took(folder: &Path, arguments: &str, said: &str) -> u128 {
    let start = Instant::now();
    run(folder, &format!("player -i virtual {arguments}")).expect(0, said);
    start.elapsed().as_millis()
}

/// A log with frames at these times, in milliseconds.
fn at_times(millis: &[u32]) -> String {
    millis.iter().fold(String::new(), |mut log, at| {
        let _ = writeln!(log, "({}.{:03}) can0 123# R", at / 1000, at % 1000);
        log
    })
}

#[test]
fn every_kind_of_frame_is_sent_in_order_and_error_frames_only_if_asked() {
    let folder = folder();
    write(folder.path(), "a.log", KINDS);
    let mut all = vec![
        "ID:      123    S Rx                DL:  8    01",
        "ID: 18ff50e5    X Rx   R            DL:  5",
        "ID: 00000123    X Rx     F BS EI    DL:  3    aa",
        "ID: 00000004    X Rx E              DL:  8    00",
        "ID:      7ff    S Rx                DL:  0",
    ];
    let starts = |found: Vec<String>, expected: &[&str]| {
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (one, start) in found.iter().zip(expected) {
            assert!(one.starts_with(start), "{one}");
        }
    };
    starts(heard(folder.path(), "a.log --error-frames"), &all);
    all.remove(3);
    starts(heard(folder.path(), "a.log"), &all);
    run(folder.path(), "player -i virtual a.log")
        .expect(0, "sent 4 frames")
        .expect(0, "; 1 error frame left out\n");
}

#[test]
fn frames_come_at_the_recorded_pace() {
    let folder = folder();
    write(folder.path(), "a.log", &at_times(&[0, 150, 300]));
    let group = Group::new();
    let heard = group.listen();
    run(
        folder.path(),
        &format!("player a.log {}", group.arguments()),
    )
    .expect(0, "sent 3 frames");
    let times: Vec<_> = heard
        .messages()
        .iter()
        .map(|message| message.timestamp)
        .collect();
    for (number, time) in (0..).zip(&times) {
        let off = time.nanos_since(times[0]) - number * 150_000_000;
        assert!(off.abs() < 60_000_000, "{number}: {off} ns");
    }
}

#[test]
fn times_gap_and_skip_are_as_asked() {
    let folder = folder();
    let at = folder.path();
    write(at, "burst.log", &at_times(&[0, 0, 0, 0, 0]));
    write(at, "slow.log", &at_times(&[0, 7_200_000]));
    // As recorded: no gap unless one is asked for.
    assert!(took(at, "burst.log", "sent 5 frames") < 200);
    assert!(took(at, "burst.log -g 0.1", "sent 5 frames") >= 400);
    assert!(took(at, "burst.log -g 100ms", "sent 5 frames") >= 400);
    assert!(
        took(
            at,
            "burst.log --ignore-timestamps --gap 0.1",
            "sent 5 frames"
        ) >= 400
    );
    assert!(took(at, "slow.log --ignore-timestamps", "sent 2 frames") < 1000);
    let skipped = took(at, "slow.log --skip 0.3", "sent 2 frames");
    assert!((300..2000).contains(&skipped), "{skipped} ms");
}

#[test]
fn the_pace_is_multiplied_and_gap_and_skip_stay_what_they_are() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &at_times(&[0, 30_000, 60_000]));
    let fast = took(at, "a.log --speed 300", "sent 3 frames");
    assert!((200..12_000).contains(&fast), "{fast} ms");
    write(at, "b.log", &at_times(&[0, 50]));
    let slow = took(at, "b.log --speed 0.1", "sent 2 frames");
    assert!((500..12_000).contains(&slow), "{slow} ms");
    write(at, "c.log", &at_times(&[0, 0, 0]));
    assert!(took(at, "c.log --speed 100 --gap 0.2", "sent 3 frames") >= 400);
    write(at, "d.log", &at_times(&[0, 7_200_000]));
    let skipped = took(at, "d.log --speed 0.01 --skip 0.3", "sent 2 frames");
    assert!((300..12_000).contains(&skipped), "{skipped} ms");
    run(at, "player -i virtual a.log --speed 0").expect(2, "expected a number above 0");
}

#[test]
fn a_part_of_the_log_is_sent_by_time_after_the_first_frame_or_recorded() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    let sent = |arguments: &str| {
        let done = run(at, &format!("player -v -i virtual a.log {arguments}"));
        done.expect(0, "sent ");
        assert!(!done.stderr.contains("warning"), "{}", done.stderr);
        let ids = done
            .stdout
            .lines()
            .map(|line| line[36..44].trim().to_string());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(sent("--start 10ms --end 0.03"), ["18ff50e5", "00000123"]);
    assert_eq!(sent("--end .01"), ["123"]);
    assert_eq!(sent("--start @1600000000.02"), ["00000123", "7ff"]);
    assert_eq!(sent("--end 2020-09-13T12:26:40.01Z"), ["123"]);
    // What was skipped is not waited for.
    write(at, "b.log", &at_times(&[0, 3_600_000, 3_600_100]));
    let late = took(at, "b.log --start 1h", "sent 2 frames");
    assert!((100..12_000).contains(&late), "{late} ms");
    run(at, "player -i virtual a.log --start noon").expect(2, "expected a time behind the first");
}

#[test]
fn frames_are_chosen_by_id_and_by_channel_of_the_log() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    run(at, "player -i virtual a.log --filter 123:7FF:s").expect(0, "sent 1 frame in");
    run(at, "player -i virtual a.log --log-channel can0").expect(0, "sent 3 frames in");
    run(
        at,
        "player -i virtual a.log --log-channel can1 --log-channel can0",
    )
    .expect(0, "sent 4 frames in");
}

#[test]
fn channels_of_the_log_go_to_buses_of_their_own() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    let (one, two) = (Group::new(), Group::new());
    let heard = (one.listen(), two.listen());
    let done = run(
        at,
        &format!(
            "player a.log --map can0={} --map can1={}",
            one.target(),
            two.target()
        ),
    );
    done.expect(0, "sending a.log: can0 to ")
        .expect(0, "sent 4 frames in");
    let raw = |messages: Vec<canbus::Message>| {
        let ids = messages.iter().map(|message| message.frame.id().raw());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(raw(heard.0.messages()), [0x123, 0x123, 0x7FF]);
    assert_eq!(raw(heard.1.messages()), [0x18FF_50E5]);

    // Without a bus of its own, a channel is left out and named, or goes where -i says.
    run(at, "player a.log --map can1=virtual:x")
        .expect(
            1,
            "warning: no bus takes frames of channel can0: --map can0=… or --map *=… ",
        )
        .expect(1, "sent 1 frame in")
        .expect(1, "; 3 frames of channels without a bus left out (can0)");
    run(at, "player a.log --map can1=virtual:x --log-channel can1").expect(0, "sent 1 frame in");
    run(at, "player a.log --map can1=virtual:x -i virtual -c y").expect(0, "sent 4 frames in");
    run(at, "player a.log -i virtual --map *=z").expect(0, "sent 4 frames in");
}

#[test]
fn a_map_that_makes_no_sense_is_refused_before_anything_is_sent() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", KINDS);
    for (arguments, said) in [
        ("--map can0", "expected FROM=[INTERFACE:]CHANNEL"),
        (
            "--map can0=virtual:a --map can0=virtual:b",
            "--map names can0 twice",
        ),
        (
            "--map can0=virtual:a,nonsense=1",
            "virtual has no option nonsense",
        ),
        ("--map can0=a", "no interface is configured"),
        (
            "-i virtual --map can0=simulatd:a",
            "did you mean simulated?",
        ),
        ("--map can0=virtul:a", "did you mean virtual?"),
        (
            "-i virtual --map can0=pcan:a",
            "no backend is named pcan; there are ",
        ),
        (
            "--map can0=udp_multicast:239.74.163.2,port=5000 --port=6000",
            "option port is given twice",
        ),
    ] {
        run(at, &format!("player a.log {arguments}")).expect(2, said);
    }
}

#[test]
fn it_is_told_how_late_frames_were() {
    let folder = folder();
    write(folder.path(), "a.log", &at_times(&[0, 10, 20]));
    let done = run(folder.path(), "player -i virtual a.log");
    done.expect(0, "; late by ")
        .expect(0, " (p50), ")
        .expect(0, " (p99), ")
        .expect(0, " (most)\n");
    let nothing = run(folder.path(), "player -i virtual a.log --filter 0:7FF");
    assert!(!nothing.stderr.contains("late by"), "{}", nothing.stderr);
}

#[test]
fn a_log_is_repeated_each_time_at_its_pace() {
    let folder = folder();
    write(folder.path(), "a.log", &at_times(&[0, 100]));
    let took = took(folder.path(), "--loop 3 a.log", "sent 6 frames");
    assert!((300..1500).contains(&took), "{took} ms");
}

#[test]
fn frames_that_are_sent_are_printed_if_asked() {
    let folder = folder();
    write(folder.path(), "a.log", KINDS);
    let done = run(folder.path(), "player -v -i virtual a.log");
    done.expect(0, "sent 4 frames");
    assert_eq!(done.stdout.lines().count(), 4);
    assert!(
        done.stdout
            .starts_with("Timestamp: 1600000000.000000    ID:      123    S Rx")
    );
    let quiet = run(folder.path(), "player -i virtual a.log");
    assert_eq!(quiet.stdout, "");
}

#[test]
fn a_frame_that_the_bus_cannot_carry_ends_it_with_an_error() {
    let folder = folder();
    write(folder.path(), "a.log", KINDS);
    let done = run(folder.path(), "player -i virtual a.log --bus-kwargs fd=no");
    done.expect(1, "canbus player: frame 3: ")
        .expect(1, "does not carry CAN FD frames");
    done.expect(1, "sent 2 frames in");
}

#[test]
fn a_damaged_log_is_sent_as_far_as_it_is_intact() {
    let folder = folder();
    write(folder.path(), "a.log", &format!("nonsense\n{KINDS}"));
    let done = run(folder.path(), "player -i virtual a.log");
    done.expect(1, "warning: a.log, line 1: ")
        .expect(1, "sent 4 frames");
    done.expect(1, "; 1 damaged place\n");
    write(folder.path(), "b.log", &format!("{KINDS}(16"));
    run(folder.path(), "player -i virtual b.log").expect(0, "note: b.log ends in the middle");
}

#[test]
fn a_log_without_frames_ends_even_an_endless_loop() {
    let folder = folder();
    write(folder.path(), "a.log", "");
    let start = Instant::now();
    run(folder.path(), "player -i virtual a.log --loop i")
        .expect(0, "warning: a.log has no frames to send")
        .expect(0, "sent 0 frames");
    assert!(start.elapsed() < Duration::from_secs(5));
}
