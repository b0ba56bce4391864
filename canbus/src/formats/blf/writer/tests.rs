use super::*;
use crate::formats::blf::tests::{Found, message, messages, objects, read};
use crate::formats::{self, LogWriter};
use crate::frame::{Frame, Id};
use crate::message::{Direction, Timestamp};
use proptest::prelude::*;
use std::path::Path;
use std::sync::{Arc, Mutex};

const SECOND: i64 = 1_000_000_000;
const DATE: i64 = 1_700_000_000 * SECOND;

fn create(path: &Path, options: &[(&str, &str)]) -> LogWriter {
    formats::create(path, options.iter().copied()).expect("created")
}

fn contents(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("readable")
}

fn parsed(bytes: &[u8]) -> FileHeader {
    bytes
        .first_chunk()
        .and_then(FileHeader::parse)
        .expect("a header")
}

/// Writes a whole file and gives its bytes.
fn written(messages: &[Message], options: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut log = create(&path, options);
    log.on_batch(messages).expect("written");
    log.finish().expect("completed");
    contents(&path)
}

fn at(nanos: i64) -> Message {
    Message {
        timestamp: Timestamp::from_nanos(nanos),
        ..message(0)
    }
}

fn found(messages: Vec<Message>) -> Found {
    Found {
        messages,
        ..Found::default()
    }
}

#[test]
fn a_file_holds_the_header_and_one_container_for_few_messages() {
    let bytes = written(&messages(0..3), &[("compression_level", "0")]);
    let expected = objects(&messages(0..3));
    assert_eq!(bytes.len(), 144 + 32 + expected.len());
    assert_eq!(bytes[176..], expected);
    let header = parsed(&bytes);
    assert_eq!(header.file_size, bytes.len() as u64);
    assert_eq!(header.uncompressed_size, bytes.len() as u64);
    assert_eq!(header.objects, 3);
    let packed = written(&messages(0..3), &[]);
    assert_eq!(parsed(&packed).uncompressed_size, bytes.len() as u64);
    assert_eq!(parsed(&packed).file_size, packed.len() as u64);
}

#[test]
fn a_new_file_is_valid_before_the_first_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut log = create(&path, &[]);
    assert_eq!(contents(&path), FileHeader::new().to_bytes());
    assert_eq!(log.file_size(), 144);
    log.finish().expect("completed");
    assert_eq!(read(&contents(&path)), Found::default());
}

#[test]
fn what_was_flushed_is_in_the_file_with_a_correct_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut log = create(&path, &[]);
    let first = at(DATE + 999);
    log.on_message(&first).expect("written");
    let started = parsed(&contents(&path));
    assert_eq!(started.start(&TimeZone::UTC), DATE);
    for count in 1..4_u32 {
        log.flush().expect("flushed");
        let bytes = contents(&path);
        let header = parsed(&bytes);
        assert_eq!(header.file_size, bytes.len() as u64);
        assert_eq!(header.objects, count);
        assert_eq!(
            header.stop(&TimeZone::UTC),
            DATE + i64::from(count - 1) * SECOND
        );
        assert_eq!(read(&bytes).messages.len(), count as usize);
        assert_eq!(log.file_size(), bytes.len() as u64);
        log.flush().expect("nothing to do");
        assert_eq!(contents(&path), bytes, "an empty container is not written");
        log.on_message(&at(DATE + i64::from(count) * SECOND))
            .expect("written");
    }
}

#[test]
fn a_dropped_writer_completes_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut log = create(&path, &[]);
    log.on_batch(&messages(0..5)).expect("written");
    drop(log);
    assert_eq!(read(&contents(&path)), found(messages(0..5)));
    assert_eq!(parsed(&contents(&path)).objects, 5);
}

#[test]
fn containers_are_closed_before_they_are_too_large_and_never_within_an_object() {
    let bytes = written(
        &messages(0..10),
        &[("compression_level", "0"), ("max_container_size", "212")],
    );
    // 212 - 116, which the largest object would need, leaves two of 48 bytes before the third.
    assert_eq!(bytes.len(), 144 + 3 * (32 + 3 * 48) + 32 + 48);
    assert_eq!(read(&bytes), found(messages(0..10)));
    assert_eq!(read(&bytes[..144 + 32 + 3 * 48]), found(messages(0..3)));
    let default = written(&vec![at(0); 2_800], &[("compression_level", "0")]);
    let size = u32::from_le_bytes(*default[152..].first_chunk().expect("long"));
    assert_eq!(size, 32 + 2_729 * 48);
}

