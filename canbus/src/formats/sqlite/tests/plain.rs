//! What is read without a detour by `SQLite` is what `SQLite` reads.

use super::*;
use crate::formats::Input;
use crate::formats::input::OnDisk;
use crate::formats::sqlite::FORMAT;
use crate::formats::sqlite::database::Database;
use crate::formats::sqlite::plain::Plain;
use crate::formats::sqlite::schema::Tables;
use crate::options::Options;
use proptest::prelude::*;
use proptest::sample::select;
use std::fs;

/// How the table of a file can be read.
fn plain(path: &Path) -> Option<Plain> {
    let reading = FORMAT.read.expect("it is read");
    let options = Options::check("reader", reading.options, NO_OPTIONS).expect("valid");
    let tables = Tables::of(&options).expect("valid");
    let disk: OnDisk = Input::open(path).and_then(Input::on_disk).expect("there");
    let database = Database::open(&disk).expect("opened");
    Plain::open(&disk, &database, &tables).expect("opened")
}

/// A copy that only `SQLite` reads, for a remark in the table's definition; the rest is the same.
fn copy_for_sqlite(path: &Path) -> (TempDir, PathBuf) {
    let (folder, copy) = file();
    fs::copy(path, &copy).expect("copied");
    sql(
        &copy,
        "PRAGMA writable_schema=ON;
         UPDATE sqlite_schema SET sql = replace(sql, '(', '(/* */') WHERE name = 'messages'",
    );
    assert!(plain(&copy).is_none());
    (folder, copy)
}

/// What `SQLite` reads of a file.
fn by_sqlite(path: &Path) -> (Vec<Message>, Vec<String>) {
    let (_folder, copy) = copy_for_sqlite(path);
    let (messages, errors) = outcomes(&copy);
    let (from, to) = (copy.display().to_string(), path.display().to_string());
    let renamed = errors.iter().map(|error| error.replace(&from, &to));
    (messages, renamed.collect())
}

#[test]
fn plain_tables_are_those_of_python_can_and_of_ours_and_no_others() {
    let plain_table = |sql_text: &str| {
        let (_folder, path) = file();
        sql(&path, sql_text);
        plain(&path).is_some()
    };
    assert!(plain_table(TABLE_OF_PYTHON_CAN));
    let columns = "ts REAL, arbitration_id INTEGER, extended INTEGER, remote INTEGER, \
                   error INTEGER, dlc INTEGER";
    let table = |rest: &str| format!("CREATE TABLE messages ({columns}, {rest}");
    assert!(plain_table(&table("data BLOB)")));
    assert!(plain_table(&table(
        "data BLOB); CREATE INDEX i ON messages (ts)"
    )));
    assert!(plain_table(&format!(
        "PRAGMA page_size=512; {}",
        table("data BLOB)")
    )));
    for other in [
        table("data BLOB NOT NULL)"),
        table("data TEXT)"),
        table("data BLOB, more INTEGER)"),
        table("data BLOB, PRIMARY KEY (ts)) WITHOUT ROWID"),
        table("data ANY) STRICT"),
        table("data BLOB DEFAULT x'00')"),
        format!("PRAGMA journal_mode=WAL; {}", table("data BLOB)")),
        format!(
            "{}; CREATE TABLE messages_extra (message INTEGER)",
            table("x)")
        )
        .replace(", x)", ", data BLOB, x)"),
        table("data BLOB)").replace(
            "TABLE messages",
            "VIEW v AS SELECT 1; CREATE TABLE messages",
        ) + "; ALTER TABLE messages ADD COLUMN x",
        "CREATE TABLE source (ts, arbitration_id, extended, remote, error, dlc, data);
         CREATE VIEW messages AS SELECT * FROM source"
            .into(),
    ] {
        assert!(!plain_table(&other), "{other}");
    }
}

/// A value as `SQL` writes it: mostly one that a message has.
fn value(usual: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let odd = select(vec![
        "NULL",
        "''",
        "'1'",
        "x''",
        "1.5",
        "-1",
        "127",
        "128",
        "-129",
        "65535",
        "8388608",
        "-2147483649",
        "140737488355328",
        "9223372036854775807",
        "1e300",
        "-0.0",
        "x'0102'",
        "zeroblob(64)",
        "zeroblob(65)",
        "zeroblob(700)",
        "zeroblob(9000)",
    ]);
    prop_oneof![40 => usual, 1 => odd.prop_map(String::from)].boxed()
}

