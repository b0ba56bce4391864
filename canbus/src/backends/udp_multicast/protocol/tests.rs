use super::read::Received;
use super::*;
use crate::error::ErrorKind;
use crate::frame::Id;

/// 2023-11-14 22:13:20.125 UTC, which a double holds exactly.
const TIME: Timestamp = Timestamp::from_nanos(1_700_000_000_125_000_000);

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn hex(text: &str) -> Vec<u8> {
    let mut bytes = vec![0; text.len() / 2];
    faster_hex::hex_decode(text.as_bytes(), &mut bytes).expect("hexadecimal");
    bytes
}

/// Frames, times, channels, and the datagrams that python-can 4.6.1 with msgpack 1.1.2 makes of
/// such messages.
fn vectors() -> Vec<(Frame, Timestamp, Option<Channel>, &'static str)> {
    let count: Vec<u8> = (0..64).collect();
    let error = [0, 0x30, 0, 0, 0, 0, 0x80, 0x60];
    vec![
        (
            Frame::data(standard(0x123), &[1, 2, 0xFF]).expect("valid"),
            TIME,
            None,
            "8ba974696d657374616d70cb41d954fc40080000ae6172626974726174696f6e5f6964cd0123ae69735f65\
             7874656e6465645f6964c2af69735f72656d6f74655f6672616d65c2ae69735f6572726f725f6672616d65\
             c2a76368616e6e656cc0a3646c6303a464617461c4030102ffa569735f6664c2ae626974726174655f7377\
             69746368c2b56572726f725f73746174655f696e64696361746f72c2",
        ),
        (
            Frame::data(extended(0x18FF_50E5), &[]).expect("valid"),
            Timestamp::ZERO,
            Some(Channel::number(3)),
            "8ba974696d657374616d70cb0000000000000000ae6172626974726174696f6e5f6964ce18ff50e5ae6973\
             5f657874656e6465645f6964c3af69735f72656d6f74655f6672616d65c2ae69735f6572726f725f667261\
             6d65c2a76368616e6e656c03a3646c6300a464617461c400a569735f6664c2ae626974726174655f737769\
             746368c2b56572726f725f73746174655f696e64696361746f72c2",
        ),
        (
            Frame::remote(standard(0x7FF), 5).expect("valid"),
            TIME,
            Some(Channel::named("vcan0")),
            "8ba974696d657374616d70cb41d954fc40080000ae6172626974726174696f6e5f6964cd07ffae69735f65\
             7874656e6465645f6964c2af69735f72656d6f74655f6672616d65c3ae69735f6572726f725f6672616d65\
             c2a76368616e6e656ca57663616e30a3646c6305a464617461c400a569735f6664c2ae626974726174655f\
             737769746368c2b56572726f725f73746174655f696e64696361746f72c2",
        ),
        (
            Frame::error(standard(0x24), &error).expect("valid"),
            TIME,
            None,
            "8ba974696d657374616d70cb41d954fc40080000ae6172626974726174696f6e5f696424ae69735f657874\
             656e6465645f6964c2af69735f72656d6f74655f6672616d65c2ae69735f6572726f725f6672616d65c3a7\
             6368616e6e656cc0a3646c6308a464617461c4080030000000008060a569735f6664c2ae62697472617465\
             5f737769746368c2b56572726f725f73746174655f696e64696361746f72c2",
        ),
        (
            Frame::fd(extended(0x1_0000), &count[..12], true, false).expect("valid"),
            TIME,
            None,
            "8ba974696d657374616d70cb41d954fc40080000ae6172626974726174696f6e5f6964ce00010000ae6973\
             5f657874656e6465645f6964c3af69735f72656d6f74655f6672616d65c2ae69735f6572726f725f667261\
             6d65c2a76368616e6e656cc0a3646c630ca464617461c40c000102030405060708090a0ba569735f6664c3\
             ae626974726174655f737769746368c3b56572726f725f73746174655f696e64696361746f72c2",
        ),
        (
            Frame::fd(standard(1), &count, false, true).expect("valid"),
            TIME,
            None,
            "8ba974696d657374616d70cb41d954fc40080000ae6172626974726174696f6e5f696401ae69735f657874\
             656e6465645f6964c2af69735f72656d6f74655f6672616d65c2ae69735f6572726f725f6672616d65c2a7\
             6368616e6e656cc0a3646c6340a464617461c440000102030405060708090a0b0c0d0e0f10111213141516\
             1718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3fa569\
             735f6664c3ae626974726174655f737769746368c2b56572726f725f73746174655f696e64696361746f72\
             c3",
        ),
    ]
}

#[test]
fn datagrams_are_byte_for_byte_those_of_python_can() {
    for (frame, time, channel, datagram) in vectors() {
        let bytes = encode(&frame, time, channel).expect("written");
        assert_eq!(faster_hex::hex_string(&bytes), datagram, "{frame:?}");
    }
}

