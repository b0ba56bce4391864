//! Reading.

use super::*;
use crate::error::ErrorKind;
use Direction::{Rx, Tx};

const V2_1: &str = "\
;$FILEVERSION=2.1\r
;$STARTTIME=44548.602859513889\r
;$COLUMNS=N,O,T,B,I,d,R,L,D\r
;---+-- ------+------ +- +- --+----- +- +- +--- +- -- -- -- -- -- -- --\r
";

/// Lines of 2.1 behind their header.
fn v2_1(lines: &str) -> String {
    format!("{V2_1}{lines}")
}

fn only(content: &str) -> Message {
    let (messages, passed_over) = read(content);
    assert_eq!((messages.len(), passed_over), (1, 0), "{content}");
    messages[0]
}

fn damage(line: &str) -> String {
    let content = v2_1(&format!(
        "{line}\n      2         1.000 DT 1      0001 Rx -  0\n"
    ));
    let outcomes: Vec<Result<Message>> = reader(content, &[]).collect();
    assert_eq!(outcomes.len(), 2, "{line}");
    assert!(outcomes[1].is_ok(), "reading goes on behind it");
    let error = outcomes[0].as_ref().expect_err(line);
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let told = error.to_string();
    let told = told.strip_prefix("a.trc, line 5: ").expect("the place");
    told.to_string()
}

#[test]
fn version_2_1_has_every_kind_of_record() {
    let (messages, passed_over) = read(&v2_1(
        "\
      1      1059.900 DT 1      0300 Rx -  2    04 FF \r
      2      1298.945 DT 3  18EFC034 Tx -  0    \r
      3      1334.416 FD 1      0500 Tx -  9    01 02 03 04 05 06 07 08 09 0A 0B 0C \r
      4      1334.416 FB 1      0500 Tx -  1    01\r
      5      1334.416 FE 1      0500 Tx -  0\r
      6      1334.416 BI 1      0500 Tx -  0\r
      7      1334.222 ER 1         - Rx -  5    04 01 02 08 09 \r
      8      1334.224 EV 1  a remark with words\r
      9      1334.225 EV -  DT 1      0300 Rx -  2    04 FF\r
     10      1334.231 ST 1         - Rx -  4    00 00 00 08 \r
     11      1334.643 EC 1         - Rx -  2    02 02 \r
     12      1336.543 RR 1      0100 Rx -  3 \r
",
    ));
    assert_eq!(passed_over, 4);
    let twelve: Vec<u8> = (1..=12).collect();
    let fd = |data, brs, esi| Frame::fd(standard(0x500), data, brs, esi);
    let stuff = [0, 0, 4, 2, 0, 0, 9, 8];
    assert_eq!(
        messages,
        [
            message(1_059_900, Frame::data(standard(0x300), &[4, 0xFF]), Rx),
            message(1_298_945, Frame::data(extended(0x18EF_C034), &[]), Tx).on(Channel::number(3)),
            message(1_334_416, fd(&twelve, false, false), Tx),
            message(1_334_416, fd(&[1], true, false), Tx),
            message(1_334_416, fd(&[], true, true), Tx),
            message(1_334_416, fd(&[], false, true), Tx),
            message(1_334_222, Frame::error(extended(0x288), &stuff), Rx),
            message(1_336_543, Frame::remote(standard(0x100), 3), Rx),
        ]
    );
}

#[test]
fn version_2_0_has_lengths_in_bytes_and_records_with_empty_columns() {
    let (messages, passed_over) = read(
        "\
;$FILEVERSION=2.0
;$STARTTIME=44548.602859513889
;$COLUMNS=N,O,T,I,d,l,D
      1      1059.900 DT     0300 Rx 1  04
      2      1334.416 FD     0500 Tx 12 01 02 03 04 05 06 07 08 09 0A 0B 0C
      3      1334.522 ER          Tx    01 00 02 00 00
      4      1334.531 ST          Rx    00 00 00 08
      5      1334.643 EC          Rx    02 02
      6      1336.543 RR     0100 Rx 3
",
    );
    assert_eq!(passed_over, 2);
    let twelve: Vec<u8> = (1..=12).collect();
    let bit = [0, 0, 0x81, 2, 0, 0, 0, 0];
    assert_eq!(
        messages,
        [
            message(1_059_900, Frame::data(standard(0x300), &[4]), Rx),
            message(
                1_334_416,
                Frame::fd(standard(0x500), &twelve, false, false),
                Tx
            ),
            message(1_334_522, Frame::error(extended(0x288), &bit), Tx),
            message(1_336_543, Frame::remote(standard(0x100), 3), Rx),
        ]
    );
}

/// What versions 1.1 to 1.3 tell alike.
fn old(micros: [i64; 3]) -> [Message; 3] {
    let no_acknowledge = [0, 0, 0x80, 0x19, 0, 0, 7, 8];
    [
        message(micros[0], Frame::data(standard(0x300), &[4, 0]), Tx),
        message(
            micros[1],
            Frame::error(extended(0x288), &no_acknowledge),
            Rx,
        ),
        message(micros[2], Frame::remote(extended(0x100), 3), Rx),
    ]
}

