//! What is written to a log is read back, as far as the format's [`Fidelity`] says: every format
//! that can be written and read, plain and compressed.

use canbus::formats::{self, ChannelFidelity, Fidelity, Format};
use canbus::{
    Channel, Direction, ErrorKind, Frame, Id, Kind, Listener, MAX_CLASSIC_LEN, Message, Timestamp,
    dlc_to_len,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;

const NO_OPTIONS: [(&str, &str); 0] = [];

/// What a message is after it was written and read; `None` if the format must refuse it.
fn expected(message: &Message, fidelity: &Fidelity) -> Option<Message> {
    let frame = message.frame;
    let kept = match frame.kind() {
        Kind::Fd { .. } => fidelity.fd,
        Kind::Remote => fidelity.remote,
        Kind::Error => fidelity.error,
        _ => true,
    };
    let written = Message {
        frame: expected_frame(frame, fidelity).expect("valid"),
        timestamp: message.timestamp,
        channel: expected_channel(message.channel, fidelity),
        direction: if fidelity.direction {
            message.direction
        } else {
            Direction::Rx
        },
    };
    kept.then_some(written)
}

fn expected_frame(frame: Frame, fidelity: &Fidelity) -> canbus::Result<Frame> {
    match frame.kind() {
        Kind::Error if !fidelity.error_cause => Frame::error(Id::extended(0)?, &[]),
        Kind::Remote if !fidelity.remote_dlc => Frame::remote(frame.id(), 0),
        Kind::Remote if !fidelity.raw_dlc => Frame::remote(frame.id(), frame.dlc_len() as u8),
        Kind::Data if !fidelity.raw_dlc => Frame::data(frame.id(), frame.payload()),
        _ => Ok(frame),
    }
}

/// Whether a time is as near as the step of the format allows; a double has no step of its own,
/// and keeps more of times near zero.
fn is_near(read: Timestamp, wanted: Timestamp, fidelity: &Fidelity) -> bool {
    read.nanos_since(wanted).unsigned_abs() <= u64::from(fidelity.resolution) / 2
}

fn expected_channel(channel: Option<Channel>, fidelity: &Fidelity) -> Option<Channel> {
    let channel = channel?;
    match fidelity.channel {
        ChannelFidelity::Nothing => None,
        ChannelFidelity::Either => Some(Channel::parse(&channel.to_string())),
        ChannelFidelity::Number => channel.trailing_number().map(Channel::number),
        ChannelFidelity::Name => {
            let number = channel.to_string().parse::<u32>();
            let name = number.map(|number| Channel::named(&format!("can{number}")));
            Some(name.unwrap_or(channel))
        }
    }
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        (0..=Id::MAX_STANDARD).prop_map(|raw| Id::standard(raw).expect("fits")),
        (0..=Id::MAX_EXTENDED).prop_map(|raw| Id::extended(raw).expect("fits")),
        (0..=Id::MAX_STANDARD).prop_map(|raw| Id::extended(raw).expect("fits")),
    ]
}

/// The causes of error frames are 29 bits, the bits of `linux/can/error.h` the likely ones.
fn cause() -> impl Strategy<Value = Id> {
    prop_oneof![
        Just(0_u32),
        (0..29_u32).prop_map(|bit| 1_u32 << bit),
        0..=Id::MAX_EXTENDED,
    ]
    .prop_map(|raw| Id::extended(raw).expect("fits"))
}

