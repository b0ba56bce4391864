//! One error type for the whole house: a kind that says what the caller can do, a message that
//! says what happened, and where there is one the code that the system or the vendor gave.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::{fmt, io};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, named by what the caller can do about it.
///
/// In brackets: the exception of python-can that stands for the same case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The backend or format is unknown, was built without its feature, or needs something that
    /// is not installed; the message says what (`CanInterfaceNotImplementedError`).
    BackendUnavailable,
    /// The bus could not be opened: wrong channel, device in use, no permission
    /// (`CanInitializationError`). Mend the cause and open again.
    OpenFailed,
    /// An operation on an open bus failed (`CanOperationError`). The bus may still be usable.
    OperationFailed,
    /// The time that the caller allowed was up (`CanTimeoutError`). Nothing was done; try again.
    Timeout,
    /// The bus was closed by this program (`CanOperationError`). Open a new one.
    Closed,
    /// The device has gone: unplugged, interface removed, server hung up (`CanOperationError`).
    DeviceLost,
    /// This backend or format cannot do it (`NotImplementedError`). Nothing was sent or written.
    Unsupported,
    /// A value that the caller gave is not allowed; the message names it (`ValueError`).
    InvalidInput,
    /// A file or a peer's bytes break their format; the message names the line or byte offset
    /// (`ValueError`).
    Malformed,
    /// The operating system refused to read or write (`OSError`).
    Io,
}

/// An error: kind, message, optional numeric code, optional cause.
///
/// ```
/// use canbus::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::OpenFailed, "bus heavy").with_code(8);
/// let error = error.context("pcan: cannot open PCAN_USBBUS1");
/// assert_eq!(error.to_string(), "pcan: cannot open PCAN_USBBUS1: bus heavy [Error Code 8]");
/// assert_eq!(error.kind(), ErrorKind::OpenFailed);
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    code: Option<i64>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind with this message.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            source: None,
        }))
    }

    /// A value of the caller's that is not allowed.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::InvalidInput, message)
    }

    /// Bytes that break their format.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Malformed, message)
    }

    /// The same error with the number that the system or the vendor library gave.
    #[must_use]
    pub fn with_code(mut self, code: i64) -> Error {
        self.0.code = Some(code);
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// The same error as another kind; for the edge where a plain I/O error gets its meaning.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }

    /// The same error with `what: ` before its message: what was being done, or the file's name.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Error {
        self.0.message = format!("{what}: {}", self.0.message).into();
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without the code.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The number that the system or the vendor library gave.
    pub fn code(&self) -> Option<i64> {
        self.0.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match self.0.code {
            Some(code) => write!(f, " [Error Code {code}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("code", &self.0.code)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<io::Error> for Error {
    /// Keeps the system's message and error number. The kind is `Io`, or `Timeout` for an
    /// operation that ran out of time.
    fn from(error: io::Error) -> Error {
        let kind = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorKind::Timeout,
            _ => ErrorKind::Io,
        };
        // The code stands in the message already ("No such file (os error 2)").
        Error::new(kind, error.to_string()).with_source(error)
    }
}

/// Adds what was being done to an error on its way up.
pub(crate) trait Context<T> {
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_keep_their_cause_and_become_io_or_timeout() {
        let error: Error = io::Error::from_raw_os_error(2).into();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("os error 2"));
        assert!(error.source().is_some());
        let late: Error = io::Error::from(io::ErrorKind::TimedOut).into();
        assert_eq!(late.kind(), ErrorKind::Timeout);
        let busy: Error = io::Error::from(io::ErrorKind::WouldBlock).into();
        assert_eq!(busy.kind(), ErrorKind::Timeout);
    }

    #[test]
    fn context_stands_before_the_message_and_the_code_after_it() {
        let result: Result<()> = Err(Error::invalid("x").with_code(-3));
        let error = result.context("file.log, line 4").expect_err("an error");
        assert_eq!(error.to_string(), "file.log, line 4: x [Error Code -3]");
        assert_eq!(error.message(), "file.log, line 4: x");
        assert_eq!(error.code(), Some(-3));
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.source().is_none());
    }

    #[test]
    fn debug_shows_every_part() {
        let error = Error::malformed("bad")
            .with_code(7)
            .with_kind(ErrorKind::Io);
        let shown = format!("{error:?}");
        for part in ["Io", "bad", "7", "None"] {
            assert!(shown.contains(part), "{shown}");
        }
    }
}
