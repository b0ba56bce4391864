//! What users hold: a [`Bus`], opened by name, shared between threads, filtered, closed in order.

mod builder;
mod periodic;
mod redirect;

pub use builder::BusBuilder;
pub use redirect::RedirectReader;

use crate::deadline::Deadline;
use crate::driver::{Description, Driver, ErrorState};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::message::{Channel, Message, Origin};
use crate::options::Value;
use crate::periodic::Tasks;
use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How many frames that the filters refuse may be passed over once the time is up, so that a
/// poll sees behind them and a flood of them cannot hold it.
const PASSED_OVER_AT_MOST: usize = 1024;

/// A CAN bus. Cheap to clone; all clones are the same bus, and the last one closes it.
///
/// ```
/// use canbus::{Bus, Frame, Id};
/// use std::time::Duration;
/// # fn main() -> canbus::Result<()> {
/// let bus = Bus::open("virtual", "doc-bus")?;
/// let other = Bus::open("virtual", "doc-bus")?;
/// bus.send(&Frame::data(Id::standard(0x123)?, &[1, 2, 3])?, None)?;
/// let message = other.recv(Duration::from_secs(1))?.expect("it was sent");
/// assert_eq!(message.frame.payload(), [1, 2, 3]);
/// bus.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

struct Shared {
    driver: Arc<dyn Driver>,
    /// They hold the driver too, and are ended before it is closed.
    tasks: Arc<Tasks>,
    filters: RwLock<Filters>,
    /// Whether a notifier reads this bus; two would take each other's messages.
    taken: AtomicBool,
    /// How many lost frames notifiers that are done with it have counted.
    counted: AtomicU64,
}

#[derive(Default)]
struct Filters {
    list: Vec<Filter>,
    /// The driver, or something below it, applies them.
    below: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("closing {}: {error}", self.driver.describe().summary);
        }
    }
}

impl Shared {
    /// Ends the periodic tasks and closes the driver, whatever becomes of the tasks.
    fn close(&self) -> Result<()> {
        let ended = self.tasks.close();
        self.driver.close().and(ended)
    }
}

impl Bus {
    /// Opens a bus by backend and channel, all other options at their defaults.
    ///
    /// # Errors
    /// `BackendUnavailable`, `InvalidInput`, `OpenFailed`.
    pub fn open(interface: &str, channel: impl Into<Value>) -> Result<Bus> {
        Bus::builder(interface).option("channel", channel).open()
    }

    /// Starts to describe a bus: options, filters.
    pub fn builder(interface: &str) -> BusBuilder {
        BusBuilder::new(interface)
    }

    /// A bus over a driver of one's own.
    pub fn from_driver(driver: Box<dyn Driver>) -> Bus {
        Bus {
            shared: Arc::new(Shared {
                driver: Arc::from(driver),
                tasks: Arc::default(),
                filters: RwLock::default(),
                taken: AtomicBool::new(false),
                counted: AtomicU64::new(0),
            }),
        }
    }

    fn driver(&self) -> &dyn Driver {
        &*self.shared.driver
    }

    /// What this bus is and can do.
    pub fn describe(&self) -> &Description {
        self.driver().describe()
    }