#[test]
fn datagrams_of_python_can_are_read() {
    for (frame, time, _, datagram) in vectors() {
        let time = Some(time);
        assert_eq!(
            decode(&hex(datagram)).expect("valid"),
            Received { frame, time }
        );
    }
}

#[test]
fn a_datagram_that_is_cut_off_anywhere_or_continues_is_malformed() {
    for (_, _, _, datagram) in vectors() {
        let bytes = hex(datagram);
        for end in 0..bytes.len() {
            let error = decode(&bytes[..end]).expect_err("cut off");
            assert_eq!(error.kind(), ErrorKind::Malformed, "at {end}");
        }
        for more in [&[0xC0][..], &[0xC1], &[0x81], &bytes] {
            let error = decode(&[&bytes, more].concat()).expect_err("more bytes");
            assert_eq!(error.message(), "more bytes after the msgpack map");
        }
    }
}

/// A map by hand, each value as its msgpack bytes.
fn map(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x80 + fields.len() as u8];
    for (key, value) in fields {
        bytes.push(0xA0 + key.len() as u8);
        bytes.extend(key.as_bytes());
        bytes.extend(*value);
    }
    bytes
}

fn read(fields: &[(&str, &[u8])]) -> Result<Frame> {
    decode(&map(fields)).map(|received| received.frame)
}

fn refusal(fields: &[(&str, &[u8])]) -> String {
    let error = read(fields).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    error.message().to_string()
}

const TRUE: &[u8] = &[0xC3];
const FALSE: &[u8] = &[0xC2];
const NIL: &[u8] = &[0xC0];

#[test]
fn what_is_missing_has_the_values_of_a_new_message_of_python_can() {
    let received = decode(&[0x80]).expect("an empty map");
    assert_eq!(
        received.frame,
        Frame::data(extended(0), &[]).expect("valid")
    );
    assert_eq!(received.time, None);
    let frame = read(&[("data", &[0xC4, 2, 8, 9]), ("is_extended_id", FALSE)]);
    let expected = Frame::data(standard(0), &[8, 9]).expect("valid");
    assert_eq!(frame.expect("valid"), expected);
    let frame = read(&[("is_remote_frame", TRUE)]).expect("valid");
    assert_eq!(frame, Frame::remote(extended(0), 0).expect("valid"));
}

#[test]
fn keys_come_in_any_order_and_unknown_ones_are_passed_over() {
    let frame = read(&[
        ("from_the_future", &[0x81, 0xA1, b'x', 0x92, 1, 0xC0]),
        ("is_rx", FALSE),
        ("data", &[0xC4, 1, 7]),
        ("dlc", &[0xCC, 1]),
        ("channel", &[0xA2, b'c', b'0']),
        ("arbitration_id", &[0xD2, 0, 0, 1, 0]),
    ]);
    let expected = Frame::data(extended(0x100), &[7]).expect("valid");
    assert_eq!(frame.expect("valid"), expected);
}

#[test]
fn data_comes_as_bin_str_list_or_nothing() {
    let expected = Frame::data(extended(0), &[0xFF, 0x41]).expect("valid");
    // The str is no UTF-8, as msgpack wrote bytes before it had bin (raw).
    for data in [
        &[0xC4, 2, 0xFF, 0x41][..],
        &[0xC5, 0, 2, 0xFF, 0x41],
        &[0xA2, 0xFF, 0x41],
        &[0xD9, 2, 0xFF, 0x41],
        &[0x92, 0xCC, 0xFF, 0x41],
    ] {
        assert_eq!(
            read(&[("data", data)]).expect("valid"),
            expected,
            "{data:?}"
        );
    }
    let text = Frame::data(extended(0), b"AB").expect("valid");
    assert_eq!(read(&[("data", b"\xA2AB")]).expect("valid"), text);
    assert!(read(&[("data", NIL)]).expect("valid").is_empty());
    // A number of bytes is no data, and neither are numbers that are no bytes.
    refusal(&[("data", &[3])]);
    refusal(&[("data", &[0x91, 0xCD, 1, 0])]);
}

#[test]
fn times_are_doubles_or_whole_numbers() {
    let time = |value: &[u8]| decode(&map(&[("timestamp", value)])).expect("valid").time;
    let seven = Some(Timestamp::from_nanos(7_000_000_000));
    assert_eq!(time(&[7]), seven);
    assert_eq!(time(&[0xCA, 0x40, 0xE0, 0, 0]), seven);
    assert_eq!(time(&[0xCB, 0x40, 0x1C, 0, 0, 0, 0, 0, 0]), seven);
    assert_eq!(time(&[0xFF]), Some(Timestamp::from_nanos(-1_000_000_000)));
    assert_eq!(time(NIL), None);
    refusal(&[("timestamp", b"\xA17")]);
}

