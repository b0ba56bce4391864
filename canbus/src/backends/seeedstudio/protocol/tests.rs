use super::*;
use proptest::prelude::*;

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn packet(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, &mut out);
    out
}

/// What the bytes hold: frames, answers, and why bytes were passed over.
fn read(bytes: &[u8]) -> (Vec<Frame>, Vec<Command>, Vec<String>) {
    let (mut frames, mut answers, mut garbage) = (Vec::new(), Vec::new(), Vec::new());
    for heard in read_in_pieces(bytes, 1) {
        match heard {
            Heard::Frame(frame) => frames.push(frame),
            Heard::Answer(answer) => answers.push(answer),
            Heard::Garbage(why) => garbage.push(why),
            other => panic!("{other:?}"),
        }
    }
    (frames, answers, garbage)
}

/// The first three are in Waveshare's definition of the protocol, the others are what python-can
/// 4.6.1 writes.
#[test]
fn frames_are_packets_of_variable_length() {
    let data = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    let cases: &[(Frame, &[u8])] = &[
        (
            Frame::data(standard(0x123), &data).expect("valid"),
            b"\xAA\xC8\x23\x01\x11\x22\x33\x44\x55\x66\x77\x88\x55",
        ),
        (
            Frame::data(standard(0x103), &[0x11, 0x22]).expect("valid"),
            b"\xAA\xC2\x03\x01\x11\x22\x55",
        ),
        (
            Frame::data(extended(0x0123_4567), &data).expect("valid"),
            b"\xAA\xE8\x67\x45\x23\x01\x11\x22\x33\x44\x55\x66\x77\x88\x55",
        ),
        (
            Frame::data(standard(0x55), &[]).expect("valid"),
            b"\xAA\xC0\x55\0\x55",
        ),
        (
            Frame::remote(standard(0x7FF), 3).expect("valid"),
            b"\xAA\xD3\xFF\x07\x55",
        ),
        (
            Frame::remote(extended(0x1FFF_FFFF), 8).expect("valid"),
            b"\xAA\xF8\xFF\xFF\xFF\x1F\x55",
        ),
    ];
    for (frame, bytes) in cases {
        assert_eq!(packet(frame), *bytes, "{frame:?}");
        assert_eq!(read(bytes), (vec![*frame], vec![], vec![]));
    }
}

#[test]
fn a_remote_frame_is_read_with_data_bytes_too() {
    let bytes = b"\xAA\xD3\xFF\x07\0\0\0\x55\xAA\xC0\x01\0\x55";
    let remote = Frame::remote(standard(0x7FF), 3).expect("valid");
    let next = Frame::data(standard(1), &[]).expect("valid");
    assert_eq!(read(bytes), (vec![remote, next], vec![], vec![]));
}

#[test]
fn commands_have_twenty_bytes_and_a_checksum() {
    let setup = Setup {
        rate: 3,
        extended: false,
        loopback: false,
        silent: false,
        filter: (0, 0),
    };
    assert_eq!(
        setup.command(),
        *b"\xAA\x55\x12\x03\x01\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\x17"
    );
    let setup = Setup {
        rate: 12,
        extended: true,
        loopback: true,
        silent: true,
        filter: (0x1234_5678, 0x0FCB_A987),
    };
    assert_eq!(
        setup.command(),
        *b"\xAA\x55\x12\x0C\x02\x78\x56\x34\x12\x87\xA9\xCB\x0F\x03\x01\0\0\0\0\x42"
    );
    let silent = Setup {
        loopback: false,
        ..setup
    };
    assert_eq!(silent.command()[13], 2);
    assert_eq!(
        ask_for_status(),
        *b"\xAA\x55\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04"
    );
}

#[test]
fn what_the_adapter_says_of_itself_is_an_answer() {
    let state = *b"\xAA\x55\x04\x07\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x8B";
    assert_eq!(read(&state), (vec![], vec![state], vec![]));
    let mut damaged = state;
    damaged[19] = 0;
    let good = Frame::data(standard(1), &[]).expect("valid");
    let bytes = [&damaged[..], &packet(&good)].concat();
    let (frames, answers, garbage) = read(&bytes);
    assert_eq!((frames, answers), (vec![good], vec![]));
    assert_eq!(garbage, ["the checksum is wrong"]);
}

#[test]
fn good_packets_around_bad_ones_are_kept_and_bad_ones_told_once() {
    let good = |number| Frame::data(extended(number), &[0xAA, 0x55]).expect("valid");
    let whole = |number| packet(&good(number));
    let mut no_end = whole(9);
    *no_end.last_mut().expect("a byte") = 0x56;
    for (bad, why) in [
        (b"noise".to_vec(), "begins with AA"),
        (vec![START], "behind AA"),
        (vec![START; 5], "behind AA"),
        (no_end, "ends with 55"),
        (b"\xAA\xC9\x01\0".to_vec(), "0 to 8"),
        (b"\xAA\xC0\xFF\xFF\x55".to_vec(), "too large"),
        (whole(9)[..5].to_vec(), "too large"),
    ] {
        let bytes = [whole(1), bad.clone(), whole(2), whole(3)].concat();
        let (frames, _, garbage) = read(&bytes);
        assert_eq!(frames, [good(1), good(2), good(3)], "{bad:x?}");
        assert_eq!(garbage.len(), 1, "{bad:x?}: {garbage:?}");
        assert!(garbage[0].contains(why), "{bad:x?}: {garbage:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_in_any_pieces(
        bytes in proptest::collection::vec(prop_oneof![
            Just(START), Just(MARK), Just(0xC1), Just(0xD2), Just(0), any::<u8>()
        ], 0..200),
        piece in 1..30usize,
    ) {
        read_in_pieces(&bytes, piece);
    }
}
