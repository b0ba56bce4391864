//! What is left of damaged logs: every format of the table is cut, flipped, holed and filled with
//! garbage, and read. A format that is added to the table is tested with the others.

use canbus::formats::{self, Format};
use canbus::{Frame, Id, Listener, Message, Result, Timestamp};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const NO_OPTIONS: [(&str, &str); 0] = [];

/// How many messages are written between two flushes, and how many in all.
const BLOCK: u32 = 6;
const MESSAGES: u32 = 60;

/// Formats of blocks that can be found again behind damage. Those of lines are known by their
/// content.
const RESYNCHRONIZING: &[&str] = &["blf"];

/// How long the reading of a small file may take.
const PATIENCE: Duration = Duration::from_mins(1);

fn message(number: u32) -> Message {
    let id = Id::standard(0x100 + number % 50).expect("fits");
    let [high, low] = (number as u16).to_be_bytes();
    let frame = Frame::data(id, &[high, low, 0x5A, !low]).expect("valid");
    let time = 1_700_000_000_000_000_000 + i64::from(number) * 7_000_000;
    Message::received(frame, Timestamp::from_nanos(time))
}

/// The number of a message, if it is one of those that were written.
fn number(message: &Message) -> Option<u32> {
    let [high, low, ..] = *message.frame.payload() else {
        return None;
    };
    let number = u32::from(u16::from_be_bytes([high, low]));
    (self::message(number).frame == message.frame && number < MESSAGES).then_some(number)
}

/// A log file and its size after each flush.
struct Log {
    name: String,
    bytes: Vec<u8>,
    sizes: Vec<usize>,
    /// Behind damage the next message can be found.
    resynchronizes: bool,
    /// What was written stays as it is: a part of the file is a file.
    grows: bool,
}

fn write(folder: &Path, format: &Format, suffix: &str) -> Log {
    let name = format!("log{}{suffix}", format.extension);
    let path = folder.join(&name);
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let mut sizes = Vec::new();
    for block in 0..MESSAGES / BLOCK {
        for number in block * BLOCK..(block + 1) * BLOCK {
            log.on_message(&message(number)).expect("written");
        }
        log.flush().expect("flushed");
        sizes.push(fs::metadata(&path).expect("there").len() as usize);
    }
    log.finish().expect("complete");
    let bytes = fs::read(&path).expect("there");
    let lines = bytes.split(|&byte| byte == b'\n').count();
    let is_text = lines >= MESSAGES as usize && bytes.is_ascii();
    let needs_file = format.write.is_some_and(|write| write.needs_file);
    Log {
        resynchronizes: is_text || RESYNCHRONIZING.contains(&format.name) && suffix.is_empty(),
        grows: !needs_file,
        name,
        bytes,
        sizes,
    }
}

fn logs(folder: &Path) -> Vec<Log> {
    let mut logs = Vec::new();
    for format in formats::all() {
        let Some(writing) = format.write.filter(|_| format.read.is_some()) else {
            continue;
        };
        logs.push(write(folder, &format, ""));
        if !writing.needs_file {
            logs.push(write(folder, &format, ".gz"));
        }
    }
    assert!(logs.iter().any(|log| log.resynchronizes));
    logs
}

/// What a reader makes of a file.
#[derive(Debug, Default)]
struct Found {
    /// The messages that were written, by their numbers, and how many others there are.
    numbers: Vec<u32>,
    others: usize,
    errors: usize,
    /// Something else tells that not all was read.
    noted: bool,
}

impl Found {
    fn is_told(&self) -> bool {
        self.errors > 0 || self.noted
    }
}

fn read_file(path: &Path) -> Found {
    let mut found = Found::default();
    let Ok(reader) = formats::open(path, NO_OPTIONS) else {
        found.errors = 1;
        return found;
    };
    let report = reader.report();
    for (count, item) in reader.enumerate() {
        assert!(count < 100_000, "there is an end");
        match item.map(|message| number(&message)) {
            Ok(Some(number)) => found.numbers.push(number),
            Ok(None) => found.others += 1,
            Err(_) => found.errors += 1,
        }
    }
    found.noted = report.is_truncated() || report.passed_over() > 0;
    found
}