    /// The driver as what it is, for what only this backend can do; `None` where it is another one.
    ///
    /// What is done there passes by the bus: its filters, its checks, its periodic tasks.
    ///
    /// ```
    /// use canbus::Bus;
    /// use canbus::backends::Slcan;
    /// # fn main() -> canbus::Result<()> {
    /// let bus = Bus::builder("virtual").option("channel", "doc-backend").open()?;
    /// assert!(bus.backend::<Slcan>().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn backend<D: Driver>(&self) -> Option<&D> {
        let driver: &dyn Any = self.driver();
        driver.downcast_ref()
    }

    /// Waits for a message that the filters pass: `None` for ever, zero polls. `Ok(None)` when
    /// the time is up.
    ///
    /// # Errors
    /// `Closed`, `DeviceLost`, `OperationFailed`. An error frame is a message.
    pub fn recv(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<Message>> {
        self.next_passing(timeout.into(), |wait| self.driver().recv(wait), |one| one)
    }

    /// Waits for a message as [`recv`](Bus::recv) does, and tells whether this bus, another program
    /// on this machine or another node sent it, where the backend knows: `socketcan` does.
    ///
    /// # Errors
    /// As [`recv`](Bus::recv).
    pub fn recv_with_origin(
        &self,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Message, Origin)>> {
        self.next_passing(
            timeout.into(),
            |wait| self.driver().recv_with_origin(wait),
            |(message, _)| message,
        )
    }

    /// What is received next and has a message that the filters pass.
    fn next_passing<T>(
        &self,
        timeout: Option<Duration>,
        recv: impl Fn(Option<Duration>) -> Result<Option<T>>,
        message: impl Fn(&T) -> &Message,
    ) -> Result<Option<T>> {
        let deadline = Deadline::after(timeout);
        let mut passed_over = 0;
        while let Some(received) = recv(deadline.remaining())? {
            if self.passes(message(&received)) {
                return Ok(Some(received));
            }
            passed_over += usize::from(deadline.is_over());
            if passed_over > PASSED_OVER_AT_MOST {
                break;
            }
        }
        Ok(None)
    }

    /// Waits for one message and appends it and what else is there, at most `max`, to `out`.
    /// Returns how many; 0 when the time is up, and at once for a `max` of 0.
    ///
    /// # Errors
    /// As [`recv`](Bus::recv).
    pub fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        let deadline = Deadline::after(timeout.into());
        let start = out.len();
        let mut passed_over = 0;
        loop {
            let taken = self.driver().recv_batch(out, max, deadline.remaining())?;
            self.keep_passing(out, start);
            if taken == 0 || out.len() > start {
                return Ok(out.len() - start);
            }
            if deadline.is_over() {
                passed_over += taken;
                if passed_over > PASSED_OVER_AT_MOST {
                    return Ok(0);
                }
            }
        }
    }

    /// Takes what is there, at most `max`, without waiting. Returns how many there were before the
    /// filters, so that 0 means that nothing waits any more.
    pub(crate) fn take_waiting(&self, out: &mut Vec<Message>, max: usize) -> Result<usize> {
        let start = out.len();
        let taken = self.driver().recv_batch(out, max, Some(Duration::ZERO))?;
        self.keep_passing(out, start);
        Ok(taken)
    }

    fn passes(&self, message: &Message) -> bool {
        let filters = self
            .shared
            .filters
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        filters.below || Filter::pass(&filters.list, &message.frame)
    }

    /// Removes from `out`, from `start` on, what the filters do not pass.
    fn keep_passing(&self, out: &mut Vec<Message>, start: usize) {
        let filters = self
            .shared
            .filters
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if filters.below || filters.list.is_empty() {
            return;
        }
        let mut end = start;
        for at in start..out.len() {
            if Filter::pass(&filters.list, &out[at].frame) {
                out[end] = out[at];
                end += 1;
            }
        }
        out.truncate(end);
    }

    /// The messages as they come, until the bus is closed; an error ends them.
    pub fn messages(&self) -> impl Iterator<Item = Result<Message>> + '_ {
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            match self.recv(None) {
                Err(error) if error.kind() == ErrorKind::Closed => None,
                Err(error) => {
                    ended = true;
                    Some(Err(error))
                }
                Ok(message) => message.map(Ok),
            }
        })
    }

    /// Sends a frame. `None` waits until the bus takes it, zero tries.
    ///
    /// # Errors
    /// `Unsupported` for a frame that this bus does not carry, `InvalidInput` for a bus of
    /// several channels (use [`send_to`](Bus::send_to)), `Timeout` when it was not taken in time,
    /// `Closed`, `DeviceLost`, `OperationFailed`. In each case the frame was not sent.
    pub fn send(&self, frame: &Frame, timeout: impl Into<Option<Duration>>) -> Result<()> {
        self.describe().check_sendable(frame, None)?;
        self.driver().send(frame, None, timeout.into())
    }

    /// Sends a frame on one of the channels behind this bus.
    ///
    /// # Errors
    /// As [`send`](Bus::send); `InvalidInput` for a channel that is not this bus's.
    pub fn send_to(
        &self,
        channel: impl Into<Channel>,
        frame: &Frame,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<()> {
        let channel = channel.into();
        self.describe().check_sendable(frame, Some(channel))?;
        self.driver().send(frame, Some(channel), timeout.into())
    }

    /// Sends several frames in order and returns how many were taken; all are checked before the
    /// first is sent.
    ///
    /// # Errors
    /// As [`send`](Bus::send), when not even the first frame was taken.
    pub fn send_batch(
        &self,
        frames: &[Frame],
        timeout: impl Into<Option<Duration>>,
    ) -> Result<usize> {
        for frame in frames {
            self.describe().check_sendable(frame, None)?;
        }
        if frames.is_empty() {
            return Ok(0);
        }
        self.driver().send_batch(frames, None, timeout.into())
    }

    /// Sends the frame of a message that was seen elsewhere, as a player or a bridge does. A bus
    /// that was opened with `preserve_timestamps` delivers the message's time.
    ///
    /// # Errors
    /// As [`send`](Bus::send).
    pub fn forward(&self, message: &Message, timeout: impl Into<Option<Duration>>) -> Result<()> {
        self.describe().check_sendable(&message.frame, None)?;
        self.driver().forward(message, None, timeout.into())
    }

    /// The filters.
    pub fn filters(&self) -> Vec<Filter> {
        let filters = self
            .shared
            .filters
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        filters.list.clone()
    }

    /// Lets through only messages that one of the filters matches; an empty list lets all
    /// through. Messages that were received before may still come.
    ///
    /// # Errors
    /// `OperationFailed` where the device broke on it.
    pub fn set_filters(&self, filters: &[Filter]) -> Result<()> {
        let mut current = self
            .shared
            .filters
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let below = self.driver().set_filters(filters)?;
        *current = Filters {
            list: filters.to_vec(),
            below,
        };
        Ok(())
    }

    /// How many received frames were lost on the way to this bus's reader, as far as known.
    pub fn dropped(&self) -> u64 {
        self.driver().dropped()
    }

    /// Throws away the frames that wait to be sent.
    ///
    /// # Errors
    /// `Unsupported` unless the backend can.
    pub fn flush_tx(&self) -> Result<()> {
        self.driver().flush_tx()
    }

    /// The controller's error state.
    ///
    /// # Errors
    /// `Unsupported` where the backend does not know it.
    pub fn error_state(&self) -> Result<ErrorState> {
        self.driver().error_state()
    }

    /// A file descriptor that is readable when [`recv`](Bus::recv) would not wait.
    #[cfg(unix)]
    pub fn readiness(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.driver().readiness()
    }

    /// Closes the bus for all its clones: ends its periodic tasks, wakes whoever waits in `recv`. Dropping the last
    /// clone does it too; this tells of errors. Calling it again does nothing.
    ///
    /// # Errors
    /// `OperationFailed` where the device did not let itself be closed in order; it is closed all
    /// the same.
    pub fn shutdown(&self) -> Result<()> {
        self.shared.close()
    }

    /// Claims the bus for one notifier.
    pub(crate) fn take(&self) -> Result<()> {
        if self.shared.taken.swap(true, Ordering::AcqRel) {
            return Err(Error::invalid(format!(
                "{}: another notifier reads this bus; two would take each other's messages",
                self.describe().summary
            )));
        }
        Ok(())
    }

    /// Losses that no notifier has counted for good.
    pub(crate) fn dropped_uncounted(&self) -> u64 {
        self.dropped()
            .saturating_sub(self.shared.counted.load(Ordering::Relaxed))
    }

    /// The same, and from now on they are counted.
    pub(crate) fn count_dropped(&self) -> u64 {
        let dropped = self.dropped();
        dropped.saturating_sub(self.shared.counted.swap(dropped, Ordering::Relaxed))
    }

    /// Gives the bus back.
    pub(crate) fn give_back(&self) {
        self.shared.taken.store(false, Ordering::Release);
    }

    /// Whether it is the same bus.
    pub(crate) fn is(&self, other: &Bus) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

#[cfg(test)]
mod tests;
