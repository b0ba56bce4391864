//! The writer.

use super::*;
use crate::error::ErrorKind;
use crate::formats::Output;
use std::fs;

#[test]
fn rows_are_those_of_python_can() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let id = Id::standard(0x7FF).expect("fits");
    let remote = Frame::remote(id, 5).expect("valid");
    let error = Frame::error(Id::extended(0x24).expect("fits"), &[1, 2]).expect("valid");
    let times = [1_700_000_000_123_456_000, -500_000_000];
    for (frame, nanos) in [remote, error].into_iter().zip(times) {
        let message = Message::received(frame, Timestamp::from_nanos(nanos));
        log.on_message(&message).expect("written");
    }
    log.finish().expect("complete");
    let connection = Connection::open(&path).expect("opened");
    let mut select = connection.prepare("SELECT * FROM messages").expect("valid");
    assert_eq!(select.column_count(), 7);
    let rows: Vec<(f64, [i64; 5], Vec<u8>)> = select
        .query_map((), |row| {
            let numbers = [
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ];
            Ok((row.get(0)?, numbers, row.get(6)?))
        })
        .and_then(Iterator::collect)
        .expect("rows");
    let expected = [
        (1_700_000_000.123_456, [0x7FF, 0, 1, 0, 5], vec![]),
        (-0.5, [0x24, 1, 0, 1, 2], vec![1, 2]),
    ];
    assert_eq!(rows, expected);
}

/// python-can's `stop` leaves what waits in its queue.
#[test]
fn stopping_drops_no_queue_however_much_waits() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let messages: Vec<Message> = (0..20_000).map(numbered).collect();
    log.on_batch(&messages).expect("written");
    log.finish().expect("complete");
    assert_eq!(read(&path), messages);
    assert_eq!(beside(&path), ["a.db"]);
    assert_eq!(log.file_size(), fs::metadata(&path).expect("there").len());
}

#[test]
fn a_flush_commits_and_what_was_committed_outlives_the_writer() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    assert_eq!(read(&path), []);
    for number in 0..10 {
        log.on_message(&numbered(number)).expect("written");
    }
    assert_eq!(read(&path), []);
    log.flush().expect("flushed");
    let size = log.file_size();
    assert!(size > 4096, "{size}");
    assert_eq!(numbers(&read(&path)), (0..10).collect::<Vec<_>>());
    for number in 10..5000 {
        log.on_message(&numbered(number)).expect("written");
    }
    // As if it had been killed.
    std::mem::forget(log);
    assert_eq!(numbers(&read(&path)), (0..10).collect::<Vec<_>>());
    // Another connection of the same process would wait for the forgotten one.
    let (_other, copy) = file();
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", path.display());
        fs::copy(from, format!("{}{suffix}", copy.display())).expect("copied");
    }
    write(&copy, 10..12);
    assert_eq!(numbers(&read(&copy)), (0..12).collect::<Vec<_>>());
}

#[test]
fn who_reads_does_not_keep_the_writer_waiting() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    log.on_message(&numbered(0)).expect("written");
    log.flush().expect("flushed");
    let reader = Connection::open(&path).expect("opened");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM messages")
        .expect("reading");
    let start = std::time::Instant::now();
    for number in 1..5000 {
        log.on_message(&numbered(number)).expect("written");
    }
    log.finish().expect("complete");
    assert!(start.elapsed() < std::time::Duration::from_secs(9));
    drop(reader);
    assert_eq!(read(&path).len(), 5000);
}

#[test]
fn channel_direction_fd_flags_raw_dlcs_and_nanoseconds_are_kept_in_a_second_table() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, EXTENDED).expect("created");
    log.on_batch(&everything()).expect("written");
    log.finish().expect("complete");
    assert_eq!(read(&path), everything());
    let connection = Connection::open(&path).expect("opened");
    let select = connection.prepare("SELECT * FROM messages").expect("valid");
    assert_eq!(select.column_count(), 7, "python-can takes no more");
    drop(select);
    drop(connection);
    // What was appended without more columns, and then with them again.
    write(&path, 0..3);
    let mut log = formats::append(&path, EXTENDED).expect("opened");
    log.on_batch(&everything()).expect("written");
    log.finish().expect("complete");
    let plain: Vec<Message> = (0..3).map(numbered).collect();
    assert_eq!(read(&path), [everything(), plain, everything()].concat());
}

