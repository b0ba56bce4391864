//! What is left when the logger is killed at any moment, for every format of the table.

use crate::tool::{folder, names, run};
use canbus::Message;
use canbus::formats;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NO_OPTIONS: [(&str, &str); 0] = [];

/// How many loggers run at the same time, and how often.
const AT_ONCE: usize = 10;
const ROUNDS: u64 = 5;

/// The suffixes under which logs can be written and read.
pub(crate) fn suffixes() -> Vec<String> {
    plain_and_compressed(true)
}

fn plain_and_compressed(compressed: bool) -> Vec<String> {
    let mut suffixes = Vec::new();
    for format in formats::all() {
        let Some(writing) = format.write.filter(|_| format.read.is_some()) else {
            continue;
        };
        suffixes.push(format.extension.to_string());
        if compressed && !writing.needs_file {
            suffixes.push(format!("{}.gz", format.extension));
        }
    }
    assert!(suffixes.len() > 1);
    suffixes
}

/// A time up to 0.7 s, another one for each seed (Knuth's MMIX generator).
fn time(seed: u64) -> Duration {
    let mixed = (seed + 1)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((mixed >> 33) % 700)
}

/// Runs the logger on the simulated vehicle, and kills it after this time, which counts from when
/// it is ready.
fn kill(folder: &Path, arguments: &str, ready: impl Fn() -> bool, after: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_canbus"))
        .args(["logger", "-i", "simulated", "--flush", "0.05"])
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let start = Instant::now();
    while !ready() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{arguments}: not ready"
        );
        assert!(
            child.try_wait().expect("a child").is_none(),
            "{arguments}: it ended"
        );
        thread::sleep(Duration::from_millis(2));
    }
    thread::sleep(after);
    child.kill().expect("it runs");
    child.wait().expect("a child");
}

/// Whether a file has anything in it.
fn has_content(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.len() > 0)
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
        let mut recorded = 0;
        for round in 0..ROUNDS {
            let counts = at_once(|number| {
                let path = at.join(format!("{round}-{number}{suffix}"));
                let seed = round * AT_ONCE as u64 + number as u64;
                // Most are at work, some may not even have opened their file.
                let ready = || seed.is_multiple_of(5) || has_content(&path);
                let name = path.file_name().and_then(|name| name.to_str());
                kill(
                    at,
                    &format!("-f {}", name.expect("text")),
                    ready,
                    time(seed),
                );
                intact(&path).map_or(0, |messages| messages.len())
            });
            recorded += counts.iter().filter(|&&count| count > 0).count();
        }
        assert!(
            recorded >= 10,
            "{suffix}: only {recorded} have recorded anything"
        );
    }
}

#[test]
fn a_killed_logger_leaves_rotated_files_that_are_whole_and_hold_nothing_twice() {
    let folder = folder();
    let at = folder.path();
    for suffix in suffixes() {
        at_once(|number| {
            let own = at.join(format!("{number}{suffix}"));
            fs::create_dir(&own).expect("a folder");
            let full = || {
                let files = names(&own);
                files.iter().filter(|name| name.contains('#')).count()
            };
            let arguments = format!("-f a{suffix} --file-frames 20");
            kill(&own, &arguments, || full() > 0, time(number as u64) / 4);
            let mut seen = HashSet::new();
            for name in names(&own).iter().filter(|name| !name.contains("-journal")) {
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
        });
    }
}

#[test]
fn a_log_that_was_killed_is_continued_and_keeps_what_it_had() {
    let folder = folder();
    let at = folder.path();
    // A compressed file whose end is missing is not continued: everything behind would be lost.
    for suffix in plain_and_compressed(false) {
        at_once(|number| {
            let name = format!("{number}{suffix}");
            let path = at.join(&name);
            let mut before = 0;
            for turn in 0..3 {
                let seed = number as u64 * 3 + turn;
                kill(
                    at,
                    &format!("-a -f {name}"),
                    || has_content(&path),
                    time(seed) / 2,
                );
                let log = formats::open(&path, NO_OPTIONS);
                let messages = log.into_iter().flatten().flatten().count();
                assert!(messages >= before, "{name}: {messages} after {before}");
                before = messages;
            }
        });
        let done = run(at, &format!("logger -i simulated -n 5 -a -f 0{suffix}"));
        done.expect(0, "5 frames in");
    }
}