fn frame() -> impl Strategy<Value = Frame> {
    let classic = || vec(any::<u8>(), 0..=MAX_CLASSIC_LEN);
    let fd = (0..16_u8).prop_flat_map(|dlc| vec(any::<u8>(), dlc_to_len(dlc).expect("a code")));
    let full = |(id, data): (Id, [u8; 8])| Frame::data(id, &data).expect("valid");
    prop_oneof![
        4 => (id(), classic()).prop_map(|(id, data)| Frame::data(id, &data).expect("valid")),
        2 => (id(), 0..=8_u8).prop_map(|(id, dlc)| Frame::remote(id, dlc).expect("valid")),
        4 => (id(), fd, any::<(bool, bool)>())
            .prop_map(|(id, data, (brs, esi))| Frame::fd(id, &data, brs, esi).expect("valid")),
        2 => (cause(), classic()).prop_map(|(id, data)| Frame::error(id, &data).expect("valid")),
        1 => ((id(), any::<[u8; 8]>()).prop_map(full), 8..=15_u8)
            .prop_map(|(frame, dlc)| frame.with_raw_dlc(dlc).expect("valid")),
        1 => (id(), 8..=15_u8).prop_map(|(id, dlc)| Frame::remote(id, 8)
            .and_then(|frame| frame.with_raw_dlc(dlc))
            .expect("valid")),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        4 => 1_500_000_000_000_000_000..1_900_000_000_000_000_000_i64,
        2 => 0..2_000_000_000_i64,
        1 => -1_000_000_000_000_000_000..0_i64,
    ]
    .prop_map(Timestamp::from_nanos)
}

fn channel() -> impl Strategy<Value = Option<Channel>> {
    prop_oneof![
        Just(None),
        (0..16_u32).prop_map(|number| Some(Channel::number(number))),
        prop::sample::select(&["can0", "vcan12", "PCAN_USBBUS1", "bus", "7", "käse"])
            .prop_map(|name| Some(Channel::named(name))),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    (frame(), time(), channel(), any::<bool>()).prop_map(|(frame, timestamp, channel, rx)| {
        Message {
            frame,
            timestamp,
            channel,
            direction: if rx { Direction::Rx } else { Direction::Tx },
        }
    })
}

/// When a file starts whose first message has this time, as `Fidelity` says.
fn start_of_file(first: Timestamp) -> Timestamp {
    const YEAR_1990: i64 = 631_152_000_000_000_000;
    let nanos = first.as_nanos();
    let relative = (0..YEAR_1990).contains(&nanos);
    Timestamp::from_nanos(if relative {
        0
    } else {
        nanos.div_euclid(1_000_000) * 1_000_000
    })
}

/// The options for readers that leave the date of the log out unless told otherwise: all of .asc,
/// and of .trc in version 1.0, which tells it to people only.
fn absolute(format: &Format) -> Vec<(&'static str, &'static str)> {
    let given = [("relative_timestamp", "false"), ("absolute", "true")];
    let taken = format.read.map_or(&[][..], |reading| reading.options);
    let takes = |(name, _): &(&str, &str)| taken.iter().any(|spec| spec.name == *name);
    given.into_iter().filter(takes).collect()
}

/// Options of writers with which a file keeps more or less.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("candump", "direction", "false"),
    ("csv", "columns", "extended"),
    ("csv", "columns", "packed"),
    ("sqlite", "columns", "extended"),
    ("trc", "version", "2.0"),
    ("trc", "version", "1.3"),
    ("trc", "version", "1.1"),
    ("trc", "version", "1.0"),
];