/// The values of a row but for its number.
fn row() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        (0..4_000_000_000_000_000_i64).prop_map(|micros| {
            Timestamp::from_nanos(micros * 1000)
                .as_seconds()
                .to_string()
        }),
        (-100..100_i64).prop_map(|seconds| seconds.to_string()),
        any::<i32>().prop_map(|number| (f64::from(number) / 7.0).to_string()),
    ];
    let flag = || value(prop_oneof![4 => Just("0".to_string()), 1 => Just("1".to_string())]);
    (0..=64_usize, any::<u64>()).prop_flat_map(move |(len, bits)| {
        let len = if bits % 4 == 0 { len } else { len % 9 };
        let bytes: Vec<String> = (0..len)
            .map(|at| format!("{:02X}", bits.rotate_left(at as u32) as u8))
            .collect();
        let bytes = bytes.concat();
        let id = if bits % 3 == 0 {
            bits & 0x7FF
        } else {
            bits & 0x1FFF_FFFF
        };
        let columns = (
            value(time.clone()),
            value(Just(id.to_string())),
            value(Just(u8::from(bits % 3 != 0).to_string())),
            flag(),
            flag(),
            value(Just(len.to_string())),
            value(Just(format!("x'{bytes}'"))),
        );
        columns.prop_map(|(ts, id, extended, remote, error, dlc, data)| {
            format!("{ts}, {id}, {extended}, {remote}, {error}, {dlc}, {data}")
        })
    })
}

/// How rows get their numbers: one after another, or any.
fn numbers_of_rows(count: usize) -> impl Strategy<Value = Vec<Option<i64>>> {
    let any_number = prop_oneof![
        8 => (-5000..5000_i64).prop_map(Some),
        1 => any::<i64>().prop_map(Some),
        1 => select(vec![Some(i64::MIN), Some(i64::MAX), Some(i64::MAX - 1)]),
    ];
    prop_oneof![
        Just(vec![None; count]),
        proptest::collection::vec(any_number, count),
    ]
}

fn fill(path: &Path, before: &str, rows: &[String], numbers: &[Option<i64>], then: &str) {
    let inserts = rows.iter().zip(numbers).map(|(row, number)| {
        let number = number.map_or("NULL".into(), |number| number.to_string());
        format!(
            "INSERT OR IGNORE INTO messages
             (rowid, ts, arbitration_id, extended, remote, error, dlc, data)
             VALUES ({number}, {row});\n"
        )
    });
    let inserts: String = inserts.collect();
    sql(
        path,
        &format!("{before}; {TABLE_OF_PYTHON_CAN}; BEGIN; {inserts} COMMIT; {then}"),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_databases_are_read_as_sqlite_reads_them(
        (rows, numbers) in proptest::collection::vec(row(), 0..400)
            .prop_flat_map(|rows| { let count = rows.len(); (Just(rows), numbers_of_rows(count)) }),
        size in select(vec![512, 1024, 4096, 65536]),
        vacuum in select(vec!["NONE", "FULL"]),
        then in select(vec![
            "",
            "DELETE FROM messages WHERE rowid % 3 = 0",
            "DELETE FROM messages WHERE rowid BETWEEN 20 AND 300; VACUUM",
            "UPDATE messages SET data = zeroblob(60), dlc = 60 WHERE rowid % 5 = 0",
        ]),
    ) {
        let (_folder, path) = file();
        let before = format!("PRAGMA page_size={size}; PRAGMA auto_vacuum={vacuum}");
        fill(&path, &before, &rows, &numbers, then);
        prop_assert!(plain(&path).is_some());
        let (messages, errors) = outcomes(&path);
        let (expected, told) = by_sqlite(&path);
        prop_assert_eq!(messages, expected);
        prop_assert_eq!(errors, told);
    }

    #[test]
    fn of_damaged_databases_no_row_is_lost_that_sqlite_reads(
        count in 50..3000_u32,
        hits in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..12),
    ) {
        if let Some(lost) = lost_of_damaged(count, &hits) {
            prop_assert!(false, "{lost} is lost");
        }
    }
}

