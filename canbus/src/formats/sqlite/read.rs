//! Reads rows in the order of their `rowid`, around what is damaged.

use super::database::{Database, failed};
use super::plain::Plain;
use super::row;
use super::schema::{Tables, has_no_tables};
use crate::error::{Error, Result};
use crate::formats::input::OnDisk;
use crate::formats::{Input, Messages};
use crate::message::Message;
use crate::options::Options;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::{iter, vec};

/// How many rows are read at once.
const BATCH: usize = 2048;

/// The messages of a database.
pub(super) fn messages(input: Input, options: &Options) -> Result<Messages> {
    let tables = Tables::of(options)?;
    let disk = input.on_disk()?;
    let start = || -> Result<Option<(Database, bool, Option<Plain>)>> {
        let database = Database::open(&disk)?;
        if has_no_tables(&database.connection)? {
            return Ok(None);
        }
        tables.check(&database.connection)?;
        let extended = tables.have_extra(&database.connection)?;
        let plain = if extended {
            None
        } else {
            Plain::open(&disk, &database, &tables)?
        };
        Ok(Some((database, extended, plain)))
    };
    let started = start().map_err(|error| named(&disk, error))?;
    let Some((database, extended, plain)) = started else {
        // What a writer leaves that was killed before it had made its table.
        disk.report().note_truncated();
        disk.count_all();
        return Ok(Box::new(iter::empty()));
    };
    let mut reader = Reader {
        select: select(&tables, extended),
        seek: format!(
            "SELECT rowid FROM {} WHERE rowid >= ?1 ORDER BY rowid LIMIT 1",
            tables.messages
        ),
        messages: tables.messages,
        disk,
        database,
        plain,
        extended,
        next: Some(i64::MIN),
        behind_damage: None,
        bytes_per_row: 0.0,
        read: Vec::new().into_iter(),
    };
    reader.estimate();
    Ok(Box::new(reader))
}

/// The error with the name of the file, if it has not got it yet.
fn named(disk: &OnDisk, error: Error) -> Error {
    if error.message().starts_with(disk.name()) {
        return error;
    }
    error.context(disk.name())
}

fn select(tables: &Tables, extended: bool) -> String {
    let Tables {
        messages, extra, ..
    } = tables;
    let (columns, join) = if extended {
        let columns = ", e.message, e.timestamp_ns, e.channel, e.is_rx, e.is_fd, \
                       e.bitrate_switch, e.error_state_indicator, e.raw_dlc";
        let join = format!(" LEFT JOIN {extra} AS e ON e.message = m.rowid");
        (columns, join)
    } else {
        ("", String::new())
    };
    format!(
        "SELECT m.rowid, m.ts, m.arbitration_id, m.extended, m.remote, m.error, m.dlc, \
         m.data{columns} FROM {messages} AS m{join} WHERE m.rowid >= ?1 ORDER BY m.rowid"
    )
}

struct Reader {
    disk: OnDisk,
    database: Database,
    /// The rows without a detour by `SQLite`, where that can be.
    plain: Option<Plain>,
    /// The quoted name of the table.
    messages: String,
    /// Rows from one on.
    select: String,
    /// The next row from one on.
    seek: String,
    /// Whether rows have what python-can leaves out.
    extended: bool,
    /// Where to go on; `None` at the end.
    next: Option<i64>,
    /// The row that was last found behind a damaged one.
    behind_damage: Option<i64>,
    /// The share of the file that a row has, about.
    bytes_per_row: f64,
    /// What was read and not given out yet.
    read: vec::IntoIter<Result<Message>>,
}

impl Iterator for Reader {
    type Item = Result<Message>;