#[test]
fn versions_1_1_to_1_3_have_the_kind_in_the_data_and_the_direction_in_the_kind() {
    let start = ";$STARTTIME=44548.602859513889\n";
    let v1_1 = format!(
        ";$FILEVERSION=1.1\n{start}\
     1)      1298.9  Tx         0300  2  04 00 
     2)      1346.8  Warng  FFFFFFFF  4  00 00 00 04  BUSLIGHT 
     3)      1349.2  Error      0008  4  00 19 08 07 
     4)      1352.7  Rx     00000100  3  RTR 
"
    );
    let micros = [1_298_900, 1_349_200, 1_352_700];
    assert_eq!(read(&v1_1), (old(micros).to_vec(), 1));
    let micros = [1_298_945, 1_349_222, 1_352_743];
    let v1_2 = format!(
        ";$FILEVERSION=1.2\n{start}\
     1)      1298.945  1  Tx         0300  2  04 00 
     2)      1346.834  1  Warng  FFFFFFFF  4  00 00 00 04  BUSLIGHT 
     3)      1349.222  1  Error      0008  4  00 19 08 07 
     4)      1352.743  1  Rx     00000100  3  RTR 
"
    );
    assert_eq!(read(&v1_2), (old(micros).to_vec(), 1));
    let v1_3 = format!(
        ";$FILEVERSION=1.3\n{start}\
     1)      1298.945 1  Tx        0300 -  2    04 00 
     2)      1346.834 1  Warng FFFFFFFF -  4    00 00 00 04  BUSLIGHT 
     3)      1349.222 1  Error     0008 -  4    00 19 08 07 
     4)      1352.743 1  Rx    00000100 -  3    RTR 
"
    );
    assert_eq!(read(&v1_3), (old(micros).to_vec(), 1));
}

const V1_0: &str = "\
;##########################################################################
;   C:\\TraceFile.trc
;    Start time: 18.12.2021 14:28:07.062
;----+-   ---+---  ----+---  +  -+ -- -- ...
     1)      1298      0300  2  04 00  
     2)      1349      0008  4  ERROR 00 19 08 07 
     3)      1843  FFFFFFFF  4  00 00 00 04 -- -- -- --  BUSLIGHT 
     4)      1352  00000100  3  RTR 
";

#[test]
fn a_file_without_a_version_is_of_1_0_and_counts_from_0_unless_asked() {
    let mut wanted = old([1_298_000, 1_349_000, 1_352_000]);
    wanted[0].direction = Rx;
    let absolute: Result<Vec<Message>> = reader(V1_0, &[("absolute", "true")]).collect();
    assert_eq!(absolute.expect("valid"), wanted);
    let (relative, passed_over) = read(V1_0);
    assert_eq!(passed_over, 1);
    for (found, wanted) in relative.iter().zip(wanted) {
        let timestamp = wanted.timestamp.plus_nanos(-START);
        assert_eq!(
            *found,
            Message {
                timestamp,
                ..wanted
            }
        );
    }
}

#[test]
fn columns_are_found_by_their_names() {
    let content = v2_1("").replace("N,O,T,B,I,d,R,L,D", "T,d,I,X,O,l,D") + "FD Tx 123 ? 7,5 1 AB\n";
    let frame = Frame::fd(standard(0x123), &[0xAB], false, false);
    assert_eq!(only(&content), message(7_500, frame, Tx));
}

#[test]
fn a_later_version_is_read_by_its_columns_but_for_can_xl() {
    let content = "\
;$FILEVERSION=3.0
;$STARTTIME=44548.602859513889
;$COLUMNS=N,O,T,B,I,d,R,V,S,A,r,s,L,D
       1      1.000 DT 1       300 Rx - - - - - - 1    04
       2      2.000 XL 1       100 Tx - 00 03 00000456 0 0 3     03 11 22 33
";
    let outcomes: Vec<Result<Message>> = reader(content, &[]).collect();
    let wanted = message(1_000, Frame::data(standard(0x300), &[4]), Rx);
    assert_eq!(outcomes[0].as_ref().expect("valid"), &wanted);
    let error = outcomes[1].as_ref().expect_err("not supported");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "a.trc, line 5: frames of CAN XL are not supported"
    );
}

#[test]
fn joined_files_are_read_each_with_its_own_header() {
    let one = v2_1("      1         1.000 DT 1      0001 Rx -  0\r\n");
    let other = one.replace("44548.6", "44549.6");
    let (messages, _) = read(&(one + &other));
    let day = 86_400_000_000_000;
    assert_eq!(
        messages[1].timestamp.nanos_since(messages[0].timestamp),
        day
    );
}