/// Reads many changed copies of a log, on a thread: no reader may panic, or never come back.
fn read_all(log: &Log, copies: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<(String, Found)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (ask, asked) = mpsc::channel::<PathBuf>();
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || {
        for path in asked {
            if answer.send(read_file(&path)).is_err() {
                return;
            }
        }
    });
    let path = folder.path().join(&log.name);
    copies
        .map(|(what, bytes)| {
            fs::write(&path, bytes).expect("written");
            ask.send(path.clone()).expect("it listens");
            let found = answered.recv_timeout(PATIENCE);
            let found = found.unwrap_or_else(|_| panic!("{}, {what}: no answer", log.name));
            (what, found)
        })
        .collect()
}

/// Which messages were on the disk when the file had this size.
fn flushed(log: &Log, size: usize) -> u32 {
    let blocks = log.sizes.iter().filter(|&&end| end <= size).count();
    blocks as u32 * BLOCK
}

/// The messages outside of the blocks that damage touches, and those beside them.
fn untouched(log: &Log, damage: std::ops::Range<usize>) -> Vec<u32> {
    let first = flushed(log, damage.start).saturating_sub(BLOCK);
    let last = flushed(log, damage.end) + 2 * BLOCK;
    (0..first).chain(last.min(MESSAGES)..MESSAGES).collect()
}

#[track_caller]
fn expect_all(log: &Log, what: &str, found: &Found, expected: &[u32]) {
    let missing: Vec<&u32> = expected
        .iter()
        .filter(|number| !found.numbers.contains(number))
        .collect();
    let name = &log.name;
    assert!(
        missing.is_empty(),
        "{name}, {what}: {missing:?} are missing in {found:?}"
    );
    let sorted = found.numbers.is_sorted_by(|one, next| one < next);
    assert!(sorted, "{name}, {what}: out of order or twice in {found:?}");
}

#[test]
fn of_a_cut_log_all_that_was_flushed_before_the_cut_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for log in logs(folder.path()) {
        // Not every length, but each of the last block and many of the others.
        let last = log.sizes[log.sizes.len() - 2];
        let lengths = (0..log.bytes.len()).filter(|length| *length >= last || length % 7 == 0);
        let copies = lengths.map(|length| (length.to_string(), log.bytes[..length].to_vec()));
        for (what, found) in read_all(&log, copies) {
            let length: usize = what.parse().expect("a number");
            let what = format!("cut to {what}");
            let whole = if log.grows { flushed(&log, length) } else { 0 };
            expect_all(&log, &what, &found, &(0..whole).collect::<Vec<_>>());
            if log.grows {
                let in_step = found
                    .numbers
                    .iter()
                    .zip(0..)
                    .all(|(number, at)| *number == at);
                assert!(in_step, "{}, {what}: {found:?}", log.name);
            }
            // Half a line can look like a whole one, but only the last.
            assert!(found.others <= 1, "{}, {what}: {found:?}", log.name);
        }
    }
}

#[test]
fn a_flipped_byte_costs_its_surroundings_at_most() {
    let folder = tempfile::tempdir().expect("a folder");
    for log in logs(folder.path()) {
        // What is before the first message tells how to read the rest.
        let offsets = (log.sizes[0]..log.bytes.len()).step_by(1 + log.bytes.len() / 300);
        let copies = offsets.flat_map(|offset| {
            [0x01, 0x80, 0xFF].map(|flip| {
                let mut bytes = log.bytes.clone();
                bytes[offset] ^= flip;
                (offset.to_string(), bytes)
            })
        });
        for (what, found) in read_all(&log, copies) {
            let offset: usize = what.parse().expect("a number");
            if log.resynchronizes {
                let what = format!("flipped at {what}");
                expect_all(&log, &what, &found, &untouched(&log, offset..offset + 1));
            }
        }
    }
}

