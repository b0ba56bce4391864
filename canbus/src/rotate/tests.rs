use super::*;
use crate::error::Error;
use crate::formats::Format;
use crate::frame::{Frame, Id};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NO_OPTIONS: [(&str, &str); 0] = [];

fn message(number: u32) -> Message {
    let frame = Frame::data(Id::standard(1).expect("fits"), &number.to_be_bytes());
    let time = Timestamp::from_nanos(1_700_000_000_000_000_000 + i64::from(number) * 1_000_000);
    Message::received(frame.expect("valid"), time)
}

fn write(log: &mut RotatingLogger, numbers: std::ops::Range<u32>) {
    for number in numbers {
        log.on_message(&message(number)).expect("written");
    }
}

/// The numbers of the messages in a log.
fn read(path: &Path) -> Vec<u32> {
    let log = formats::open(path, NO_OPTIONS).expect("a log");
    let number = |message: Result<Message>| {
        let message = message.expect("intact");
        let data = message.frame.payload().try_into().expect("four bytes");
        u32::from_be_bytes(data)
    };
    log.map(number).collect()
}

/// The full files in their order, and then the current one.
fn files(base: &Path) -> Vec<PathBuf> {
    let folder = base.parent().expect("a folder");
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|path| path != base);
    files.sort();
    files.push(base.to_path_buf());
    files
}

fn readable() -> impl Iterator<Item = Format> {
    let both = |format: &Format| format.read.is_some() && format.write.is_some();
    formats::all().into_iter().filter(both)
}

#[test]
fn every_format_is_rotated_without_losing_or_doubling_a_message() {
    for format in readable() {
        let writing = format.write.expect("checked");
        for suffix in ["", ".gz"] {
            if writing.needs_file && suffix == ".gz" {
                continue;
            }
            let folder = tempfile::tempdir().expect("a folder");
            let base = folder.path().join(format!("a{}{suffix}", format.extension));
            let mut log = RotatingLogger::builder(&base)
                .max_messages(100)
                .start()
                .expect("created");
            write(&mut log, 0..250);
            log.finish().expect("complete");
            let mut log = RotatingLogger::builder(&base)
                .append(true)
                .max_messages(100)
                .rollover_count(log.rollovers())
                .start()
                .expect("continued");
            write(&mut log, 250..500);
            log.finish().expect("complete");
            assert_eq!(log.rollovers(), 4);
            let found: Vec<Vec<u32>> = files(&base).iter().map(|file| read(file)).collect();
            let lengths: Vec<usize> = found.iter().map(Vec::len).collect();
            assert_eq!(lengths, [100, 100, 150, 100, 50], "{}", base.display());
            assert_eq!(found.concat(), (0..500).collect::<Vec<_>>());
        }
    }
}

#[test]
fn files_are_little_larger_than_asked_whatever_the_writer_buffers() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut log = RotatingLogger::create(&base, 4096, NO_OPTIONS).expect("created");
    write(&mut log, 0..1000);
    log.finish().expect("complete");
    let sizes: Vec<u64> = files(&base)
        .iter()
        .map(|file| fs::metadata(file).expect("there").len())
        .collect();
    let (last, full) = sizes.split_last().expect("files");
    assert!(
        full.iter()
            .all(|size| (4096..4096 + 4096 / 16).contains(size)),
        "{full:?}"
    );
    assert_eq!(full.len(), log.rollovers() as usize);
    // Lines of 41 bytes: (1700000000.000000) vcan0 001#00000000 R
    assert_eq!(full.iter().sum::<u64>() + last, 41 * 1000);
}

#[test]
fn no_size_is_no_limit_as_in_python_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut log = RotatingLogger::create(&base, 0, NO_OPTIONS).expect("created");
    write(&mut log, 0..100);
    log.finish().expect("complete");
    assert_eq!((log.rollovers(), read(&base).len()), (0, 100));
}

