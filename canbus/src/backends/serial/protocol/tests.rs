use super::*;
use proptest::prelude::*;

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn packet(frame: &Frame, milliseconds: u32, form: IdForm) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, milliseconds, form, &mut out);
    out
}

/// What the bytes hold: frames with their milliseconds, and why bytes were passed over.
fn read(bytes: &[u8], form: IdForm) -> (Vec<(Frame, i64)>, Vec<String>) {
    let (mut frames, mut garbage) = (Vec::new(), Vec::new());
    for heard in read_in_pieces(bytes, 1, form) {
        match heard {
            Heard::Message(message) => {
                let time = message.timestamp.as_nanos() / NANOS_PER_MILLISECOND;
                frames.push((message.frame, time));
            }
            Heard::Garbage(why) => garbage.push(why),
            other => panic!("{other:?}"),
        }
    }
    (frames, garbage)
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let frames = read(bytes, IdForm::Flags).0;
    frames.into_iter().map(|(frame, _)| frame).collect()
}

/// The first three are in the manual of python-can 4.0.0, the fourth in that of 4.6.1; the others
/// are what the bus class of python-can 4.6.1 writes, but for the zeros of the remote frame.
#[test]
fn packets_are_those_of_python_can() {
    let data = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    let cases: &[(Frame, u32, &[u8])] = &[
        (
            Frame::data(standard(1), &data).expect("valid"),
            0x7366,
            b"\xAA\x66\x73\0\0\x08\x01\0\0\0\x11\x22\x33\x44\x55\x66\x77\x88\xBB",
        ),
        (
            Frame::data(standard(1), &[0x11]).expect("valid"),
            0x7366,
            b"\xAA\x66\x73\0\0\x01\x01\0\0\0\x11\xBB",
        ),
        (
            Frame::data(standard(1), &[]).expect("valid"),
            0x7366,
            b"\xAA\x66\x73\0\0\0\x01\0\0\0\xBB",
        ),
        (
            Frame::data(extended(1), &[]).expect("valid"),
            0x7366,
            b"\xAA\x66\x73\0\0\0\x01\0\0\x80\xBB",
        ),
        (
            Frame::data(extended(0x1FFF_FFFF), &[0xAA]).expect("valid"),
            u32::MAX,
            b"\xAA\xFF\xFF\xFF\xFF\x01\xFF\xFF\xFF\x9F\xAA\xBB",
        ),
        (
            Frame::remote(standard(0x7FF), 2).expect("valid"),
            0,
            b"\xAA\0\0\0\0\x02\xFF\x07\0\x40\0\0\xBB",
        ),
        (
            Frame::error(extended(0x24), &[7]).expect("valid"),
            0,
            b"\xAA\0\0\0\0\x01\x24\0\0\xA0\x07\xBB",
        ),
    ];
    for (frame, time, bytes) in cases {
        assert_eq!(packet(frame, *time, IdForm::Flags), *bytes);
        let found = read(bytes, IdForm::Flags);
        assert_eq!(found, (vec![(*frame, i64::from(*time))], vec![]));
    }
}

#[test]
fn the_remote_frame_of_python_can_ends_at_once() {
    let bytes = b"\xAA\0\0\0\0\x05\x23\x01\0\x40\xBB\xAA\0\0\0\0\0\x01\0\0\0\xBB";
    let remote = Frame::remote(standard(0x123), 5).expect("valid");
    let next = Frame::data(standard(1), &[]).expect("valid");
    assert_eq!(frames(bytes), [remote, next]);
}

#[test]
fn without_flags_every_id_is_extended() {
    let bytes = b"\xAA\0\0\0\0\0\x23\x01\0\0\xBB";
    let frame = Frame::data(extended(0x123), &[]).expect("valid");
    assert_eq!(packet(&frame, 0, IdForm::Plain), bytes);
    assert_eq!(read(bytes, IdForm::Plain).0, [(frame, 0)]);
    // With flags the same is standard, and only one that does not fit is extended still.
    let frame = Frame::data(standard(0x123), &[]).expect("valid");
    assert_eq!(frames(bytes), [frame]);
    let frame = Frame::data(extended(0x800), &[]).expect("valid");
    assert_eq!(frames(&packet(&frame, 0, IdForm::Plain)), [frame]);
    // A flag is no part of such an ID.
    let flagged = b"\xAA\0\0\0\0\0\x23\x01\0\x80\xBB";
    let (found, garbage) = read(flagged, IdForm::Plain);
    assert_eq!((found, garbage.len()), (vec![], 1));
}

#[test]
fn good_packets_around_bad_ones_are_kept_and_bad_ones_told_once() {
    let good = |number| Frame::data(standard(number), &[0xAA, 0xBB]).expect("valid");
    let whole = |number| packet(&good(number), 7, IdForm::Flags);
    let mut no_end = whole(9);
    *no_end.last_mut().expect("a byte") = 0xBC;
    let mut long = whole(9);
    long[5] = 9;
    let half = whole(9)[..8].to_vec();
    for bad in [
        b"noise".to_vec(),
        vec![START],
        vec![START; 5],
        no_end,
        long,
        half,
        vec![0; 300],
    ] {
        // A third one shows that what came behind the bad bytes is not held for ever.
        let bytes = [whole(1), bad.clone(), whole(2), whole(3)].concat();
        let (found, garbage) = read(&bytes, IdForm::Flags);
        let found: Vec<Frame> = found.into_iter().map(|(frame, _)| frame).collect();
        assert_eq!(found, [good(1), good(2), good(3)], "{bad:x?}");
        assert_eq!(garbage.len(), 1, "{bad:x?}: {garbage:?}");
    }
}

#[test]
fn what_is_passed_over_says_what_was_expected() {
    for (bytes, why) in [
        (&b"x"[..], "begins with AA"),
        (b"\xAA\0\0\0\0\x09", "0 to 8"),
        (b"\xAA\0\0\0\0\0\0\0\0\0\0", "ends with BB"),
    ] {
        let garbage = read(bytes, IdForm::Flags).1;
        assert!(garbage[0].contains(why), "{garbage:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_in_any_pieces(
        bytes in proptest::collection::vec(prop_oneof![
            Just(START), Just(END), Just(0), Just(1), Just(0x40), any::<u8>()
        ], 0..200),
        piece in 1..30usize,
        flags: bool,
    ) {
        read_in_pieces(&bytes, piece, if flags { IdForm::Flags } else { IdForm::Plain });
    }
}
