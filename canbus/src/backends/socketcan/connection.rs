//! The socket behind a bus: what ends it, and how another takes its place when an interface that was
//! removed comes back.

use super::BACKEND;
use crate::deadline::Deadline;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::transport::can_socket::device::Device;
use crate::transport::can_socket::ready::Ready;
use crate::transport::can_socket::{Batch, CanSocket, Packed, Settings};
use crate::transport::datagrams::Losses;
use crate::transport::sending::{Sent, in_time};
use crate::transport::wake::{Until, Waited, Wake};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// How often to look whether an interface has come back.
const LOOK: Duration = Duration::from_millis(50);

/// A socket on one interface, or on all of them.
#[derive(Debug)]
pub(super) struct Connection {
    /// The name of the one interface.
    name: Option<String>,
    settings: Settings,
    reconnect: bool,
    socket: RwLock<Arc<CanSocket>>,
    /// The interface was removed, and the socket is of no use any more.
    away: AtomicBool,
    closed: AtomicBool,
    /// Why nothing comes any more although nobody closed the bus.
    lost: OnceLock<String>,
    wake: Wake,
    ready: Ready,
    filters: Mutex<Vec<(u32, u32)>>,
    losses: Mutex<Losses>,
}

/// What an error says of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Down,
    Removed,
}

impl Trouble {
    fn of(error: &io::Error) -> Option<Trouble> {
        match error.raw_os_error()? {
            libc::ENETDOWN => Some(Trouble::Down),
            libc::ENODEV | libc::ENXIO => Some(Trouble::Removed),
            _ => None,
        }
    }
}

impl Connection {
    /// Opens the socket on the interface of this name, whose number is in the settings.
    ///
    /// # Errors
    /// `OpenFailed`.
    pub(super) fn open(
        name: Option<String>,
        settings: Settings,
        reconnect: bool,
    ) -> Result<Connection> {
        let failed = |error: io::Error| Error::from(error).with_kind(ErrorKind::OpenFailed);
        let wake = Wake::new().map_err(failed)?;
        let ready = Ready::new(&wake).map_err(failed)?;
        let socket = CanSocket::open(&settings).map_err(failed)?;
        ready.watch(&socket.hearing()).map_err(failed)?;
        Ok(Connection {
            name,
            settings,
            reconnect,
            socket: RwLock::new(Arc::new(socket)),
            away: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            lost: OnceLock::new(),
            wake,
            ready,
            filters: Mutex::new(vec![(0, 0)]),
            losses: Mutex::default(),
        })
    }