#[test]
fn the_times_of_messages_part_a_log_where_they_are_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.blf");
    let mut log = RotatingLogger::builder(&base)
        .every(Duration::from_millis(30))
        .by_message_times()
        .start()
        .expect("created");
    write(&mut log, 0..100);
    log.finish().expect("complete");
    let found: Vec<Vec<u32>> = files(&base).iter().map(|file| read(file)).collect();
    let expected: [Vec<u32>; 4] = [0..30, 30..60, 60..90, 90..100].map(Iterator::collect);
    assert_eq!(found, expected);
}

#[test]
fn on_a_silent_bus_a_file_is_rotated_when_its_time_is_up_and_an_empty_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut log = RotatingLogger::builder(&base)
        .every(Duration::from_millis(20))
        .start()
        .expect("created");
    write(&mut log, 0..1);
    for rollovers in [1, 1, 1] {
        std::thread::sleep(Duration::from_millis(30));
        log.flush().expect("flushed");
        assert_eq!(log.rollovers(), rollovers);
    }
    assert_eq!(read(&files(&base)[0]), [0]);
}

#[test]
fn of_full_files_the_oldest_are_deleted_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let others = [
        "b_2020-01-01T000000_#000.log",
        "a_2020-01-01T000000_#000.blf",
        "a_2020.log",
        "a.log.bak",
    ];
    // One of an earlier run is deleted as well.
    let earlier = "a_2020-01-01T000000_#000.log";
    for name in others.iter().chain([&earlier]) {
        fs::write(path(name), "").expect("written");
    }
    let mut log = RotatingLogger::builder(path("a.log"))
        .max_messages(10)
        .keep_files(3)
        .start()
        .expect("created");
    write(&mut log, 0..55);
    log.finish().expect("complete");
    assert_eq!((log.rollovers(), log.deleted()), (5, 4));
    let mut own = files(&path("a.log"));
    own.retain(|file| !others.iter().any(|name| *file == path(name)));
    let found: Vec<u32> = own.iter().flat_map(|file| read(file)).collect();
    assert_eq!(found, (30..55).collect::<Vec<_>>());
    for name in others {
        assert!(path(name).exists(), "{name}");
    }
}

#[test]
fn all_files_together_have_at_most_so_many_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut log = RotatingLogger::builder(&base)
        .max_messages(10)
        .keep_bytes(41 * 25)
        .start()
        .expect("created");
    for number in 0..58 {
        write(&mut log, number..number + 1);
        log.flush().expect("flushed");
        let all = files(&base);
        let bytes: u64 = all
            .iter()
            .map(|file| fs::metadata(file).expect("there").len())
            .sum();
        assert!(bytes <= 41 * 25, "{bytes} after {number}");
    }
    log.finish().expect("complete");
    let found: Vec<u32> = files(&base).iter().flat_map(|file| read(file)).collect();
    assert_eq!(found, (40..58).collect::<Vec<_>>());
}

#[test]
fn hooks_name_and_move_full_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("full")).expect("made");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (noted, own) = (Arc::clone(&seen), path("full"));
    let mut log = RotatingLogger::builder(path("a.log"))
        .max_messages(10)
        .rollover_count(23)
        .namer(move |usual| {
            let name = usual.file_name().and_then(OsStr::to_str).expect("text");
            assert!(name.starts_with("a_2") && name.len() == "a_2026-05-31T142500_#023.log".len());
            own.join(&name[name.len() - 8..])
        })
        .rotator(move |from, to| {
            noted
                .lock()
                .expect("no panic")
                .push((from.to_path_buf(), to.to_path_buf()));
            Ok(fs::rename(from, to)?)
        })
        .start()
        .expect("created");
    write(&mut log, 0..25);
    log.finish().expect("complete");
    let to = ["full/#023.log", "full/#024.log"].map(path);
    let expected: Vec<_> = to.iter().map(|to| (path("a.log"), to.clone())).collect();
    assert_eq!(*seen.lock().expect("no panic"), expected);
    assert_eq!(read(&to[1]), (10..20).collect::<Vec<_>>());
    assert_eq!(read(&path("a.log")), (20..25).collect::<Vec<_>>());
}

