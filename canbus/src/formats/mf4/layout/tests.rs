use super::*;
use crate::frame::Kind;

fn byte(at: u32) -> Option<Number> {
    Number::new(at, 0, 8, 0)
}

/// Time, identifier, whether it is extended, DLC, length, FD, then up to 64 bytes.
fn layout(sort: Sort) -> Layout {
    let time = Number::new(0, 0, 8, 0).expect("a number");
    Layout {
        id: Number::new(1, 0, 32, 0),
        ide: byte(5),
        dlc: byte(6),
        length: byte(7),
        edl: byte(8),
        content: Content::Here { at: 9, most: 64 },
        ..Layout::new(sort, Time::Scaled(time, super::super::value::Linear::SAME))
    }
}

fn record(id: u32, ide: u8, dlc: u8, length: u8, fd: u8) -> Vec<u8> {
    let [a, b, c, d] = id.to_le_bytes();
    let mut record = vec![2, a, b, c, d, ide, dlc, length, fd];
    record.extend(1..=64);
    record
}

fn frame(layout: &Layout, record: &[u8]) -> Result<Frame, &'static str> {
    let message = layout.message(record, 0, 5, &[])?;
    assert_eq!(message.timestamp, Timestamp::from_nanos(2_000_000_005));
    assert_eq!((message.channel, message.direction), (None, Direction::Rx));
    Ok(message.frame)
}

#[test]
fn data_frames_are_classic_or_fd() {
    let layout = layout(Sort::Data);
    let classic = frame(&layout, &record(0x123, 0, 8, 8, 0)).expect("valid");
    assert_eq!(
        (classic.kind(), classic.len(), classic.dlc()),
        (Kind::Data, 8, 8)
    );
    let raw = frame(&layout, &record(0x123, 0, 12, 8, 0)).expect("valid");
    assert_eq!((raw.dlc(), raw.len()), (12, 8));
    let fd = frame(&layout, &record(0x123, 1, 9, 12, 1)).expect("valid");
    assert!(fd.is_fd() && fd.id().is_extended());
    assert_eq!(fd.payload(), (1..=12).collect::<Vec<u8>>());
    // What the DLC speaks of and the record does not have is zero.
    let padded = frame(&layout, &record(0x123, 1, 9, 10, 1)).expect("valid");
    assert_eq!(padded.payload()[9..], [10, 0, 0]);
    for (bad, what) in [
        (
            record(0x123, 0, 8, 9, 0),
            "it is a classic frame with more than 8 bytes",
        ),
        (
            record(0x800, 0, 8, 8, 0),
            "its standard identifier has more than 11 bits",
        ),
        (record(1, 0, 16, 8, 0), "its DLC is over 15"),
    ] {
        assert_eq!(frame(&layout, &bad), Err(what));
    }
}

#[test]
fn what_a_record_does_not_say_is_concluded() {
    let only_length = Layout {
        dlc: None,
        ide: None,
        edl: None,
        ..layout(Sort::Data)
    };
    let long = frame(&only_length, &record(0x800, 0, 0, 16, 0)).expect("valid");
    assert!(long.is_fd() && long.id().is_extended());
    let marked = frame(&only_length, &record(0x8000_0001, 0, 0, 2, 0)).expect("valid");
    assert_eq!(
        (marked.id(), marked.len()),
        (Id::extended(1).expect("fits"), 2)
    );
    let only_dlc = Layout {
        length: None,
        ..layout(Sort::Data)
    };
    assert_eq!(
        frame(&only_dlc, &record(1, 0, 13, 0, 1))
            .expect("valid")
            .len(),
        32
    );
    assert_eq!(
        frame(&only_dlc, &record(1, 0, 13, 0, 0))
            .expect("valid")
            .len(),
        8
    );
}

#[test]
fn remote_frames_have_a_dlc_and_error_frames_a_cause() {
    let remote = frame(&layout(Sort::Remote), &record(1, 0, 13, 0, 0)).expect("valid");
    assert_eq!((remote.kind(), remote.dlc()), (Kind::Remote, 13));
    let error = frame(&layout(Sort::Error), &record(0x800, 0, 3, 3, 0)).expect("valid");
    assert_eq!(
        (error.kind(), error.payload()),
        (Kind::Error, &[1, 2, 3][..])
    );
    assert!(error.id().is_extended(), "more than 11 bits");
    let none = Layout {
        id: None,
        ..layout(Sort::Error)
    };
    assert_eq!(
        frame(&none, &record(1, 0, 0, 0, 0))
            .expect("valid")
            .id()
            .raw(),
        0
    );
}

#[test]
fn everything_must_be_in_the_record() {
    assert!(layout(Sort::Data).fits(73));
    assert!(!layout(Sort::Data).fits(72));
    let out = Layout {
        esi: byte(73),
        ..layout(Sort::Data)
    };
    assert!(!out.fits(73));
}

#[test]
fn of_the_data_only_those_in_use_are_brought_into_rows() {
    let columns = layout(Sort::Data).columns(80);
    assert_eq!(columns.always, (0..9).collect::<Vec<_>>());
    assert_eq!(columns.content, Some((9, 64, 7)));
    let unknown = Layout {
        length: None,
        ..layout(Sort::Data)
    };
    assert_eq!(unknown.columns(80).always.len(), 8 + 64);
}

#[test]
fn an_invalid_channel_is_none() {
    let channel = byte(0).expect("a number").or_invalid(8 * 9);
    let mut layout = Layout {
        channel: Some(channel),
        content: Content::Missing,
        ..layout(Sort::Error)
    };
    let mut bytes = record(1, 0, 0, 0, 0);
    let read = |layout: &Layout, bytes: &[u8]| {
        let message = layout.message(bytes, 0, 0, &[]);
        message.expect("valid").channel
    };
    bytes[9] = 1;
    assert_eq!(read(&layout, &bytes), None);
    layout.forget_invalid();
    assert_eq!(read(&layout, &bytes), Some(Channel::number(2)));
}
