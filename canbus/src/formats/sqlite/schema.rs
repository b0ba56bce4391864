//! The tables: their names, what is in them, how they come to be.

use super::database::failed;
use crate::error::{Error, Result};
use crate::options::Options;
use rusqlite::Connection;

/// python-can's columns.
const COLUMNS: [&str; 7] = [
    "ts",
    "arbitration_id",
    "extended",
    "remote",
    "error",
    "dlc",
    "data",
];

/// The same as they are made by python-can and by us, without blanks.
const PLAIN: &str = "(tsREAL,arbitration_idINTEGER,extendedINTEGER,remoteINTEGER,errorINTEGER,\
                     dlcINTEGER,dataBLOB)";

/// The table of messages and that of what python-can leaves out, both ready to be put into a
/// statement.
pub(super) struct Tables {
    /// As it was given.
    name: String,
    pub(super) messages: String,
    pub(super) extra: String,
}

impl Tables {
    /// Those that the options name.
    ///
    /// # Errors
    /// `InvalidInput` for a name that no table can have.
    pub(super) fn of(options: &Options) -> Result<Tables> {
        let name = options.text("table_name").unwrap_or("messages").to_string();
        let reserved = name.to_ascii_lowercase().starts_with("sqlite_");
        if name.is_empty() || name.contains('\0') || reserved {
            return Err(Error::invalid(format!(
                "option table_name is {name:?}, but expected a name that does not begin with \
                 sqlite_"
            )));
        }
        Ok(Tables {
            messages: quoted(&name),
            extra: quoted(&extra_of(&name)),
            name,
        })
    }

    /// Makes the tables where they are not there yet, and sees that they can be written to.
    ///
    /// # Errors
    /// `Malformed` for a table of this name with other columns, `Io`.
    pub(super) fn make(&self, connection: &Connection, extended: bool) -> Result<()> {
        let messages = format!(
            "CREATE TABLE IF NOT EXISTS {} (ts REAL, arbitration_id INTEGER, extended INTEGER, \
             remote INTEGER, error INTEGER, dlc INTEGER, data BLOB)",
            self.messages
        );
        connection.execute_batch(&messages).map_err(failed)?;
        self.check(connection)?;
        if extended {
            // The channel has no type: a number stays one, and a name of digits a name.
            let extra = format!(
                "CREATE TABLE IF NOT EXISTS {} (message INTEGER PRIMARY KEY, timestamp_ns INTEGER, \
                 channel, is_rx INTEGER, is_fd INTEGER, bitrate_switch INTEGER, \
                 error_state_indicator INTEGER, raw_dlc INTEGER)",
                self.extra
            );
            connection.execute_batch(&extra).map_err(failed)?;
        }
        Ok(())
    }

    /// Checks that the table of messages is there with its columns.
    ///
    /// # Errors
    /// `Malformed`, with the tables that are there or the column that is not.
    pub(super) fn check(&self, connection: &Connection) -> Result<()> {
        let sql = "SELECT name FROM pragma_table_info(?1)";
        let columns = texts(connection, sql, &[&self.name])?;
        if columns.is_empty() {
            return Err(self.missing(connection));
        }
        let has = |name: &&str| {
            columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(name))
        };
        match COLUMNS.iter().find(|name| !has(name)) {
            None => Ok(()),
            Some(missing) => Err(Error::malformed(format!(
                "the table {} has no column {missing}; expected {}",
                self.messages,
                COLUMNS.join(", ")
            ))),
        }
    }

    /// Where the tree of the messages begins, if the table was made with python-can's columns and
    /// nothing else.
    ///
    /// # Errors
    /// `Malformed` for a damaged database, `Io`.
    pub(super) fn plain_root(&self, connection: &Connection) -> Result<Option<u32>> {
        let sql = "SELECT rootpage, sql FROM sqlite_schema WHERE type = 'table' \
                   AND name = ?1 COLLATE NOCASE";
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let found = statement.query_map([&self.name], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Vec<(u32, String)> = found
            .map_err(failed)?
            .collect::<rusqlite::Result<_>>()
            .map_err(failed)?;
        let [(root, sql)] = &found[..] else {
            return Ok(None);
        };
        let columns = sql.rfind('(').map_or("", |at| &sql[at..]);
        let plain: String = columns.split_whitespace().collect();
        let is_plain = sql.starts_with("CREATE TABLE ") && plain.eq_ignore_ascii_case(PLAIN);
        Ok(is_plain.then_some(*root))
    }

    fn missing(&self, connection: &Connection) -> Error {
        let hint = match others(connection, "") {
            Ok(tables) => format!(
                "there are {}; the option table_name chooses one",
                tables.join(", ")
            ),
            Err(error) => error.to_string(),
        };
        Error::malformed(format!("there is no table {}; {hint}", self.messages))
    }

    /// Whether there is what python-can leaves out.
    ///
    /// # Errors
    /// `Malformed` for a damaged database, `Io`.
    pub(super) fn have_extra(&self, connection: &Connection) -> Result<bool> {
        let sql = "SELECT name FROM pragma_table_info(?1)";
        let columns = texts(connection, sql, &[&extra_of(&self.name)])?;
        Ok(columns.iter().any(|name| name == "message"))
    }

    /// Tables that are not of this log.
    ///
    /// # Errors
    /// `Malformed` for a damaged database, `Io`.
    pub(super) fn others(&self, connection: &Connection) -> Result<Vec<String>> {
        let mut others = others(connection, &self.name)?;
        others.retain(|name| !name.eq_ignore_ascii_case(&extra_of(&self.name)));
        Ok(others)
    }
}

/// Whether a database holds nothing yet.
pub(super) fn has_no_tables(connection: &Connection) -> Result<bool> {
    Ok(others(connection, "")?.is_empty())
}

fn others(connection: &Connection, but: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND lower(name) <> lower(?1)";
    texts(connection, sql, &[but])
}

fn texts(connection: &Connection, sql: &str, parameters: &[&str]) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let parameters = rusqlite::params_from_iter(parameters);
    let found = statement
        .query_map(parameters, |row| row.get(0))
        .map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn extra_of(name: &str) -> String {
    format!("{name}_extra")
}

/// An identifier of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
