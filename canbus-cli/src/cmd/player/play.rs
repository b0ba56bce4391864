//! Playing: each frame to its bus at its time, and what became of it all.

use super::lateness::Lateness;
use super::tally::{Tally, Wanted};
use super::target::Targets;
use super::{Args, DEFAULT_GAP};
use crate::console::{Console, is_broken_pipe};
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Line;
use crate::summary;
use canbus::formats::LogReader;
use canbus::{Bus, Channel, ErrorKind, Message, Replay, ReplayControl, Result, Schedule};
use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a bus may refuse a frame before it is looked whether to stop.
const SEND_SLICE: Duration = Duration::from_millis(200);
/// How long a bus may refuse a frame before that is told.
const STUCK: Duration = Duration::from_secs(2);

/// Sends a log, perhaps again and again.
pub(super) struct Player<'a> {
    args: &'a Args,
    path: &'a Path,
    console: Console,
    targets: Targets,
    control: ReplayControl,
    damage: Damage,
    lateness: Lateness,
    sent: u64,
    error_frames: u64,
    /// Frames of channels that go to no bus, and those channels.
    unmapped: (u64, Vec<Option<Channel>>),
    /// What the log had.
    tally: Tally,
    /// That the process goes on after it was stopped.
    continued: Arc<AtomicBool>,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        args: &'a Args,
        path: &'a Path,
        console: Console,
        targets: Targets,
        control: ReplayControl,
        continued: Arc<AtomicBool>,
    ) -> Player<'a> {
        Player {
            args,
            path,
            console,
            targets,
            control,
            damage: Damage::new(console),
            lateness: Lateness::default(),
            sent: 0,
            error_frames: 0,
            unmapped: (0, Vec::new()),
            tally: Tally::default(),
            continued,
        }
    }

    /// Plays the log as often as was asked for.
    pub(super) fn play_loops(
        &mut self,
        first: LogReader,
        again: impl FnMut() -> Result<LogReader>,
    ) -> Result<()> {
        let tally = RefCell::new(Tally::default());
        let played = self.play_rounds(&tally, first, again);
        self.tally = tally.into_inner();
        played
    }

    fn play_rounds(
        &mut self,
        tally: &RefCell<Tally>,
        first: LogReader,
        mut again: impl FnMut() -> Result<LogReader>,
    ) -> Result<()> {
        let mut log = Some(first);
        let mut round = 0;
        while self.args.loops.is_none_or(|loops| round < loops) && !self.control.is_stopped() {
            let log = match log.take() {
                Some(first) => first,
                None => again()?,
            };
            let before = self.sent;
            round += 1;
            tally.borrow_mut().rewind();
            self.play(log, round, tally)?;
            if self.sent == before && self.args.loops.is_none() {
                // Nothing to send, for ever and without a pause.
                break;
            }
        }
        Ok(())
    }

    fn play(&mut self, log: LogReader, round: u64, tally: &RefCell<Tally>) -> Result<()> {
        let prints = self.args.verbosity.verbose > 0;
        let report = log.report();
        let mut progress = Line::new(prints);
        let wanted = Wanted::new(self.args);
        let is_wanted = |message: &Message| wanted.has(message, &mut tally.borrow_mut());
        let log = log.filter(move |item| item.as_ref().map_or(true, is_wanted));
        let mut replay = Replay::new(log, self.schedule()).controlled_by(&self.control);
        let played = loop {
            let Some(item) = replay.next() else {
                break Ok(());
            };
            let done = match item {
                Ok(message) => {
                    // What a stopped process missed must not flood the bus.
                    if self.continued.swap(false, Ordering::Relaxed) {
                        self.control.shift_by_lateness();
                    }
                    progress.show(|| self.progress(round, &message, tally));
                    self.send(&message, replay.due(), prints, &progress)
                }
                Err(error) => progress.beside(|| self.damage.take(error)),
            };
            if done.is_err() {
                break done;
            }
        };
        progress.finish();
        self.damage.look_at_end(&report, self.path);
        played
    }

    /// How far it has come: "1200 frames sent, 12.0 s into the log". How much there is still to come
    /// is not known before the log is read to its end.
    fn progress(&self, round: u64, message: &Message, tally: &RefCell<Tally>) -> String {
        let frames = summary::counted(self.sent, "frame");
        let nanos = tally.borrow().behind_first(message.timestamp);
        let seconds = nanos as f64 / 1e9;
        let round = match self.args.loops {
            Some(1) => String::new(),
            Some(loops) => format!(", time {round} of {loops}"),
            None => format!(", time {round}"),
        };
        format!("{frames} sent, {seconds:.1} s into the log{round}")
    }

    fn schedule(&self) -> Schedule {
        // Gap and skip are times of this machine, and the replay divides all by its speed.
        let real = |time: Duration| {
            let seconds = time.as_secs_f64() * self.args.speed;
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
        };
        let schedule = if self.args.ignore_timestamps {
            Schedule::every(real(self.args.gap.unwrap_or(DEFAULT_GAP)))
        } else {
            Schedule::recorded().gap(real(self.args.gap.unwrap_or_default()))
        };
        schedule.skip(real(self.args.skip))
    }

    fn send(
        &mut self,
        message: &Message,
        due: Option<Instant>,
        prints: bool,
        progress: &Line,
    ) -> Result<()> {
        if message.frame.is_error() && !self.args.error_frames {
            self.error_frames += 1;
            return Ok(());
        }
        let Some(bus) = self.targets.of(message) else {
            self.unmapped.0 += 1;
            if !self.unmapped.1.contains(&message.channel) {
                self.unmapped.1.push(message.channel);
                progress.beside(|| self.console.say(left_out(message.channel)));
            }
            return Ok(());
        };
        let bus = bus.clone();
        let taken = self.take(&bus, message)?;
        if taken {
            self.sent += 1;
            if let Some(due) = due {
                self.lateness.note(due);
            }
        }
        if prints && taken {
            writeln!(std::io::stdout(), "{message}")?;
        }
        Ok(())
    }

    /// Sends a message; false if it was to stop before the bus took it.
    fn take(&self, bus: &Bus, message: &Message) -> Result<bool> {
        let mut waits = Some(Instant::now() + STUCK);
        loop {
            match bus.forward(message, SEND_SLICE) {
                Ok(()) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Timeout => {}
                Err(error) => return Err(error.context(format_args!("frame {}", self.sent + 1))),
            }
            if self.control.is_stopped() {
                return Ok(false);
            }
            if waits.is_some_and(|late| Instant::now() > late) {
                waits = None;
                let name = &bus.describe().summary;
                self.console.say(format_args!(
                    "warning: {name} takes no frames; still trying"
                ));
            }
        }
    }

    /// Says what became of it all.
    pub(super) fn end(&self, played: Result<()>, start: Instant) -> Result<(), Failure> {
        let took = start.elapsed();
        let closed = self.targets.shutdown();
        let failed = played.and(closed);
        if let Err(error) = failed {
            if is_broken_pipe(&error) {
                return Ok(());
            }
            self.console.say_error(&error);
            self.console.say(self.summary(took));
            return Err(Failure::Told);
        }
        self.warn_of_names();
        let nothing = self.warn_of_nothing();
        self.console.say(self.summary(took));
        if nothing || self.unmapped.0 > 0 || !self.damage.summary().is_empty() {
            return Err(Failure::Told);
        }
        Ok(())
    }

    /// Says which channels were named that the log does not have.
    fn warn_of_names(&self) {
        // The rest of the log is not known, or nothing of it.
        if self.control.is_stopped() || self.tally.frames == 0 {
            return;
        }
        let mapped = self.args.map.iter().filter_map(|one| one.from.as_deref());
        let mapped = mapped.map(|name| ("--map", name.to_string()));
        let chosen = self.args.log_channel.iter();
        let chosen = chosen.map(|name| ("--log-channel", Channel::parse(name).to_string()));
        for (argument, name) in mapped.chain(chosen) {
            if !self.tally.has(&name) {
                let channels = self.tally.channels();
                self.console.say(format_args!(
                    "warning: the log has no channel {name}, which {argument} names; {channels}"
                ));
            }
        }
    }

    /// Says why no frame was sent, if it was so; whether that was not as it was asked for.
    fn warn_of_nothing(&self) -> bool {
        if self.sent > 0 || self.control.is_stopped() {
            return false;
        }
        let mut reasons = self.tally.reasons();
        if self.error_frames > 0 {
            let frames = summary::counted(self.error_frames, "error frame");
            reasons.push(format!("{frames}, which only --error-frames sends"));
        }
        if self.unmapped.0 > 0 {
            reasons.push(format!("{} of channels without a bus", self.unmapped.0));
        }
        let name = self.path.display();
        if reasons.is_empty() {
            self.console
                .say(format_args!("warning: {name} has no frames to send"));
            return false;
        }
        let (frames, reasons) = (
            summary::counted(self.tally.frames, "frame"),
            reasons.join("; "),
        );
        self.console.say(format_args!(
            "warning: none of {frames} was sent: {reasons}"
        ));
        true
    }

    fn summary(&self, took: Duration) -> String {
        let mut parts = vec![format!("sent {}", summary::frames(self.sent, took))];
        parts.extend(self.lateness.summary());
        if self.error_frames > 0 {
            let frames = summary::counted(self.error_frames, "error frame");
            parts.push(format!("{frames} left out"));
        }
        let (unmapped, channels) = &self.unmapped;
        if *unmapped > 0 {
            let frames = summary::counted(*unmapped, "frame");
            let names = channels.iter().map(|channel| match channel {
                Some(channel) => channel.to_string(),
                None => "no channel".into(),
            });
            let names = names.collect::<Vec<_>>().join(", ");
            parts.push(format!(
                "{frames} of channels without a bus left out ({names})"
            ));
        }
        parts.extend(self.damage.summary());
        if self.control.is_stopped() {
            parts.push("interrupted".into());
        }
        parts.join("; ")
    }
}

/// What is said of the first frame of a channel that goes to no bus.
fn left_out(channel: Option<Channel>) -> String {
    match channel {
        Some(channel) => format!(
            "warning: no bus takes frames of channel {channel}: --map {channel}=… or --map *=… \
             sends them, --log-channel chooses others"
        ),
        None => "warning: no bus takes frames without a channel: --map *=… sends them".into(),
    }
}
