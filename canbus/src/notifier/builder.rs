//! How a notifier is described before it starts.

use super::{DropHook, EndHook, ErrorHook, Listeners, Notifier, Shared};
use crate::bus::Bus;
use crate::driver::Description;
use crate::error::{Error, Result};
use crate::listener::Listener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A notifier that does not run yet.
#[must_use]
pub struct NotifierBuilder {
    buses: Vec<Bus>,
    listeners: Vec<Box<dyn Listener>>,
    on_error: Option<ErrorHook>,
    on_dropped: Option<DropHook>,
    on_end: Option<EndHook>,
    flush_every: Option<Duration>,
}

impl Default for NotifierBuilder {
    fn default() -> NotifierBuilder {
        NotifierBuilder {
            buses: Vec::new(),
            listeners: Vec::new(),
            on_error: None,
            on_dropped: None,
            on_end: None,
            flush_every: Some(Duration::from_secs(1)),
        }
    }
}

impl NotifierBuilder {
    /// Reads this bus, besides others.
    pub fn bus(mut self, bus: Bus) -> NotifierBuilder {
        self.buses.push(bus);
        self
    }

    /// Reads these buses, besides others.
    pub fn buses(mut self, buses: impl IntoIterator<Item = Bus>) -> NotifierBuilder {
        self.buses.extend(buses);
        self
    }

    /// Feeds this listener, besides others.
    pub fn listener(mut self, listener: impl Listener + 'static) -> NotifierBuilder {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Calls this with every error that no listener dealt with, at once; without it, such errors
    /// are logged. [`Notifier::stop`] returns the first of them in either case. It is called by
    /// whichever thread met the error, by several at the same time, and may be so while it runs.
    pub fn on_error(mut self, hook: impl Fn(&Error) + Send + Sync + 'static) -> NotifierBuilder {
        self.on_error = Some(Box::new(hook));
        self
    }

    /// Calls this with a bus's number of lost frames as soon as it has changed; the threads of
    /// several buses may do so at the same time.
    pub fn on_dropped(
        mut self,
        hook: impl Fn(&Description, u64) + Send + Sync + 'static,
    ) -> NotifierBuilder {
        self.on_dropped = Some(Box::new(hook));
        self
    }

    /// Calls this once, when no bus is read any more.
    pub(crate) fn on_end(
        mut self,
        hook: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> NotifierBuilder {
        self.on_end = Some(Box::new(hook));
        self
    }

    /// How often the listeners are flushed: every second unless told otherwise, `None` never.
    pub fn flush_every(mut self, interval: Option<Duration>) -> NotifierBuilder {
        self.flush_every = interval;
        self
    }

    /// Starts to read.
    ///
    /// # Errors
    /// `InvalidInput` if another notifier reads one of the buses, `Io` if no thread could be
    /// started; no bus is read then.
    pub fn start(self) -> Result<Notifier> {
        let notifier = Notifier {
            shared: Arc::new(Shared {
                readers: Mutex::default(),
                ended: Condvar::new(),
                listeners: Listeners::new(self.listeners),
                first_error: Mutex::default(),
                on_error: self.on_error,
                on_dropped: self.on_dropped,
                on_end: Mutex::new(self.on_end),
                received: AtomicU64::new(0),
                dropped_before: AtomicU64::new(0),
                started: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                flush_every: self.flush_every,
                last_flush: Mutex::new(Instant::now()),
                stopping: Mutex::default(),
            }),
        };
        for bus in self.buses {
            notifier.add_bus(bus)?;
        }
        notifier.shared.started.store(true, Ordering::Release);
        notifier.shared.signal_end();
        Ok(notifier)
    }
}
