//! Writes rows: collected, put in by many, committed whenever the log is flushed.

use super::database::{self, failed};
use super::schema::Tables;
use crate::error::{Error, Result};
use crate::formats::Output;
use crate::formats::table::{self, Extra};
use crate::frame::Kind;
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message};
use crate::options::Options;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params};
use std::fs;
use std::path::{Path, PathBuf};

/// How many messages are collected before they are put into the database.
const BATCH: usize = 4096;

/// How many rows one statement puts in: to carry out one, and to begin and end it, costs as much as
/// some rows.
const ROWS: usize = 64;

/// How many messages are committed at once where nobody flushes.
const MOST_UNCOMMITTED: usize = 1 << 16;

/// Writes messages as rows.
pub(super) struct Writer {
    output: Output,
    path: PathBuf,
    tables: Tables,
    /// Puts in as many data frames as `ROWS` says.
    insert_many: String,
    extended: bool,
    /// Gone at the end.
    connection: Option<Connection>,
    /// How the database kept its journal before.
    journal_mode: String,
    /// What is not in the database yet.
    collected: Vec<Message>,
    /// How many were put in since the last commit.
    uncommitted: usize,
}

impl Writer {
    pub(super) fn new(output: Output, options: &Options) -> Result<Writer> {
        let tables = Tables::of(options)?;
        let extended = options.text("columns") == Some("extended");
        let (path, append) = output.place()?;
        let path = path.to_path_buf();
        if !append && path.exists() {
            refuse_foreign(&path, &tables)?;
            database::clear(&path)?;
        }
        let (connection, journal_mode) = database::open_to_write(&path)?;
        tables.make(&connection, extended)?;
        let writer = Writer {
            output,
            path,
            insert_many: insert_many(&tables.messages),
            tables,
            extended,
            connection: Some(connection),
            journal_mode,
            collected: Vec::with_capacity(BATCH),
            uncommitted: 0,
        };
        writer.tell_size();
        Ok(writer)
    }

    /// Tells how large the file is, or will be when what was committed is moved into it: what is
    /// beside it has some pages many times.
    fn tell_size(&self) {
        let connection = self.connection.as_ref();
        let told = connection.and_then(|connection| database::size_of(connection).ok());
        let size = || fs::metadata(&self.path).map_or(0, |about| about.len());
        self.output.set_size(told.unwrap_or_else(size));
    }

    fn connection(&self) -> Result<&Connection> {
        let closed = || Error::invalid("the database is complete already");
        self.connection.as_ref().ok_or_else(closed)
    }

    /// Puts in what was collected.
    fn put_in(&mut self) -> Result<()> {
        if self.collected.is_empty() {
            return Ok(());
        }
        let connection = self.connection()?;
        if connection.is_autocommit() {
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(failed)?;
        }
        connection
            .execute_batch("SAVEPOINT batch")
            .map_err(failed)?;
        if let Err(error) = self.insert(connection) {
            return Err(self.take_back(error));
        }
        connection.execute_batch("RELEASE batch").map_err(failed)?;
        self.uncommitted += self.collected.len();
        self.collected.clear();
        Ok(())
    }