#[test]
fn levels_make_files_of_different_sizes() {
    let many: Vec<Message> = (0..2_000_u32)
        .map(|n| message((n * n % 251) as u8))
        .collect();
    let size = |level| written(&many, &[("compression_level", level)]).len();
    assert_eq!(size("-1"), size("6"));
    assert!(size("0") > 2_000 * 48 && size("1") < 2_000 * 24);
    assert!(size("9") < size("1"));
}

#[test]
fn channels_are_counted_from_1_and_default_to_the_option() {
    let on = |channel: Option<Channel>| Message {
        channel,
        ..message(0)
    };
    let all = [
        on(Some(Channel::number(0))),
        on(Some(Channel::named("vcan7"))),
        on(Some(Channel::named("can"))),
        on(None),
        on(Some(Channel::number(65_534))),
    ];
    let numbers = |options: &[(&str, &str)]| {
        let read = read(&written(&all, options)).messages;
        let numbers = read.iter().filter_map(|m| m.channel?.as_number());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers(&[]), [0, 7, 0, 0, 65_534]);
    assert_eq!(numbers(&[("channel", "5")]), [0, 7, 4, 4, 65_534]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = create(&folder.path().join("a.blf"), &[]);
    for number in [65_535, Channel::MAX_NUMBER] {
        let error = log
            .on_message(&on(Some(Channel::number(number))))
            .expect_err("refused");
        let told = format!("a.blf: BLF has channels 0 to 65534, not channel {number}");
        assert!(error.to_string().ends_with(&told), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn times_count_from_the_first_message_and_never_back() {
    for times in [
        vec![DATE + 1_234_567, DATE + 1_000_000, DATE + SECOND],
        vec![5 * SECOND, 4 * SECOND, 0],
        vec![-1_500_000_001, -1_500_000_000, 0, DATE],
        vec![0, i64::MAX],
        vec![i64::MIN / 4, 7],
    ] {
        let all: Vec<Message> = times.iter().map(|&time| at(time)).collect();
        assert_eq!(read(&written(&all, &[])), found(all), "{times:?}");
    }
    let clamped = read(&written(&[at(DATE + 1), at(DATE - 1), at(DATE + 2)], &[]));
    let expected = [at(DATE + 1), at(DATE), at(DATE + 2)];
    assert_eq!(clamped.messages, expected);
}

#[test]
fn the_time_zone_changes_only_the_header() {
    let berlin = written(&[at(DATE)], &[("tz", "Europe/Berlin")]);
    let utc = written(&[at(DATE)], &[]);
    assert_eq!(read(&utc).messages, [at(DATE)]);
    assert_eq!(read(&berlin).messages, [at(DATE + 3_600 * SECOND)]);
    assert_eq!(utc[72..], berlin[72..]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let error = formats::create(&path, [("tz", "Mars")])
        .err()
        .expect("refused");
    assert!(error.to_string().contains("option tz is Mars"), "{error}");
}

/// A stream whose bytes can be looked at.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("not poisoned").clone()
    }
}

impl Write for Shared {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_gets_its_header_with_the_first_message() {
    let writing = formats::blf::FORMAT.write.expect("is written");
    let none: [(&str, &str); 0] = [];
    let options = Options::check("blf", writing.options, none).expect("valid");
    let sink = Shared::default();
    let mut log = (writing.create)(Output::new(sink.clone()), &options).expect("created");
    assert!(sink.bytes().is_empty());
    log.on_message(&at(DATE + 5)).expect("written");
    assert_eq!(parsed(&sink.bytes()).start(&TimeZone::UTC), DATE);
    log.flush().expect("flushed");
    assert_eq!(read(&sink.bytes()), found(vec![at(DATE + 5)]));
    log.on_message(&at(DATE + 6)).expect("written");
    log.finish().expect("completed");
    assert_eq!(read(&sink.bytes()), found(vec![at(DATE + 5), at(DATE + 6)]));

    let sink = Shared::default();
    let mut log = (writing.create)(Output::new(sink.clone()), &options).expect("created");
    log.finish().expect("completed");
    assert_eq!(sink.bytes(), FileHeader::new().to_bytes());
}

#[test]
fn a_compressed_file_is_continued_as_a_joined_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf.gz");
    let none: [(&str, &str); 0] = [];
    for part in [0..3, 3..5] {
        let mut log = formats::append(&path, none).expect("opened");
        log.on_batch(&messages(part)).expect("written");
        log.finish().expect("completed");
    }
    let log = formats::open(&path, none).expect("opened");
    let report = log.report();
    let read: Vec<Message> = log.map(|m| m.expect("readable")).collect();
    assert_eq!(read, messages(0..5));
    assert!(!report.is_truncated());
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let id = any::<bool>().prop_flat_map(|wide| {
        let most = if wide {
            Id::MAX_EXTENDED
        } else {
            Id::MAX_STANDARD
        };
        (0..=most).prop_map(move |raw| Id::new(raw, wide).expect("fits"))
    });
    let data = proptest::collection::vec(any::<u8>(), 0..=64);
    (id, data, 0..5_u8, 8..=15_u8, any::<(bool, bool)>()).prop_map(|(id, data, kind, raw, fd)| {
        let short = &data[..data.len() % 9];
        let frame = match kind {
            0 => Frame::data(id, short),
            1 => Frame::remote(id, short.len() as u8),
            2 => Frame::error(id, short),
            3 => Frame::fd_padded(id, &data, fd.0, fd.1),
            _ => Frame::data(id, &[raw; 8]).and_then(|frame| frame.with_raw_dlc(raw)),
        };
        frame.expect("valid")
    })
}

fn any_message() -> impl Strategy<Value = Message> {
    let time = prop_oneof![
        -SECOND..SECOND,
        DATE..DATE + SECOND,
        any::<i64>().prop_map(|t| t / 4)
    ];
    (any_frame(), time, 0..65_535_u32, any::<bool>()).prop_map(|(frame, time, channel, tx)| {
        Message {
            frame,
            timestamp: Timestamp::from_nanos(time),
            channel: Some(Channel::number(channel)),
            direction: if tx { Direction::Tx } else { Direction::Rx },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(
        mut all in proptest::collection::vec(any_message(), 1..20),
        level in -1..3_i64,
    ) {
        // The format holds no time before the first message's.
        all.sort_by_key(|message| message.timestamp);
        let level = level.to_string();
        let options = [("compression_level", level.as_str()), ("max_container_size", "300")];
        prop_assert_eq!(read(&written(&all, &options)), found(all));
    }
}

#[test]
fn a_remark_is_a_marker_between_the_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.blf");
    let mut log = create(&path, &[("compression_level", "0")]);
    log.on_message(&at(DATE)).expect("written");
    log.on_event("Prüfung 1", None).expect("written");
    log.on_event("x", Some(Timestamp::from_nanos(DATE + 5)))
        .expect("written");
    log.on_message(&at(DATE + SECOND)).expect("written");
    let error = log.on_event(&"x".repeat(40_000), None).expect_err("long");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    log.finish().expect("completed");
    let bytes = contents(&path);
    assert_eq!(parsed(&bytes).objects, 4);
    // Behind the header, the container's head and the first message, whose time is that of the
    // remark: 56 bytes of header and fields, the lengths of group and name among them.
    let marker = &bytes[144 + 32 + 48..];
    assert_eq!(marker[..4], *b"LOBJ");
    assert_eq!(marker[8..16], [32 + 40 + 16, 0, 0, 0, 96, 0, 0, 0]);
    assert_eq!(marker[24..32], [0; 8]);
    assert_eq!(marker[48..60], [6, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(marker[72..88], *"canbusPrüfung 1".as_bytes());
    let second = &marker[88..];
    assert_eq!(second[8..16], [32 + 40 + 7, 0, 0, 0, 96, 0, 0, 0]);
    assert_eq!(second[24], 5);
    let (read, report) = (read(&bytes), formats::open(&path, [("tz", "utc")]));
    assert_eq!(read.messages, [at(DATE), at(DATE + SECOND)]);
    assert_eq!(read.passed_over, 2);
    assert!(report.is_ok());
}
