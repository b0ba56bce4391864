use super::*;
use crate::error::ErrorKind;
use crate::frame::Id;

fn frame(data: &[u8]) -> Frame {
    Frame::data(Id::standard(0x123).expect("fits"), data).expect("valid")
}

/// What a modifier makes of a frame, again and again.
fn made<const N: usize>(mut modifier: impl Modifier, data: [u8; N], times: usize) -> Vec<[u8; N]> {
    let mut frame = frame(&data);
    let mut made = Vec::new();
    for _ in 0..times {
        modifier.modify(&mut frame).expect("long enough");
        made.push(frame.payload().try_into().expect("the same length"));
    }
    made
}

#[track_caller]
fn refused(mut modifier: impl Modifier, data: &[u8]) {
    let error = modifier.modify(&mut frame(data)).expect_err("too short");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("bytes"), "{error}");
}

#[test]
fn fields_are_where_dbc_files_say() {
    let written = |field: Result<Field>, number, before: [u8; 3]| {
        let mut data = before;
        field
            .expect("allowed")
            .write(&mut data, number)
            .expect("long enough");
        data
    };
    assert_eq!(written(Field::intel(4, 12), 0xABC, [0; 3]), [0xC0, 0xAB, 0]);
    assert_eq!(
        written(Field::intel(4, 12), 0, [0xFF; 3]),
        [0x0F, 0x00, 0xFF]
    );
    // A Motorola signal of 12 bits whose highest bit is bit 3 of byte 0.
    assert_eq!(
        written(Field::motorola(3, 12), 0xABC, [0; 3]),
        [0x0A, 0xBC, 0]
    );
    assert_eq!(
        written(Field::motorola(7, 16), 0x1234, [0xFF; 3]),
        [0x12, 0x34, 0xFF]
    );
    assert_eq!(
        written(Field::motorola(10, 5), 0x1F, [0; 3]),
        [0, 0x07, 0xC0]
    );
    assert_eq!(Field::intel(0, 64).expect("allowed").max(), u64::MAX);
    assert_eq!(Field::intel(511, 1).expect("allowed").max(), 1);
    for (start, bits) in [(0, 0), (0, 65), (512, 1), (505, 8), (u16::MAX, 64)] {
        assert!(Field::intel(start, bits).is_err(), "{bits} from {start}");
    }
    assert!(Field::motorola(504, 2).is_err());
    assert!(Field::motorola(505, 2).is_ok());
    let mut short = [0; 1];
    assert!(
        Field::intel(6, 3)
            .expect("allowed")
            .write(&mut short, 0)
            .is_err()
    );
    assert!(
        Field::motorola(0, 2)
            .expect("allowed")
            .write(&mut short, 0)
            .is_err()
    );
}

#[test]
fn counters_go_round() {
    let nibble = Field::intel(4, 4).expect("allowed");
    let counted = made(AliveCounter::new(nibble).last(14), [0x05], 17);
    let expected: Vec<[u8; 1]> = (0..17).map(|number| [((number % 15) << 4) | 5]).collect();
    assert_eq!(counted, expected);
    let counter = AliveCounter::new(Field::intel(0, 8).expect("allowed"));
    let steps = counter.clone().first(250).step(3);
    assert_eq!(made(steps, [0], 4), [[250], [253], [0], [3]]);
    let wide = AliveCounter::new(Field::intel(0, 64).expect("allowed")).first(u64::MAX);
    assert_eq!(made(wide, [0; 8], 2), [[0xFF; 8], [0; 8]]);
    let toggle = AliveCounter::toggle(7).expect("allowed");
    assert_eq!(made(toggle, [0x01], 3), [[0x01], [0x81], [0x01]]);
    refused(counter, &[]);
    for wrong in [
        AliveCounter::new(nibble).first(16),
        AliveCounter::new(nibble).last(9).first(10),
        AliveCounter::new(nibble).step(0),
    ] {
        let error = wrong.clone().modify(&mut frame(&[0])).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("a counter goes from"), "{error}");
    }
}

#[test]
fn checksums_are_of_all_other_bytes_or_of_those_that_are_named() {
    let once = |checksum: Checksum, data: [u8; 4]| made(checksum, data, 1)[0];
    let data = [0x99, 0x12, 0x34, 0xF0];
    assert_eq!(
        once(Checksum::xor(0), data),
        [0x12 ^ 0x34 ^ 0xF0, 0x12, 0x34, 0xF0]
    );
    assert_eq!(once(Checksum::sum(0), data)[0], 0x36);
    assert_eq!(once(Checksum::sum(0).inverted(), data)[0], !0x36);
    assert_eq!(once(Checksum::sum(2), data), [0x99, 0x12, 0x9B, 0xF0]);
    assert_eq!(once(Checksum::sum(3).over(1..3), data)[3], 0x46);
    assert_eq!(once(Checksum::sum(0).over(2..4), data)[0], 0x24);
    assert_eq!(once(Checksum::sum(2).over(1..4), data)[2], 0x02);
    assert_eq!(
        once(Checksum::sum(0).over(2..4).before([1, 2]), data)[0],
        0x27
    );
    assert_eq!(once(Checksum::xor(1).over(1..1), data)[1], 0);
    #[expect(clippy::reversed_empty_ranges, reason = "a user may give one")]
    let reversed = Checksum::xor(1).over(3..1);
    assert_eq!(once(reversed, data)[1], 0);
    refused(Checksum::xor(4), &data);
    refused(Checksum::xor(0).over(0..5), &data);
}

