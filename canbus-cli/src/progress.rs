//! A bar that shows how far the reading of a file has come, for work that takes a while.

use canbus::formats::ReadReport;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is done within this time needs no bar.
const LATE: Duration = Duration::from_secs(1);
/// How often the bar moves.
const STEP: Duration = Duration::from_millis(100);

/// A bar on the standard error, which appears after a second, and only on a terminal.
pub(crate) struct Progress {
    done: Box<dyn Fn() -> u64>,
    size: u64,
    next: Instant,
    bar: ProgressBar,
    hidden: bool,
}

impl Progress {
    /// A bar for the reading of a file; `hidden` for none.
    pub(crate) fn new(report: Arc<ReadReport>, hidden: bool) -> Progress {
        let size = report.size();
        Progress {
            hidden,
            ..Progress::of(size, move || report.bytes())
        }
    }

    /// A bar for something of this size, of which `done` says how much is done.
    pub(crate) fn of(size: u64, done: impl Fn() -> u64 + 'static) -> Progress {
        Progress {
            done: Box::new(done),
            size,
            next: Instant::now() + LATE,
            bar: ProgressBar::hidden(),
            hidden: false,
        }
    }

    /// Moves the bar, if it is time.
    pub(crate) fn tick(&mut self) {
        let now = Instant::now();
        // Without the size there is nothing to show the part of.
        if self.hidden || now < self.next || self.size == 0 {
            return;
        }
        self.next = now + STEP;
        if self.bar.length().is_none() {
            self.bar = ProgressBar::new(self.size);
            self.bar.set_style(style());
        }
        self.bar.set_position((self.done)());
    }

    /// Does something that writes to the terminal, with the bar out of the way.
    pub(crate) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line on the standard error for work of which nobody knows how much is still to come; it appears
/// as a bar does.
pub(crate) struct Line {
    next: Instant,
    bar: ProgressBar,
    is_shown: bool,
    hidden: bool,
}

impl Line {
    /// A line; `hidden` for none.
    pub(crate) fn new(hidden: bool) -> Line {
        Line {
            next: Instant::now() + LATE,
            bar: ProgressBar::hidden(),
            is_shown: false,
            hidden,
        }
    }

    /// Shows how far the work has come, if it is time.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        let now = Instant::now();
        if self.hidden || now < self.next {
            return;
        }
        self.next = now + STEP;
        if !self.is_shown {
            self.is_shown = true;
            self.bar = ProgressBar::new_spinner();
            if let Ok(plain) = ProgressStyle::with_template("{msg}") {
                self.bar.set_style(plain);
            }
        }
        self.bar.set_message(text());
    }

    /// Does something that writes to the terminal, with the line out of the way.
    pub(crate) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the line.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
