//! Where recorded frames go: a log file, a sequence of them, or the screen. Counts what was
//! written and what the format cannot hold.

use canbus::formats::{self, ChannelFidelity, Fidelity, LogWriter};
use canbus::{Channel, Error, ErrorKind, Kind, Listener, Message, Printer, Result, RotatingLogger};
use std::io::{BufWriter, Stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// How many frames that the format cannot hold are shown; the rest is counted.
const SHOWN: u64 = 10;

/// A listener in front of a log or the screen.
pub(crate) struct Recorder {
    target: Target,
    /// What the format keeps; `None` for everything.
    keeps: Option<Fidelity>,
    limit: Option<Limit>,
    counts: Arc<Counts>,
}

enum Target {
    File(LogWriter),
    Files(RotatingLogger),
    Screen(Printer<BufWriter<Stdout>>),
}

/// The number of frames that are still wanted, and whom to tell when there are none.
struct Limit {
    left: u64,
    reached: Box<dyn FnMut() + Send>,
}

/// What a recorder has done, readable while it works and afterwards.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    written: AtomicU64,
    refused: AtomicU64,
    rollovers: AtomicU32,
    failed: AtomicBool,
}

impl Counts {
    /// Frames that were written.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Frames that the format cannot hold.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether writing failed, so that of what was counted not all is in the file.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Files that were full and renamed.
    pub(crate) fn rollovers(&self) -> u32 {
        self.rollovers.load(Ordering::Relaxed)
    }
}

impl Recorder {
    /// Records to a file, continued if `append` says so; in several of about `max_bytes` if that
    /// is given.
    pub(crate) fn to_file(
        path: &Path,
        append: bool,
        max_bytes: Option<u64>,
        options: Vec<(String, String)>,
    ) -> Result<Recorder> {
        let (format, _) = formats::find(path)?;
        let target = match (max_bytes, append) {
            (None, false) => formats::create(path, options).map(Target::File),
            (None, true) => formats::append(path, options).map(Target::File),
            (Some(size), false) => RotatingLogger::create(path, size, options).map(Target::Files),
            (Some(size), true) => RotatingLogger::append(path, size, options).map(Target::Files),
        }
        .map_err(|error| match error.kind() {
            ErrorKind::Io => missing_folder(path).unwrap_or(error),
            _ => error,
        })?;
        Ok(Recorder {
            keeps: Some(format.fidelity),
            ..Recorder::new(target)
        })
    }

    /// Prints to the standard output.
    pub(crate) fn to_screen() -> Recorder {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout());
        Recorder::new(Target::Screen(Printer::new(out)))
    }

    fn new(target: Target) -> Recorder {
        Recorder {
            target,
            keeps: None,
            limit: None,
            counts: Arc::default(),
        }
    }

    /// Takes no more than this many frames and tells when it has them.
    pub(crate) fn limit(self, frames: u64, reached: impl FnMut() + Send + 'static) -> Recorder {
        let limit = Limit {
            left: frames,
            reached: Box::new(reached),
        };
        Recorder {
            limit: Some(limit),
            ..self
        }
    }

    /// The counts, to look at while the recorder is elsewhere.
    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Notes whether writing failed.
    fn noting(&self, done: Result<()>) -> Result<()> {
        if done.is_err() {
            self.counts.failed.store(true, Ordering::Relaxed);
        }
        done
    }

    fn target(&mut self) -> &mut dyn Listener {
        match &mut self.target {
            Target::File(writer) => writer,
            Target::Files(writer) => writer,
            Target::Screen(printer) => printer,
        }
    }

    /// Messages that the format holds go in batches. Those that it should not hold go one by one,
    /// so that what it refuses is known exactly and costs no other message.
    fn write(&mut self, messages: &[Message]) -> Result<()> {
        let keeps = self.keeps;
        let is_kept = |message: &Message| keeps.is_none_or(|keeps| holds(&keeps, message));
        for run in messages.chunk_by(|one, next| is_kept(one) == is_kept(next)) {
            if run.first().is_some_and(is_kept) {
                self.target().on_batch(run)?;
                let count = run.len() as u64;
                self.counts.written.fetch_add(count, Ordering::Relaxed);
            } else {
                run.iter().try_for_each(|message| self.write_one(message))?;
            }
        }
        Ok(())
    }

    fn write_one(&mut self, message: &Message) -> Result<()> {
        match self.target().on_message(message) {
            Ok(()) => self.counts.written.fetch_add(1, Ordering::Relaxed),
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let before = self.counts.refused.fetch_add(1, Ordering::Relaxed);
                if before < SHOWN {
                    log::warn!("not written: {error}");
                } else if before == SHOWN {
                    log::warn!("not written: what follows is only counted");
                }
                before
            }
            Err(error) => return Err(error),
        };
        Ok(())
    }
}

