//! What lines mean.

use super::*;
use crate::error::ErrorKind;

#[test]
fn a_classic_frame_is_read_with_and_without_fields_behind_it() {
    let lines = [
        "  17.876708 1  6F9             Rx   d 8 05 0C 00 00 00 00 00 00  Length = 240015 BitCount = 124 ID = 1785",
        "17.876708 1 6F9 Rx d 8 05 0C 00 00 00 00 00 00",
        "  17.876708\t1\t6f9\tRx\td\t8\t05\t0C\t00\t00\t00\t00\t00\t00 \t",
        " 17.876708 1  6F9   rx   D   8 5 C 0 0 0 0 0 0 ",
        "17.876708000 1  6F9             Rx   d 8 05 0C 00 00 00 00 00 00\r",
        "17.8767080000001 01 0006F9 Rx d 8 05 0C 00 00 00 00 00 00",
    ];
    let frame = data(0x6F9, &[5, 12, 0, 0, 0, 0, 0, 0]);
    for line in lines {
        assert_eq!(read(line), at(17_876_708_000, frame), "{line}");
    }
    let wide = Frame::data(extended(0x18EB_FF00), &[1, 0xA0, 15, 0xA6]).expect("valid");
    let found = read("   3.098426 3  18EBFF00x       Tx d 4 01 A0 0F A6    Length = 273910");
    let wanted = sent(at(3_098_426_000, wide)).on(Channel::number(2));
    assert_eq!(found, wanted);
    assert_eq!(read("0.0 1 7 Tx d 0").frame, data(7, &[]));
}

#[test]
fn numbers_may_be_decimal_by_header_or_option() {
    let line =
        "2.5 2  200x             Tx   d 8 9 08 7 6 5 4 3 255\n1.0 1 100 Rx d 10 1 2 3 4 5 6 7 8\n";
    let wanted = Frame::data(extended(200), &[9, 8, 7, 6, 5, 4, 3, 255]).expect("valid");
    let full = data(100, &[1, 2, 3, 4, 5, 6, 7, 8]);
    for (content, options) in [
        (line.to_string(), &[("base", "dec")][..]),
        (format!("base dec  timestamps absolute\n{line}"), &[]),
        (format!("BASE DEC\n{line}"), &[("base", "hex")]),
    ] {
        let messages = all(content, options);
        assert_eq!(messages[0].frame, wanted);
        assert_eq!(messages[1].frame, full.with_raw_dlc(10).expect("valid"));
    }
    let content = format!("base hex  timestamps absolute\n{line}");
    let error = reader(content, &[("base", "dec")]).next().expect("one");
    let told = error.expect_err("hexadecimal").to_string();
    assert!(
        told.contains("expected a byte of data, not \"255\""),
        "{told}"
    );
}

#[test]
fn a_raw_dlc_over_8_is_kept() {
    let line = "13.258671 1  3FF             Tx   d D 55 AA 01 02 03 04 05 06  Length = 232016 BitCount = 119 ID = 1023";
    let frame = data(0x3FF, &[0x55, 0xAA, 1, 2, 3, 4, 5, 6]);
    assert_eq!(read(line).frame, frame.with_raw_dlc(13).expect("valid"));
}

#[test]
fn a_remote_frame_keeps_the_dlc_that_it_has() {
    let remote = |dlc| Frame::remote(standard(0x200), dlc).expect("valid");
    let tail = "Length = 1704000 BitCount = 145 ID = 88888888x";
    for (text, frame) in [
        ("r", remote(0)),
        ("r 5", remote(5)),
        (&format!("r {tail}"), remote(0)),
        (&format!("r 8 {tail}"), remote(8)),
        ("r F", remote(8).with_raw_dlc(15).expect("valid")),
    ] {
        assert_eq!(
            read(&format!("2.52 3 200 Tx {text}")).frame,
            frame,
            "{text}"
        );
    }
    assert!(refused("2.52 3 200 Tx r 16").contains("expected a DLC of 0 to 15"));
}

