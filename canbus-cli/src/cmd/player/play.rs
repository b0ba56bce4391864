//! Playing: each frame to its bus at its time, and what became of it all.

use super::lateness::Lateness;
use super::target::Targets;
use super::{Args, DEFAULT_GAP};
use crate::console::{Console, is_broken_pipe};
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::summary;
use canbus::formats::LogReader;
use canbus::{
    Bus, Channel, ErrorKind, Filter, Message, Replay, ReplayControl, Result, Schedule, Timestamp,
};
use std::io::Write;
use std::path::Path;
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
}

impl<'a> Player<'a> {
    pub(super) fn new(
        args: &'a Args,
        path: &'a Path,
        console: Console,
        targets: Targets,
        control: ReplayControl,
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
        }
    }

    /// Plays the log as often as was asked for.
    pub(super) fn play_loops(
        &mut self,
        first: LogReader,
        mut again: impl FnMut() -> Result<LogReader>,
    ) -> Result<()> {
        let mut log = Some(first);
        let mut done = 0;
        while self.args.loops.is_none_or(|loops| done < loops) && !self.control.is_stopped() {
            let log = match log.take() {
                Some(first) => first,
                None => again()?,
            };
            let before = self.sent;
            self.play(log)?;
            done += 1;
            if self.sent == before && self.args.loops.is_none() {
                // Nothing to send, for ever and without a pause.
                break;
            }
        }
        Ok(())
    }

    fn play(&mut self, log: LogReader) -> Result<()> {
        let prints = self.args.verbosity.verbose > 0;
        let report = log.report();
        let mut progress = Progress::new(log.report(), prints);
        let mut wanted = wanted(self.args);
        let log = log.filter(move |item| item.as_ref().map_or(true, &mut wanted));
        let mut replay = Replay::new(log, self.schedule()).controlled_by(&self.control);
        let played = loop {
            let Some(item) = replay.next() else {
                break Ok(());
            };
            progress.tick();
            let done = match item {
                Ok(message) => self.send(&message, replay.due(), prints),
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

    fn send(&mut self, message: &Message, due: Option<Instant>, prints: bool) -> Result<()> {
        if message.frame.is_error() && !self.args.error_frames {
            self.error_frames += 1;
            return Ok(());
        }
        let Some(bus) = self.targets.of(message) else {
            self.unmapped.0 += 1;
            if !self.unmapped.1.contains(&message.channel) {
                self.unmapped.1.push(message.channel);
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
        self.console.say(self.summary(took));
        if !self.damage.summary().is_empty() {
            return Err(Failure::Told);
        }
        Ok(())
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

/// Which messages of a log are wanted at all: by time, then by channel and ID. Times may be behind
/// the first message that it is asked for.
fn wanted(args: &Args) -> impl FnMut(&Message) -> bool + use<> {
    let (start, end) = (args.start, args.end);
    let mut first: Option<Timestamp> = None;
    let filters = args.filter.filter.clone();
    let channels: Vec<Channel> = args
        .log_channel
        .iter()
        .map(|name| Channel::parse(name))
        .collect();
    move |message| {
        let time = message.timestamp;
        let first = *first.get_or_insert(time);
        let on = |channel: Channel| channels.contains(&channel);
        start.is_none_or(|start| time >= start.behind(first))
            && end.is_none_or(|end| time < end.behind(first))
            && (channels.is_empty() || message.channel.is_some_and(on))
            && Filter::pass(&filters, &message.frame)
    }
}
