//! What to do about a damaged log: say where, go on with what is intact, count, and fail at the
//! end.

use crate::console::Console;
use crate::summary::counted;
use canbus::{Error, ErrorKind};

/// How many damaged places are shown; the rest is counted.
const SHOWN: u64 = 10;

/// The damaged places of a log.
pub(crate) struct Damage {
    console: Console,
    places: u64,
}

impl Damage {
    pub(crate) fn new(console: Console) -> Damage {
        Damage { console, places: 0 }
    }

    /// Takes an error of a reader: a damaged place is said and counted, anything else given back.
    pub(crate) fn take(&mut self, error: Error) -> Result<(), Error> {
        if error.kind() != ErrorKind::Malformed {
            return Err(error);
        }
        self.places += 1;
        if self.places <= SHOWN {
            self.console.say(format_args!("warning: {error}"));
        }
        if self.places == SHOWN + 1 {
            self.console
                .say("warning: further damaged places are only counted");
        }
        Ok(())
    }

    /// "3 damaged places"; `None` if all is intact.
    pub(crate) fn summary(&self) -> Option<String> {
        (self.places > 0).then(|| counted(self.places, "damaged place"))
    }
}