#[test]
fn error_frames_of_every_variant_are_error_frames() {
    let unknown = Frame::error(extended(0), &[]).expect("valid");
    for text in [
        "1 ErrorFrame",
        "1  ERRORFRAME  ",
        "1 ErrorFrame ECC: 10100010",
        "1 ErrorFrame Flags = 0xe CodeExt = 0x20a2 Code = 0x82 ID = 0 DLC = 0 Position = 5 Length = 11300",
        "1 ErrorFrame // a remark",
        "1 ErrorFrame // Rx 24x d 9 00",
    ] {
        assert_eq!(
            read(&format!("2.5 {text}")),
            at(2_500_000_000, unknown),
            "{text}"
        );
    }
    let fd = "CANFD   5 Tx ErrorFrame Not Acknowledge error, dominant error flag fffe c7 31ca Arb. 556 44 0 0 f 64 00";
    let wanted = sent(at(30_806_898_000, unknown)).on(Channel::number(4));
    assert_eq!(read(&format!("  30.806898 {fd}")), wanted);
}

#[test]
fn the_cause_of_an_error_frame_comes_through() {
    let cause = Frame::error(extended(0x24), &[0, 0x30, 0, 0, 0, 0, 0x80, 0x60]).expect("valid");
    let message = sent(at(1_500_000_000, cause));
    let line = "   1.500000 1  ErrorFrame // Tx 24x d 8 00 30 00 00 00 00 80 60";
    assert_eq!(lines(&[message]), [line]);
    assert_eq!(read(line), message);
    let plain = Frame::error(extended(0), &[]).expect("valid");
    assert_eq!(lines(&[at(0, plain)]), ["   0.000000 1  ErrorFrame"]);
}

const FD_TAIL: &str = "  102203  133   303000 e0006659 46500250 4b140250 20011736 2001040d";

#[test]
fn an_fd_frame_is_read_with_and_without_the_name_of_its_message() {
    let frame = Frame::fd(standard(0x300), &[1, 2, 3, 4, 5, 6, 7, 8], true, false).expect("valid");
    for name in [
        "",
        "Generic_Name_12",
        "2ndRow_Seat",
        "1",
        "0",
        "10",
        "a",
        "1x1",
    ] {
        let line = format!(
            "30.005071 CANFD   2 Rx        300  {name:>32} 1 0 8  8 01 02 03 04 05 06 07 08 {FD_TAIL}"
        );
        let wanted = at(30_005_071_000, frame).on(Channel::number(1));
        assert_eq!(read(&line), wanted, "{name}");
    }
}

#[test]
fn an_fd_frame_has_64_bytes() {
    let bytes: Vec<u8> = (0..64).collect();
    let text: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = text.join(" ");
    let frame = Frame::fd(extended(0x1C4D_80A7), &bytes, false, true).expect("valid");
    for tail in [
        "",
        " 1331984 11 0 46500250",
        " 0 0 1000",
        " 0 0 5000 0 0 0 0 0",
    ] {
        let line = format!("0.5 CANFD 1 Rx 1C4D80A7x  Name 0 1 f 64 {text}{tail}");
        assert_eq!(read(&line).frame, frame, "{tail}");
    }
    // The code does not fit; the number of bytes counts.
    let line = format!("0.5 CANFD 1 Rx 1C4D80A7x 0 1 8 64 {text} 0 0 5000");
    assert_eq!(read(&line).frame, frame);
}

#[test]
fn an_fd_frame_without_data_stays_one() {
    let frame = Frame::fd(standard(0x123), &[], true, true).expect("valid");
    let message = at(0, frame);
    let written = lines(&[message]);
    assert!(
        written[0].starts_with("   0.000000 CANFD   1 Rx        123"),
        "{written:?}"
    );
    assert_eq!(read(&written[0]), message);
    assert_eq!(read("0.0 CANFD 1 Rx 123 1 1 0 0").frame, frame);
}