/// The first message that `SQLite` reads and we do not, of a file of so many, in which bytes were
/// replaced.
fn lost_of_damaged(count: u32, hits: &[(u32, u8)]) -> Option<Message> {
    let (_folder, path) = file();
    let made = format!("PRAGMA page_size=512; {TABLE_OF_PYTHON_CAN}");
    sql(&path, &made);
    write(&path, 0..count);
    let (_other, copy) = copy_for_sqlite(&path);
    for path in [&path, &copy] {
        let mut bytes = fs::read(path).expect("there");
        let tables = 2 * 512..bytes.len();
        for (place, value) in hits {
            let at = tables.start + *place as usize % tables.len();
            bytes[at] = *value;
        }
        fs::write(path, bytes).expect("written");
    }
    let (expected, _) = outcomes(&copy);
    let (messages, _) = outcomes(&path);
    let mut rest = messages.iter();
    expected
        .into_iter()
        .find(|message| !rest.any(|found| found == message))
}

#[test]
fn damage_that_once_lost_rows_loses_none() {
    for (count, hits) in [
        (2293, &[(1_024_016_564, 128), (3_546_452_761, 0)][..]),
        (2779, &[(3_676_109_691, 55)]),
        (259, &[(2_728_712_410, 128), (1_448_195_109, 69)]),
    ] {
        assert_eq!(lost_of_damaged(count, hits), None);
    }
}

#[test]
fn large_tables_have_every_row_in_its_place() {
    for size in [512, 4096, 65536] {
        let (_folder, path) = file();
        let made = format!("PRAGMA page_size={size}; {TABLE_OF_PYTHON_CAN}");
        sql(&path, &made);
        write(&path, 0..40_000);
        let pages = fs::metadata(&path).expect("there").len() / size;
        assert!(
            (40_000 * 25 / size..40_000 * 50 / size).contains(&pages),
            "{pages}"
        );
        assert!(plain(&path).is_some());
        assert!(numbers(&read(&path)).into_iter().eq(0..40_000), "{size}");
    }
}

#[test]
fn rows_of_another_encoding_and_a_table_with_another_name_are_read() {
    let (_folder, path) = file();
    let text = "1, 1, 0, 0, 0, 2, 'ab'";
    let rows = vec![text.to_string(), "2, 2, 0, 0, 0, 1, x'05'".to_string()];
    fill(
        &path,
        "PRAGMA encoding='UTF-16le'",
        &rows,
        &[None, None],
        "",
    );
    assert_eq!(outcomes(&path), by_sqlite(&path));
    sql(&path, "ALTER TABLE messages RENAME TO \"Käse (x)\"");
    let log = formats::open(&path, [("table_name", "Käse (x)")]).expect("opened");
    assert_eq!(log.flatten().count(), 2);
}

#[test]
fn what_others_change_meanwhile_costs_no_row_that_stays() {
    let (_folder, path) = file();
    sql(
        &path,
        &format!("PRAGMA auto_vacuum=FULL; {TABLE_OF_PYTHON_CAN}"),
    );
    write(&path, 0..60_000);
    let mut log = formats::open(&path, NO_OPTIONS).expect("opened");
    let mut found = Vec::new();
    // To vacuum it later would give the rows other numbers.
    let changes = [
        "CREATE TABLE other (x); INSERT INTO other SELECT data FROM messages; VACUUM",
        "DELETE FROM messages WHERE arbitration_id % 2 = 1",
        "UPDATE messages SET data = zeroblob(48), dlc = 48 WHERE rowid > 50000",
        "DROP TABLE other; CREATE INDEX i ON messages (ts)",
        "PRAGMA journal_mode=WAL; DELETE FROM messages WHERE arbitration_id % 4 = 2",
    ];
    for change in changes {
        found.extend(
            log.by_ref()
                .take(9000)
                .map(|message| message.expect("a row")),
        );
        sql(&path, change);
    }
    found.extend(log.map(|message| message.expect("a row")));
    let found = numbers(&found);
    assert!(found.is_sorted_by(|one, next| one < next));
    let stays = |number: &u32| number.is_multiple_of(4);
    let (kept, all) = (
        found.iter().copied().filter(stays),
        (0..60_000).filter(stays),
    );
    assert!(kept.eq(all));
}
