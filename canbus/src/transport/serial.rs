//! Serial lines: one stream of bytes, whether its other end is a device of this machine, behind a
//! TCP connection (`socket://`, `rfc2217://`) or this program itself (`loop://`).
//!
//! One thread reads whatever is there, others write packets. A packet is written as a whole or not
//! at all, so that what is sent at the same time never mixes, and nothing is left half sent.

mod address;
#[cfg(feature = "serial")]
mod device;
mod memory;
mod rest;
mod rfc2217;
mod tcp;

pub(crate) use address::split_baud_rate;

use crate::deadline::Deadline;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::transport::wake::Waited;
use address::Address;
use rest::Rest;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a line is set: always 8 data bits, no parity, 1 stop bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Bits per second; without meaning for `socket://` and `loop://`.
    pub(crate) baud_rate: u32,
    /// Whether RTS and CTS say when to send (hardware flow control).
    pub(crate) rtscts: bool,
}

/// What reading gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// So many bytes, at least one.
    Some(usize),
    /// The time was up.
    TimedOut,
    /// `wake` was called.
    Woken,
    /// The other end has gone.
    Ended,
}

/// One way for bytes.
trait Way: Send + Sync {
    /// Waits until something is there and takes it; `None` for ever, zero looks.
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read>;

    /// Hands over as much as there is room for, without waiting; `WouldBlock` where there is none.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until there may be room to write.
    fn wait_for_room(&self, timeout: Option<Duration>) -> io::Result<Waited>;

    /// Ends every wait, now and in future.
    fn wake(&self);