    #[inline]
    fn next(&mut self) -> Option<Result<Message>> {
        loop {
            if let Some(message) = self.plain.as_mut().and_then(Plain::next) {
                return Some(Ok(message));
            }
            if let Some(message) = self.read.next() {
                return Some(message);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

impl Reader {
    /// Reads what comes next; false at the end.
    fn advance(&mut self) -> bool {
        let Some(plain) = &mut self.plain else {
            return self.next.map(|from| self.read_from(from)).is_some();
        };
        let Some((from, unusual)) = plain.position() else {
            self.disk.count_all();
            return false;
        };
        // Of what is wrong with it, SQLite tells more.
        let loaded = if unusual {
            None
        } else {
            let load = || plain.load(from);
            self.database.undisturbed(load).ok().flatten()
        };
        if let Some(bytes) = loaded {
            self.disk.count(bytes as u64);
            return true;
        }
        self.read_from(from);
        match &mut self.plain {
            // To look for a row in what is damaged may lead past others; to go on does not.
            Some(plain) if plain.is_damaged() => self.plain = None,
            Some(plain) => plain.go_on(self.next),
            None => {}
        }
        true
    }

    /// How far reading has come is told by the number of rows, which is a guess where some were
    /// deleted, and nothing where the last can't be found.
    fn estimate(&mut self) {
        // Each by itself, or SQLite would look at every row.
        let table = &self.messages;
        let sql =
            format!("SELECT (SELECT max(rowid) FROM {table}) - (SELECT min(rowid) FROM {table})");
        let rows = self
            .database
            .connection
            .query_row(&sql, (), |row| row.get(0));
        if let Ok(Some(rows)) = rows {
            let rows: f64 = rows;
            self.bytes_per_row = self.disk.report().size() as f64 / (rows + 1.0);
        }
    }

    /// Reads some rows, and notes where to go on.
    fn read_from(&mut self, from: i64) {
        let mut found = Vec::with_capacity(BATCH);
        let (last, outcome) = self.read_rows(from, &mut found);
        match outcome {
            Ok(()) if found.is_empty() => {
                self.next = None;
                self.disk.count_all();
            }
            Ok(()) => {
                self.next = last.and_then(|row| row.checked_add(1));
                self.disk
                    .count((found.len() as f64 * self.bytes_per_row) as u64);
            }
            Err(error) => {
                // The row behind the last good one, as far as that is known.
                let damaged = last.map_or(Some(from), |row| row.checked_add(1));
                self.next = damaged.and_then(|row| self.find_behind(row));
                self.behind_damage = self.next;
                let until = self.next.map_or("the end".into(), |row| row.to_string());
                let what = format!(
                    "{}, table {}, after row {} and before {until}",
                    self.disk.name(),
                    self.messages,
                    last.or(from.checked_sub(1)).unwrap_or(0)
                );
                found.push(Err(error.context(what)));
            }
        }
        self.read = found.into_iter();
    }

    /// Some rows from one on, and the last that could be read.
    fn read_rows(&self, from: i64, found: &mut Vec<Result<Message>>) -> (Option<i64>, Result<()>) {
        let found_so = self.behind_damage == Some(from);
        let pages = self.plain.as_ref().filter(|_| !found_so);
        // Behind rows that were read from pages, from the last of them on: in a damaged tree the
        // next may be found by going on alone, if need be all the way that was read so.
        let mut starts = vec![from];
        if let Some((begun, before)) = pages.and_then(|pages| pages.begun(from)) {
            starts = vec![before, begun];
        }
        let mut last = None;
        let mut outcome = Ok(());
        for start in starts {
            found.clear();
            last = None;
            let mut first = None;
            outcome = self.scan(start, |number, row| {
                first = first.or(Some(number));
                if number < from && start < from && last.is_none() {
                    return Ok(true);
                }
                // A damaged page may lead anywhere, also back.
                if number < last.map_or(from, |last: i64| last.saturating_add(1)) {
                    return Err(out_of_order());
                }
                last = Some(number);
                let blame = |error: Error| {
                    let (name, table) = (self.disk.name(), &self.messages);
                    error.context(format_args!("{name}, table {table}, row {number}"))
                };
                let torn = self.database.torn.as_ref();
                if torn.is_some_and(|torn| torn.contains(&number)) {
                    let error = Error::malformed("its end is cut off with that of the file");
                    found.push(Err(blame(error)));
                    return Ok(found.len() < BATCH);
                }
                found.push(row::message(row, self.extended).map_err(blame));
                if self.is_half(row)? {
                    let error = Error::malformed(
                        "what the second table tells of it is cut off: channel, direction, exact \
                         time and whether it is of CAN FD",
                    );
                    found.push(Err(blame(error)));
                }
                Ok(found.len() < BATCH)
            });
            if first == Some(start) {
                break;
            }
        }
        (last, outcome)
    }

    /// Whether a row has nothing in the second table, of which the end is cut off.
    fn is_half(&self, row: &Row<'_>) -> Result<bool> {
        if !self.extended || self.database.torn.is_none() {
            return Ok(false);
        }
        Ok(row.get_ref(8).map_err(failed)? == ValueRef::Null)
    }

    /// Goes through the rows from one on, as long as that is wanted.
    fn scan(&self, start: i64, mut each: impl FnMut(i64, &Row<'_>) -> Result<bool>) -> Result<()> {
        let connection = &self.database.connection;
        let mut statement = connection.prepare_cached(&self.select).map_err(failed)?;
        let mut rows = statement.query([start]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !each(row.get(0).map_err(failed)?, row)? {
                break;
            }
        }
        Ok(())
    }

    /// The first row behind a damaged one that can be read. Rows of a damaged page are neighbours,
    /// so ever wider steps find an end of it, and halving them the end.
    fn find_behind(&self, damaged: i64) -> Option<i64> {
        let (mut bad, mut step) = (damaged, 1_i64);
        let mut good = loop {
            let row = damaged.checked_add(step)?;
            if seek(&self.database.connection, &self.seek, row).is_ok() {
                break row;
            }
            bad = row;
            step = step.checked_add(step / 4 + 1)?;
        };
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2;
            match seek(&self.database.connection, &self.seek, middle) {
                Ok(_) => good = middle,
                Err(_) => bad = middle,
            }
        }
        seek(&self.database.connection, &self.seek, good).ok()?
    }
}

/// The first row from one on.
fn seek(connection: &Connection, sql: &str, from: i64) -> Result<Option<i64>> {
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([from]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else {
        return Ok(None);
    };
    let found: i64 = row.get(0).map_err(failed)?;
    if found < from {
        return Err(out_of_order());
    }
    Ok(Some(found))
}

fn out_of_order() -> Error {
    Error::malformed("the rows are not in their order")
}
