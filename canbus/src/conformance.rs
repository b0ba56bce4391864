//! The suite that every backend passes: the contract of a bus, one check for each of its rules.
//!
//! A backend of another crate runs it too. It says how two connected buses are opened, and the
//! suite tests what their [`Capabilities`] declare, and that what they do not declare is refused:
//!
//! ```
//! use canbus::conformance::{PairOptions, Subject};
//! use canbus::{Bus, Result};
//!
//! fn open_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
//!     let open = || {
//!         let mut bus = Bus::builder("virtual").option("channel", "doc-conformance");
//!         if options.receive_own_messages {
//!             bus = bus.option("receive_own_messages", true);
//!         }
//!         if options.listen_only {
//!             bus = bus.option("listen_only", true);
//!         }
//!         if let Some(frames) = options.queue {
//!             bus = bus.option("rx_queue_size", i64::try_from(frames).unwrap_or(i64::MAX));
//!         }
//!         bus.open()
//!     };
//!     Ok((open()?, open()?))
//! }
//!
//! let report = Subject::new("virtual", open_pair).run_matching("frames");
//! assert!(report.failed.is_empty(), "{report}");
//! ```

mod delivery;
mod filters;
mod frames;
mod lifecycle;
mod load;
mod notifier;
mod periodic;
mod timing;

use crate::bus::Bus;
use crate::driver::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Id};
use crate::message::Message;
use std::fmt;
use std::time::Duration;

/// How the suite wants a pair of buses to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PairOptions {
    /// The first bus delivers its own frames to itself.
    pub receive_own_messages: bool,
    /// The second bus cannot send.
    pub listen_only: bool,
    /// The second bus has room for about so few received frames, so that they are lost when
    /// nobody reads. The first one is to have room for 20,000 at least.
    pub queue: Option<usize>,
}

/// Opens two buses that hear each other, on a wire that nobody else uses.
pub type OpenPair = fn(&PairOptions) -> Result<(Bus, Bus)>;

/// A backend under test.
#[derive(Debug, Clone)]
pub struct Subject {
    name: String,
    open_pair: OpenPair,
    patience: Duration,
}

/// What became of the checks.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The names of the checks that passed.
    pub passed: Vec<&'static str>,
    /// The checks that failed, each with what was seen.
    pub failed: Vec<(&'static str, String)>,
    /// The checks that do not apply to the backend, each with the reason.
    pub skipped: Vec<(&'static str, &'static str)>,
}

/// One rule of the contract.
struct Check {
    name: &'static str,
    /// What the backend must be able to do for the rule to apply, and how that is called.
    needs: Option<(Able, &'static str)>,
    run: fn(&Subject) -> Outcome,
}

impl Check {
    const fn new(name: &'static str, run: fn(&Subject) -> Outcome) -> Check {
        Check {
            name,
            needs: None,
            run,
        }
    }

    const fn needs(self, able: Able, what: &'static str) -> Check {
        Check {
            needs: Some((able, what)),
            ..self
        }
    }
}

type Able = fn(&Capabilities) -> bool;
type Outcome = std::result::Result<(), Failure>;

/// Why a check failed.
struct Failure(String);

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure(format!("unexpected error: {error} ({:?})", error.kind()))
    }
}

/// Fails the check unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::conformance::Failure(format!($($message)+)));
        }
    };
}
use ensure;

impl Subject {
    /// A backend that opens its pairs like this.
    pub fn new(name: impl Into<String>, open_pair: OpenPair) -> Subject {
        Subject {
            name: name.into(),
            open_pair,
            patience: Duration::from_secs(2),
        }
    }

    /// How long to wait for a frame that must come; 2 s unless told otherwise.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Subject {
        Subject { patience, ..self }
    }

    /// Runs every check.
    pub fn run(&self) -> Report {
        self.run_matching("")
    }

    /// Runs the checks whose name contains this text.
    pub fn run_matching(&self, part: &str) -> Report {
        let mut report = Report::default();
        let capabilities = match self.open() {
            Ok((first, _)) => first.describe().capabilities,
            Err(Failure(why)) => {
                report.failed.push(("a_pair_of_buses_opens", why));
                return report;
            }
        };
        let groups = [
            frames::CHECKS,
            delivery::CHECKS,
            filters::CHECKS,
            timing::CHECKS,
            lifecycle::CHECKS,
            load::CHECKS,
            notifier::CHECKS,
            periodic::CHECKS,
        ];
        for check in groups.into_iter().flatten() {
            if !check.name.contains(part) {
                continue;
            }
            match check.needs {
                Some((able, what)) if !able(&capabilities) => {
                    report.skipped.push((check.name, what));
                }
                _ => match (check.run)(self) {
                    Ok(()) => report.passed.push(check.name),
                    Err(Failure(why)) => report.failed.push((check.name, why)),
                },
            }
        }
        report
    }

    fn open(&self) -> std::result::Result<(Bus, Bus), Failure> {
        self.open_with(PairOptions::default())
    }

    fn open_with(&self, options: PairOptions) -> std::result::Result<(Bus, Bus), Failure> {
        let opened = (self.open_pair)(&options);
        opened.map_err(|error| Failure(format!("{}: cannot open a pair: {error}", self.name)))
    }

    /// The next message, which must come.
    fn next(&self, bus: &Bus) -> std::result::Result<Message, Failure> {
        let received = bus.recv(self.patience)?;
        received.ok_or_else(|| Failure(format!("no message within {:?}", self.patience)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.failed {
            writeln!(f, "FAILED {name}: {why}")?;
        }
        for (name, why) in &self.skipped {
            writeln!(f, "skipped {name}: the backend does not declare {why}")?;
        }
        let Report {
            passed,
            failed,
            skipped,
        } = self;
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            passed.len(),
            failed.len(),
            skipped.len()
        )
    }
}

/// A frame that carries a number, so that frames can be told apart.
fn numbered(number: u32) -> Result<Frame> {
    Frame::data(Id::standard(number & 0x7FF)?, &number.to_be_bytes())
}

/// The number that a frame carries.
fn number_of(message: &Message) -> Option<u32> {
    let bytes = message.frame.payload().first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// Fails unless it is an error of this kind.
fn expect_error<T>(result: Result<T>, kind: ErrorKind, doing: &str) -> Outcome {
    match result {
        Ok(_) => Err(Failure(format!(
            "{doing} gave no error, but {kind:?} was expected"
        ))),
        Err(error) => {
            ensure!(
                error.kind() == kind,
                "{doing} gave {:?} ({error}), but {kind:?} was expected",
                error.kind()
            );
            Ok(())
        }
    }
}
