//! A periodic task while it is being described.

use super::job::{Hooks, Job, Manner};
use super::settings::scheduler;
use super::task::{By, Native, PeriodicTask, Shared};
use super::tasks::Tasks;
use crate::driver::{Driver, PeriodicSpec, Rate};
use crate::error::{Error, Result};
use crate::message::Channel;
use crate::modifier::Modifier;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A periodic task that does not run yet; made by [`Bus::send_periodic`](crate::Bus::send_periodic).
#[must_use = "it sends nothing before it is started"]
pub struct PeriodicBuilder {
    driver: Arc<dyn Driver>,
    tasks: Arc<Tasks>,
    spec: PeriodicSpec,
    duration: Option<Duration>,
    hooks: Hooks,
    in_software: bool,
    catch_up: bool,
    owned: bool,
}

impl PeriodicBuilder {
    pub(crate) fn new(
        driver: Arc<dyn Driver>,
        tasks: Arc<Tasks>,
        spec: PeriodicSpec,
    ) -> PeriodicBuilder {
        PeriodicBuilder {
            driver,
            tasks,
            spec,
            duration: None,
            hooks: Hooks::default(),
            in_software: false,
            catch_up: false,
            owned: false,
        }
    }

    /// Sends on this one of the channels behind the bus.
    pub fn to(mut self, channel: impl Into<Channel>) -> PeriodicBuilder {
        self.spec.to = Some(channel.into());
        self
    }

    /// Ends after so many frames in all, at least one. A frame that the bus refused counts; a
    /// period that was missed does not.
    pub fn count(mut self, frames: u64) -> PeriodicBuilder {
        self.spec.count = Some(frames);
        self.duration = None;
        self
    }

    /// Ends after as many frames as there are whole periods in this time, and at least one: with a
    /// period of 100 ms and a duration of one second, after the tenth, at 0.9 s. Periods that were
    /// missed do not make it longer, but are missing.
    pub fn duration(mut self, duration: Duration) -> PeriodicBuilder {
        self.duration = Some(duration);
        self
    }

    /// Sends so many frames at another period first; `period` after the last of them, it goes on at
    /// the task's own.
    pub fn first(mut self, frames: u64, period: Duration) -> PeriodicBuilder {
        self.spec.first = Some(Rate {
            count: frames,
            period,
        });
        self
    }

    /// Changes each frame just before it is sent, after those that were given before. The task is
    /// then carried out by this process.
    ///
    /// What it makes of a frame is kept until [`modify`](PeriodicTask::modify) replaces it. A
    /// closure that holds the bus keeps it open until it is closed by
    /// [`shutdown`](crate::Bus::shutdown). While one runs, all tasks of the process wait.
    pub fn modifier(mut self, modifier: impl Modifier + 'static) -> PeriodicBuilder {
        self.hooks.modifiers.push(Box::new(modifier));
        self
    }

    /// Decides about each error of sending: true goes on, false ends the task. The task is then
    /// carried out by this process, and this is called by its scheduler.
    ///
    /// A bus that has no room for a frame is tried again until the next frame is due; only then it
    /// is an error (`Timeout`).
    ///
    /// Without it, a task goes on after that error, as a kernel's does, and ends with any other.
    /// The error is shown by [`PeriodicTask::error`] in each case.
    pub fn on_error(mut self, hook: impl FnMut(&Error) -> bool + Send + 'static) -> Self {
        self.hooks.on_error = Some(Box::new(hook));
        self
    }

    /// Lets this process carry it out even where the driver could, for the statistics.
    pub fn in_software(mut self) -> PeriodicBuilder {
        self.in_software = true;
        self
    }

    /// Makes up for periods that were missed by sending their frames as soon as it can. Without
    /// it, they are left out and counted, and the next frame comes when it was due anyway.
    ///
    /// The task is then carried out by this process.
    pub fn catch_up(mut self) -> PeriodicBuilder {
        self.catch_up = true;
        self.in_software = true;
        self
    }

    /// Ends the task when its last handle is dropped. Without it, the bus keeps the task running.
    pub fn stop_when_dropped(mut self) -> PeriodicBuilder {
        self.owned = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// As [`prepare`](PeriodicBuilder::prepare) and [`PeriodicTask::start`].
    pub fn start(self) -> Result<PeriodicTask> {
        let task = self.prepare()?;
        task.start()?;
        Ok(task)
    }

    /// Makes the task without starting it.
    ///
    /// # Errors
    /// `InvalidInput` for no frames, a period, count or duration of zero, a duration together with
    /// two rates, or a channel that the bus does not have; `Unsupported` for a frame that it cannot
    /// send; `Closed`; `Io` if the scheduler's thread could not be started; what the driver says
    /// where it carries the task out.
    pub fn prepare(mut self) -> Result<PeriodicTask> {
        let mut manner = Manner {
            catch_up: self.catch_up,
            lasts: None,
        };
        if let Some(duration) = self.duration {
            let frames = frames_in(duration, &self.spec)?;
            let frames_fit = u32::try_from(frames).ok();
            manner.lasts = frames_fit.and_then(|frames| self.spec.period.checked_mul(frames));
            self.spec.count = Some(frames);
        }
        self.spec.check(self.driver.describe())?;
        let here =
            self.in_software || !self.hooks.modifiers.is_empty() || self.hooks.on_error.is_some();
        let native = if here {
            None
        } else {
            self.driver.send_periodic(&self.spec)?
        };
        let carried_out = match native {
            Some(task) => By::Driver(Box::new(Mutex::new(Native {
                task: Some(task),
                description: self.driver.describe().clone(),
                spec: self.spec,
                sent: None,
                error: None,
            }))),
            None => By::Scheduler(Arc::new(Job::new(
                scheduler()?,
                self.driver,
                self.spec,
                self.hooks,
                manner,
            ))),
        };
        let shared = Arc::new(Shared::new(carried_out));
        self.tasks.add(&shared)?;
        Ok(PeriodicTask::new(shared, self.owned))
    }
}

fn frames_in(duration: Duration, spec: &PeriodicSpec) -> Result<u64> {
    if spec.first.is_some() {
        return Err(Error::invalid(
            "a periodic task of two rates is limited by a count, not a duration",
        ));
    }
    if duration.is_zero() {
        return Err(Error::invalid("a duration is more than zero"));
    }
    let periods = duration.as_nanos() / spec.period.as_nanos().max(1);
    Ok(u64::try_from(periods).unwrap_or(u64::MAX).max(1))
}
