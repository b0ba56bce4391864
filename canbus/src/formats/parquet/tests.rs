//! What is written is read again by the crate's own reader, which knows rows.

use crate::error::ErrorKind;
use crate::formats;
use crate::frame::{Frame, Id};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const NO_OPTIONS: [(&str, &str); 0] = [];
/// 2023-11-14 22:13:20 UTC.
const START: i64 = 1_700_000_000_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

fn message(nanos: i64, frame: Frame) -> Message {
    Message::received(frame, Timestamp::from_nanos(START + nanos))
}

fn numbered(number: u32, nanos: i64) -> Message {
    let id = Id::extended(number).expect("fits");
    message(
        nanos,
        Frame::data(id, &number.to_be_bytes()).expect("valid"),
    )
}

/// Every kind of frame, on every kind of channel.
fn everything() -> Vec<Message> {
    let (low, high) = (Id::standard(0x7FF), Id::extended(0x1FFF_FFFF));
    let (low, high) = (low.expect("fits"), high.expect("fits"));
    let frames = [
        Frame::data(low, &[]),
        Frame::data(high, &[1, 2, 3]),
        Frame::data(high, &[8; 8]).and_then(|frame| frame.with_raw_dlc(15)),
        Frame::remote(low, 5),
        Frame::remote(high, 8).and_then(|frame| frame.with_raw_dlc(9)),
        Frame::error(high, &[1, 2]),
        Frame::fd(low, &[], false, false),
        Frame::fd(high, &[7; 64], true, false),
        Frame::fd(high, &[6; 12], false, true),
    ];
    let channels = [None, Some(Channel::number(3)), Some(Channel::named("käse"))];
    let mut messages = Vec::new();
    for (index, frame) in frames.into_iter().enumerate() {
        let frame = frame.expect("valid");
        for (step, channel) in channels.into_iter().enumerate() {
            let sent = step == 1;
            messages.push(Message {
                channel,
                direction: if sent { Direction::Tx } else { Direction::Rx },
                ..message(index as i64 * 7 + step as i64, frame)
            });
        }
    }
    messages
}

/// The message of a row.
fn of_row(row: &parquet::record::Row) -> Message {
    let flag = |place| row.get_bool(place).expect("a flag");
    let id = Id::new(row.get_uint(1).expect("an ID"), flag(2)).expect("fits");
    let data = row.get_bytes(6).expect("data").data();
    let raw_dlc = row.get_ubyte(9).ok();
    let dlc = row.get_ubyte(5).expect("a DLC");
    let frame = match (flag(3), flag(4), flag(10)) {
        (true, ..) => Frame::remote(id, dlc),
        (_, true, _) => Frame::error(id, data),
        (.., true) => Frame::fd(id, data, flag(11), flag(12)),
        _ => Frame::data(id, data),
    };
    let mut frame = frame.expect("valid");
    assert_eq!(frame.dlc_len(), usize::from(dlc));
    if let Some(dlc) = raw_dlc {
        frame = frame.with_raw_dlc(dlc).expect("valid");
    }
    let direction = match row.get_string(8).expect("a direction").as_str() {
        "Rx" => Direction::Rx,
        "Tx" => Direction::Tx,
        other => panic!("{other}"),
    };
    Message {
        frame,
        timestamp: Timestamp::from_nanos(row.get_long(0).expect("a time")),
        channel: row.get_string(7).ok().map(|name| Channel::parse(name)),
        direction,
    }
}

fn read(path: &Path) -> Vec<Message> {
    let reader = SerializedFileReader::new(File::open(path).expect("there")).expect("whole");
    let rows = reader.get_row_iter(None).expect("rows");
    rows.map(|row| of_row(&row.expect("a row"))).collect()
}

/// All files under a folder, by their names in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("in it");
                found.push(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    (folder, path)
}

#[test]
fn every_kind_of_frame_is_a_row_with_all_that_is_known_of_it() {
    let (_folder, path) = place();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    log.on_batch(&everything()).expect("written");
    log.finish().expect("complete");
    assert_eq!(read(&path), everything());
    let size = fs::metadata(&path).expect("there").len();
    assert_eq!(log.file_size(), size);
}

#[test]
fn many_rows_are_in_several_groups() {
    let (_folder, path) = place();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let all: Vec<Message> = (0..150_000)
        .map(|number| numbered(number, i64::from(number)))
        .collect();
    log.on_batch(&all).expect("written");
    log.finish().expect("complete");
    let reader = SerializedFileReader::new(File::open(&path).expect("there")).expect("whole");
    assert_eq!(reader.num_row_groups(), 5);
    assert_eq!(read(&path), all);
}

#[test]
fn what_is_not_complete_has_another_name_and_replaces_nothing() {
    let (folder, path) = place();
    fs::write(&path, "before").expect("written");
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    log.on_message(&numbered(1, 0)).expect("written");
    log.flush().expect("flushed");
    assert_eq!(files(folder.path()), ["a.parquet", "a.parquet.unfinished"]);
    assert_eq!(fs::read(&path).expect("there"), b"before");
    log.finish().expect("complete");
    log.finish().expect("complete already");
    assert_eq!(files(folder.path()), ["a.parquet"]);
    assert_eq!(read(&path), [numbered(1, 0)]);
    // Whoever drops it without a word has written all the same.
    drop(formats::create(&path, NO_OPTIONS).expect("created"));
    assert_eq!(read(&path), []);
}

#[test]
fn parts_are_files_of_their_hours_and_days() {
    for (partition, expected) in [
        (
            "hour",
            &[
                "date=2023-11-14/hour=22/part-0000.parquet",
                "date=2023-11-14/hour=22/part-0001.parquet",
                "date=2023-11-14/hour=23/part-0000.parquet",
                "date=2023-11-15/hour=05/part-0000.parquet",
            ][..],
        ),
        (
            "day",
            &[
                "date=2023-11-14/part-0000.parquet",
                "date=2023-11-14/part-0001.parquet",
                "date=2023-11-15/part-0000.parquet",
            ],
        ),
    ] {
        let (_folder, path) = place();
        let options = [("partition", partition)];
        let mut log = formats::create(&path, options).expect("created");
        for (number, hours) in [(0, 0), (1, 0), (2, 1), (3, 7)] {
            log.on_message(&numbered(number, hours * HOUR))
                .expect("written");
        }
        log.finish().expect("complete");
        let error = formats::create(&path, options).err().expect("refused");
        assert!(error.to_string().contains("has content"), "{error}");
        let mut log = formats::append(&path, options).expect("continued");
        log.on_message(&numbered(4, 5)).expect("written");
        log.finish().expect("complete");
        assert_eq!(files(&path), expected, "{partition}");
        let mut numbers: Vec<u32> = expected
            .iter()
            .flat_map(|name| read(&path.join(name)))
            .map(|message| message.frame.id().raw())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let (_folder, path) = place();
    formats::create(&path, NO_OPTIONS)
        .and_then(|mut log| log.finish())
        .expect("complete");
    let error = formats::append(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error = formats::open(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    fs::remove_file(&path).expect("there");
    fs::create_dir(&path).expect("made");
    let error = formats::create(&path, NO_OPTIONS).err().expect("refused");
    assert!(error.to_string().contains("it is a folder"), "{error}");
}
