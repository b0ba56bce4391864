//! What is written: under a name that says that it is not complete, until it is.

use crate::args::rotation::{Keeping, Rotation};
use crate::recorder::{Counts, Recorder, Target};
use canbus::formats::{self, Fidelity, Format, Output};
use canbus::{Channel, Error, ErrorKind, Listener, Message, Result};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error as _;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many files are written at the same time when a log is parted by channels.
const MOST_CHANNELS: usize = 200;

/// Where the result goes and in which form.
pub(super) struct Plan {
    pub(super) path: PathBuf,
    /// The format of what is written to the standard output.
    pub(super) to: Option<String>,
    pub(super) append: bool,
    pub(super) by_channel: bool,
    pub(super) rotation: Rotation,
    pub(super) options: Vec<(String, String)>,
    pub(super) strict: bool,
}

/// The files that are written.
pub(super) struct Outputs {
    plan: Plan,
    format: Format,
    fidelity: Fidelity,
    counts: Arc<Counts>,
    /// By channel, or all under `None`.
    files: HashMap<Option<Channel>, Writing>,
}

/// A file that is being written.
struct Writing {
    recorder: Recorder,
    /// The name that it has while it is not complete, and the one that it gets then; `None` for
    /// what has its name from the start.
    names: Option<(PathBuf, PathBuf)>,
    path: PathBuf,
}

impl Plan {
    fn is_standard(&self) -> bool {
        self.path == Path::new(super::sources::STANDARD)
    }

    /// Starts a file, or the standard output.
    fn start(&self, path: &Path) -> Result<Writing> {
        let options = self.options.clone();
        let keeping = Keeping::default();
        if let (true, Some(format)) = (self.is_standard(), &self.to) {
            let log = formats::write(format, Output::new(std::io::stdout()), options)?;
            return Ok(self.writing(Target::Log(log), None, path));
        }
        // A link stays one, and what it leads to is replaced.
        let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
        let real = is_link.then(|| fs::canonicalize(path).ok()).flatten();
        let real = real.unwrap_or_else(|| path.to_path_buf());
        let replaced = fs::metadata(&real).ok();
        if self.append || replaced.as_ref().is_some_and(|about| !about.is_file()) {
            let target = Target::file(path, self.append, &self.rotation, &keeping, options)?;
            return Ok(self.writing(target, None, path));
        }
        if replaced.is_some() {
            // A file that may not be written is not replaced either.
            let opened = OpenOptions::new().write(true).open(&real);
            opened.map_err(|error| Error::from(error).context(path.display()))?;
        }
        let partial = partial_name(&real);
        let target = if self.rotation.is_any() {
            let log = self.rotation.of(&partial).by_message_times();
            Target::files(&partial, log.full_files_like(path), options)
        } else {
            Target::file(&partial, false, &self.rotation, &keeping, options)
        };
        let target = target.map_err(|error| named(error, &partial, path))?;
        if let Some(about) = replaced {
            // Where that is not possible the new file has the usual ones.
            let _ = fs::set_permissions(&partial, about.permissions());
        }
        Ok(self.writing(target, Some((partial, real)), path))
    }

    fn writing(&self, target: Target, names: Option<(PathBuf, PathBuf)>, path: &Path) -> Writing {
        Writing {
            recorder: Recorder::new(target).strict(self.strict),
            names,
            path: path.to_path_buf(),
        }
    }

    /// The name of a channel's file: `drive_can0.blf`.
    fn path_of(&self, channel: Option<Channel>) -> PathBuf {
        let plain = |c: char| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' => c,
            _ => '_',
        };
        let channel = channel.map_or("none".into(), |channel| channel.to_string());
        let channel: String = channel.chars().map(plain).collect();
        let name = self.path.file_name().unwrap_or_default();
        let is_gzip = self
            .path
            .extension()
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case("gz"));
        let (stem, gzip) = if is_gzip {
            (self.path.file_stem().unwrap_or_default(), ".gz")
        } else {
            (name, "")
        };
        let stem = Path::new(stem);
        let mut name = stem.file_stem().unwrap_or_default().to_os_string();
        name.push(format!("_{channel}"));
        if let Some(suffix) = stem.extension() {
            name.push(".");
            name.push(suffix);
        }
        name.push(gzip);
        self.path.with_file_name(name)
    }
}