#[test]
fn the_option_tz_says_where_the_clock_hung() {
    let content = v2_1("      1         1.000 DT 1      0001 Rx -  0\r\n");
    let there: Vec<Result<Message>> = reader(content.clone(), &[("tz", "Europe/Berlin")]).collect();
    let there = there[0].as_ref().expect("valid").timestamp;
    let hour = 3_600_000_000_000;
    assert_eq!(only(&content).timestamp.nanos_since(there), hour);
    let input = Input::new("a.trc", Cursor::new(content));
    let error = formats::read(".trc", input, [("tz", "Nowhere")])
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn raw_codes_above_8_are_kept_and_longer_messages_of_j1939_refused() {
    let raw = only(&v2_1("1 0.0 DT 1 0001 Rx - 15 01 02 03 04 05 06 07 08\n"));
    assert_eq!((raw.frame.dlc(), raw.frame.len()), (15, 8));
    let raw = only(&v2_1("1 0.0 RR 1 0001 Rx - 9\n"));
    assert!(raw.frame.is_remote());
    assert_eq!(raw.frame.dlc(), 9);
    let large = format!("1 0.0 DT 1 18FEF100 Rx - 39 {}\n", "00 ".repeat(39));
    let outcome = reader(v2_1(&large), &[]).next().expect("an outcome");
    assert_eq!(outcome.expect_err("refused").kind(), ErrorKind::Unsupported);
}

#[test]
fn blanks_do_not_matter_nor_does_a_missing_end_of_the_last_line() {
    let content = v2_1("\r\n\t1  0.5\tDT 1 00000001   Tx - 2   0A   0b\t");
    let frame = Frame::data(extended(1), &[10, 11]);
    assert_eq!(only(&content), message(500, frame, Tx));
}

#[test]
fn broken_lines_are_told_with_their_number_and_reading_goes_on() {
    for (line, told) in [
        (
            "1 x DT 1 0300 Rx - 0",
            "expected a time offset in milliseconds, not \"x\"",
        ),
        (
            "1 0.0 QQ 1 0300 Rx - 0",
            "expected a type of record such as DT, FD or Rx, not \"QQ\"",
        ),
        ("1 0.0 DT x 0300 Rx - 0", "expected a bus number, not \"x\""),
        (
            "1 0.0 DT 1 03G0 Rx - 0",
            "expected a hexadecimal ID, not \"03G0\"",
        ),
        (
            "1 0.0 DT 1 0800 Rx - 0",
            "a standard arbitration ID is at most 0x7FF (11 bits), not 0x800",
        ),
        ("1 0.0 DT 1 0300 Xx - 0", "expected Rx or Tx, not \"Xx\""),
        (
            "1 0.0 DT 1 0300 Rx - z",
            "expected a data length, not \"z\"",
        ),
        (
            "1 0.0 DT 1 0300 Rx - 2 01",
            "expected 2 bytes of data, as the length 2 says, not 1",
        ),
        (
            "1 0.0 DT 1 0300 Rx - 1 01 02",
            "expected 1 bytes of data, as the length 1 says, not 2",
        ),
        (
            "1 0.0 DT 1 0300 Rx - 1 0x",
            "expected pairs of hexadecimal digits, not \"0x\"",
        ),
        (
            "1 0.0 FD 1 0300 Rx - 9 01",
            "expected 12 bytes of data, as the length 9 says, not 1",
        ),
        (
            "1 0.0 FD 1 0300 Rx - 16 01",
            "expected a data length code of 0 to 15, not \"16\"",
        ),
        (
            "1 0.0 RR 1 0300 Rx - 16",
            "expected a data length code, not \"16\"",
        ),
        (
            "1 0.0 ER 1 - Rx - 5 04",
            "expected the five bytes of an error frame, not \"04\"",
        ),
        (
            "1 9999999999999999 DT 1 0300 Rx - 0",
            "expected a time offset in milliseconds, not \"9999999999999999\"",
        ),
        (
            "1 9223372036854 DT 1 0300 Rx - 0",
            "expected a time of this age, not \"9223372036854\"",
        ),
        (
            "DT",
            "expected a type of record such as DT, FD or Rx, not \"\"",
        ),
        (
            ";$STARTTIME=yesterday",
            "expected days since 1899-12-30, not \"yesterday\"",
        ),
        (
            ";$COLUMNS=N,O",
            "expected columns with O, I, L or l, and D, not \"N,O\"",
        ),
    ] {
        assert_eq!(damage(line), told, "{line}");
    }
}

#[test]
fn a_cut_end_is_noted_and_is_no_error() {
    let whole = "      1         1.000 DT 1      0001 Rx -  2    AB CD";
    for length in 1..whole.len() {
        let log = reader(v2_1(&format!("{whole}\r\n{}", &whole[..length])), &[]);
        let report = log.report();
        let messages: Result<Vec<Message>> = log.collect();
        assert_eq!(messages.expect("no error").len(), 1, "{length}");
        let blank = whole[..length].trim().is_empty();
        assert_eq!(report.is_truncated(), !blank, "{length}");
    }
}