#[test]
fn flags_are_booleans_numbers_or_nothing() {
    let remote = |value: &[u8]| read(&[("is_remote_frame", value)]).map(|frame| frame.is_remote());
    for (value, expected) in [(TRUE, true), (FALSE, false), (&[1], true), (&[0], false)] {
        assert_eq!(remote(value).expect("valid"), expected);
    }
    assert!(!remote(NIL).expect("valid"));
    remote(b"\xA1y").expect_err("a text is no flag");
    let all = read(&[
        ("is_fd", &[1]),
        ("bitrate_switch", &[1]),
        ("error_state_indicator", &[1]),
    ]);
    let brs_and_esi = Kind::Fd {
        brs: true,
        esi: true,
    };
    assert_eq!(all.expect("valid").kind(), brs_and_esi);
}

#[test]
fn fd_data_is_filled_up_to_a_length_that_can_fd_has() {
    let nine = [&[0xC4, 9][..], &[5; 9]].concat();
    let frame = read(&[("is_fd", TRUE), ("dlc", &[9]), ("data", &nine)]).expect("valid");
    assert_eq!((frame.len(), frame.dlc()), (12, 9));
    assert_eq!(frame.payload(), [5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0]);
    assert!(refusal(&[("data", &nine)]).contains("at most 8 bytes, not 9"));
}

#[test]
fn an_error_frame_may_say_that_it_is_fd() {
    let frame = read(&[("is_error_frame", TRUE), ("is_fd", TRUE)]).expect("valid");
    assert_eq!(frame, Frame::error(extended(0), &[]).expect("valid"));
}

#[test]
fn maps_that_are_no_frame_are_refused_with_the_reason() {
    let remote = ("is_remote_frame", TRUE);
    let standard = ("is_extended_id", FALSE);
    assert_eq!(
        refusal(&[remote, ("is_error_frame", TRUE)]),
        "a frame cannot be a remote and an error frame"
    );
    assert_eq!(
        refusal(&[remote, ("is_fd", TRUE)]),
        "a frame cannot be a remote and a CAN FD frame"
    );
    let flags = "bit rate switch or error state indicator on a frame that is not CAN FD";
    assert_eq!(refusal(&[("bitrate_switch", TRUE)]), flags);
    assert_eq!(refusal(&[("error_state_indicator", TRUE)]), flags);
    assert_eq!(
        refusal(&[remote, ("dlc", &[9])]),
        "dlc 9, but expected at most 8"
    );
    assert_eq!(
        refusal(&[("is_fd", TRUE), ("dlc", &[65])]),
        "dlc 65, but expected at most 64"
    );
    assert_eq!(
        refusal(&[("dlc", &[3]), ("data", &[0xC4, 2, 0, 0])]),
        "dlc 3, but 2 bytes of data"
    );
    assert_eq!(
        refusal(&[standard, ("arbitration_id", &[0xCD, 8, 0])]),
        "a standard arbitration ID is at most 0x7FF (11 bits), not 0x800"
    );
    let extended = refusal(&[("arbitration_id", &[0xCE, 0x20, 0, 0, 0])]);
    assert!(extended.contains("at most 0x1FFFFFFF"), "{extended}");
    refusal(&[("arbitration_id", &[0xFF])]);
    refusal(&[("arbitration_id", NIL)]);
    refusal(&[("arbitration_id", &[0xCF, 0, 0, 0, 1, 0, 0, 0, 0])]);
}

#[test]
fn data_over_64_bytes_is_refused_in_every_form() {
    for len in [64_u8, 65] {
        let body = vec![1; usize::from(len)];
        let forms = [
            [&[0xC4, len][..], &body].concat(),
            [&[0xD9, len][..], &body].concat(),
            [&[0xDC, 0, len][..], &body].concat(),
        ];
        for data in &forms {
            let frame = read(&[("is_fd", TRUE), ("data", data)]);
            match frame {
                Ok(frame) => assert_eq!((len, frame.payload()), (64, &body[..])),
                Err(error) => {
                    assert_eq!(len, 65);
                    let what = "65 bytes of data, but expected at most 64";
                    assert!(error.message().ends_with(what), "{error}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_map_of_names_is_refused() {
    for bytes in [
        &[][..],
        b"GET / HTTP/1.1\r\n",
        &[0xC0],
        &[0x90],
        // The values of a frame as a list, or under numbers instead of names.
        &[0x92, 1, 2],
        &[0x81, 0, 1],
    ] {
        let error = decode(bytes).expect_err("refused");
        let said = error.message();
        assert!(
            said.starts_with("not a msgpack map of a CAN frame: "),
            "{said}"
        );
    }
}

#[test]
fn deep_nesting_under_an_unknown_key_is_refused() {
    let nested = |depth: usize| {
        let value: Vec<u8> = std::iter::repeat_n(0x91, depth).chain([0xC0]).collect();
        read(&[("x", &value)])
    };
    nested(20).expect("not deep");
    nested(40).expect_err("deep");
    nested(4000).expect_err("very deep");
}