#[test]
fn behind_a_hole_of_zeros_reading_goes_on_and_the_hole_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for log in logs(folder.path()) {
        let sizes = [16, 100, 512];
        let holes = sizes.into_iter().flat_map(|size| {
            let starts = (log.sizes[0]..log.bytes.len()).step_by(1 + log.bytes.len() / 40);
            starts.map(move |start| start..start + size)
        });
        let holes: Vec<_> = holes.filter(|hole| hole.end <= log.bytes.len()).collect();
        let copies = holes.iter().map(|hole| {
            let mut bytes = log.bytes.clone();
            bytes[hole.clone()].fill(0);
            (format!("{hole:?} empty"), bytes)
        });
        let found = read_all(&log, copies);
        check_gaps(&log, &holes, &found);
    }
}

#[test]
fn behind_garbage_reading_goes_on_and_the_garbage_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for log in logs(folder.path()) {
        // The numbers of a linear congruential generator (Knuth, MMIX).
        let mut state = 1_u64;
        let mut garbage = |length: usize| -> Vec<u8> {
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            };
            (0..length).map(|_| next()).collect()
        };
        let offsets = (log.sizes[0]..log.bytes.len()).step_by(1 + log.bytes.len() / 40);
        let ends = log
            .sizes
            .iter()
            .copied()
            .filter(|&end| end < log.bytes.len());
        let offsets: Vec<_> = offsets.chain(ends).map(|offset| offset..offset).collect();
        let copies: Vec<_> = offsets
            .iter()
            .zip([3, 64, 1000].into_iter().cycle())
            .map(|(at, length)| {
                let (before, behind) = log.bytes.split_at(at.start);
                let bytes = [before, &garbage(length), behind].concat();
                (format!("{length} bytes of garbage at {}", at.start), bytes)
            })
            .collect();
        let found = read_all(&log, copies.into_iter());
        check_gaps(&log, &offsets, &found);
    }
}

/// That only what damage touches is missing, and that it is told.
fn check_gaps(log: &Log, damage: &[std::ops::Range<usize>], found: &[(String, Found)]) {
    assert!(damage.len() == found.len() && !damage.is_empty());
    for (damage, (what, found)) in damage.iter().zip(found) {
        if !log.resynchronizes {
            continue;
        }
        expect_all(log, what, found, &untouched(log, damage.clone()));
        let whole = found.numbers.len() == MESSAGES as usize && found.others == 0;
        assert!(
            whole || found.is_told(),
            "{}, {what}: not told: {found:?}",
            log.name
        );
    }
}

/// A writer that is asked to go on behind damage at the end does, and what it writes is read.
#[test]
fn a_damaged_log_is_continued_or_refused_but_never_made_worse() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    for log in logs(folder.path()) {
        let path = folder.path().join(&log.name);
        for cut in 1..40 {
            let length = log.bytes.len() - cut;
            fs::write(&path, &log.bytes[..length]).expect("written");
            let before = read_file(&path);
            match formats::append(&path, NO_OPTIONS) {
                Err(_) => assert_eq!(fs::read(&path).expect("there"), log.bytes[..length]),
                Ok(mut more) => {
                    more.on_message(&message(MESSAGES - 1))?;
                    more.finish()?;
                    let after = read_file(&path);
                    let what = format!("{}, cut by {cut}: {before:?} {after:?}", log.name);
                    let kept = before.numbers.iter().filter(|&&n| n < MESSAGES - 1);
                    assert!(
                        kept.into_iter().all(|n| after.numbers.contains(n)),
                        "{what}"
                    );
                    assert!(after.numbers.ends_with(&[MESSAGES - 1]), "{what}");
                }
            }
        }
    }
    Ok(())
}