    /// Undoes what was put in of a batch: all of it is put in again by the next attempt.
    fn take_back(&mut self, error: rusqlite::Error) -> Error {
        let error = failed(error);
        let Ok(connection) = self.connection() else {
            return error;
        };
        // SQLite ends the transaction by itself where it can't go on, as on a full disk.
        let ended = connection.is_autocommit();
        let undone = match (ended, self.uncommitted) {
            (true, _) => Ok(()),
            // Nobody else can write while it lasts, and there is nothing in it.
            (false, 0) => connection.execute_batch("ROLLBACK"),
            (false, _) => connection.execute_batch("ROLLBACK TO batch; RELEASE batch"),
        };
        if let Err(undone) = undone {
            return error.context(failed(undone));
        }
        if ended && self.uncommitted > 0 {
            let lost = std::mem::take(&mut self.uncommitted);
            return error.context(format!("{lost} messages before are lost too"));
        }
        error
    }

    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        // Each row of ours needs the number of its own of theirs.
        if self.extended {
            return self.insert_each(connection, &self.collected);
        }
        let mut insert = connection.prepare_cached(&self.insert_many)?;
        for messages in self.collected.chunks(ROWS) {
            let is_data = |message: &Message| message.frame.kind() == Kind::Data;
            if messages.len() < ROWS || !messages.iter().all(is_data) {
                self.insert_each(connection, messages)?;
                continue;
            }
            let mut place = 1..;
            let mut next = || place.next().unwrap_or_default();
            for Message {
                frame, timestamp, ..
            } in messages
            {
                insert.raw_bind_parameter(next(), timestamp.as_seconds())?;
                insert.raw_bind_parameter(next(), frame.id().raw())?;
                insert.raw_bind_parameter(next(), frame.id().is_extended())?;
                insert.raw_bind_parameter(next(), frame.dlc_len() as i64)?;
                insert.raw_bind_parameter(next(), frame.payload())?;
            }
            insert.raw_execute()?;
        }
        Ok(())
    }

    fn insert_each(&self, connection: &Connection, messages: &[Message]) -> rusqlite::Result<()> {
        let Tables {
            messages: table,
            extra,
            ..
        } = &self.tables;
        // One for each set of flags, which then need not be handed over with every row.
        let mut inserts = [const { None }; 8];
        let mut insert_extra = None;
        if self.extended {
            insert_extra = Some(connection.prepare_cached(&format!(
                "INSERT INTO {extra} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            ))?);
        }
        for message in messages {
            let frame = &message.frame;
            let [wide, remote, error] = [
                frame.id().is_extended(),
                frame.is_remote(),
                frame.is_error(),
            ]
            .map(u8::from);
            let insert = match &mut inserts[usize::from(wide << 2 | remote << 1 | error)] {
                Some(insert) => insert,
                none => none.insert(connection.prepare_cached(&format!(
                    "INSERT INTO {table} \
                     (ts, arbitration_id, extended, remote, error, dlc, data) \
                     VALUES (?1, ?2, {wide}, {remote}, {error}, ?3, ?4)"
                ))?),
            };
            insert.execute(params![
                message.timestamp.as_seconds(),
                frame.id().raw(),
                frame.dlc_len() as i64,
                frame.payload(),
            ])?;
            if let Some(insert) = &mut insert_extra {
                insert_rest(insert, connection.last_insert_rowid(), message)?;
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.put_in()?;
        if self.uncommitted > 0 {
            self.connection()?.execute_batch("COMMIT").map_err(failed)?;
            self.uncommitted = 0;
            self.tell_size();
        }
        Ok(())
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        if !self.extended {
            table::check_standard(&message.frame)?;
        }
        self.collected.push(*message);
        if self.collected.len() >= BATCH {
            self.put_in()?;
            if self.uncommitted >= MOST_UNCOMMITTED {
                self.commit()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.commit()
    }

    fn finish(&mut self) -> Result<()> {
        self.commit()?;
        if let Some(connection) = self.connection.take() {
            // One file, as it was before. It can't be while another program reads; then that one
            // clears up when it closes.
            let mode = format!("PRAGMA journal_mode={}", self.journal_mode);
            let restored: rusqlite::Result<String> =
                connection.query_row(&mode, (), |row| row.get(0));
            if let Err(error) = restored {
                log::debug!("{}: {error}", self.path.display());
            }
            connection.close().map_err(|(_, error)| failed(error))?;
        }
        self.tell_size();
        Ok(())
    }
}

/// The statement that puts in many data frames.
fn insert_many(table: &str) -> String {
    let rows = vec!["(?, ?, ?, 0, 0, ?, ?)"; ROWS].join(", ");
    format!(
        "INSERT INTO {table} (ts, arbitration_id, extended, remote, error, dlc, data) \
         VALUES {rows}"
    )
}

/// Refuses to replace a database that holds more than a log.
fn refuse_foreign(path: &Path, tables: &Tables) -> Result<()> {
    let Ok(connection) = Connection::open(path) else {
        return Ok(());
    };
    match tables.others(&connection) {
        Ok(others) if !others.is_empty() => Err(Error::invalid(format!(
            "it holds other tables ({}), so it is not replaced; append to it, or remove it first",
            others.join(", ")
        ))),
        // No database, or a damaged one, is replaced as every file is.
        _ => Ok(()),
    }
}

fn insert_rest(insert: &mut Statement<'_>, row: i64, message: &Message) -> rusqlite::Result<()> {
    let extra = Extra::of(&message.frame, message.channel, message.direction);
    insert.execute(params![
        row,
        message.timestamp.as_nanos(),
        extra.channel.map_or(Value::Null, value),
        extra.direction == Direction::Rx,
        extra.fd,
        extra.brs,
        extra.esi,
        extra.raw_dlc,
    ])?;
    Ok(())
}

fn value(channel: Channel) -> Value {
    match channel.as_number() {
        Some(number) => Value::Integer(i64::from(number)),
        None => Value::Text(channel.name().unwrap_or_default().into()),
    }
}

#[cfg(test)]
mod tests;
