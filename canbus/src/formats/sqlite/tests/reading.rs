//! The reader.

use super::*;
use crate::error::ErrorKind;
use std::fs;

fn refusal(path: &Path) -> String {
    let error = formats::open(path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    error.to_string()
}

#[test]
fn rows_of_python_can_are_read_in_their_order() {
    let (_folder, path) = file();
    sql(&path, TABLE_OF_PYTHON_CAN);
    sql(
        &path,
        "INSERT INTO messages VALUES
         (1700000000.123456, 291, 0, 0, 0, 2, x'01AB'),
         (1.5, 0x1FFFFFFF, 1, 0, 0, 0, x''),
         (2, 0x7FF, 0, 1, 0, 5, x''),
         (-0.5, 0x24, 1, 0, 1, 2, x'0102'),
         (0.000001, 1, 0, 0, 0, 12, x'000102030405060708090A0B'),
         (0.5, 1, 0, 0, 0, 0, NULL)",
    );
    let standard = |raw| Id::standard(raw).expect("fits");
    let extended = |raw| Id::extended(raw).expect("fits");
    let twelve = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    let expected: Vec<Message> = [
        (
            1_700_000_000_123_456_000,
            Frame::data(standard(0x123), &[1, 0xAB]),
        ),
        (1_500_000_000, Frame::data(extended(0x1FFF_FFFF), &[])),
        (2_000_000_000, Frame::remote(standard(0x7FF), 5)),
        (-500_000_000, Frame::error(extended(0x24), &[1, 2])),
        (1_000, Frame::fd(standard(1), &twelve, false, false)),
        (500_000_000, Frame::data(standard(1), &[])),
    ]
    .into_iter()
    .map(|(nanos, frame)| Message::received(frame.expect("valid"), Timestamp::from_nanos(nanos)))
    .collect();
    assert_eq!(read(&path), expected);
}

#[test]
fn times_are_whole_microseconds_today_and_nanoseconds_near_zero() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let times = [
        0,
        1,
        -1,
        999_999_999,
        1_700_000_000_000_001_000,
        1_899_999_999_999_999_000,
    ];
    for nanos in times {
        let message = Message {
            timestamp: Timestamp::from_nanos(nanos),
            ..numbered(0)
        };
        log.on_message(&message).expect("written");
    }
    log.finish().expect("complete");
    let read: Vec<i64> = read(&path)
        .iter()
        .map(|message| message.timestamp.as_nanos())
        .collect();
    assert_eq!(read, times);
}

#[test]
fn what_is_no_database_or_has_no_such_table_is_told_at_once() {
    let (_folder, path) = file();
    for content in [
        &b""[..],
        b"SQLite format 3\0",
        b"timestamp,arbitration_id\n",
        &[0; 5000],
    ] {
        fs::write(&path, content).expect("written");
        let told = refusal(&path);
        assert!(
            told.ends_with("a.db: it is not an SQLite database"),
            "{told}"
        );
    }
    fs::remove_file(&path).expect("there");
    sql(&path, "CREATE TABLE drive (ts REAL)");
    let told = refusal(&path);
    let expected = "a.db: there is no table \"messages\"; there are drive; the option table_name \
                    chooses one";
    assert!(told.ends_with(expected), "{told}");
    sql(&path, "DROP TABLE drive");
    // As a writer leaves it that was killed at the very beginning.
    let log = formats::open(&path, NO_OPTIONS).expect("opened");
    let report = log.report();
    assert_eq!(log.count(), 0);
    assert!(report.is_truncated());
    sql(&path, "CREATE TABLE messages (ts, arbitration_id)");
    assert!(refusal(&path).contains("has no column extended"));
}

#[test]
fn wrong_values_are_named_with_their_row_and_the_next_row_is_read() {
    let (_folder, path) = file();
    sql(&path, TABLE_OF_PYTHON_CAN);
    for (values, _) in WRONG {
        sql(&path, &format!("INSERT INTO messages VALUES ({values})"));
        sql(&path, "INSERT INTO messages VALUES (1, 1, 0, 0, 0, 0, x'')");
    }
    let (messages, errors) = outcomes(&path);
    assert_eq!(messages.len(), WRONG.len());
    assert_eq!(errors.len(), WRONG.len());
    for (index, ((_, told), error)) in WRONG.iter().zip(errors).enumerate() {
        let place = format!("a.db, table \"messages\", row {}: ", 2 * index + 1);
        assert!(error.contains(&place), "{error}");
        assert!(error.contains(told), "{error}");
    }
}

