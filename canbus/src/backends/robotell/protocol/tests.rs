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
fn read(bytes: &[u8]) -> (Vec<Frame>, Vec<Answer>, Vec<String>) {
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

/// What python-can 4.6.1 writes for such messages and settings.
#[test]
fn frames_are_packets_with_escapes_and_a_checksum() {
    let cases: &[(Frame, &[u8])] = &[
        (
            Frame::data(standard(0x123), &[1, 2]).expect("valid"),
            b"\xAA\xAA\x23\x01\0\0\x01\x02\0\0\0\0\0\0\x02\0\0\0\x29\x55\x55",
        ),
        (
            Frame::data(extended(0x18A5_AA55), &[0xAA, 0x55, 0xA5]).expect("valid"),
            b"\xAA\xAA\xA5\x55\xA5\xAA\xA5\xA5\x18\xA5\xAA\xA5\x55\xA5\xA5\0\0\0\0\0\x03\0\x01\0\x64\x55\x55",
        ),
        (
            Frame::remote(extended(0x50), 1).expect("valid"),
            b"\xAA\xAA\x50\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\x01\x53\x55\x55",
        ),
        // The checksum itself is escaped.
        (
            Frame::data(standard(0x55), &[]).expect("valid"),
            b"\xAA\xAA\xA5\x55\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xA5\x55\x55\x55",
        ),
    ];
    for (frame, bytes) in cases {
        assert_eq!(packet(frame), *bytes, "{frame:?}");
        assert_eq!(read(bytes), (vec![*frame], vec![], vec![]));
    }
}

#[test]
fn settings_are_packets_of_the_last_channel() {
    let filter = Setting::filter(3).set([filter_id(extended(0x1F0), true), 0x1FF]);
    assert_eq!(
        filter,
        b"\xAA\xAA\xE2\xFE\xFF\x01\xF0\x01\0\xC0\xFF\x01\0\0\x08\xFF\x01\0\x99\x55\x55"
    );
    let rate = Setting::BITRATE.set([500_000, 0]);
    assert_eq!(
        rate,
        b"\xAA\xAA\xD0\xFE\xFF\x01\x20\xA1\x07\0\0\0\0\0\x04\xFF\x01\0\x9A\x55\x55"
    );
    let flag = Setting::AUTO_RETRANSMIT.set([1, 0]);
    assert_eq!(
        flag,
        b"\xAA\xAA\xA0\xFE\xFF\x01\x01\0\0\0\0\0\0\0\x01\xFF\x01\0\xA0\x55\x55"
    );
    let number = Setting::SERIAL_NUMBER[1].get();
    assert_eq!(
        number,
        b"\xAA\xAA\xF1\xFF\xFF\x01\0\0\0\0\0\0\0\0\x08\xFF\x01\x01\xF9\x55\x55"
    );
}

#[test]
fn filters_and_serial_numbers_have_the_vendors_forms() {
    assert_eq!(filter_id(standard(0x1F0), false), 0x1F0);
    assert_eq!(filter_id(standard(0), true), 0x8000_0000);
    let halves = [[0, 1, 2, 3, 4, 5, 6, 0xFF], [8, 9, 10, 11, 99, 99, 99, 99]];
    assert_eq!(serial_number(halves), "0001-0203-0405-06FF-0809-0A0B");
    assert_eq!(Setting::filter(14), Setting::new(0x01FF_FEED, 8));
}

#[test]
fn an_answer_is_for_its_setting() {
    let (_, answers, _) = read(&Setting::SERIAL_NUMBER[0].set([0x0403_0201, 0x0807_0605]));
    let data = [1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(answers[0].of(Setting::SERIAL_NUMBER[0]), Some(data));
    assert_eq!(answers[0].of(Setting::SERIAL_NUMBER[1]), None);
}

#[test]
fn a_damaged_packet_is_told_and_the_next_one_kept() {
    let good = Frame::data(extended(0x123), &[0xAA; 8]).expect("valid");
    let whole = packet(&good);
    let mut sum = packet(&Frame::data(standard(1), &[]).expect("valid"));
    sum[18] ^= 1;
    let mut long = packet(&Frame::data(standard(1), &[]).expect("valid"));
    long.insert(10, 0);
    // A length of 9 with its right checksum, and an ID that does not fit.
    let nine = b"\xAA\xAA\x01\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0\x0A\x55\x55".to_vec();
    let wide = b"\xAA\xAA\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\x55\x55".to_vec();
    let one_tail = b"\xAA\xAA\x01\x55\x01".to_vec();
    let escape = b"\xAA\xAA\x01\x02\xA5".to_vec();
    let many = b"\xAA\xAA\xAA".to_vec();
    for (bad, why) in [
        (sum, "checksum"),
        (long, "17 bytes"),
        (nine, "0 to 8"),
        (wide, "too large"),
        (one_tail, "ends with 55 55"),
        (escape, "an A5 stands before AA"),
        (many, "an A5 stands before AA"),
        (b"\x01\xAA\x01".to_vec(), "begins with AA AA"),
    ] {
        let bytes = [&whole[..], &bad, &whole].concat();
        let (frames, _, garbage) = read(&bytes);
        assert_eq!(frames, [good, good], "{bad:x?}");
        assert!(garbage[0].contains(why), "{bad:x?}: {garbage:?}");
    }
}

fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0xAA), Just(0x55), Just(ESCAPE), Just(0), any::<u8>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_in_any_pieces(
        bytes in proptest::collection::vec(any_byte(), 0..200),
        piece in 1..30usize,
    ) {
        read_in_pieces(&bytes, piece);
    }

    #[test]
    fn no_bytes_before_a_packet_can_hide_it(
        noise in proptest::collection::vec(any_byte(), 0..60),
        data in proptest::collection::vec(any_byte(), 0..=8),
        raw in 0..=Id::MAX_EXTENDED,
    ) {
        let frame = Frame::data(extended(raw), &data).expect("valid");
        let bytes = [noise, packet(&frame)].concat();
        let frames = read(&bytes).0;
        prop_assert_eq!(frames.last(), Some(&frame));
    }
}
