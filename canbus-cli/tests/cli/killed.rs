//! What is left when the logger is killed at any moment, for every format of the table.

use crate::tool::{folder, names, run};
use canbus::formats;
use canbus::{Message, Timestamp};
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const NO_OPTIONS: [(&str, &str); 0] = [];

/// How many loggers run at the same time, and how often.
const AT_ONCE: usize = 10;
const ROUNDS: u64 = 5;

/// The suffixes under which logs can be written and read.
fn suffixes() -> Vec<String> {
    let mut suffixes = Vec::new();
    for format in formats::all() {
        let Some(writing) = format.write.filter(|_| format.read.is_some()) else {
            continue;
        };
        suffixes.push(format.extension.to_string());
        if !writing.needs_file {
            suffixes.push(format!("{}.gz", format.extension));
        }
    }
    assert!(suffixes.len() > 2);
    suffixes
}

/// A time up to 0.7 s, another one for each seed (Knuth's MMIX generator).
fn time(seed: u64) -> Duration {
    let mixed = (seed + 1)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((mixed >> 33) % 700)
}

/// Runs the logger on the simulated vehicle, kills it after this time, and tells when that was.
/// The time counts from when it is at work, or in each fifth case from its start.
fn killed(folder: &Path, arguments: &str, seed: u64) -> Timestamp {
    let mut child = Command::new(env!("CARGO_BIN_EXE_canbus"))
        .args(["logger", "-i", "simulated", "--flush", "0.1"])
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    if seed % 5 > 0 {
        let mut said = String::new();
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        while !said.ends_with("Ctrl-C ends it\n") {
            let count = stderr.read_line(&mut said).expect("text");
            assert!(count > 0, "it ended: {said}");
        }
    }
    thread::sleep(time(seed));
    let now = Timestamp::now();
    child.kill().expect("it runs");
    child.wait().expect("a child");
    now
}

/// All messages of a file, each intact; `None` for one that was not yet begun.
fn intact(path: &Path) -> Option<Vec<Message>> {
    // The beginning of a compressed file without anything in it has ten bytes.
    match path.metadata() {
        Ok(about) if about.len() > 10 => {}
        _ => return None,
    }
    let name = path.display();
    let log = formats::open(path, NO_OPTIONS).unwrap_or_else(|error| panic!("{name}: {error}"));
    let intact = |item: canbus::Result<Message>| item.unwrap_or_else(|error| panic!("{error}"));
    Some(log.map(intact).collect())
}

/// Does something for each of the loggers of a round, all at the same time.
fn at_once<T: Send>(each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|number| scope.spawn(move || each(number)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, T>| thread.join().expect("no panic");
        threads.into_iter().map(join).collect()
    })
}

#[test]
fn a_killed_logger_leaves_a_readable_file_of_every_format() {
    let folder = folder();
    let at = folder.path();
    for suffix in suffixes() {
        let mut late = 0;
        let mut recorded = 0;
        for round in 0..ROUNDS {
            let found = at_once(|number| {
                let name = format!("{round}-{number}{suffix}");
                let seed = round * AT_ONCE as u64 + number as u64;
                let killed = killed(at, &format!("-f {name}"), seed);
                let messages = intact(&at.join(name)).unwrap_or_default();
                messages
                    .last()
                    .map(|last| killed.nanos_since(last.timestamp))
            });
            recorded += found.iter().flatten().count();
            // A tenth of a second between two flushes, and what the machine is late.
            late += found
                .iter()
                .flatten()
                .filter(|&&missing| missing > 900_000_000)
                .count();
        }
        // Those that were killed before their first flush have nothing.
        assert!(
            recorded > 10,
            "{suffix}: only {recorded} have recorded anything"
        );
        assert!(
            late * 5 <= recorded,
            "{suffix}: {late} of {recorded} lost more than a flush"
        );
    }
}

#[test]
fn a_killed_logger_leaves_rotated_files_that_are_whole_and_hold_nothing_twice() {
    let folder = folder();
    let at = folder.path();
    for suffix in suffixes() {
        let counts = at_once(|number| {
            let own = at.join(format!("{number}{suffix}"));
            fs::create_dir(&own).expect("a folder");
            let arguments = format!("-f a{suffix} --file-frames 20");
            killed(&own, &arguments, number as u64);
            let files = names(&own);
            let mut seen = HashSet::new();
            for name in files.iter().filter(|name| !name.contains("-journal")) {
                let messages = intact(&own.join(name));
                if name.contains('#') {
                    let count = messages.as_ref().map(Vec::len);
                    assert_eq!(
                        count,
                        Some(20),
                        "{name} was complete before it got its name"
                    );
                }
                for message in messages.unwrap_or_default() {
                    let key = (message.timestamp, message.frame.id());
                    assert!(seen.insert(key), "{name}: {message} is there twice");
                }
            }
            files.len()
        });
        assert!(
            counts.iter().any(|&count| count > 2),
            "{suffix}: {counts:?}"
        );
    }
}

#[test]
fn a_log_that_was_killed_is_continued_and_keeps_what_it_had() {
    let folder = folder();
    let at = folder.path();
    // A compressed file whose end is missing is not continued: everything behind would be lost.
    for suffix in suffixes().iter().filter(|suffix| !suffix.ends_with(".gz")) {
        at_once(|number| {
            let name = format!("{number}{suffix}");
            let mut before = 0;
            for turn in 0..3 {
                killed(at, &format!("-a -f {name}"), number as u64 * 3 + turn);
                let log = formats::open(at.join(&name), NO_OPTIONS);
                let messages = log
                    .into_iter()
                    .flatten()
                    .filter(|item| item.is_ok())
                    .count();
                assert!(messages >= before, "{name}: {messages} after {before}");
                before = messages;
            }
        });
        let done = run(at, &format!("logger -i simulated -n 5 -a -f 0{suffix}"));
        done.expect(0, "5 frames in");
    }
}
