//! `canbus logger` with new files, kept files, a ring, and several buses.

use crate::bus::{Group, numbers, send};
use crate::tool::{Running, folder, names, read, run};
use canbus::formats;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

fn logger(folder: &Path, group: &Group, arguments: &str) -> Running {
    let arguments = ["logger", arguments, &group.arguments()];
    Running::start(folder, &arguments, Stdio::null())
}

/// What is in the files of a rotated log, in their order.
fn recorded(folder: &Path, base: &str) -> Vec<Vec<u32>> {
    let mut names = names(folder);
    names.sort_by_key(|name| (name == base, name.clone()));
    names
        .iter()
        .map(|name| numbers(&read(folder, name)))
        .collect()
}

#[test]
fn a_new_file_is_started_after_so_many_frames_and_only_the_newest_are_kept() {
    let (folder, group) = (folder(), Group::new());
    let running = logger(
        folder.path(),
        &group,
        "-f a.log --file-frames 100 --keep-files 3 -n 550",
    );
    send(&group.open(), 0..600);
    running
        .end()
        .expect(0, "550 frames in")
        .expect(0, "; 5 full files before it; 3 old files deleted\n");
    let expected: [Vec<u32>; 3] = [300..400, 400..500, 500..550].map(Iterator::collect);
    assert_eq!(recorded(folder.path(), "a.log"), expected);
}

#[test]
fn a_new_file_is_started_when_the_time_is_up_on_a_silent_bus_too() {
    let (folder, group) = (folder(), Group::new());
    let running = logger(
        folder.path(),
        &group,
        "-f a.blf --file-time 200ms --flush 0.05",
    );
    send(&group.open(), 0..10);
    let start = std::time::Instant::now();
    while names(folder.path()).len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(10));
    }
    running.signal("TERM");
    running.end().expect(0, "; 1 full file before it\n");
}

#[test]
fn the_size_of_all_files_is_bounded() {
    let (folder, group) = (folder(), Group::new());
    let arguments = "-f a.log -s 10k --keep-size 50k --flush 0.05";
    let running = logger(folder.path(), &group, arguments);
    send(&group.open(), 0..5000);
    running.signal("TERM");
    running.end().expect(0, " old files deleted\n");
    let size = |name: &String| fs::metadata(folder.path().join(name)).expect("there").len();
    let all: u64 = names(folder.path()).iter().map(size).sum();
    // At each new file and at each flush; what is written in between comes on top.
    assert!((20_000..70_000).contains(&all), "{all}");
    let found = recorded(folder.path(), "a.log").concat();
    assert_eq!(found.last(), Some(&4999));
    assert!(
        found.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "none lost in between"
    );
}

#[test]
fn a_ring_is_written_when_a_frame_triggers_it() {
    let (folder, group) = (folder(), Group::new());
    let running = logger(
        folder.path(),
        &group,
        "-f a.log --ring 10s --ring-frames 50 --after 100ms --flush 0.05 \
         --trigger 0C8:7FF#000000c8 error",
    );
    let bus = group.open();
    send(&bus, 0..190);
    assert!(names(folder.path()).is_empty(), "nothing happened yet");
    send(&bus, 190..220);
    running.wait_for(" frames written to a_");
    running.signal("INT");
    running
        .end()
        .expect(0, "220 frames in")
        .expect(0, "; 69 frames written to 1 file\n");
    let files = names(folder.path());
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].ends_with("_#000.log"), "{files:?}");
    // 50 frames with the one that triggers, and those behind it.
    assert_eq!(
        numbers(&read(folder.path(), &files[0])),
        (151..220).collect::<Vec<_>>()
    );
}

