//! Opening databases: for reading whatever state they were left in, for writing so that a kill
//! loses nothing that was committed.

use super::plain::record;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::formats::input::OnDisk;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// What every database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long another program's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database that is read.
pub(super) struct Database {
    pub(super) connection: Connection,
    /// What its first page said before it was opened.
    pub(super) header: Header,
    /// Where the file ends in the middle of a page: the rows of which that cuts something off, and
    /// which `SQLite` would fill up with zeros.
    pub(super) torn: Option<Vec<i64>>,
    /// Where a copy lies that had to be put in order first; goes with this.
    copy: Option<TempDir>,
}

impl Database {
    /// Opens a database and leaves its files as they are.
    ///
    /// # Errors
    /// `Malformed` if it is none, `Io`.
    pub(super) fn open(disk: &OnDisk) -> Result<Database> {
        let header = Header::of(&mut disk.open()?).context(disk.name())?;
        let header = header
            .ok_or_else(|| Error::malformed("it is not an SQLite database").context(disk.name()))?;
        let path = disk.path();
        let connection = if header.wal && !has_content(&beside(path, "-wal")) {
            // Nobody is writing; to open it as usual would leave two files beside it.
            open_unchanging(path)?
        } else {
            Connection::open_with_flags(path, read_only()).map_err(failed)?
        };
        let cut = header.cut && !is_unfinished(path);
        let mut database = Database {
            connection,
            torn: None,
            header,
            copy: None,
        };
        if cut {
            disk.report().note_truncated();
            let last = last_page(&mut disk.open()?, database.header.page_size)?;
            database.torn = (!last.is_empty()).then(|| record::torn_rows(&last));
        }
        if let Err(error) = database.try_out(cut) {
            // What a killed writer left has to be rolled back, which needs the right to write:
            // into a copy.
            if !is_unfinished(path) {
                return Err(error);
            }
            database = Database::of_copy(path, database.header)?;
            database.try_out(cut)?;
        }
        Ok(database)
    }

    /// Whether it is the file itself, and no copy of it.
    pub(super) fn is_original(&self) -> bool {
        self.copy.is_none()
    }

    /// Does something while nobody can change the file.
    ///
    /// # Errors
    /// `Io`, such as where another program keeps the file locked.
    pub(super) fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> Result<T> {
        let connection = &self.connection;
        let transaction = connection.unchecked_transaction().map_err(failed)?;
        // Only who has read something keeps writers away.
        let look = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)";
        let looked: rusqlite::Result<i64> = connection.query_row(look, (), |row| row.get(0));
        looked.map_err(failed)?;
        let done = work();
        transaction.finish().map_err(failed)?;
        Ok(done)
    }

    /// Whether anything can be read at all.
    fn try_out(&self, cut: bool) -> Result<()> {
        let connection = &self.connection;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        if cut {
            // Else SQLite gives nothing of a file that is shorter than it says.
            let salvage = "PRAGMA writable_schema=ON";
            connection.execute_batch(salvage).map_err(failed)?;
        }
        let count = "SELECT count(*) FROM sqlite_schema";
        let counted: rusqlite::Result<i64> = connection.query_row(count, (), |row| row.get(0));
        counted.map(drop).map_err(failed)
    }

    fn of_copy(path: &Path, header: Header) -> Result<Database> {
        let folder = tempfile::Builder::new()
            .prefix("canbus-")
            .tempdir()
            .context("a temporary folder")?;
        let copy = folder.path().join("copy.db");
        for suffix in ["", "-journal", "-wal"] {
            let from = beside(path, suffix);
            if from.exists() {
                fs::copy(&from, beside(&copy, suffix)).context(from.display())?;
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Database {
            connection: Connection::open_with_flags(&copy, flags).map_err(failed)?,
            header,
            torn: None,
            copy: Some(folder),
        })
    }
}

/// What the first page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) page_size: usize,
    /// Whether writers keep a write-ahead log.
    wal: bool,
    /// Whether the file is shorter than it says.
    cut: bool,
    /// Whether pages are as they have been since 2004, with nothing kept behind them.
    usual: bool,
    /// How often the file was changed, and how often its tables were.
    pub(super) changes: u32,
    schema: u32,
}