/// Vectors of the AUTOSAR specification of the CRC library (`SWS_CRCLibrary`, 8-bit CRCs).
#[test]
fn the_crcs_are_those_of_the_autosar_library() {
    let rows: [(&[u8], u8, u8); 7] = [
        (&[0x00, 0x00, 0x00, 0x00], 0x59, 0x12),
        (&[0xF2, 0x01, 0x83], 0x37, 0xC2),
        (&[0x0F, 0xAA, 0x00, 0x55], 0x79, 0xC6),
        (&[0x00, 0xFF, 0x55, 0x11], 0xB8, 0x77),
        (
            &[0x33, 0x22, 0x55, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF],
            0xCB,
            0x11,
        ),
        (&[0x92, 0x6B, 0x55], 0x8C, 0x33),
        (&[0xFF, 0xFF, 0xFF, 0xFF], 0x74, 0x6C),
    ];
    for (bytes, j1850, h2f) in rows {
        let of = |checksum: Checksum| made(checksum.before(bytes), [0], 1)[0][0];
        assert_eq!(of(Checksum::sae_j1850(0)), j1850, "{bytes:x?}");
        assert_eq!(of(Checksum::h2f(0)), h2f, "{bytes:x?}");
    }
}

/// The examples of the AUTOSAR specification (`PRS_E2EProtocol`, chapter 6.3.5): data ID 0x123, eight
/// bytes of zero, the first two counters.
#[test]
fn profile_1_gives_what_its_specification_shows() {
    for (mode, first, second) in [
        (DataIdMode::Both, [0xCC, 0x00], [0x91, 0x01]),
        (DataIdMode::Alternating, [0xCE, 0x00], [0x02, 0x01]),
        (DataIdMode::Low, [0xCE, 0x00], [0x93, 0x01]),
        (DataIdMode::Nibble, [0x2A, 0x10], [0x77, 0x11]),
    ] {
        let protect = E2eProfile1::new(0x123).mode(mode);
        let made = made(protect, [0; 8], 2);
        for (made, expected) in made.iter().zip([first, second]) {
            assert_eq!(made[..2], expected, "{mode:?}");
            assert_eq!(made[2..], [0; 6]);
        }
    }
}

#[test]
fn profile_1_counts_to_14_and_keeps_what_stands_beside_its_counter() {
    let made = made(E2eProfile1::new(0x123), [0, 0xD0, 0], 17);
    let counters: Vec<u8> = made.iter().map(|data| data[1]).collect();
    let expected: Vec<u8> = (0..17).map(|number| 0xD0 | (number % 15)).collect();
    assert_eq!(counters, expected);
}

#[test]
fn profile_1_has_its_parts_where_it_is_told() {
    let protect = || E2eProfile1::new(0xABC).mode(DataIdMode::Nibble);
    let made = made(protect().layout(24, 0, 4).expect("allowed"), [0xFF; 4], 2);
    assert_eq!(made[0][..3], [0xA0, 0xFF, 0xFF]);
    assert_eq!(made[1][..3], [0xA1, 0xFF, 0xFF]);
    for (crc, counter, nibble) in [
        (4, 8, 12),
        (0, 9, 12),
        (0, 8, 13),
        (512, 8, 12),
        (0, 512, 12),
    ] {
        assert!(protect().layout(crc, counter, nibble).is_err());
    }
    refused(protect(), &[0]);
    refused(protect().layout(24, 0, 4).expect("allowed"), &[0; 3]);
    refused(E2eProfile1::new(1), &[]);
}

/// Vectors of autosar-e2e 1.0.0 (on `PyPI`), an implementation by others.
#[test]
fn profile_2_gives_what_another_implementation_gives() {
    assert_eq!(
        made(E2eProfile2::new([0; 16]), [0; 8], 1)[0][..2],
        [0x45, 0x01]
    );
    let ids: [u8; 16] = std::array::from_fn(|number| number as u8);
    let data: [u8; 8] = std::array::from_fn(|number| number as u8);
    let made = made(E2eProfile2::new(ids), data, 18);
    assert_eq!(made[1], [0xBC, 2, 2, 3, 4, 5, 6, 7]);
    let counters: Vec<u8> = made.iter().map(|data| data[1]).collect();
    let expected: Vec<u8> = (1..19).map(|number| number % 16).collect();
    assert_eq!(counters, expected);
    refused(E2eProfile2::new(ids), &[0]);
}

#[test]
fn closures_and_boxes_are_modifiers() {
    let boxed: Box<dyn Modifier> = Box::new(|frame: &mut Frame| frame.payload_mut()[0] += 1);
    assert_eq!(made(boxed, [1], 2), [[2], [3]]);
}
