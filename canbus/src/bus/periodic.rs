//! Periodic sending on a bus.

use super::Bus;
use crate::driver::PeriodicSpec;
use crate::error::Result;
use crate::frame::Frame;
use crate::periodic::PeriodicBuilder;
use std::sync::Arc;
use std::time::Duration;

impl Bus {
    /// Describes a task that sends these frames again and again: one every `period`, in turn. The
    /// first is sent when it starts.
    ///
    /// A kernel or an adapter carries it out where the backend has that and its options ask for it
    /// (`kernel_periodic` of `socketcan`), else one thread for all such tasks of the process: on an absolute schedule, so that nothing adds up, and without
    /// sending in a burst what a halt of the process has held up. The bus keeps the task until it
    /// is closed, unless [`stop_when_dropped`](PeriodicBuilder::stop_when_dropped) is asked for.
    ///
    /// ```
    /// use canbus::{Bus, Frame, Id};
    /// use std::time::Duration;
    /// # fn main() -> canbus::Result<()> {
    /// let bus = Bus::open("virtual", "doc-periodic")?;
    /// let other = Bus::open("virtual", "doc-periodic")?;
    /// let frame = Frame::data(Id::standard(0x123)?, &[1])?;
    /// let task = bus.send_periodic(&[frame], Duration::from_millis(5)).count(3).start()?;
    /// assert!(task.wait(Duration::from_secs(10)));
    /// assert_eq!(task.stats().sent, Some(3));
    /// for _ in 0..3 {
    ///     assert_eq!(other.recv(Duration::ZERO)?.expect("sent").frame, frame);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_periodic(&self, frames: &[Frame], period: Duration) -> PeriodicBuilder {
        PeriodicBuilder::new(
            Arc::clone(&self.shared.driver),
            Arc::clone(&self.shared.tasks),
            PeriodicSpec::new(frames, period),
        )
    }

    /// Stops every periodic task of this bus; those whose handles are held can be started again.
    ///
    /// # Errors
    /// The first error that a driver had in stopping one; all are tried.
    pub fn stop_all_periodic_tasks(&self) -> Result<()> {
        self.shared.tasks.stop_all()
    }
}

#[cfg(test)]
mod tests;