impl Header {
    /// What a file begins with; `None` if it is no database.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn of(file: &mut File) -> Result<Option<Header>> {
        let size = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::with_capacity(100);
        file.by_ref().take(100).read_to_end(&mut bytes)?;
        if !bytes.starts_with(MAGIC) || bytes.len() < 100 {
            return Ok(None);
        }
        let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|step| bytes[at + step]));
        let page_size = match number(14) & 0xFFFF {
            1 => 1 << 16,
            size => size,
        };
        // The number of pages counts if the same program wrote it that changed the file last.
        let pages = if number(24) == number(92) {
            number(28)
        } else {
            0
        };
        Ok(Some(Header {
            page_size: page_size as usize,
            // The version for readers; that for writers stands before it.
            wal: bytes[19] == 2,
            cut: size < u64::from(pages) * u64::from(page_size)
                || size
                    .checked_rem(page_size.into())
                    .is_some_and(|rest| rest > 0),
            usual: bytes[18..24] == [1, 1, 0, 64, 32, 32] && page_size.is_power_of_two(),
            changes: number(24),
            schema: number(40),
        }))
    }

    /// Whether pages can be read without `SQLite`.
    pub(super) fn is_plain(&self) -> bool {
        self.usual && self.page_size >= 512 && !self.cut
    }

    /// Whether tables are where they were when the other header was read.
    pub(super) fn is_like(&self, other: &Header) -> bool {
        self.is_plain() && (self.page_size, self.schema) == (other.page_size, other.schema)
    }
}

fn read_only() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// A hexadecimal digit.
fn digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(value)]
}

/// Opens a file that nobody changes.
fn open_unchanging(path: &Path) -> Result<Connection> {
    let mut uri = String::from("file:");
    let text = path.to_string_lossy().replace('\\', "/");
    if text.as_bytes().get(1) == Some(&b':') {
        uri.push('/');
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte) {
            uri.push(byte as char);
        } else {
            uri.extend([b'%', digit(byte >> 4), digit(byte & 15)].map(char::from));
        }
    }
    uri.push_str("?immutable=1");
    let flags = read_only() | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(failed)
}

/// Opens or makes a database to write to, and says in which way its journal was kept before.
///
/// # Errors
/// `Malformed` if it is none, `Io`.
pub(super) fn open_to_write(path: &Path) -> Result<(Connection, String)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let mode = |sql: &str| connection.query_row(sql, (), |row| row.get(0));
    let before: String = mode("PRAGMA journal_mode").map_err(failed)?;
    if !is_unfinished(path) {
        refuse_cut(path, &connection)?;
    }
    // With a write-ahead log nobody who reads keeps the writer waiting. Where the file system
    // can't have one, SQLite stays with what it was.
    let _now: String = mode("PRAGMA journal_mode=WAL").map_err(failed)?;
    // A commit is in the system's hands, and a power failure leaves a database that is whole.
    connection
        .execute_batch("PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000")
        .map_err(failed)?;
    Ok((connection, before))
}

/// How large a database says that it is, with what was committed and not moved into its file yet.
///
/// # Errors
/// `Malformed` for a damaged database, `Io`.
pub(super) fn size_of(connection: &Connection) -> Result<u64> {
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let size: i64 = connection
        .query_row(pages, (), |row| row.get(0))
        .map_err(failed)?;
    Ok(size.unsigned_abs())
}

/// Refuses to continue a file that ends in the middle of a page, which `SQLite` would fill up with
/// zeros.
fn refuse_cut(path: &Path, connection: &Connection) -> Result<()> {
    let size = size_of(connection)?;
    // Not by a handle: closing one would drop the locks that this process has.
    let there = fs::metadata(path)?.len();
    if there < size {
        return Err(Error::malformed(
            "its end is cut off; convert what is intact into a new file, and continue that",
        ));
    }
    Ok(())
}

/// The file that `SQLite` keeps beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether a writer that is at work, or was killed, has put a part of the database beside it.
fn is_unfinished(path: &Path) -> bool {
    let has = |suffix| has_content(&beside(path, suffix));
    has("-journal") || has("-wal")
}

/// What there is of a page that the end of the file cuts; empty if there is none.
fn last_page(file: &mut File, page_size: usize) -> Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    let rest = size.checked_rem(page_size as u64).unwrap_or_default();
    file.seek(SeekFrom::Start(size - rest))?;
    let mut page = Vec::with_capacity(rest as usize);
    file.take(rest).read_to_end(&mut page)?;
    Ok(page)
}

fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.len() > 0)
}

/// Empties the file for a new database, with what `SQLite` kept beside it.
///
/// # Errors
/// `Io`.
pub(super) fn clear(path: &Path) -> Result<()> {
    for suffix in ["-journal", "-wal", "-shm"] {
        let file = beside(path, suffix);
        if file.exists() {
            fs::remove_file(&file).context(file.display())?;
        }
    }
    File::create(path)?;
    Ok(())
}

/// An error of `SQLite` as one of ours.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let kind = match code {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => ErrorKind::Malformed,
        _ => ErrorKind::Io,
    };
    let number = error.sqlite_error().map(|error| error.extended_code);
    let ours = Error::new(kind, format!("SQLite: {error}")).with_source(error);
    match number {
        Some(number) => ours.with_code(i64::from(number)),
        None => ours,
    }
}