    /// The bytes that stand for a packet on this way, where they are others than the packet's.
    fn escaped(&self, _packet: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// An open line. Dropping it closes it.
pub(crate) struct Port {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    /// Nothing once it is closed, so that others can open it.
    way: Mutex<Option<Arc<dyn Way>>>,
    closed: AtomicBool,
    rest: Rest,
}

impl Port {
    /// Opens a device by its name, or a URL of those that [`Address`] knows.
    ///
    /// # Errors
    /// `InvalidInput` for a name that says nothing, `OpenFailed` with the system's reason,
    /// `BackendUnavailable` for a device where serial ports were not built in.
    pub(crate) fn open(name: &str, settings: &Settings) -> Result<Port> {
        let way: Arc<dyn Way> = match Address::parse(name)? {
            Address::Device(path) => open_device(path, settings)?,
            Address::Tcp(place) => Arc::new(tcp::Tcp::connect(&place).map_err(cannot_open(name))?),
            Address::Rfc2217(place, options) => {
                Arc::new(rfc2217::Rfc2217::connect(&place, options, settings).context(name)?)
            }
            Address::Loop => Arc::new(memory::Loop::new()),
        };
        Ok(Port::over(name, way))
    }

    fn over(name: &str, way: Arc<dyn Way>) -> Port {
        Port {
            inner: Arc::new(Inner {
                name: name.into(),
                way: Mutex::new(Some(way)),
                closed: AtomicBool::new(false),
                rest: Rest::default(),
            }),
        }
    }

    /// The name it was opened by.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    /// Waits until something is there and takes whatever there is: `None` for ever, zero looks.
    /// Returns how many bytes; 0 means that the time is up.
    ///
    /// # Errors
    /// `Closed`, `DeviceLost`.
    pub(crate) fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> Result<usize> {
        match self.inner.way()?.read(buffer, timeout) {
            _ if self.inner.is_closed() => Err(self.inner.closed()),
            Ok(Read::Some(count)) => Ok(count),
            Ok(Read::TimedOut) => Ok(0),
            Ok(Read::Woken) => Err(self.inner.closed()),
            Ok(Read::Ended) => Err(self.inner.gone()),
            Err(error) => Err(self.inner.lost(error)),
        }
    }

    /// Writes one packet: `None` waits until the line takes it, zero tries.
    ///
    /// # Errors
    /// `Timeout`: not one byte went out. `Closed`, `DeviceLost`.
    pub(crate) fn write(&self, packet: &[u8], timeout: Option<Duration>) -> Result<()> {
        self.write_packets(packet, &[packet.len()], timeout)
            .map(|_| ())
    }

    /// Writes packets that stand one behind the other in `bytes` and end at `ends`, in as few
    /// pieces as the line allows. Returns how many were taken: all, or fewer when the time was up.
    ///
    /// # Errors
    /// As [`write`](Port::write), when not even the first one was taken.
    pub(crate) fn write_packets(
        &self,
        bytes: &[u8],
        ends: &[usize],
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let inner = &self.inner;
        let way = inner.way()?;
        let Some((bytes, ends)) = escaped_packets(&*way, bytes, ends) else {
            return inner.write_packets(&*way, bytes, ends, timeout);
        };
        inner.write_packets(&*way, &bytes, &ends, timeout)
    }

    /// Ends every wait and lets go of the line. Calling it again does nothing.
    pub(crate) fn close(&self) {
        if self.inner.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        // Whoever waits for it, or for room in it, leaves now, and the last one lets go of it.
        if let Some(way) = self.inner.lock().take() {
            way.wake();
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<dyn Way>>> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way, for one operation.
    fn way(&self) -> Result<Arc<dyn Way>> {
        self.lock().clone().ok_or_else(|| self.closed())
    }

    fn closed(&self) -> Error {
        Error::new(
            ErrorKind::Closed,
            format!("the line {} is closed", self.name),
        )
    }

    fn gone(&self) -> Error {
        let message = format!("{} has gone: its other end hung up", self.name);
        Error::new(ErrorKind::DeviceLost, message)
    }

    /// An open line fails for good only: what is full or interrupted was looked after below.
    fn lost(&self, error: io::Error) -> Error {
        let error = Error::from(error).with_kind(ErrorKind::DeviceLost);
        error.context(format_args!("{} has gone", self.name))
    }

    fn write_packets(
        self: &Arc<Self>,
        way: &dyn Way,
        bytes: &[u8],
        ends: &[usize],
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let deadline = Deadline::after(timeout);
        let mut taken = 0;
        loop {
            if self.is_closed() {
                return if taken > 0 {
                    Ok(taken)
                } else {
                    Err(self.closed())
                };
            }
            let nothing_left = match self.rest.write(way, bytes, ends, taken) {
                Ok((now_taken, nothing_left)) => {
                    taken = now_taken;
                    nothing_left
                }
                // What was taken counts; the error comes again with the next call.
                Err(_) if taken > 0 => return Ok(taken),
                Err(error) => return Err(self.lost(error)),
            };
            if taken == ends.len() && nothing_left {
                return Ok(taken);
            }
            if deadline.is_over() {
                break;
            }
            let waited = way.wait_for_room(deadline.remaining());
            waited.map_err(|error| self.lost(error))?;
        }
        if taken == 0 {
            let message = format!("{} took nothing in time", self.name);
            return Err(Error::new(ErrorKind::Timeout, message));
        }
        self.follow_rest()?;
        Ok(taken)
    }

    /// Sees to it that the rest of a packet goes out even if nobody writes again.
    fn follow_rest(self: &Arc<Self>) -> Result<()> {
        if !self.rest.begin_following() {
            return Ok(());
        }
        let (inner, way) = (Arc::clone(self), self.way()?);
        let follow = move || {
            while !inner.is_closed() && !inner.rest.end_following(&*way) {
                if way.wait_for_room(None).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("serial rest".into());
        thread.spawn(follow).context("cannot start a thread")?;
        Ok(())
    }
}

fn escaped_packets(way: &dyn Way, bytes: &[u8], ends: &[usize]) -> Option<(Vec<u8>, Vec<usize>)> {
    let (mut escaped, mut escaped_ends) = (Vec::new(), Vec::with_capacity(ends.len()));
    let mut start = 0;
    for &end in ends {
        escaped.extend(way.escaped(&bytes[start..end])?);
        escaped_ends.push(escaped.len());
        start = end;
    }
    Some((escaped, escaped_ends))
}

/// The error of a line that does not open.
fn cannot_open(name: &str) -> impl FnOnce(io::Error) -> Error {
    move |error| {
        let error = Error::from(error).with_kind(ErrorKind::OpenFailed);
        error.context(format_args!("cannot open {name}"))
    }
}

#[cfg(feature = "serial")]
fn open_device(path: &str, settings: &Settings) -> Result<Arc<dyn Way>> {
    let device = device::Device::open(path, settings).map_err(cannot_open(path))?;
    Ok(Arc::new(device))
}

#[cfg(not(feature = "serial"))]
fn open_device(path: &str, _settings: &Settings) -> Result<Arc<dyn Way>> {
    Err(Error::new(
        ErrorKind::BackendUnavailable,
        format!(
            "cannot open {path}: serial ports were not built in (feature `serial`); \
             {} can be opened",
            address::URLS
        ),
    ))
}

/// The serial ports of this machine; none where serial ports were not built in.
///
/// # Errors
/// `OperationFailed` with the system's reason.
pub(crate) fn ports() -> Result<Vec<String>> {
    #[cfg(feature = "serial")]
    {
        device::ports()
    }
    #[cfg(not(feature = "serial"))]
    {
        Ok(Vec::new())
    }
}

/// The names under which Linux knows serial ports by what they are: maker, product, serial number.
/// None elsewhere.
pub(crate) fn links() -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/dev/serial/by-id") else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = paths
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