#[cfg(unix)]
#[test]
fn a_ring_is_written_at_a_signal_as_often_as_one_comes() {
    let (folder, group) = (folder(), Group::new());
    let running = logger(
        folder.path(),
        &group,
        "-f a.blf --ring 10s --after 50ms --flush 0.02",
    );
    let bus = group.open();
    for (count, part) in [0..10, 10..30].into_iter().enumerate() {
        send(&bus, part.clone());
        std::thread::sleep(Duration::from_millis(200));
        running.signal("USR1");
        running.wait_for(&format!("_#{count:03}.blf"));
    }
    running.signal("TERM");
    running.end().expect(0, "; 30 frames written to 2 files\n");
    let none: [(&str, &str); 0] = [];
    let lengths = names(folder.path());
    let lengths = lengths.iter().map(|name| {
        let log = formats::open(folder.path().join(name), none).expect("a log");
        log.inspect(|message| assert!(message.is_ok())).count()
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [10, 20]);
}

#[test]
fn several_buses_are_recorded_into_one_file() {
    let (folder, one, other) = (folder(), Group::new(), Group::new());
    let arguments = [
        "logger -f a.log -n 60 --bus",
        &one.spec(),
        "--bus",
        &other.spec(),
    ];
    let running = Running::start(folder.path(), &arguments, Stdio::null());
    running.wait_for("warning: ");
    let (first, second) = (one.open(), other.open());
    for number in 0..30 {
        send(&first, number..number + 1);
        send(&second, 1000 + number..1001 + number);
    }
    running
        .end()
        .expect(0, "have the same channel")
        .expect(0, "60 frames in")
        .expect(0, ", 0 dropped; a.log");
    let found = numbers(&read(folder.path(), "a.log"));
    let of = |range: std::ops::Range<u32>| {
        let found = found.iter().filter(|number| range.contains(number));
        found.copied().collect::<Vec<_>>()
    };
    assert_eq!(of(0..1000), (0..30).collect::<Vec<_>>());
    assert_eq!(of(1000..2000), (1000..1030).collect::<Vec<_>>());
}

#[test]
fn channels_tell_the_buses_apart() {
    let folder = folder();
    let done = run(
        folder.path(),
        "logger -i simulated -c left --bus interface=simulated,channel=right,seed=3 --duration 0.5 -f a.log",
    );
    done.expect(
        0,
        "recording Simulated vehicle channel left and Simulated vehicle channel right",
    );
    let log = read(folder.path(), "a.log");
    for channel in [") left ", ") right "] {
        assert!(log.matches(channel).count() > 100, "{channel}");
    }
}

#[test]
fn buses_that_the_format_does_not_tell_apart_are_told_of_before_it_is_too_late() {
    let folder = folder();
    let warning = "Simulated vehicle channel left and Simulated vehicle channel right have the \
                   same channel, as far as the log keeps it";
    // Its CAN FD frames do not go into python-can's columns.
    for (file, code, told, lost) in [
        ("a.csv", 1, true, "channel not kept"),
        ("a.db", 1, true, "channel not kept"),
        ("a.blf", 0, true, "channel"),
        ("b.csv --columns=extended", 0, false, ""),
    ] {
        let done = run(
            folder.path(),
            &format!(
                "logger -i simulated -c left --bus interface=simulated,channel=right --duration \
                 0.2 -f {file}"
            ),
        );
        done.expect(code, " frames in ");
        assert_eq!(done.stderr.contains(warning), told, "{}", done.stderr);
        let note = done.stderr.lines().find(|line| line.contains("note: "));
        assert_eq!(note.is_some(), told, "{}", done.stderr);
        assert!(note.is_none_or(|note| note.contains(lost)), "{note:?}");
    }
}

#[test]
fn what_was_lost_is_told_by_bus() {
    let (folder, group) = (folder(), Group::new());
    let spec = format!("--bus {},receive_buffer=4096", group.spec());
    let arguments = ["logger -i virtual -f a.log", &spec];
    let running = Running::start(folder.path(), &arguments, Stdio::null());
    send(&group.open(), 0..20_000);
    running.signal("TERM");
    let ended = running.end();
    let lost = 20_000 - numbers(&read(folder.path(), "a.log")).len();
    assert!(lost > 0);
    ended.expect(0, &format!(", {lost} dropped ({lost} by "));
}

#[test]
fn a_line_a_second_tells_how_it_goes_if_asked() {
    let folder = folder();
    let done = run(
        folder.path(),
        "logger -i simulated --duration 2.6 -f a.log -v",
    );
    let lines = done.stderr.lines().filter(|line| line.contains(", now "));
    assert!((1..=2).contains(&lines.count()), "{}", done.stderr);
    done.expect(0, "/s, 0 dropped\n");
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    let folder = folder();
    for (arguments, told) in [
        ("--file-time 1h", "need the name of the first one"),
        ("-f a.log --keep-files 3", "there must be new ones"),
        ("-f a.log --file-time 0", "expected a time, such as 30s"),
        ("-f a.log --file-at 25:00", "expected a time of the day"),
        ("-f a.log --file-at 6:00 --file-time 25h", "whole days"),
        ("--ring 10s", "required"),
        ("-f a.log --ring 10s -a", "cannot be used with"),
        ("-f a.log --ring 10s -s 10k", "cannot be used with"),
        ("-f a.log --trigger error", "required"),
        (
            "-f a.log --ring 1s --trigger 12",
            "expected error or ID:MASK",
        ),
        ("-f a.log --bus virtual", "expected KEY=VALUE"),
        (
            "-f a.log --passive --bus interface=virtual,listen_only=no",
            "given twice",
        ),
    ] {
        run(
            folder.path(),
            &format!("logger -i virtual --duration 0 {arguments}"),
        )
        .expect(2, told);
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn frames_start_and_stop_a_recording() {
    let (folder, group) = (folder(), Group::new());
    let arguments = "-f a.log --start-on 064:7FF#00000064 --stop-on error 0C8:7FF#..00..C8";
    let running = logger(folder.path(), &group, arguments);
    send(&group.open(), 0..300);
    running.end().expect(0, "101 frames in");
    assert_eq!(
        numbers(&read(folder.path(), "a.log")),
        (100..201).collect::<Vec<_>>()
    );
}