#[test]
fn a_classic_frame_on_an_fd_channel_is_a_classic_frame() {
    let frame = data(0x101, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let line = |code| {
        format!(
            "0.5 CANFD   1 Rx        101  msg  0 0 {code} 8 01 02 03 04 05 06 07 08 244000 126 200000 7e04 51200550"
        )
    };
    assert_eq!(read(&line("8")).frame, frame);
    assert_eq!(
        read(&line("c")).frame,
        frame.with_raw_dlc(12).expect("valid")
    );
    let remote = "0.5 CANFD   3 Tx     50005x                                0 1 5 0 140000 73 200050 7a60 46500250";
    let wanted = Frame::remote(extended(0x50005), 5).expect("valid");
    assert_eq!(read(remote).frame, wanted);
    let wanted = Frame::remote(extended(0x50005), 0).expect("valid");
    assert_eq!(read(&remote.replace("1 5 0", "0 0 0")).frame, wanted);
}

#[test]
fn a_frame_may_have_a_name_in_place_of_its_identifier() {
    let line = "0.5 1  EngineData      Rx   d 2 01 02  Length = 0 BitCount = 0 ID = 100";
    assert_eq!(read(line).frame, data(100, &[1, 2]));
    let wide = Frame::data(extended(419_365_120), &[]).expect("valid");
    assert_eq!(
        read("0.5 1 Name Rx d 0 Length = 0 ID = 419365120x").frame,
        wide
    );
    assert!(refused("0.5 1 Engine Rx d 1 01").contains("expected an identifier, not \"Engine\""));
}

#[test]
fn a_long_frame_in_the_form_of_a_classic_one_is_of_can_fd() {
    let bytes: Vec<u8> = (0..64).collect();
    let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let text = words.join(" ");
    let frame = Frame::fd(extended(0x123), &bytes, false, false).expect("valid");
    assert_eq!(read(&format!("0.0 1 123x Rx d 40 {text}")).frame, frame);
    assert!(refused("0.0 1 123x Rx d 40 01 02").contains("expected a DLC of 0 to 15"));
}

#[test]
fn other_records_are_passed_over_and_counted() {
    let content = "\
date Sam Sep 30 15:06:13.191 2017
base hex  timestamps absolute
no internal events logged
// version 9.0.0
//0.000000 previous log file: logfile_errorframes.asc

Begin Triggerblock Sam Sep 30 15:06:13.191 2017
   0.000000 Start of measurement
   0.015991 CAN 1 Status:chip status error passive - TxErr: 132 RxErr: 0
   1.015991 1  Statistic: D 0 R 0 XD 0 XR 0 E 0 O 0 B 0.00%
   3.297743 1  J1939TP FEE3p        6    0  0   -   Rx   d 23 A0 0F A6 60 3B D1 40
   3.300000 SV: 1 0 1 ::Namespace::Variable = 1
   3.400000 1  OverloadFrame
   3.500000 1  123  TxRq  d 1 01
   3.600000 CANFD   Start of measurement
   3.700000 Li 3C Rx 8 00 00 00 00 00 00 00 00
   3.800000 100 apples
   4.000000 1  123  Tx  d 1 01
End TriggerBlock
";
    let mut log = reader(content, &[]);
    let message = log.next().expect("one").expect("valid");
    assert_eq!(message, sent(at(4_000_000_000, data(0x123, &[1]))));
    assert!(log.next().is_none());
    assert_eq!(log.report().passed_over(), 9);
    assert!(!log.report().is_truncated());
}

#[test]
fn a_broken_line_is_named_and_reading_goes_on_behind_it() {
    for (line, said) in [
        (
            "garbage",
            "expected a time, a comment or a line of the header, not \"garbage\"",
        ),
        ("1 2 3", "expected a time"),
        ("99999999999999.0 1 123 Rx d 0", "expected a time"),
        (
            "0.5 1 123 Rx d 3 01 02",
            "expected 3 bytes of data, but there are 2",
        ),
        (
            "0.5 1 123 Rx d 1 0102",
            "expected a byte of data, not \"0102\"",
        ),
        ("0.5 1 123 Rx d 1 0G", "expected a byte of data, not \"0G\""),
        ("0.5 1 123 Rx q 1 00", "expected d or r, not \"q\""),
        ("0.5 1 123 Rx d", "expected a DLC, not \"\""),
        ("0.5 1 123 Rx d x", "expected a DLC, not \"x\""),
        (
            "0.5 1 800 Rx d 0",
            "a standard arbitration ID is at most 0x7FF",
        ),
        (
            "0.5 1 20000000x Rx d 0",
            "an extended arbitration ID is at most",
        ),
        (
            "0.5 CANFD 1 Rx 800 1 0 0 0",
            "a standard arbitration ID is at most 0x7FF",
        ),
        (
            "0.5 CANFD 1 Rx 123 2 0 8 8 01",
            "expected [NAME] BRS ESI DLC LENGTH",
        ),
        (
            "0.5 CANFD 1 Rx 123 1 0 8 8 01",
            "expected 8 bytes of data, but there are 1",
        ),
        (
            "0.5 CANFD 1 Rx 123 1 0 f 65 01",
            "expected [NAME] BRS ESI DLC LENGTH",
        ),
    ] {
        let content = format!("// version 9.0.0\n{line}\n2.0 1 1 Rx d 0\n");
        let outcomes: Vec<Result<Message>> = reader(content, &[]).collect();
        assert_eq!(outcomes.len(), 2, "{line}");
        let error = outcomes[0].as_ref().expect_err(line);
        assert_eq!(error.kind(), ErrorKind::Malformed, "{line}");
        let told = error.to_string();
        assert!(told.starts_with("a.asc, line 2: "), "{told}");
        assert!(told.contains(said), "{told}");
        assert!(outcomes[1].is_ok(), "{line}");
    }
    let xl = "59.171614 CANXL   2 Rx   XLFF   984438   4656      432  msg e0 0  1fe  511 1 1f96 00";
    let error = reader(format!("{xl}\n"), &[])
        .next()
        .expect("one")
        .expect_err(xl);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn half_a_line_at_the_end_is_no_frame_but_noted() {
    let whole = "1.5 1  123x            Rx   d 2 01 02\n";
    let cut = [
        "2",
        "2.5",
        "2.5 ",
        "2.5 1",
        "2.5 1  12",
        "2.5 1 123 R",
        "2.5 1 123 Rx",
        "2.5 1 123 Rx d",
        "2.5 1 123 Rx d 2",
        "2.5 1 123 Rx d 2 01",
        "2.5 1 123 Rx d 2 01 0",
        "2.5 1 123 Rx r",
        "2.5 1  Erro",
        "2.5 1  ErrorFrame // Rx 24x d 2 00 0",
        "2.5 CAN",
        "2.5 CANFD 1 Rx 123",
        "2.5 CANFD 1 Rx 123 1 0 2 2 01 02",
        "2.5 CANFD 1 Rx 123 1 0 2 2 01 02 0 0 10",
        "Begin Trig",
    ];
    for tail in cut {
        let mut log = reader(format!("{whole}{tail}"), &[]);
        assert!(log.next().expect("one").is_ok(), "{tail}");
        assert!(log.next().is_none(), "{tail}");
        assert!(log.report().is_truncated(), "{tail}");
        assert_eq!(log.report().passed_over(), 0, "{tail}");
    }
    for tail in [
        "2.5 1 123 Rx d 2 01 02",
        "2.5 1 123 Rx d 0",
        "2.5 1 123 Rx r 1",
        "2.5 1  ErrorFrame",
    ] {
        let log = reader(format!("{whole}{tail}"), &[]);
        let report = log.report();
        assert_eq!(log.flatten().count(), 2, "{tail}");
        assert!(!report.is_truncated(), "{tail}");
    }
    let decimal = "base dec timestamps absolute\n1.5 1 12 Rx d 1 25";
    assert!(reader(decimal, &[]).next().is_none());
}

#[test]
fn channels_count_from_one_in_the_file() {
    let channel = |text| read(&format!("0.5 {text} 123 Rx d 0")).channel;
    assert_eq!(channel("1"), Some(Channel::number(0)));
    assert_eq!(channel("16"), Some(Channel::number(15)));
    assert_eq!(channel("0"), None);
    // No channel, so no frame.
    assert_eq!(all("0.5 99999999999 123 Rx d 0\n", &[]), []);
}

#[test]
fn frames_that_can_fd_does_not_have_are_given_as_written_on_demand() {
    use crate::formats::WrittenFrame;
    use std::error::Error as _;
    let line = "1.5 CANFD 3 Tx 50005x 0 1 5 0 140000 73 200050 7a60\n";
    let as_written = ("as_written", "true");
    let error = reader(line, &[as_written]).next().expect("one");
    let error = error.expect_err("no such frame");
    let frame = error.source().and_then(|source| source.downcast_ref());
    let frame: &WrittenFrame = frame.expect("as written");
    assert_eq!((frame.id, frame.extended, frame.length), (0x50005, true, 5));
    assert!(frame.remote && frame.fd && frame.esi && !frame.brs);
    assert!(frame.payload().is_empty());
    assert!(all(line, &[])[0].frame.is_remote());
    // What CAN FD has is a message as ever.
    let usual = "1.5 CANFD 3 Tx 50005x 0 1 1 1 AA 140000 73 1000 7a60\n";
    assert_eq!(all(usual, &[as_written]), all(usual, &[]));
}