/// What to say if it is the folder that is not there, which the system's message leaves open.
fn missing_folder(path: &Path) -> Option<Error> {
    let folder = path.parent()?;
    let missing = !folder.as_os_str().is_empty() && !folder.exists();
    missing.then(|| {
        let text = format!(
            "{}: there is no folder {}",
            path.display(),
            folder.display()
        );
        Error::new(ErrorKind::Io, text)
    })
}

/// Whether a format that keeps this much can hold the message at all.
fn holds(keeps: &Fidelity, message: &Message) -> bool {
    let frame = &message.frame;
    let kind = match frame.kind() {
        Kind::Data => true,
        Kind::Remote => keeps.remote,
        Kind::Fd { .. } => keeps.fd,
        Kind::Error => keeps.error,
        // A kind that is not known here is offered by itself.
        _ => false,
    };
    let dlc = keeps.raw_dlc || matches!(frame.kind(), Kind::Fd { .. }) || frame.dlc() <= 8;
    // Numbers beyond 16 bits, and the last of them, are offered by themselves: some formats count
    // channels from 1.
    let small = |number: u32| number < u32::from(u16::MAX);
    let channel = keeps.channel != ChannelFidelity::Number
        || message
            .channel
            .and_then(Channel::trailing_number)
            .is_none_or(small);
    kind && dlc && channel && (keeps.negative_time || message.timestamp.as_nanos() >= 0)
}