/// Writes and reads a file and compares.
fn check(
    format: &Format,
    (folder, suffix): (&Path, &str),
    options: &[(&str, &str)],
    messages: &[Message],
) {
    let path = folder.join(format!("log{}{suffix}", format.extension));
    let what = format!("{} {options:?}", path.display());
    let mut log = formats::create(&path, options.iter().copied()).expect("created");
    let format = Format {
        fidelity: log.fidelity(),
        ..*format
    };
    let format = &format;
    let mut wanted = Vec::new();
    let mut start = None;
    for message in messages {
        if message.timestamp < Timestamp::ZERO && !format.fidelity.negative_time {
            continue;
        }
        match (expected(message, &format.fidelity), log.on_message(message)) {
            (Some(mut message), Ok(())) => {
                if !format.fidelity.earlier_than_first {
                    let start = *start.get_or_insert_with(|| start_of_file(message.timestamp));
                    message.timestamp = message.timestamp.max(start);
                }
                wanted.push(message);
            }
            (None, Err(error)) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{what}"),
            (None, Ok(())) => {
                panic!("{what}: {message:?}: its Fidelity excludes it, so Unsupported")
            }
            (_, outcome) => panic!("{what}: {message:?} ended as {outcome:?}"),
        }
    }
    log.finish().expect("complete");
    assert_eq!(
        log.file_size(),
        std::fs::metadata(&path).expect("there").len(),
        "{what}: the size that the log tells"
    );
    let reader = formats::open(&path, absolute(format)).expect("opened");
    let report = reader.report();
    let read: Vec<Message> = reader.map(|message| message.expect("no error")).collect();
    assert_eq!(read.len(), wanted.len(), "{what}");
    for (read, wanted) in read.iter().zip(&wanted) {
        // A channel that the format cannot say is replaced by one of its choice.
        let mut channel = wanted.channel.and(read.channel);
        if format.fidelity.channel == ChannelFidelity::Either {
            channel = expected_channel(channel, &format.fidelity);
        }
        let near = is_near(read.timestamp, wanted.timestamp, &format.fidelity);
        assert!(near, "{what}: {read:?} instead of {wanted:?}");
        let timestamp = wanted.timestamp;
        let read = Message {
            channel,
            timestamp,
            ..*read
        };
        assert_eq!(read, *wanted, "{what}");
    }
    assert!(
        !report.is_truncated(),
        "{what}: does `finish` call `Output::finish`?"
    );
    assert_eq!(report.passed_over(), 0, "{what}");
    assert_eq!(report.bytes(), report.size(), "{what}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_format_keeps_what_its_fidelity_says(messages in vec(message(), 0..60)) {
        let folder = tempfile::tempdir().expect("a folder");
        for format in formats::all() {
            if format.read.is_none() || format.write.is_none() {
                continue;
            }
            for suffix in ["", ".gz"] {
                let needs_file = format.write.is_some_and(|write| write.needs_file);
                if needs_file && suffix == ".gz" {
                    let path = folder.path().join(format!("log{}.gz", format.extension));
                    let error = formats::create(&path, NO_OPTIONS).err().expect("refused");
                    prop_assert_eq!(error.kind(), ErrorKind::Unsupported);
                    prop_assert!(!path.exists());
                    continue;
                }
                check(&format, (folder.path(), suffix), &NO_OPTIONS, &messages);
            }
            for (_, name, value) in OPTIONS.iter().filter(|(of, ..)| *of == format.name) {
                check(&format, (folder.path(), ""), &[(name, value)], &messages);
            }
        }
    }
}

#[test]
fn at_least_one_format_is_written_and_read() {
    let both = |format: &Format| format.read.is_some() && format.write.is_some();
    assert!(formats::all().iter().any(both));
}

/// What a killed writer leaves is continued without harm to what comes behind.
#[test]
fn appending_goes_on_behind_a_cut_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = |number: u8| {
        let frame = Frame::data(Id::standard(0x100).expect("fits"), &[number]).expect("valid");
        let time = 1_700_000_000_000_000_000 + i64::from(number) * 1_000_000;
        Message::received(frame, Timestamp::from_nanos(time))
    };
    let write = |mut log: formats::LogWriter, numbers: std::ops::Range<u8>| {
        for number in numbers {
            log.on_message(&message(number)).expect("written");
            log.flush().expect("flushed");
        }
        log.finish().expect("complete");
    };
    for format in formats::all() {
        if format.read.is_none() || format.write.is_none() {
            continue;
        }
        let path = folder.path().join(format!("cut{}", format.extension));
        write(formats::create(&path, NO_OPTIONS).expect("created"), 0..4);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .expect("there");
        let length = file.metadata().expect("there").len();
        file.set_len(length - 1).expect("cut");
        let continued = match formats::append(&path, NO_OPTIONS) {
            // Whoever has a cut database is told to convert what is intact.
            Err(error) if format.extension == ".db" => {
                assert_eq!(error.kind(), ErrorKind::Malformed);
                continue;
            }
            continued => continued.expect("continued"),
        };
        write(continued, 4..6);
        let read: Vec<u8> = formats::open(&path, NO_OPTIONS)
            .expect("opened")
            .filter_map(|message| Some(message.ok()?.frame.payload()[0]))
            .collect();
        // The last message of the first part may have gone with the cut, nothing else.
        let whole = [0, 1, 2, 3, 4, 5];
        let without = [0, 1, 2, 4, 5];
        assert!(
            read == whole || read == without,
            "{}: {read:?}",
            format.name
        );
    }
}
