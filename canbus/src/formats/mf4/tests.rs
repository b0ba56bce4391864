//! Files as a whole: what the writer makes of messages, and what the reader makes of it whole,
//! cut and damaged. Files of other programs are read by `tests/differential/mf4.py`.

mod loggers;

use super::block::{self, Builder, HEAD, field};
use super::*;
use crate::error::ErrorKind;
use crate::formats::ReadReport;
use crate::formats::output::tests::Memory;
use crate::frame::{Frame, Id};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::fs;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const START: i64 = 1_700_000_000_000_000_000;

/// Frames of every kind, a millisecond apart.
fn messages(count: usize) -> Vec<Message> {
    (0..count).map(message).collect()
}

fn message(number: usize) -> Message {
    let id = Id::extended(number as u32).expect("fits");
    let data = [number as u8; 64];
    let frame = match number % 7 {
        0 => Frame::fd(id, &data[..16], true, false),
        1 => Frame::remote(id, 3),
        2 => Frame::error(id, &data[..2]),
        _ => Frame::data(id, &data[..number % 9]),
    };
    Message {
        direction: if number.is_multiple_of(2) {
            Direction::Rx
        } else {
            Direction::Tx
        },
        ..Message::received(
            frame.expect("valid"),
            Timestamp::from_nanos(START + number as i64 * 1_000_003),
        )
        .on(Channel::number(number as u32 % 3))
    }
}

fn options(specs: &[OptionSpec], given: &[(&str, &str)]) -> Options {
    Options::check("test", specs, given.iter().copied()).expect("options")
}

fn writer(path: &Path, append: bool, given: &[(&str, &str)]) -> Box<dyn Listener> {
    let specs = FORMAT.write.expect("written").options;
    let output = Output::open(path, false, append).expect("opened");
    write(output, &options(specs, given)).expect("created")
}

/// A file with a flush after each of these numbers of messages.
fn file(flushes: &[usize], given: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mf4");
    let mut log = writer(&path, false, given);
    let mut number = 0;
    for &count in flushes {
        for _ in 0..count {
            log.on_message(&message(number)).expect("written");
            number += 1;
        }
        log.flush().expect("flushed");
    }
    log.finish().expect("complete");
    (folder, path)
}

