//! Databases that a kill left, and damaged ones: every row that is intact is read.

use super::*;
use crate::error::ErrorKind;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

const PAGE: u64 = 4096;

/// A copy of a database with what lies beside it now.
fn copy(path: &Path, suffix: &str) -> (TempDir, PathBuf) {
    let (folder, copy) = file();
    for suffix in ["", suffix] {
        let from = format!("{}{suffix}", path.display());
        fs::copy(&from, format!("{}{suffix}", copy.display())).expect(&from);
    }
    (folder, copy)
}

#[test]
fn what_a_killed_python_can_did_not_commit_is_rolled_back_in_a_copy() {
    let (_folder, path) = file();
    sql(&path, TABLE_OF_PYTHON_CAN);
    write(&path, 0..2000);
    let connection = Connection::open(&path).expect("opened");
    // So little memory that pages go to the file before the commit.
    connection
        .execute_batch(
            "PRAGMA cache_size=5; BEGIN;
             UPDATE messages SET arbitration_id = 7, data = x'0000000000000000'",
        )
        .expect("valid");
    let (_other, copy) = copy(&path, "-journal");
    drop(connection);
    let before = fs::read(&copy).expect("there");
    assert_eq!(numbers(&read(&copy)), (0..2000).collect::<Vec<_>>());
    assert_eq!(
        fs::read(&copy).expect("there"),
        before,
        "it is left as it was"
    );
    assert_eq!(beside(&copy), ["a.db", "a.db-journal"]);
    // To continue it, it is rolled back in place.
    write(&copy, 2000..2001);
    assert_eq!(numbers(&read(&copy)), (0..2001).collect::<Vec<_>>());
}

#[test]
fn what_a_killed_writer_of_ours_committed_is_read_with_its_write_ahead_log() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    for number in 0..3000 {
        log.on_message(&numbered(number)).expect("written");
    }
    log.flush().expect("flushed");
    let (_other, copy) = copy(&path, "-wal");
    drop(log);
    assert_eq!(numbers(&read(&copy)), (0..3000).collect::<Vec<_>>());
    // Half of its log: what was committed before is intact.
    let wal = format!("{}-wal", copy.display());
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&wal)
        .expect("there");
    let length = file.metadata().expect("there").len();
    file.set_len(length / 2).expect("cut");
    assert_eq!(read(&copy), []);
}

/// Overwrites pages of a file, counted from 1.
fn damage(path: &Path, pages: &[u64]) {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .expect("there");
    for page in pages {
        file.seek(SeekFrom::Start((page - 1) * PAGE))
            .expect("there");
        file.write_all(&[0xA5; PAGE as usize]).expect("written");
    }
}

#[test]
fn rows_around_damaged_pages_are_read_and_the_damage_is_told() {
    let (_folder, path) = file();
    write(&path, 0..5000);
    // Pages 3, 4, … hold about a hundred rows each.
    damage(&path, &[10, 20, 21]);
    let (messages, errors) = outcomes(&path);
    let found = numbers(&messages);
    let lost = 5000 - found.len();
    assert!((250..450).contains(&lost), "{lost} rows of three pages");
    assert!(found.is_sorted_by(|one, next| one < next));
    assert_eq!((found[0], found[found.len() - 1]), (0, 4999));
    assert_eq!(errors.len(), 2, "{errors:?}");
    let gaps: Vec<(u32, u32)> = found
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 1)
        .map(|pair| (pair[0] + 1, pair[1] + 1))
        .collect();
    for ((before, behind), error) in gaps.iter().zip(&errors) {
        let told = format!("a.db, table \"messages\", after row {before} and before {behind}: ");
        assert!(error.contains(&told), "{error}: {told}");
    }
}

#[test]
fn of_a_cut_file_everything_before_the_cut_is_read() {
    let (_folder, path) = file();
    write(&path, 0..5000);
    let size = fs::metadata(&path).expect("there").len();
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("there");
    file.set_len(size / 2 / PAGE * PAGE + 100).expect("cut");
    let log = formats::open(&path, NO_OPTIONS).expect("opened");
    let report = log.report();
    let (mut found, mut errors) = (Vec::new(), 0);
    for outcome in log {
        match outcome {
            Ok(message) => found.push(message),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Malformed);
                errors += 1;
            }
        }
    }
    assert!(report.is_truncated());
    assert!(errors >= 1);
    let found = numbers(&found);
    assert!(found.len() > 2000, "{}", found.len());
    assert!(found[..2000].iter().copied().eq(0..2000));
}

/// Cuts a file, and says what it was.
fn cut(path: &Path, size: u64) {
    let file = fs::OpenOptions::new().write(true).open(path);
    file.expect("there").set_len(size).expect("cut");
}

/// `SQLite` fills up the page that the end of the file cuts with zeros.
#[test]
fn no_row_is_filled_up_with_zeros_wherever_a_file_is_cut() {
    for options in [&NO_OPTIONS[..], &EXTENDED] {
        let (_folder, path) = file();
        let all: Vec<Message> = (1..400).map(numbered).collect();
        let mut log = formats::create(&path, options.iter().copied()).expect("created");
        log.on_batch(&all).expect("written");
        log.finish().expect("complete");
        let size = fs::metadata(&path).expect("there").len();
        let whole = fs::read(&path).expect("there");
        for size in (size - 3 * PAGE..size).rev().step_by(53) {
            fs::write(&path, &whole).expect("written");
            cut(&path, size);
            let (found, errors) = outcomes(&path);
            let unlike = found.iter().find(|message| !all.contains(message));
            assert_eq!(unlike, None, "cut at {size}");
            assert!(!errors.is_empty(), "cut at {size}");
        }
        // What is intact in the page that is cut is read.
        let last = whole
            .chunks(PAGE as usize)
            .rposition(|page| page[0] == 0x0D);
        let at = (last.expect("a leaf") as u64 + 1) * PAGE;
        fs::write(&path, &whole).expect("written");
        cut(&path, at - 1);
        assert!(outcomes(&path).0.len() > all.len() - 5);
    }
}

#[test]
fn a_cut_file_is_not_continued() {
    let (_folder, path) = file();
    write(&path, 0..500);
    let size = fs::metadata(&path).expect("there").len();
    cut(&path, size - 7);
    let before = fs::read(&path).expect("there");
    let error = formats::append(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("its end is cut off"), "{error}");
    assert_eq!(fs::read(&path).expect("there"), before);
}

#[test]
fn a_database_whose_beginning_is_damaged_is_refused_and_not_endless() {
    let (_folder, path) = file();
    write(&path, 0..500);
    let whole = fs::read(&path).expect("there");
    for place in 16..200 {
        let mut bytes = whole.clone();
        bytes[place] ^= 0xFF;
        fs::write(&path, &bytes).expect("written");
        if let Ok(log) = formats::open(&path, NO_OPTIONS) {
            assert!(log.take(2000).count() < 2000, "byte {place}");
        }
    }
}