    fn socket(&self) -> Arc<CanSocket> {
        let socket = self.socket.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&socket)
    }

    fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("the interface")
    }

    /// Takes what has arrived, at most `max` frames, without waiting.
    ///
    /// # Errors
    /// `OperationFailed`. That the interface has gone is told by [`ended`](Connection::ended), behind
    /// the frames that had come before.
    pub(super) fn receive(&self, batch: &mut Batch, max: usize) -> Result<usize> {
        let socket = self.socket();
        loop {
            let error = match socket.receive(batch, max) {
                Ok(received) => return Ok(received),
                Err(error) => error,
            };
            // The kernel tells of it before the frames that wait, and once.
            match Trouble::of(&error) {
                Some(trouble) => self.note(trouble),
                None => return Err(operation_failed(error, "cannot receive")),
            }
        }
    }

    fn note(&self, trouble: Trouble) {
        let what = match trouble {
            Trouble::Down => "went down",
            Trouble::Removed => "was removed",
        };
        if self.reconnect {
            let first = !self
                .away
                .swap(trouble == Trouble::Removed, Ordering::AcqRel);
            if first {
                log::warn!("socketcan: {} {what}; waiting for it", self.shown());
            }
            return;
        }
        let _ = self.lost.set(what.into());
        self.wake.wake();
    }

    /// Why nothing comes any more: `Closed` or `DeviceLost`.
    pub(super) fn ended(&self) -> Option<Error> {
        if self.closed.load(Ordering::Acquire) {
            let closed = "socketcan: the bus is closed";
            return Some(Error::new(ErrorKind::Closed, closed));
        }
        self.lost.get().map(|what| self.gone(what))
    }

    fn gone(&self, what: &str) -> Error {
        let message = format!("socketcan: {} {what}", self.shown());
        Error::new(ErrorKind::DeviceLost, message)
    }

    /// Waits until something has arrived (true), or the time is up or the bus has ended (false).
    ///
    /// # Errors
    /// `OperationFailed`.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        let deadline = Deadline::after(timeout);
        loop {
            let left = deadline.remaining();
            let slice = if self.is_back() {
                left
            } else {
                Some(left.map_or(LOOK, |left| left.min(LOOK)))
            };
            let waited = self.wake.wait(&self.ready, Until::Readable, slice);
            match waited.map_err(|error| operation_failed(error, "cannot wait"))? {
                Waited::Ready => return Ok(true),
                Waited::Woken => return Ok(false),
                Waited::TimedOut if deadline.is_over() => return Ok(false),
                Waited::TimedOut => {}
            }
        }
    }

    /// Sends frames in order and returns how many the kernel took: at least one. `to` is the number
    /// of the interface, where there are several.
    ///
    /// # Errors
    /// `Timeout`, `Closed`, `DeviceLost`, `OperationFailed`: none was taken.
    pub(super) fn send(
        &self,
        frames: &[Packed],
        to: Option<u32>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        if !self.is_back() {
            return Err(self.gone("was removed and is not back"));
        }
        let socket = self.socket();
        let sent = in_time(&self.wake, &*socket, timeout, || socket.send(frames, to));
        match sent {
            Ok(Sent::Taken(sent)) => Ok(sent),
            Ok(Sent::Late(error)) => {
                let late = format!(
                    "socketcan: the queue of {} had no room in time; does the bus acknowledge?",
                    self.shown()
                );
                Err(Error::new(ErrorKind::Timeout, late).with_source(error))
            }
            Ok(Sent::Woken) => Err(self.ended().unwrap_or_else(|| self.gone("has gone"))),
            Err(error) => Err(self.cannot_send(error, to)),
        }
    }

    fn cannot_send(&self, error: io::Error, to: Option<u32>) -> Error {
        match Trouble::of(&error) {
            Some(Trouble::Down) => self.gone("is down").with_source(error),
            Some(Trouble::Removed) => {
                // One of several: the others are still there.
                if to.is_none() {
                    self.note(Trouble::Removed);
                }
                self.gone("was removed").with_source(error)
            }
            None => operation_failed(error, "cannot send"),
        }
    }

    /// Whether the interface is there; if it was removed, whether it has come back by now.
    fn is_back(&self) -> bool {
        if !self.away.load(Ordering::Acquire) {
            return true;
        }
        let found = self
            .name
            .as_deref()
            .and_then(|name| Device::find(name).ok().flatten());
        let Some(device) = found.filter(|device| device.up) else {
            return false;
        };
        match self.replace(device.index) {
            Ok(()) => true,
            Err(error) => {
                log::debug!("socketcan: cannot open {} again: {error}", self.shown());
                false
            }
        }
    }

    /// Puts another socket in the place of the one whose interface was removed.
    fn replace(&self, index: u32) -> io::Result<()> {
        let mut current = self.socket.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been first.
        if !self.away.load(Ordering::Acquire) {
            return Ok(());
        }
        let settings = Settings {
            index,
            ..self.settings.clone()
        };
        let socket = CanSocket::open(&settings)?;
        if self.settings.changes_of.is_empty() {
            let filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
            socket.set_filters(&filters)?;
        }
        self.ready.watch(&socket.hearing())?;
        self.ready.forget(&current.hearing())?;
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(drops) = current.drops() {
            losses.look(drops);
        }
        losses.restart();
        *current = Arc::new(socket);
        self.away.store(false, Ordering::Release);
        log::info!("socketcan: {} is back", self.shown());
        Ok(())
    }

    /// Has the kernel pass what any of these pairs matches; false where it does not take so many, or
    /// passes changes of chosen IDs, and then goes on as before.
    ///
    /// # Errors
    /// `OperationFailed`.
    pub(super) fn set_filters(&self, pairs: Vec<(u32, u32)>) -> Result<bool> {
        if !self.settings.changes_of.is_empty() {
            return Ok(false);
        }
        // Held so that the socket is not replaced by one with the filters of before.
        let socket = self.socket.read().unwrap_or_else(PoisonError::into_inner);
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = socket.set_filters(&pairs);
        if let Err(error) = &taken {
            log::debug!("socketcan: the kernel does not take these filters: {error}");
            let all = socket.set_filters(&[(0, 0)]);
            all.map_err(|error| operation_failed(error, "cannot set filters"))?;
        }
        *filters = if taken.is_ok() { pairs } else { vec![(0, 0)] };
        Ok(taken.is_ok())
    }

    /// How many frames the kernel had no room for.
    pub(super) fn dropped(&self) -> u64 {
        let socket = self.socket();
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        match socket.drops() {
            Some(drops) => losses.look(drops),
            None => losses.total(),
        }
    }

    /// Whether the kernel tells what it had no room for.
    pub(super) fn counts_dropped(&self) -> bool {
        self.socket().drops().is_some()
    }

    /// Ends the bus: all waits end, and the kernel holds nothing more for it.
    pub(super) fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.wake.wake();
        let quiet = self.socket().ignore_everything();
        quiet.context(BACKEND.name)
    }

    /// Readable when something has arrived, and once the bus has ended.
    pub(super) fn readiness(&self) -> BorrowedFd<'_> {
        self.ready.as_fd()
    }
}

fn operation_failed(error: io::Error, what: &str) -> Error {
    let error = Error::from(error).with_kind(ErrorKind::OperationFailed);
    error.context(format!("{}: {what}", BACKEND.name))
}
