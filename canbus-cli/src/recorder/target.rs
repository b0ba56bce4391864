//! What is behind a recorder, and how it is started.

use crate::args::rotation::{Keeping, Rotation};
use canbus::formats::{self, Fidelity, LogWriter};
use canbus::{
    Error, ErrorKind, Listener, Printer, Result, RingLogger, RingLoggerBuilder, RotatingLogger,
    RotatingLoggerBuilder,
};
use std::io::{BufWriter, Stdout};
use std::path::Path;

/// Where frames go.
pub(crate) enum Target {
    /// One file, or a stream.
    Log(LogWriter),
    /// One file after another.
    Files(RotatingLogger, Fidelity),
    /// Memory, and files when something happens.
    Ring(RingLogger, Fidelity),
    /// The standard output, as text.
    Screen(Printer<BufWriter<Stdout>>),
}

impl Target {
    /// A file, continued if `append` says so, in several if that is asked for.
    pub(crate) fn file(
        path: &Path,
        append: bool,
        rotation: &Rotation,
        keeping: &Keeping,
        options: Vec<(String, String)>,
    ) -> Result<Target> {
        if rotation.is_any() {
            let log = keeping.of(rotation.of(path).append(append));
            return Target::files(path, log, options);
        }
        let log = if append {
            formats::append(path, options)
        } else {
            formats::create(path, options)
        };
        log.map(Target::Log)
            .map_err(|error| or_missing_folder(path, error))
    }

    /// A sequence of files, of which this is the current one.
    pub(crate) fn files(
        path: &Path,
        log: RotatingLoggerBuilder,
        options: Vec<(String, String)>,
    ) -> Result<Target> {
        let fidelity = formats::fidelity(path, options.clone())?;
        let log = log
            .options(options)
            .start()
            .map_err(|error| or_missing_folder(path, error))?;
        Ok(Target::Files(log, fidelity))
    }

    /// A ring, whose files have names like this one.
    pub(crate) fn ring(
        path: &Path,
        ring: RingLoggerBuilder,
        options: Vec<(String, String)>,
    ) -> Result<Target> {
        let fidelity = formats::fidelity(path, options.clone())?;
        let ring = ring
            .options(options)
            .start()
            .map_err(|error| or_missing_folder(path, error))?;
        Ok(Target::Ring(ring, fidelity))
    }

    /// The standard output.
    pub(crate) fn screen() -> Target {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout());
        Target::Screen(Printer::new(out))
    }

    /// What its format keeps; `None` for everything.
    pub(crate) fn keeps(&self) -> Option<Fidelity> {
        match self {
            Target::Log(log) => Some(log.fidelity()),
            Target::Files(_, fidelity) | Target::Ring(_, fidelity) => Some(*fidelity),
            Target::Screen(_) => None,
        }
    }

    pub(super) fn listener(&mut self) -> &mut dyn Listener {
        match self {
            Target::Log(writer) => writer,
            Target::Files(writer, _) => writer,
            Target::Ring(ring, _) => ring,
            Target::Screen(printer) => printer,
        }
    }
}

/// The error, or what to say if it is the folder that is not there, which the system's message
/// leaves open.
fn or_missing_folder(path: &Path, error: Error) -> Error {
    let folder = path.parent().unwrap_or(Path::new(""));
    if error.kind() != ErrorKind::Io || folder.as_os_str().is_empty() || folder.exists() {
        return error;
    }
    let (path, folder) = (path.display(), folder.display());
    Error::new(
        ErrorKind::Io,
        format!("{path}: there is no folder {folder}"),
    )
}
