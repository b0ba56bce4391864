//! What to do about a damaged log: say where, go on with what is intact, count, and fail at the
//! end.

use crate::console::Console;
use crate::summary::counted;
use canbus::formats::ReadReport;
use canbus::{Error, ErrorKind};
use std::path::Path;

/// How many damaged places are shown; the rest is counted.
const SHOWN: u64 = 10;

/// What a log has that could not be read.
pub(crate) struct Damage {
    console: Console,
    places: u64,
    unsupported: u64,
    strict: bool,
    /// What was said of the first of them.
    first: Vec<String>,
}

impl Damage {
    pub(crate) fn new(console: Console) -> Damage {
        Damage {
            console,
            places: 0,
            unsupported: 0,
            strict: false,
            first: Vec::new(),
        }
    }

    /// Whether the first damage ends the work.
    pub(crate) fn strict(self, strict: bool) -> Damage {
        Damage { strict, ..self }
    }

    /// Takes an error of a reader: a damaged place, or a frame of a kind that is not supported,
    /// is said and counted; anything else is given back.
    pub(crate) fn take(&mut self, error: Error) -> Result<(), Error> {
        match error.kind() {
            _ if self.strict => return Err(error),
            ErrorKind::Malformed => self.places += 1,
            ErrorKind::Unsupported => self.unsupported += 1,
            _ => return Err(error),
        }
        let count = self.places + self.unsupported;
        if count <= SHOWN {
            self.console.say(format_args!("warning: {error}"));
            self.first.push(error.to_string());
        } else if count == SHOWN + 1 {
            self.console.say("warning: what follows is only counted");
        }
        Ok(())
    }

    /// Says so if the log ends in the middle of a record, which is no damage: so end the logs of
    /// programs that were killed.
    pub(crate) fn look_at_end(&self, report: &ReadReport, path: &Path) {
        if report.is_truncated() {
            self.console.say(format_args!(
                "note: {} ends in the middle of a record; what comes before is intact",
                path.display()
            ));
        }
    }

    /// Says so if the log has a date from which times do not count, as is python-can's default.
    pub(crate) fn look_at_date(&self, report: &ReadReport, path: &Path) {
        if report.is_date_left_out() {
            self.console.say(format_args!(
                "note: {} has a date, but its times are taken to count from 0; the reader's option \
                 relative_timestamp=false takes the date",
                path.display()
            ));
        }
    }

    /// How many damaged places there were.
    pub(crate) fn places(&self) -> u64 {
        self.places
    }

    /// How many frames there were of a kind that is not supported.
    pub(crate) fn unsupported(&self) -> u64 {
        self.unsupported
    }

    /// What was said of the first of both.
    pub(crate) fn first(&self) -> &[String] {
        &self.first
    }

    /// "3 damaged places"; nothing if all is intact.
    pub(crate) fn summary(&self) -> Vec<String> {
        let counts = [
            (self.places, "damaged place"),
            (self.unsupported, "unsupported frame"),
        ];
        let found = counts.into_iter().filter(|(count, _)| *count > 0);
        found.map(|(count, noun)| counted(count, noun)).collect()
    }
}