/// Messages, errors and the report.
fn read_bytes(bytes: Vec<u8>) -> (Vec<Message>, Vec<String>, Arc<ReadReport>) {
    let input = Input::new("a.mf4", Cursor::new(bytes));
    let report = input.report();
    let specs = FORMAT.read.expect("read").options;
    let log = match read(input, &options(specs, &[("tz", "utc")])) {
        Ok(log) => log,
        Err(error) => return (Vec::new(), vec![error.to_string()], report),
    };
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for message in log {
        match message {
            Ok(message) => found.push(message),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (found, errors, report)
}

fn read_file(path: &Path) -> (Vec<Message>, Vec<String>, Arc<ReadReport>) {
    read_bytes(fs::read(path).expect("there"))
}

/// Where blocks of a kind begin.
fn blocks(bytes: &[u8], id: [u8; 2]) -> Vec<usize> {
    let begins = |&at: &usize| bytes[at..].starts_with(&[b'#', b'#', id[0], id[1], 0, 0, 0, 0]);
    (0..bytes.len()).step_by(8).filter(begins).collect()
}

#[test]
fn what_was_flushed_is_a_whole_file_at_every_level() {
    for level in ["0", "1", "2"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mf4");
        let mut log = writer(&path, false, &[("compression_level", level)]);
        let all = messages(100);
        assert_eq!(read_file(&path).0, [], "nothing yet");
        for (number, message) in all.iter().enumerate() {
            log.on_message(message).expect("written");
            if number % 30 == 9 {
                log.flush().expect("flushed");
                let (found, errors, report) = read_file(&path);
                assert_eq!((found.as_slice(), errors.len()), (&all[..=number], 0));
                assert!(!report.is_truncated());
            }
        }
        log.finish().expect("complete");
        assert_eq!(read_file(&path).0, all);
    }
}

#[test]
fn the_state_between_two_writes_of_a_flush_is_a_whole_file_too() {
    let (_folder, path) = file(&[50, 50], &[]);
    let bytes = fs::read(&path).expect("there");
    let all = messages(100);
    // The last group's last block is there, and its link not yet.
    let lists = blocks(&bytes, *b"DL");
    let last = *lists.last().expect("a list") as u64;
    let place = bytes.windows(8).position(|word| word == last.to_le_bytes());
    let mut unlinked = bytes.clone();
    unlinked[place.expect("linked")..][..8].fill(0);
    let (found, errors, _) = read_bytes(unlinked);
    let remote = |message: &Message| message.frame.is_remote();
    let missing = all[50..].iter().filter(|&message| remote(message)).count();
    assert_eq!((found.len(), errors.len()), (100 - missing, 0));
    assert!(
        found
            .iter()
            .filter(|&message| !remote(message))
            .eq(all.iter().filter(|&message| !remote(message)))
    );
}

/// A file on a disk that is full behind this many bytes.
#[derive(Clone)]
struct Full(Arc<Mutex<Cursor<Vec<u8>>>>, usize);

impl Write for Full {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut file = self.0.lock().expect("no panic");
        let room = self.1.saturating_sub(file.position() as usize);
        file.write(&buffer[..buffer.len().min(room)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.lock().expect("no panic").seek(to)
    }
}

#[test]
fn a_file_whose_beginning_got_half_written_is_empty_and_not_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("a.dbc");
    fs::write(&database, [b'x'; 9000]).expect("written");
    let given = [("database", database.to_str().expect("text"))];
    let specs = FORMAT.write.expect("written").options;
    // Systems stop a write between pages.
    for pages in 1..=4 {
        let full = Full(Arc::default(), pages * 4096);
        let output = Output::seekable(full.clone());
        let failed = write(output, &options(specs, &given)).err();
        assert_eq!(failed.expect("full").kind(), ErrorKind::Io, "{pages} pages");
        let bytes = full.0.lock().expect("no panic").get_ref().clone();
        assert_eq!(bytes.len(), pages * 4096);
        let (found, errors, report) = read_bytes(bytes);
        assert_eq!((found, errors), (Vec::new(), Vec::new()), "{pages} pages");
        assert!(!report.is_truncated());
    }
}

#[test]
fn wherever_a_file_is_cut_what_is_whole_is_read_and_no_more() {
    for level in ["0", "1", "2"] {
        let (_folder, path) = file(&[10, 10, 10], &[("compression_level", level)]);
        let bytes = fs::read(&path).expect("there");
        let all = messages(30);
        let data = blocks(&bytes, if level == "0" { *b"DT" } else { *b"DZ" })[0];
        for cut in (data..bytes.len()).step_by(11) {
            let (found, errors, report) = read_bytes(bytes[..cut].to_vec());
            let mut expected = all.iter();
            let known = found
                .iter()
                .all(|message| expected.any(|other| other == message));
            assert!(known, "level {level} cut at {cut}: {found:?}");
            assert!(
                report.is_truncated() || !errors.is_empty() || found.len() == 30,
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_damaged_block_costs_its_records_and_no_others() {
    let damage = [
        ("1", "compressed data are damaged"),
        (
            "2",
            "a block of 16 records, compressed by columns, is damaged",
        ),
    ];
    for (level, what) in damage {
        let (_folder, path) = file(&[30, 30, 30], &[("compression_level", level)]);
        let mut bytes = fs::read(&path).expect("there");
        // The first block of classic frames.
        let at = blocks(&bytes, *b"DZ")[0];
        bytes[at + HEAD + 24] = 0xFF;
        let (found, errors, _) = read_bytes(bytes);
        let classic = |message: &Message| message.frame.kind() == crate::frame::Kind::Data;
        let all = messages(90);
        let kept = all
            .iter()
            .enumerate()
            .filter(|(number, message)| *number >= 30 || !classic(message));
        assert!(
            found.iter().eq(kept.map(|(_, message)| message)),
            "level {level}"
        );
        let expected = format!("a.mf4: byte {at}: {what}");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with(&expected), "{errors:?}");
    }
}

#[test]
fn a_wrong_record_is_an_error_and_the_next_one_is_read() {
    let (_folder, path) = file(&[30], &[("compression_level", "0")]);
    let mut bytes = fs::read(&path).expect("there");
    let at = blocks(&bytes, *b"DT")[0];
    // The length of the second classic frame.
    bytes[at + HEAD + row::GROUPS[0].width() + row::FRAME + 7] = 9;
    let (found, errors, _) = read_bytes(bytes);
    let mut all = messages(30);
    all.remove(4);
    // 9 bytes are none that the record has, so that the 8 that it has are taken.
    assert_eq!((found.len(), errors.len()), (30, 0));
    let mut bytes = fs::read(&path).expect("there");
    bytes[at + HEAD + row::GROUPS[0].width() + row::FRAME + 6] = 99;
    bytes[at + HEAD + row::GROUPS[0].width() + row::FRAME + 7] = 8;
    let (found, errors, _) = read_bytes(bytes);
    assert_eq!(found, all);
    let what = format!("a.mf4: byte {at}: record 1 of the group: its DLC is over 15");
    assert_eq!(errors, [what]);
}

#[test]
fn links_that_go_in_circles_end() {
    let (_folder, path) = file(&[30], &[]);
    let whole = fs::read(&path).expect("there");
    let list = blocks(&whole, *b"DL")[0];
    let mut bytes = whole.clone();
    bytes[list + HEAD..][..8].copy_from_slice(&(list as u64).to_le_bytes());
    // The group's count says where to stop.
    assert_eq!(read_bytes(bytes.clone()).0.len(), 30);
    let count = skeleton::file(0, None).1[0].count_at as usize;
    bytes[count..count + 8].fill(0xFF);
    let (found, errors, _) = read_bytes(bytes);
    assert!(
        found.len() < 10_000 && !errors.is_empty(),
        "{}: {errors:?}",
        found.len()
    );

    let group = blocks(&whole, *b"DG")[0];
    let mut bytes = whole.clone();
    bytes[group + HEAD..][..8].copy_from_slice(&(group as u64).to_le_bytes());
    let (_, errors, _) = read_bytes(bytes);
    assert!(
        errors
            .iter()
            .any(|error| error.contains("circle") || error.contains("several"))
    );

    let channel = blocks(&whole, *b"CN")[0];
    let mut bytes = whole;
    bytes[channel + HEAD..][..8].copy_from_slice(&(channel as u64).to_le_bytes());
    let (_, errors, _) = read_bytes(bytes);
    assert!(
        errors.iter().any(|error| error.contains("circle")),
        "{errors:?}"
    );
}

#[test]
fn other_files_and_versions_are_refused() {
    let refused = |bytes: &[u8]| read_bytes(bytes.to_vec()).1;
    assert_eq!(
        refused(b"LOGG"),
        ["a.mf4: byte 0: not an MDF file: it begins with [4c, 4f, 47, 47] instead of MDF"]
    );
    let mut old = skeleton::file(0, None).0;
    old[28..30].copy_from_slice(&330_u16.to_le_bytes());
    assert_eq!(
        refused(&old),
        ["a.mf4: byte 0: an MDF file of version 3.30, but only version 4 can be read"]
    );
}

#[test]
fn a_stream_is_unfinished_and_read_wherever_it_is_cut() {
    let all = messages(40);
    let sink = Memory::default();
    let output = Output::new(sink.clone());
    let specs = FORMAT.write.expect("written").options;
    let mut log = write(output, &options(specs, &[])).expect("created");
    log.on_batch(&all).expect("written");
    log.finish().expect("complete");
    let bytes = sink.bytes();
    assert_eq!(bytes[..8], *block::UNFINISHED);
    let (found, errors, report) = read_bytes(bytes.clone());
    assert_eq!(
        (found, errors.len(), report.is_truncated()),
        (all.clone(), 0, false)
    );
    let data = blocks(&bytes, *b"DT")[0] + HEAD;
    for cut in data..bytes.len() {
        let (found, errors, _) = read_bytes(bytes[..cut].to_vec());
        assert_eq!(
            (found.as_slice(), errors.len()),
            (&all[..found.len()], 0),
            "cut at {cut}"
        );
        let records = bytes.len() - cut;
        assert!(
            found.len() + records / 20 + 1 >= 40,
            "cut at {cut}: {}",
            found.len()
        );
    }
    // Behind damage, where a record begins is found again.
    let mut damaged = bytes;
    let second = data + 1 + row::GROUPS[1].width();
    damaged[second] = 77;
    let (found, errors, _) = read_bytes(damaged);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(found[1..], all[2..]);
}

#[test]
fn what_is_appended_follows_and_keeps_its_place_whatever_the_times_are() {
    let (_folder, path) = file(&[20, 20], &[]);
    let before = messages(40);
    let mut early = message(0);
    early.timestamp = Timestamp::from_nanos(5);
    for _ in 0..2 {
        let mut log = writer(&path, true, &[("compression_level", "1")]);
        log.on_message(&early).expect("written");
        log.finish().expect("complete");
    }
    let (found, errors, _) = read_file(&path);
    assert_eq!(
        (&found[..40], &found[40..], errors.len()),
        (&before[..], &[early; 2][..], 0)
    );
}

#[test]
fn wherever_a_file_is_cut_it_is_continued_with_all_that_a_reader_finds() {
    for level in ["0", "1", "2"] {
        let (_folder, path) = file(&[4, 4], &[("compression_level", level)]);
        let bytes = fs::read(&path).expect("there");
        let data = blocks(&bytes, if level == "0" { *b"DT" } else { *b"DZ" })[0];
        for cut in (data..bytes.len()).step_by(13) {
            fs::write(&path, &bytes[..cut]).expect("written");
            let whole = read_file(&path).0;
            let specs = FORMAT.write.expect("written").options;
            let output = Output::open(&path, false, true).expect("opened");
            let mut log = write(output, &options(specs, &[])).expect("continued");
            log.on_message(&message(99)).expect("written");
            log.finish().expect("complete");
            let (found, errors, report) = read_file(&path);
            assert_eq!(errors, [""; 0], "level {level} cut at {cut}");
            assert!(!report.is_truncated(), "level {level} cut at {cut}");
            let (last, before) = found.split_last().expect("a message");
            assert_eq!(*last, message(99));
            assert_eq!(before, whole, "level {level} cut at {cut}");
        }
    }
}

#[test]
fn what_cannot_be_continued_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mf4");
    let (_other, finished) = file(&[10], &[("compression_level", "0")]);
    let mut cut = fs::read(&finished).expect("there");
    // A list that our writer does not make, whose block is cut.
    let list = blocks(&cut, *b"DL")[0];
    cut[list + 16] = 1;
    // A block that is said to be longer than the file.
    let mut long = fs::read(&finished).expect("there");
    let block = blocks(&long, *b"DT")[0];
    long[block + 12] = 1;
    for (bytes, said) in [
        (b"something else".to_vec(), "not an MDF file"),
        (
            skeleton::stream(0, None),
            "an unfinished MF4 file cannot be continued",
        ),
        (cut, "a list of blocks is not as this program makes them"),
        (long, "a block does not end where it says"),
    ] {
        fs::write(&path, &bytes).expect("written");
        let specs = FORMAT.write.expect("written").options;
        let output = Output::open(&path, false, true).expect("opened");
        let error = write(output, &options(specs, &[])).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(fs::read(&path).expect("there"), bytes);
    }
}

#[test]
fn the_start_time_is_in_utc_and_that_of_others_where_their_clock_hangs() {
    let (_folder, path) = file(&[1], &[]);
    let mut bytes = fs::read(&path).expect("there");
    let at = skeleton::START_AT as usize;
    let start = u64::from_le_bytes(field(&bytes, at));
    assert_eq!((start, bytes[at + 12]), (START as u64, 2));
    bytes[at + 12] = 1;
    let specs = FORMAT.read.expect("read").options;
    for (zone, hours) in [("utc", 0), ("Asia/Tokyo", -9), ("America/New_York", 5)] {
        let input = Input::new("a.mf4", Cursor::new(bytes.clone()));
        let mut log = read(input, &options(specs, &[("tz", zone)])).expect("read");
        let found = log.next().expect("a message").expect("valid");
        assert_eq!(
            found.timestamp.as_nanos(),
            START + hours * 3_600_000_000_000
        );
    }
}

#[test]
fn channels_are_numbers_of_one_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mf4");
    let mut log = writer(&path, false, &[("channel", "7")]);
    let far = message(3).on(Channel::number(256));
    let error = log.on_message(&far).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let unnamed = Message {
        channel: None,
        ..message(3)
    };
    log.on_message(&unnamed).expect("written");
    log.on_message(&message(3).on(Channel::named("can255")))
        .expect("written");
    log.finish().expect("complete");
    let found = read_file(&path).0;
    let channels: Vec<_> = found.iter().map(|message| message.channel).collect();
    assert_eq!(
        channels,
        [Some(Channel::number(7)), Some(Channel::number(255))]
    );
}

#[test]
fn other_groups_are_counted_and_passed_over() {
    let (mut bytes, places) = skeleton::file(0, None);
    // The classic frames' group becomes one of temperatures.
    let mut builder = Builder::new(bytes.len() as u64);
    let name = builder.text("Temperature");
    let group = blocks(&bytes, *b"CG");
    let channel = builder.add(*b"CN", &[0, 0, name, 0, 0, 0, 0, 0], &[0; 72]);
    bytes.extend_from_slice(&builder.bytes);
    let at = places[0].count_at as usize;
    bytes[at..at + 8].copy_from_slice(&5_u64.to_le_bytes());
    let count_at = |group: usize| group + HEAD + 6 * 8 + 8;
    let group = group
        .into_iter()
        .find(|&group| count_at(group) == at)
        .expect("the group");
    bytes[group + HEAD + 8..][..8].copy_from_slice(&channel.to_le_bytes());
    bytes[group + HEAD + 16..][..8].fill(0);
    let (found, errors, report) = read_bytes(bytes);
    assert_eq!((found.len(), errors.len(), report.passed_over()), (0, 0, 5));
}
