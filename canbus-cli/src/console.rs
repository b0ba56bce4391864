//! What a command says to people: lines on the standard error, its name before each. The standard
//! output is for frames and answers only.

use crate::args::Verbosity;
use canbus::Error;
use log::{Level, LevelFilter};
use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, Write};

/// Speaks for one command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    command: &'static str,
}

impl Console {
    pub(crate) fn new(command: &'static str) -> Console {
        Console { command }
    }

    /// Says a line. If nobody can hear it, the work goes on.
    pub(crate) fn say(self, text: impl Display) {
        let _ = writeln!(anstream::stderr(), "canbus {}: {text}", self.command);
    }

    /// Says what went wrong, and its causes as far as the message does not tell them already.
    pub(crate) fn say_error(self, error: &Error) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            let told = deeper.to_string();
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = deeper.source();
        }
        self.say(text);
    }

    /// Shows log records of the library and this command: warnings, more with `-v`, or as the
    /// environment variable `RUST_LOG` says.
    pub(crate) fn start_logging(self, verbosity: Verbosity) {
        let level = match verbosity.verbose {
            0 => LevelFilter::Warn,
            1 => LevelFilter::Info,
            2 => LevelFilter::Debug,
            _ => LevelFilter::Trace,
        };
        let command = self.command;
        env_logger::Builder::new()
            .filter_level(level)
            .parse_default_env()
            .format(move |out, record| {
                let style = out.default_level_style(record.level());
                let level = match record.level() {
                    Level::Error => "error",
                    Level::Warn => "warning",
                    Level::Info => "info",
                    Level::Debug => "debug",
                    Level::Trace => "trace",
                };
                let text = record.args();
                writeln!(out, "canbus {command}: {style}{level}{style:#}: {text}")
            })
            .init();
    }
}

/// Whether writing failed because nobody reads any more, as in `canbus logger | head`.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use canbus::ErrorKind;

    #[test]
    fn a_broken_pipe_is_known_by_its_cause_whatever_stands_before_it() {
        let broken = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&broken.context("standard output")));
        let full = Error::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(!is_broken_pipe(&full));
        assert!(!is_broken_pipe(&Error::new(ErrorKind::Io, "broken pipe")));
    }
}