impl Listener for Recorder {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.on_batch(std::slice::from_ref(message))
    }

    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        let room = self.limit.as_ref().map_or(u64::MAX, |limit| limit.left);
        let wanted = messages
            .len()
            .min(usize::try_from(room).unwrap_or(usize::MAX));
        let shown = matches!(self.target, Target::Screen(_));
        let mut written = self.write(&messages[..wanted]);
        if shown && written.is_ok() {
            written = self.target().flush();
        }
        self.noting(written)?;
        if let Some(limit) = &mut self.limit
            && limit.left > 0
        {
            limit.left -= wanted as u64;
            if limit.left == 0 {
                (limit.reached)();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.target().flush();
        self.noting(flushed)
    }

    fn finish(&mut self) -> Result<()> {
        let finished = self.target().finish();
        if let Target::Files(files) = &self.target {
            let count = files.rollovers();
            self.counts.rollovers.store(count, Ordering::Relaxed);
        }
        self.noting(finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canbus::formats::{Format, Output, Writing};
    use canbus::{Frame, Id, Options, Timestamp};
    use std::io::Write;

    /// Writes the length of each frame, and refuses those of CAN FD and of negative times.
    struct Lengths(Output);

    impl Listener for Lengths {
        fn on_message(&mut self, message: &Message) -> Result<()> {
            if message.frame.is_fd() || message.timestamp.as_nanos() < 0 {
                return Err(Error::new(ErrorKind::Unsupported, "not that"));
            }
            Ok(writeln!(self.0, "{}", message.frame.len())?)
        }
    }

    fn create(output: Output, _options: &Options) -> Result<Box<dyn Listener>> {
        Ok(Box::new(Lengths(output)))
    }

    fn recorder(path: &Path) -> Recorder {
        let (candump, _) = formats::find(Path::new("a.log")).expect("is there");
        let fidelity = Fidelity {
            fd: false,
            negative_time: false,
            ..candump.fidelity
        };
        // A second test finds it there already.
        let _ = formats::register(Format {
            name: "lengths",
            extension: ".lengths",
            summary: "",
            fidelity,
            read: None,
            write: Some(Writing {
                needs_file: false,
                options: &[],
                create,
            }),
        });
        Recorder::to_file(path, false, None, Vec::new()).expect("it is created")
    }

    fn message(len: usize, fd: bool, nanos: i64) -> Message {
        let (id, data) = (Id::standard(1).expect("fits"), [0; 8]);
        let frame = if fd {
            Frame::fd(id, &data[..len], false, false)
        } else {
            Frame::data(id, &data[..len])
        };
        Message::received(frame.expect("valid"), Timestamp::from_nanos(nanos))
    }

    #[test]
    fn what_the_format_does_not_hold_is_counted_and_costs_no_other_message() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.lengths");
        let mut recorder = recorder(&path);
        let counts = recorder.counts();
        let batch = [
            message(1, false, 0),
            message(2, false, 1),
            message(3, true, 2),
            message(4, false, 3),
            message(5, false, -1),
            message(6, false, 4),
        ];
        recorder.on_batch(&batch).expect("written");
        recorder.finish().expect("complete");
        assert_eq!((counts.written(), counts.refused()), (4, 2));
        assert!(!counts.failed());
        let written = std::fs::read_to_string(path).expect("written");
        assert_eq!(written, "1\n2\n4\n6\n");
    }

    #[test]
    fn a_channel_that_blf_cannot_hold_costs_its_message_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.blf");
        let mut recorder = Recorder::to_file(&path, false, None, Vec::new()).expect("created");
        let counts = recorder.counts();
        let names = [
            "can0", "can65534", "can65535", "can1", "can99999", "can", "can2",
        ];
        let batch = names.map(|name| Message {
            channel: Some(Channel::named(name)),
            ..message(1, false, 0)
        });
        recorder.on_batch(&batch).expect("written");
        recorder.finish().expect("complete");
        assert_eq!((counts.written(), counts.refused()), (5, 2));
        assert!(!counts.failed());
        let none: [(&str, &str); 0] = [];
        let log = formats::open(&path, none).expect("a log");
        let channels = log.map(|read| read.expect("valid").channel.and_then(Channel::as_number));
        let expected = [0, 65_534, 1, 0, 2].map(Some);
        assert_eq!(channels.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_limit_is_kept_within_a_batch_and_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.lengths");
        let told = Arc::new(AtomicU64::new(0));
        let tell = Arc::clone(&told);
        let mut recorder = recorder(&path).limit(3, move || {
            tell.fetch_add(1, Ordering::Relaxed);
        });
        let counts = recorder.counts();
        let batch = [message(7, false, 0); 2];
        recorder.on_batch(&batch).expect("written");
        assert_eq!(told.load(Ordering::Relaxed), 0);
        recorder.on_batch(&batch).expect("written");
        recorder.on_batch(&batch).expect("ignored");
        recorder.finish().expect("complete");
        assert_eq!(told.load(Ordering::Relaxed), 1);
        assert_eq!(counts.written(), 3);
        assert_eq!(std::fs::read_to_string(path).expect("written"), "7\n7\n7\n");
    }

    #[test]
    fn formats_hold_what_they_declare() {
        let (candump, _) = formats::find(Path::new("a.log")).expect("is there");
        let all = candump.fidelity;
        let id = Id::standard(1).expect("fits");
        let of = |frame: Result<Frame>| Message::received(frame.expect("valid"), Timestamp::ZERO);
        let remote = of(Frame::remote(id, 0));
        let error = of(Frame::error(id, &[]));
        let raw = of(Frame::data(id, &[0; 8]).and_then(|frame| frame.with_raw_dlc(9)));
        let long = of(Frame::fd(id, &[0; 64], false, false));
        let early = message(0, false, -1);
        for message in [&remote, &error, &raw, &long, &early] {
            assert!(holds(&all, message), "{message}");
        }
        assert!(!holds(
            &Fidelity {
                remote: false,
                ..all
            },
            &remote
        ));
        assert!(!holds(
            &Fidelity {
                error: false,
                ..all
            },
            &error
        ));
        assert!(!holds(&Fidelity { fd: false, ..all }, &long));
        let few = Fidelity {
            raw_dlc: false,
            negative_time: false,
            ..all
        };
        assert!(!holds(&few, &raw));
        assert!(!holds(&few, &early));
        assert!(holds(&few, &long));
        assert!(holds(&few, &message(8, false, 0)));
    }
}
