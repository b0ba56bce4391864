use super::*;
use crate::formats::blf::tests::object;

fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.split_whitespace().collect();
    let mut out = vec![0; hex.len() / 2];
    faster_hex::hex_decode(hex.as_bytes(), &mut out).expect("hex");
    out
}

fn decoded(object: &[u8]) -> Result<Message, &'static str> {
    let base = object.first_chunk().and_then(Base::parse);
    let base = base.expect("a signature");
    assert!(base.has_frame() && base.is_plausible(), "{base:?}");
    assert_eq!(base.size as usize, object.len());
    decode(object, base, 0)
}

fn refusal(object: &[u8]) -> &'static str {
    decoded(object).expect_err("refused")
}

fn message(frame: Frame, channel: u32, tx: bool, nanos: i64) -> Message {
    Message {
        frame,
        timestamp: Timestamp::from_nanos(nanos),
        channel: Some(Channel::number(channel)),
        direction: direction(tx),
    }
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

/// Objects that python-can 4.6.1 wrote, and what it was told to write.
fn written_by_python_can() -> Vec<(&'static str, Message)> {
    let eight: Vec<u8> = (0..8).collect();
    let twelve: Vec<u8> = (1..13).collect();
    let cause = [0, 0x30, 0, 0, 0, 0, 0x80, 0x60];
    vec![
        (
            "4c4f424a200001003000000001000000020000000000000069f8060000000000
             01000003230100000102030000000000",
            message(
                Frame::data(standard(0x123), &[1, 2, 3]).expect("valid"),
                0,
                false,
                456_809,
            ),
        ),
        (
            "4c4f424a200001003000000001000000020000000000000069c2a13b00000000
             03000108e550ff980001020304050607",
            message(
                Frame::data(extended(0x18FF_50E5), &eight).expect("valid"),
                2,
                true,
                1_000_456_809,
            ),
        ),
        (
            "4c4f424a20000100300000000100000002000000000000000000000000000000
             04008005ff0700000000000000000000",
            message(
                Frame::remote(standard(0x7FF), 5).expect("valid"),
                3,
                false,
                0,
            ),
        ),
        (
            "4c4f424a20000100400000004900000002000000000000000000000000000000
             0200000000000000000008000000000024000000000000000030000000008060",
            message(
                Frame::error(standard(0x24), &cause).expect("valid"),
                1,
                false,
                0,
            ),
        ),
        (
            "4c4f424a20000100740000006400000002000000000000000000000000000000
             02000109ffffff9f0000000000070c00000000000102030405060708090a0b0c
             0000000000000000000000000000000000000000000000000000000000000000
             0000000000000000000000000000000000000000",
            message(
                Frame::fd(extended(0x1FFF_FFFF), &twelve, true, true).expect("valid"),
                1,
                true,
                0,
            ),
        ),
        (
            "4c4f424a20000100740000006400000002000000000000000000000000000000
             0100000010000000000000000001000000000000000000000000000000000000
             0000000000000000000000000000000000000000000000000000000000000000
             0000000000000000000000000000000000000000",
            message(
                Frame::fd(standard(0x10), &[], false, false).expect("valid"),
                0,
                false,
                0,
            ),
        ),
    ]
}

#[test]
fn objects_are_read_and_written_as_python_can_does() {
    for (hex, expected) in written_by_python_can() {
        let object = bytes(hex);
        assert_eq!(decoded(&object), Ok(expected), "{hex}");
        let mut out = vec![9];
        let channel = expected.channel.and_then(Channel::as_number);
        let channel = channel.expect("a number") as u16 + 1;
        let time = expected.timestamp.as_nanos() as u64;
        encode(&expected, channel, time, &mut out);
        assert_eq!(out[1..], object, "{hex}");
        assert!(object.len() <= LARGEST);
    }
    assert_eq!(LARGEST, 116);
}

#[test]
fn a_sent_error_frame_keeps_its_direction() {
    let error = message(
        Frame::error(extended(7), &[1]).expect("valid"),
        0,
        true,
        5_000,
    );
    let mut out = Vec::new();
    encode(&error, 1, 5_000, &mut out);
    assert_eq!(decoded(&out), Ok(error));
}

#[test]
fn a_message_2_is_a_message_with_more_behind_it() {
    // Channel 2, sent, DLC 2, identifier 0x321; duration, bit count and reserved bytes.
    let body = bytes("02000102 21030000 aabb000000000000 e8030000 2f000000");
    let expected = Frame::data(standard(0x321), &[0xaa, 0xbb]).expect("valid");
    let read = decoded(&object(86, 7, &body));
    assert_eq!(read, Ok(message(expected, 1, true, 7)));
}

#[test]
fn raw_dlcs_of_classic_frames_are_kept() {
    for dlc in 9..=15 {
        let mut body = bytes("01000000 23010000 0102030405060708");
        body[3] = dlc;
        let full = Frame::data(standard(0x123), &[1, 2, 3, 4, 5, 6, 7, 8]).expect("valid");
        let expected = full.with_raw_dlc(dlc).expect("valid");
        assert_eq!(decoded(&object(1, 0, &body)).map(|m| m.frame), Ok(expected));
        body[2] = 0x80;
        let remote = Frame::remote(standard(0x123), 8).expect("valid");
        let expected = remote.with_raw_dlc(dlc).expect("valid");
        assert_eq!(decoded(&object(1, 0, &body)).map(|m| m.frame), Ok(expected));
    }
    let body = bytes("01000010 23010000 0102030405060708");
    assert_eq!(refusal(&object(1, 0, &body)), "its DLC is over 15");
}

#[test]
fn a_standard_identifier_has_11_bits() {
    let mut body = bytes("01000000 ff070000 0000000000000000");
    assert!(decoded(&object(1, 0, &body)).is_ok());
    body[5] = 8;
    assert_eq!(
        refusal(&object(1, 0, &body)),
        "its standard identifier has more than 11 bits"
    );
}

#[test]
fn channel_0_is_unknown() {
    let body = bytes("00000000 23010000 0000000000000000");
    assert_eq!(decoded(&object(1, 0, &body)).map(|m| m.channel), Ok(None));
    let body = bytes("ffff0000 23010000 0000000000000000");
    let channel = decoded(&object(1, 0, &body)).map(|m| m.channel);
    assert_eq!(channel, Ok(Some(Channel::number(65534))));
}

#[test]
fn times_are_in_nanoseconds_or_in_ten_microseconds() {
    let mut object = object(1, 3, &[0; 16]);
    let mut time = |flags: u8| {
        object[16] = flags;
        let base = object.first_chunk().and_then(Base::parse).expect("valid");
        decode(&object, base, 1_000).map(|m| m.timestamp.as_nanos())
    };
    assert_eq!(time(2), Ok(1_003));
    assert_eq!(time(1), Ok(31_000));
    assert_eq!(time(0), Ok(1_003));
    assert_eq!(time(3), Ok(1_003));
    object[24..32].fill(0xFF);
    for flags in [1, 2] {
        object[16] = flags;
        let latest = decoded(&object).map(|m| m.timestamp.as_nanos());
        assert_eq!(latest, Ok(i64::MAX));
    }
}

#[test]
fn a_header_of_version_2_is_8_bytes_longer() {
    let body = bytes("01000001 23010000 4200000000000000");
    let mut long = object(1, 99, &body);
    long.splice(32..32, [0xEE; 8]);
    long[4] = 40;
    long[6] = 2;
    long[8] = 56;
    let read = decoded(&long).expect("readable");
    assert_eq!(read.frame.payload(), [0x42]);
    assert_eq!(read.timestamp.as_nanos(), 99);
    long[4] = 39;
    assert!(!Base::parse(long.first_chunk().expect("long")).is_some_and(Base::is_plausible));
}

#[test]
fn sizes_are_checked_at_their_edges() {
    let base = |kind, header_size, size| Base {
        header_size,
        header_version: 1,
        size,
        kind,
    };
    assert!(base(1, 32, 32).is_plausible());
    assert!(!base(1, 32, 31).is_plausible());
    assert!(!base(1, 31, 48).is_plausible());
    assert!(base(101, 32, 4096).is_plausible());
    assert!(!base(101, 32, 4097).is_plausible());
    assert!(base(96, 16, 16).is_plausible());
    assert!(!base(96, 15, 16).is_plausible());
    assert!(!base(96, 17, 16).is_plausible());
    assert!(base(96, 16, 64 << 20).is_plausible());
    assert!(!base(96, 16, (64 << 20) + 1).is_plausible());
    assert!(base(10, 16, u32::MAX).is_plausible());
    assert!(!base(10, 16, 0).is_plausible());
}

#[test]
fn only_known_types_in_known_versions_have_frames() {
    let with = |kind, header_version| {
        let base = Base {
            header_size: 40,
            header_version,
            size: 80,
            kind,
        };
        base.has_frame()
    };
    let known: Vec<u32> = (0..200).filter(|&kind| with(kind, 1)).collect();
    assert_eq!(known, [1, 2, 73, 86, 100, 101, 104]);
    let versions: Vec<u16> = (0..6).filter(|&version| with(1, version)).collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[test]
fn objects_that_are_too_short_for_their_type_are_refused() {
    for (kind, least) in [
        (1, 16),
        (86, 16),
        (2, 4),
        (73, 24),
        (100, 20),
        (101, 40),
        (104, 44),
    ] {
        assert!(decoded(&object(kind, 0, &vec![0; least])).is_ok(), "{kind}");
        assert_eq!(refusal(&object(kind, 0, &vec![0; least - 1])), SHORT);
    }
}

/// Type 100: DLC, FD flags, valid bytes, and so many stored bytes of 1, 2, 3…
fn fd_object(flags: u8, dlc: u8, fd_flags: u8, valid: u8, stored: u8) -> Vec<u8> {
    let mut body = vec![0; FD_HEAD];
    body[0] = 1;
    body[2] = flags;
    body[3] = dlc;
    body[4] = 0x55;
    body[13] = fd_flags;
    body[14] = valid;
    body.extend(1..=stored);
    object(100, 0, &body)
}

#[test]
fn missing_fd_data_are_zeros_and_surplus_data_are_cut() {
    let payload = |object: &[u8]| decoded(object).expect("readable").frame.payload().to_vec();
    let twelve: Vec<u8> = (1..=12).collect();
    assert_eq!(payload(&fd_object(0, 9, 1, 12, 64)), twelve);
    let mut half: Vec<u8> = (1..=5).collect();
    half.resize(12, 0);
    assert_eq!(payload(&fd_object(0, 9, 1, 5, 64)), half);
    assert_eq!(payload(&fd_object(0, 9, 1, 12, 5)), half);
    assert_eq!(payload(&fd_object(0, 9, 1, 64, 64)), twelve);
    assert_eq!(refusal(&fd_object(0, 16, 1, 0, 0)), "its DLC is over 15");
}

#[test]
fn a_classic_frame_may_come_as_an_fd_object() {
    let frame = |object: &[u8]| decoded(object).expect("readable").frame;
    let id = standard(0x55);
    let data = frame(&fd_object(0, 3, 0, 3, 8));
    assert_eq!(data, Frame::data(id, &[1, 2, 3]).expect("valid"));
    let remote = frame(&fd_object(0x80, 3, 0, 0, 0));
    assert_eq!(remote, Frame::remote(id, 3).expect("valid"));
    let esi = frame(&fd_object(0, 1, 5, 1, 1));
    assert_eq!(esi, Frame::fd(id, &[1], false, true).expect("valid"));
    let brs = frame(&fd_object(0, 1, 3, 1, 1));
    assert_eq!(brs, Frame::fd(id, &[1], true, false).expect("valid"));
}

/// Type 101: DLC, valid bytes, flags, direction, offset of further data, stored bytes.
fn fd_64_object(dlc: u8, valid: u8, flags: u32, dir: u8, ext: u8, stored: &[u8]) -> Vec<u8> {
    let mut body = vec![0; FD_64_HEAD];
    body[0] = 3;
    body[1] = dlc;
    body[2] = valid;
    body[4..8].copy_from_slice(&0x8000_0055_u32.to_le_bytes());
    body[12..16].copy_from_slice(&flags.to_le_bytes());
    body[34] = dir;
    body[35] = ext;
    body.extend_from_slice(stored);
    object(101, 0, &body)
}

#[test]
fn an_fd_message_64_has_its_own_flags() {
    let id = extended(0x55);
    let read = |flags, dir| decoded(&fd_64_object(2, 2, flags, dir, 0, &[7, 8]));
    for (flags, brs, esi) in [
        (0x1000, false, false),
        (0x3000, true, false),
        (0x5000, false, true),
        (0x7000, true, true),
    ] {
        let expected = Frame::fd(id, &[7, 8], brs, esi).expect("valid");
        assert_eq!(read(flags, 0), Ok(message(expected, 2, false, 0)));
    }
    let data = Frame::data(id, &[7, 8]).expect("valid");
    assert_eq!(read(0, 1), Ok(message(data, 2, true, 0)));
    assert_eq!(read(0, 2), Ok(message(data, 2, true, 0)));
    let remote = Frame::remote(id, 2).expect("valid");
    assert_eq!(read(0x10, 0), Ok(message(remote, 2, false, 0)));
}

#[test]
fn an_fd_message_64_stores_fewer_bytes_than_it_calls_valid() {
    // python-can's issue 1905: valid bytes beyond what is there are zeros.
    let payload = |object: &[u8]| decoded(object).expect("readable").frame.payload().to_vec();
    let mut expected = vec![1, 2, 3, 4];
    expected.resize(64, 0);
    let short = fd_64_object(15, 64, 0x1000, 0, 0, &[1, 2, 3, 4]);
    assert_eq!(payload(&short), expected);
    // Further data begin 4 bytes behind the head: 32 + 40 + 4 from the object's beginning.
    let extended = fd_64_object(15, 64, 0x1000, 0, 76, &[1, 2, 3, 4, 9, 9, 9, 9]);
    assert_eq!(payload(&extended), expected);
    let nonsense = fd_64_object(2, 2, 0x1000, 0, 1, &[1, 2]);
    assert_eq!(payload(&nonsense), [0, 0]);
    let beyond = fd_64_object(2, 2, 0x1000, 0, 255, &[1, 2]);
    assert_eq!(payload(&beyond), [1, 2]);
}

#[test]
fn error_frames_of_all_types_are_error_frames() {
    let plain = decoded(&object(2, 0, &bytes("02000600")));
    let expected = Frame::error(standard(0), &[]).expect("valid");
    assert_eq!(plain, Ok(message(expected, 1, false, 0)));

    // A DLC whose upper half is used, and an identifier that must have 29 bits.
    let body = bytes("01000000 00000000 0000f200 00000000 00080000 00000000 0102030405060708");
    let expected = Frame::error(extended(0x800), &[1, 2]).expect("valid");
    let read = decoded(&object(73, 0, &body));
    assert_eq!(read, Ok(message(expected, 0, false, 0)));
    // One less still fits 11 bits.
    let body = bytes("01000000 00000000 00000000 00000000 ff070000 00000000 0000000000000000");
    let expected = Frame::error(standard(0x7FF), &[]).expect("valid");
    let read = decoded(&object(73, 0, &body));
    assert_eq!(read, Ok(message(expected, 0, false, 0)));

    let mut body = vec![0; FD_ERROR_HEAD];
    body[0] = 2;
    body[1] = 9;
    body[2] = 12;
    body[6..8].copy_from_slice(&0x1000_u16.to_le_bytes());
    body[12..16].copy_from_slice(&0x123_u32.to_le_bytes());
    body.extend(1..=12);
    let expected = Frame::error(standard(0x123), &[1, 2, 3, 4, 5, 6, 7, 8]).expect("valid");
    let read = decoded(&object(104, 0, &body));
    assert_eq!(read, Ok(message(expected, 1, true, 0)));
    // Further data from the third byte on.
    body[10] = 32 + 44 + 2;
    let read = decoded(&object(104, 0, &body)).map(|m| m.frame.payload().to_vec());
    assert_eq!(read, Ok(vec![1, 2]));
}

#[test]
fn fields_beyond_the_end_are_zero() {
    assert_eq!(field::<2>(&[1, 2, 3], 1), [2, 3]);
    assert_eq!(field::<2>(&[1, 2, 3], 2), [0, 0]);
    assert_eq!(field::<2>(&[1, 2, 3], 9), [0, 0]);
}

#[test]
fn padding_is_the_remainder_by_four() {
    assert_eq!([4, 5, 6, 7, 8].map(padding), [0, 1, 2, 3, 0]);
}
