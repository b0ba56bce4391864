//! The arguments of a ring: what is kept in memory, and what has it written.

use crate::args::{self, trigger::Trigger};
use canbus::{RingLogger, RingLoggerBuilder};
use std::path::Path;
use std::time::Duration;

/// Keep frames in memory only, and write a file when something happens.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Ring")]
pub(super) struct RingArgs {
    /// Keep the frames of the last time in memory, and write them to a file when triggered, with
    /// the time in its name: 30s, 10m
    #[arg(long, value_name = "TIME", value_parser = args::time, allow_negative_numbers = true)]
    #[arg(requires = "file", conflicts_with_all = ["append", "file_size", "file_time", "file_at",
          "file_frames", "keep_files", "keep_size"])]
    pub(super) ring: Option<Duration>,

    /// Keep at most so many frames in memory
    #[arg(long, alias = "ring_frames", value_name = "FRAMES", value_parser = args::whole::<usize>)]
    #[arg(requires = "ring", allow_negative_numbers = true)]
    ring_frames: Option<usize>,

    /// Use at most so much memory for frames: 20k, 64M, 1G; 64 MiB unless told otherwise
    #[arg(long, alias = "ring_size", value_name = "BYTES", value_parser = args::bytes)]
    #[arg(requires = "ring", allow_negative_numbers = true)]
    ring_size: Option<u64>,

    /// Write when such a frame comes, which is given as for --start-on; the signal SIGUSR1 does it
    /// in any case
    #[arg(long, value_name = "FRAME", num_args = 1.., requires = "ring")]
    trigger: Vec<Trigger>,

    /// Go on writing for this time after the trigger
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = args::time)]
    #[arg(requires = "ring", allow_negative_numbers = true)]
    after: Duration,
}

impl RingArgs {
    /// The ring that is asked for, if one is.
    pub(super) fn of(&self, path: &Path) -> Option<RingLoggerBuilder> {
        let mut ring = RingLogger::builder(path).last(self.ring?).after(self.after);
        if let Some(frames) = self.ring_frames {
            ring = ring.last_messages(frames);
        }
        if let Some(bytes) = self.ring_size {
            ring = ring.memory(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        for trigger in self.trigger.clone() {
            ring = ring.trigger(move |message| trigger.matches(message));
        }
        Some(ring)
    }
}