/// The error with the name that the user knows, also in what caused it.
fn named(error: Error, partial: &Path, path: &Path) -> Error {
    let known = |text: &str| {
        let (partial, path) = (partial.display().to_string(), path.display().to_string());
        text.replace(&partial, &path)
    };
    let mut told = known(error.message());
    if told == error.message() {
        return error;
    }
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let text = known(&deeper.to_string());
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = deeper.source();
    }
    Error::new(error.kind(), told)
}

/// `partial-drive.blf`, or with a number where that is there already.
fn partial_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let with = |before: String| {
        let mut partial = OsString::from(before);
        partial.push(name);
        path.with_file_name(partial)
    };
    let numbers = (2..).map(|number| with(format!("partial-{number}-")));
    std::iter::once(with("partial-".into()))
        .chain(numbers)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| with("partial-".into()))
}

impl Outputs {
    /// Starts the file; those of channels are started with their first message.
    pub(super) fn start(plan: Plan) -> Result<Outputs> {
        let options = plan.options.clone();
        let (format, fidelity) = match (&plan.to, plan.is_standard()) {
            (Some(format), true) => {
                // The library knows formats by name only with a stream at hand.
                let log = formats::write(format, Output::new(std::io::sink()), options)?;
                (log.format(), log.fidelity())
            }
            _ => (
                formats::find(&plan.path)?.0,
                formats::fidelity(&plan.path, options)?,
            ),
        };
        let mut outputs = Outputs {
            plan,
            format,
            fidelity,
            counts: Arc::default(),
            files: HashMap::new(),
        };
        if !outputs.plan.by_channel {
            let path = outputs.plan.path.clone();
            outputs.add(None, &path)?;
        }
        Ok(outputs)
    }

    fn add(&mut self, channel: Option<Channel>, path: &Path) -> Result<()> {
        let mut writing = self.plan.start(path)?;
        writing.recorder = writing.recorder.counting(Arc::clone(&self.counts));
        self.files.insert(channel, writing);
        Ok(())
    }

    /// The format of what is written.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// What is kept of it.
    pub(super) fn fidelity(&self) -> Fidelity {
        self.fidelity
    }

    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Writes messages, each to the file of its channel if there are such.
    pub(super) fn write(&mut self, messages: &[Message]) -> Result<()> {
        if !self.plan.by_channel {
            let writing = self.files.get_mut(&None);
            return writing.map_or(Ok(()), |writing| writing.recorder.on_batch(messages));
        }
        for run in messages.chunk_by(|one, next| one.channel == next.channel) {
            let channel = run.first().and_then(|message| message.channel);
            if !self.files.contains_key(&channel) {
                if self.files.len() >= MOST_CHANNELS {
                    let text = format!("there are more than {MOST_CHANNELS} channels");
                    return Err(Error::new(ErrorKind::Unsupported, text));
                }
                let path = self.plan.path_of(channel);
                self.add(channel, &path)?;
            }
            if let Entry::Occupied(mut writing) = self.files.entry(channel) {
                writing.get_mut().recorder.on_batch(run)?;
            }
        }
        Ok(())
    }

    /// Brings what was written to where others see it.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.files
            .values_mut()
            .try_for_each(|writing| writing.recorder.flush())
    }

    /// Completes the files. Each gets its name, if all of the input is in it.
    pub(super) fn finish(&mut self, whole: bool) -> (Result<()>, Vec<PathBuf>) {
        let mut files: Vec<Writing> = self.files.drain().map(|(_, writing)| writing).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut done = Ok(());
        let mut paths = Vec::new();
        for mut writing in files {
            let finished = writing.recorder.finish();
            let whole = whole && finished.is_ok();
            let named = match writing.names {
                Some((partial, path)) if whole => fs::rename(&partial, path)
                    .map(|()| writing.path)
                    .map_err(|error| (partial, error)),
                Some((partial, _)) => Ok(partial),
                None => Ok(writing.path),
            };
            let named = named.map_err(|(partial, error)| {
                let text = format!("{} stays, it cannot be renamed", partial.display());
                paths.push(partial);
                Error::from(error).context(text)
            });
            done = done.and(finished);
            match named {
                Ok(path) => paths.push(path),
                Err(error) => done = done.and(Err(error)),
            }
        }
        (done, paths)
    }
}