#[test]
fn a_can_fd_frame_is_refused_rather_than_stripped_of_its_flags() {
    let (_folder, path) = file();
    let mut log = formats::create(&path, NO_OPTIONS).expect("created");
    let error = log.on_message(&everything()[4]).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("columns=extended"), "{error}");
    log.on_message(&numbered(1)).expect("written");
    log.finish().expect("complete");
    assert_eq!(numbers(&read(&path)), [1]);
}

#[test]
fn any_name_of_a_table_is_put_in_quotation_marks() {
    let (_folder, path) = file();
    for name in ["order", "a \"b\"; DROP TABLE messages; --", "käse", "[x]"] {
        for number in 0..2 {
            let mut log = formats::append(&path, [("table_name", name)]).expect(name);
            log.on_message(&numbered(number)).expect("written");
            log.finish().expect("complete");
        }
        let log = formats::open(&path, [("table_name", name)]).expect(name);
        let read: Result<Vec<Message>> = log.collect();
        assert_eq!(numbers(&read.expect("valid")), [0, 1], "{name}");
    }
}

#[test]
fn a_wrong_option_costs_no_existing_log() {
    let (_folder, path) = file();
    write(&path, 0..3);
    for name in ["", "sqlite_master", "SQLite_x", "a\0b"] {
        let error = formats::create(&path, [("table_name", name)])
            .err()
            .expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("option table_name"), "{error}");
    }
    assert!(formats::create(&path, [("columns", "more")]).is_err());
    assert_eq!(read(&path).len(), 3);
}

#[test]
fn creating_replaces_a_log_but_no_database_with_other_tables() {
    let (_folder, path) = file();
    write(&path, 0..3000);
    formats::create(&path, EXTENDED)
        .and_then(|mut log| log.finish())
        .expect("complete");
    assert_eq!(read(&path), []);
    write(&path, 5..6);
    sql(
        &path,
        "CREATE TABLE drivers (name); INSERT INTO drivers VALUES ('Ann')",
    );
    let error = formats::create(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let told = "a.db: it holds other tables (drivers), so it is not replaced";
    assert!(error.to_string().contains(told), "{error}");
    write(&path, 6..7);
    assert_eq!(numbers(&read(&path)), [5, 6]);
    sql(&path, "SELECT name FROM drivers");
    // What is no database is replaced as every file is.
    fs::write(
        &path,
        "no database, but long enough to be taken for one ".repeat(99),
    )
    .expect("there");
    let error = formats::append(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("not a database"), "{error}");
    formats::create(&path, NO_OPTIONS)
        .and_then(|mut log| log.finish())
        .expect("complete");
    assert_eq!(read(&path), []);
}

#[test]
fn a_table_with_other_columns_is_not_written_to() {
    let (_folder, path) = file();
    sql(&path, "CREATE TABLE messages (ts, arbitration_id, text)");
    let error = formats::append(&path, NO_OPTIONS).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let told = "the table \"messages\" has no column extended; expected ts, arbitration_id";
    assert!(error.to_string().contains(told), "{error}");
}

#[test]
fn it_is_written_to_a_file_only() {
    let output = Output::new(std::io::sink());
    let error = formats::write("sqlite", output, NO_OPTIONS)
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let (_folder, path) = file();
    let error = formats::create(path.with_extension("db.gz"), NO_OPTIONS)
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(beside(&path), [""; 0]);
}

#[test]
fn a_database_that_kept_a_write_ahead_log_keeps_one() {
    let (_folder, path) = file();
    sql(&path, "PRAGMA journal_mode=WAL; CREATE TABLE other (x)");
    write(&path, 0..3);
    let connection = Connection::open(&path).expect("opened");
    let mode: String = connection
        .query_row("PRAGMA journal_mode", (), |row| row.get(0))
        .expect("a mode");
    assert_eq!(mode, "wal");
}