#[test]
fn a_namer_that_gives_a_name_twice_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let same = path("same.log");
    let mut log = RotatingLogger::builder(path("a.log"))
        .max_messages(10)
        .namer(move |_| same.clone())
        .start()
        .expect("created");
    write(&mut log, 0..20);
    let error = log.on_message(&message(20)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("a name of its own"), "{error}");
    log.finish().expect("complete");
    assert_eq!(read(&path("same.log")), (0..10).collect::<Vec<_>>());
    assert_eq!(read(&path("a.log")), (10..20).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_moved_is_continued_and_the_failure_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let fails = Arc::new(Mutex::new(true));
    let failing = Arc::clone(&fails);
    let mut log = RotatingLogger::builder(&base)
        .max_messages(10)
        .rotator(move |from, to| {
            if *failing.lock().expect("no panic") {
                return Err(Error::new(ErrorKind::Io, "not today"));
            }
            names::rename(from, to)
        })
        .start()
        .expect("created");
    write(&mut log, 0..10);
    for _ in 0..2 {
        let error = log.on_message(&message(99)).expect_err("told").to_string();
        assert!(
            error.starts_with("cannot rename ") && error.ends_with("not today"),
            "{error}"
        );
    }
    assert_eq!(read(&base), (0..10).collect::<Vec<_>>());
    *fails.lock().expect("no panic") = false;
    write(&mut log, 10..25);
    log.finish().expect("complete");
    let found: Vec<Vec<u32>> = files(&base).iter().map(|file| read(file)).collect();
    let expected: [Vec<u32>; 3] = [0..10, 10..20, 20..25].map(Iterator::collect);
    assert_eq!(found, expected);
}

#[test]
fn a_file_that_somebody_took_away_is_told_and_recording_can_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let mut log = RotatingLogger::builder(&base)
        .max_messages(1)
        .start()
        .expect("created");
    write(&mut log, 0..1);
    fs::remove_file(&base).expect("there");
    let error = log.on_message(&message(1)).expect_err("nothing to rename");
    assert!(error.to_string().starts_with("cannot rename "), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    log.open().expect("opened");
    write(&mut log, 1..2);
    log.finish().expect("complete");
    assert_eq!(
        files(&base)
            .iter()
            .flat_map(|file| read(file))
            .collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn loggers_that_rotate_at_the_same_time_cost_each_other_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = |n: u32| folder.path().join(format!("{n}"));
    std::thread::scope(|scope| {
        for n in 0..4 {
            fs::create_dir(own(n)).expect("a folder");
            let (base, like) = (own(n).join("a.log"), folder.path().join("a.log"));
            scope.spawn(move || {
                let mut log = RotatingLogger::builder(base)
                    .max_messages(1)
                    .full_files_like(like)
                    .start()
                    .expect("created");
                write(&mut log, n * 100..n * 100 + 26);
                log.finish().expect("complete");
            });
        }
    });
    let files = fs::read_dir(folder.path()).expect("a folder");
    let files = files
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.is_file());
    let found: Vec<u32> = files.flat_map(|file| read(&file)).collect();
    assert_eq!(found.len(), 100);
    assert_eq!(found.into_iter().collect::<HashSet<_>>().len(), 100);
}

#[test]
fn what_cannot_be_is_refused_before_a_file_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("a.log");
    let builder = || RotatingLogger::builder(&base);
    let hours = Duration::from_hours;
    for (builder, told) in [
        (builder().every(Duration::ZERO), "longer than zero"),
        (builder().aligned(hours(24)), "less than 24 hours"),
        (builder().every(hours(25)).aligned(hours(0)), "whole days"),
        (builder().keep_files(0), "keep_files is 1 or more"),
        (builder().option("nothing", "1"), "has no option nothing"),
    ] {
        let error = builder.start().err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(told), "{error}");
    }
    assert!(!base.exists());
}
