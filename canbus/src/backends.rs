//! The table of backends: which there are, what options they take, how they are opened, and what
//! they find on this machine.

mod packets;
mod robotell;
mod seeedstudio;
mod serial;
mod serial_line;
mod simulated;
mod slcan;
mod socketcan;
mod taking;
mod udp_multicast;
mod r#virtual;

pub use robotell::Robotell;
pub use seeedstudio::Seeedstudio;
pub use slcan::Slcan;

#[cfg(fuzzing)]
pub use robotell::fuzz_robotell;
#[cfg(fuzzing)]
pub use seeedstudio::fuzz_seeedstudio;
#[cfg(fuzzing)]
pub use serial::fuzz_serial;
#[cfg(fuzzing)]
pub use slcan::fuzz_slcan;
#[cfg(fuzzing)]
pub use udp_multicast::fuzz_datagram;

use crate::driver::Driver;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::options::{OptionSpec, Options, Value, nearest};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

/// Looks for buses within about the given time.
pub type Search = fn(Duration) -> Result<Vec<Detected>>;

/// A family of buses: one row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Backend {
    /// The name that users give as `interface`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The options it takes, `channel` among them.
    pub options: &'static [OptionSpec],
    /// Opens a bus.
    pub open: fn(&Options) -> Result<Box<dyn Driver>>,
    /// Looks for buses that could be opened, within about the given time.
    pub detect: Option<Search>,
}

/// A bus that [`detect`] found: what to give to [`Bus::open`](crate::Bus::open).
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// The backend's name.
    pub interface: &'static str,
    /// The options to open it with, `channel` first.
    pub options: Vec<(String, Value)>,
    /// How it stands, in words, where the backend can tell without opening it: `down`; `up,
    /// ERROR-PASSIVE, 500000 bit/s`.
    pub state: Option<String>,
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interface={}", self.interface)?;
        self.options
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// The backends of this crate. One line here is all that registers a new one.
static BACKENDS: &[Backend] = &[
    robotell::BACKEND,
    seeedstudio::BACKEND,
    serial::BACKEND,
    simulated::BACKEND,
    slcan::BACKEND,
    socketcan::BACKEND,
    udp_multicast::BACKEND,
    r#virtual::BACKEND,
];

/// What programs registered at run time.
static REGISTERED: Mutex<Vec<Backend>> = Mutex::new(Vec::new());

/// All backends, those registered at run time last.
pub fn all() -> Vec<Backend> {
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    BACKENDS.iter().chain(registered.iter()).copied().collect()
}

/// Adds a backend of another crate to the table.
///
/// # Errors
/// `InvalidInput` if the name is taken.
pub fn register(backend: Backend) -> Result<()> {
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = |other: &Backend| other.name == backend.name;
    if BACKENDS.iter().any(taken) || registered.iter().any(taken) {
        return Err(Error::invalid(format!(
            "there is a backend named {} already",
            backend.name
        )));
    }
    registered.push(backend);
    Ok(())
}

/// The backend of this name.
///
/// # Errors
/// `BackendUnavailable`, with the nearest name or the list of names.
pub fn find(name: &str) -> Result<Backend> {
    let backends = all();
    if let Some(&backend) = backends.iter().find(|backend| backend.name == name) {
        return Ok(backend);
    }
    let names: Vec<&str> = backends.iter().map(|backend| backend.name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Error::new(
        ErrorKind::BackendUnavailable,
        format!("no backend is named {name}; {hint}"),
    ))
}

/// Opens a driver of this backend with these options.
///
/// # Errors
/// `BackendUnavailable`, `InvalidInput` for options it does not take, and what the backend says.
pub(crate) fn open<N: AsRef<str>, V: Into<Value>>(
    name: &str,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<Box<dyn Driver>> {
    let backend = find(name)?;
    let options = Options::check(backend.name, backend.options, options)?;
    (backend.open)(&options)
}

/// What a search for buses gave.
#[derive(Debug, Default)]
pub struct Detection {
    /// The buses that were found.
    pub found: Vec<Detected>,
    /// The backends whose search failed or was not done in time, each with its error.
    pub failed: Vec<(&'static str, Error)>,
}

/// Looks for buses with all backends, or with those named, at the same time.
///
/// # Errors
/// `BackendUnavailable` for a name that is not in the table. A search that fails is reported in
/// the answer.
#[doc(alias = "detect_available_configs")]
pub fn detect(names: Option<&[&str]>, timeout: Duration) -> Result<Detection> {
    let backends: Vec<Backend> = match names {
        None => all(),
        Some(names) => names.iter().map(|name| find(name)).collect::<Result<_>>()?,
    };
    let (sender, answers) = std::sync::mpsc::channel();
    let mut waiting: Vec<&'static str> = Vec::new();
    for Backend { name, detect, .. } in backends {
        let Some(search) = detect else { continue };
        let sender = sender.clone();
        thread::Builder::new()
            .name(format!("detect {name}"))
            // The receiver may have given up waiting.
            .spawn(move || sender.send((name, search(timeout))).is_ok())
            .context("cannot start a thread")?;
        waiting.push(name);
    }
    drop(sender);
    Ok(collect(waiting, &answers, timeout))
}

type Answer = (&'static str, Result<Vec<Detected>>);

fn collect(
    mut waiting: Vec<&'static str>,
    answers: &std::sync::mpsc::Receiver<Answer>,
    timeout: Duration,
) -> Detection {
    // Searches are told to take `timeout`; a little more lets them hand their answer over.
    let deadline =
        crate::deadline::Deadline::after(Some(timeout.saturating_add(Duration::from_millis(500))));
    let mut detection = Detection::default();
    while !waiting.is_empty() {
        let left = deadline.remaining().unwrap_or(Duration::MAX);
        let Ok((name, answer)) = answers.recv_timeout(left) else {
            break;
        };
        waiting.retain(|&other| other != name);
        match answer {
            Ok(found) => detection.found.extend(found),
            Err(error) => detection.failed.push((name, error)),
        }
    }
    for name in waiting {
        let late = Error::new(
            ErrorKind::Timeout,
            format!("{name}: the search took too long"),
        );
        detection.failed.push((name, late));
    }
    detection.found.sort_by_key(|detected| detected.interface);
    detection.failed.sort_by_key(|(name, _)| *name);
    detection
}

#[cfg(test)]
mod tests;
