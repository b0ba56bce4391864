//! How recording ends: by signals, by force, by a full disk, because nobody reads any more.

use crate::bus::{Group, numbers, send};
use crate::killed::suffixes;
use crate::tool::{Running, folder, read, run};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

fn logger(folder: &Path, group: &Group, arguments: &str) -> Running {
    let arguments = ["logger", arguments, &group.arguments()];
    Running::start(folder, &arguments, Stdio::null())
}

/// What is in a log, whatever its format.
fn recorded(folder: &Path, name: &str) -> Vec<u32> {
    let done = run(folder, &format!("logconvert {name} read-{name}.log"));
    done.expect(0, "frames in");
    numbers(&read(folder, &format!("read-{name}.log")))
}

#[test]
fn each_signal_leaves_a_complete_file_and_a_summary() {
    let (folder, group) = (folder(), Group::new());
    let cases = [
        ("INT", "a.log"),
        ("TERM", "b.blf"),
        ("HUP", "c.log.gz"),
        ("TERM", "d.asc"),
    ];
    let loggers = cases.map(|(signal, name)| {
        let running = logger(folder.path(), &group, &format!("-f {name} --flush 0"));
        (signal, name, running)
    });
    send(&group.open(), 0..500);
    for (signal, name, running) in loggers {
        running.signal(signal);
        let ended = running.end();
        ended.expect(0, "canbus logger: 500 frames in");
        ended.expect(0, &format!(", 0 dropped; {name}: "));
        let lines = ended.stderr.lines().filter(|line| !line.contains("note: "));
        assert_eq!(lines.count(), 2, "{}", ended.stderr);
        let done = run(folder.path(), &format!("logconvert {name} complete.log"));
        assert!(
            !done.stderr.contains("ends in the middle"),
            "{name} is cut: {}",
            done.stderr
        );
        assert_eq!(recorded(folder.path(), name), (0..500).collect::<Vec<_>>());
    }
}

#[test]
fn a_hangup_does_not_end_what_was_started_to_survive_it() {
    if !Path::new("/proc/self/status").exists() {
        return;
    }
    let (folder, group) = (folder(), Group::new());
    let arguments = ["logger -f a.log", &group.arguments()];
    let running = Running::start_without_hangup(folder.path(), &arguments);
    send(&group.open(), 0..5);
    running.signal("HUP");
    thread::sleep(Duration::from_millis(200));
    send(&group.open(), 5..10);
    running.signal("TERM");
    running.end().expect(0, "10 frames in");
}

#[test]
fn two_signals_at_once_do_not_cost_the_file() {
    let (folder, group) = (folder(), Group::new());
    let running = logger(folder.path(), &group, "-f a.blf --flush 0");
    send(&group.open(), 0..500);
    running.signal("HUP");
    running.signal("TERM");
    running.end().expect(0, "500 frames in");
    assert_eq!(recorded(folder.path(), "a.blf").len(), 500);
}

#[test]
fn a_second_signal_ends_what_cannot_end_by_itself() {
    let (folder, group) = (folder(), Group::new());
    // Its standard output is a pipe that nobody empties.
    let stuck = Running::start(
        folder.path(),
        &["logger", &group.arguments()],
        Stdio::piped(),
    );
    send(&group.open(), 0..5_000);
    thread::sleep(Duration::from_millis(200));
    stuck.signal("TERM");
    thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    stuck.signal("TERM");
    assert_eq!(stuck.end().code, Some(130));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_killed_logger_leaves_all_but_the_last_second() {
    let (folder, group) = (folder(), Group::new());
    let names = suffixes().into_iter().map(|suffix| format!("a{suffix}"));
    let names: Vec<String> = names.collect();
    let loggers: Vec<Running> = names
        .iter()
        .map(|name| logger(folder.path(), &group, &format!("-f {name}")))
        .collect();
    let bus = group.open();
    let start = Instant::now();
    // When each frame was sent.
    let mut sent = Vec::new();
    while start.elapsed() < Duration::from_millis(3200) {
        send(&bus, sent.len() as u32..sent.len() as u32 + 1);
        sent.push(Instant::now());
        thread::sleep(Duration::from_millis(3));
    }
    let killed = Instant::now();
    for running in loggers {
        running.signal("KILL");
        assert_eq!(running.end().code, None);
    }
    // A second, and what the machine may be late.
    let safe = Duration::from_secs(2);
    let expected = sent.iter().filter(|&&time| killed - time > safe).count();
    assert!(expected > 20);
    for name in names {
        let found = recorded(folder.path(), &name);
        assert!(
            found.len() >= expected,
            "{name}: {} of {expected}",
            found.len()
        );
        assert!(found.iter().copied().eq(0..found.len() as u32), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_logger_at_once() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let (folder, group) = (folder(), Group::new());
    for name in ["full.log", "full.blf"] {
        std::os::unix::fs::symlink("/dev/full", folder.path().join(name)).expect("a link");
    }
    let running = logger(folder.path(), &group, "-f full.log --flush 0.1");
    send(&group.open(), 0..50);
    let start = Instant::now();
    let ended = running.end();
    assert!(start.elapsed() < Duration::from_secs(3));
    let said = "canbus logger: full.log: No space left on device";
    ended.expect(1, said).expect(1, "not all of them written");
    assert_eq!(ended.stderr.matches(said).count(), 1, "{}", ended.stderr);
    // Its header is written at once.
    let done = run(
        folder.path(),
        &format!("logger -f full.blf {}", group.arguments()),
    );
    done.expect(1, "canbus logger: full.blf: No space left on device");
}

#[test]
fn who_stops_reading_ends_the_logger_quietly() {
    let (folder, group) = (folder(), Group::new());
    let mut running = Running::start(
        folder.path(),
        &["logger", &group.arguments()],
        Stdio::piped(),
    );
    drop(running.stdout());
    send(&group.open(), 0..10);
    let ended = running.end();
    ended.expect(0, "printing ");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn a_player_ends_by_a_signal_also_while_it_waits() {
    let (folder, group) = (folder(), Group::new());
    fs::write(
        folder.path().join("a.log"),
        "(0.0) can0 123# R\n(0.1) can0 123# R\n(3600.0) can0 123# R\n",
    )
    .expect("written");
    for signal in ["INT", "TERM", "HUP"] {
        let arguments = ["player a.log", &group.arguments()];
        let running = Running::start(folder.path(), &arguments, Stdio::null());
        thread::sleep(Duration::from_millis(250));
        running.signal(signal);
        running
            .end()
            .expect(0, "canbus player: sent 2 frames in")
            .expect(0, "; interrupted\n");
    }
}

#[test]
fn an_endless_loop_ends_by_a_signal() {
    let (folder, group) = (folder(), Group::new());
    fs::write(
        folder.path().join("a.log"),
        "(0.0) can0 123# R\n(0.01) can0 123# R\n",
    )
    .expect("written");
    let arguments = ["player --loop i a.log", &group.arguments()];
    let running = Running::start(folder.path(), &arguments, Stdio::null());
    thread::sleep(Duration::from_millis(100));
    running.signal("INT");
    running
        .end()
        .expect(0, "sent ")
        .expect(0, "; interrupted\n");
}
