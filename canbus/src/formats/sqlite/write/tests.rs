//! A writer whose database refuses rows, or is full.

use super::*;
use crate::formats::sqlite::{COLUMNS, TABLE_NAME};
use crate::frame::{Frame, Id};
use crate::message::Timestamp;
use tempfile::TempDir;

fn writer() -> (TempDir, Writer) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Output::by_name(&folder.path().join("a.db"), false);
    let options: [(&str, &str); 0] = [];
    let options = Options::check("sqlite", &[TABLE_NAME, COLUMNS], options).expect("valid");
    let writer = Writer::new(output, &options).expect("begun");
    (folder, writer)
}

fn message(number: u32) -> Message {
    let id = Id::extended(number).expect("fits");
    let frame = Frame::data(id, &[7; 8]).expect("valid");
    Message::received(frame, Timestamp::from_nanos(i64::from(number)))
}

/// The IDs of the rows, as another program sees them.
fn rows(writer: &Writer) -> Vec<u32> {
    let other = Connection::open(&writer.path).expect("opened");
    let mut select = other
        .prepare("SELECT arbitration_id FROM messages")
        .expect("valid");
    let rows = select.query_map((), |row| row.get(0));
    rows.and_then(Iterator::collect).expect("rows")
}

/// From now on the database takes no row with this ID.
fn refuse(writer: &Writer, id: u32) {
    let trigger = format!(
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON messages WHEN new.arbitration_id = {id} \
         BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END"
    );
    let connection = writer.connection().expect("open");
    connection.execute_batch(&trigger).expect("made");
}

fn refuse_none(writer: &Writer) {
    let connection = writer.connection().expect("open");
    connection
        .execute_batch("DROP TRIGGER refuse")
        .expect("gone");
}

#[test]
fn a_batch_that_fails_is_put_in_again_as_a_whole() {
    let (_folder, mut writer) = writer();
    refuse(&writer, 150);
    for number in 0..200 {
        writer.on_message(&message(number)).expect("collected");
    }
    for _ in 0..2 {
        let error = writer.flush().expect_err("refused");
        assert!(
            error.to_string().contains("refused by a trigger"),
            "{error}"
        );
    }
    assert_eq!(rows(&writer), [0_u32; 0]);
    // Nobody is kept from writing by what failed.
    let other = Connection::open(&writer.path).expect("opened");
    other
        .execute_batch("BEGIN IMMEDIATE; COMMIT")
        .expect("not locked");
    refuse_none(&writer);
    writer.flush().expect("committed");
    assert_eq!(rows(&writer), (0..200).collect::<Vec<_>>());
}

#[test]
fn what_was_put_in_before_a_batch_that_fails_stays() {
    let (_folder, mut writer) = writer();
    let count = BATCH as u32 + 200;
    refuse(&writer, count - 50);
    for number in 0..count {
        writer.on_message(&message(number)).expect("collected");
    }
    assert_eq!(writer.uncommitted, BATCH);
    writer.flush().expect_err("refused");
    refuse_none(&writer);
    writer.flush().expect("committed");
    assert_eq!(rows(&writer), (0..count).collect::<Vec<_>>());
}

#[test]
fn what_a_full_disk_takes_along_is_told() {
    let (_folder, mut writer) = writer();
    let connection = writer.connection().expect("open");
    // So large is the database once the first batch is in it, and hardly larger may it become.
    let limit = |pages: u32| format!("PRAGMA max_page_count = {pages}");
    let _: i64 = connection
        .query_row(&limit(80), (), |row| row.get(0))
        .expect("set");
    let mut failure = None;
    for number in 0..3 * BATCH as u32 {
        failure = writer.on_message(&message(number)).err();
        if failure.is_some() {
            break;
        }
    }
    let failure = failure.expect("full").to_string();
    let (put_in, waiting) = (writer.uncommitted, writer.collected.len());
    let connection = writer.connection().expect("open");
    let _: i64 = connection
        .query_row(&limit(1 << 20), (), |row| row.get(0))
        .expect("set");
    writer.flush().expect("committed");
    // The attempt that failed put the last batch into no transaction.
    assert_eq!((put_in, rows(&writer).len()), (0, waiting), "{failure}");
    assert!(waiting >= BATCH && waiting % BATCH == 0, "{waiting}");
    assert!(failure.contains("disk is full"), "{failure}");
    assert!(
        failure.contains("messages before are lost too"),
        "{failure}"
    );
}