/// Values and what is said of them.
const WRONG: &[(&str, &str)] = &[
    (
        "NULL, 1, 0, 0, 0, 0, x''",
        "expected ts to be a number of seconds within 292 years, not NULL",
    ),
    (
        "'noon', 1, 0, 0, 0, 0, x''",
        "within 292 years, not \"noon\"",
    ),
    (
        "1e10, 1, 0, 0, 0, 0, x''",
        "within 292 years, not 10000000000",
    ),
    ("9e999, 1, 0, 0, 0, 0, x''", "within 292 years, not inf"),
    (
        "1, 0x800, 0, 0, 0, 0, x''",
        "at most 0x7FF (11 bits), not 0x800",
    ),
    (
        "1, -1, 0, 0, 0, 0, x''",
        "arbitration_id is -1, which no frame has",
    ),
    (
        "1, 1.5, 0, 0, 0, 0, x''",
        "expected arbitration_id to be a whole number, not 1.5",
    ),
    (
        "1, 1, 'x', 0, 0, 0, x''",
        "expected extended to be 0 or 1, not \"x\"",
    ),
    ("1, 1, 0, 0, 0, 65, x''", "dlc is 65, which no frame has"),
    (
        "1, 1, 0, 0, 0, 2, x'01'",
        "expected 2 bytes of data, as its dlc says, not 1",
    ),
    ("1, 1, 0, 0, 0, 2, 12", "expected data to be bytes, not 12"),
    (
        "1, 1, 0, 1, 0, 9, x''",
        "expected a remote frame to have a dlc of 0 to 8",
    ),
];

#[test]
fn wrong_values_of_the_second_table_are_named() {
    for (values, told) in [
        (
            "NULL, -1, 1, 0, 0, 0, NULL",
            "channel is -1, which no frame has",
        ),
        (
            "NULL, x'00', 1, 0, 0, 0, NULL",
            "expected channel to be a number or a name",
        ),
        (
            "NULL, 0, 1, 0, 0, 0, 8",
            "expected raw_dlc to be 9 to 15, not 8",
        ),
        (
            "'now', 0, 1, 0, 0, 0, NULL",
            "expected timestamp_ns to be a whole number",
        ),
        (
            "NULL, 0, 'no', 0, 0, 0, NULL",
            "expected is_rx to be 0 or 1",
        ),
    ] {
        let (_folder, path) = file();
        let mut log = formats::create(&path, EXTENDED).expect("created");
        log.finish().expect("complete");
        sql(&path, "INSERT INTO messages VALUES (1, 1, 0, 0, 0, 0, x'')");
        sql(
            &path,
            &format!("INSERT INTO messages_extra VALUES (1, {values})"),
        );
        let (messages, errors) = outcomes(&path);
        assert_eq!((messages.len(), errors.len()), (0, 1));
        assert!(errors[0].contains(told), "{}", errors[0]);
    }
}

#[test]
fn rows_that_were_deleted_leave_gaps_that_do_not_matter() {
    let (_folder, path) = file();
    write(&path, 0..5000);
    sql(
        &path,
        "DELETE FROM messages WHERE rowid % 3 <> 0; UPDATE messages SET rowid = -5 WHERE rowid = 9",
    );
    let read = numbers(&read(&path));
    assert_eq!(read.len(), 1666);
    assert_eq!(read[..4], [8, 2, 5, 11]);
}

#[test]
fn a_compressed_database_is_read_and_leaves_nothing_behind() {
    let (_folder, path) = file();
    sql(&path, "PRAGMA journal_mode=WAL; CREATE TABLE other (x)");
    write(&path, 0..300);
    let packed = path.with_extension("db.gz");
    let mut encoder = flate2::write::GzEncoder::new(
        fs::File::create(&packed).expect("there"),
        flate2::Compression::default(),
    );
    std::io::copy(&mut fs::File::open(&path).expect("there"), &mut encoder).expect("packed");
    encoder.finish().expect("complete");
    assert_eq!(read(&packed).len(), 300);
    assert_eq!(read(&path).len(), 300);
    assert_eq!(beside(&path), ["a.db", "a.db.gz"]);
}
