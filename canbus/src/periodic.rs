//! Periodic sending: tasks that a kernel or an adapter carries out where it can, and one scheduler
//! thread for all others of the process.

mod builder;
mod clock;
mod job;
mod scheduler;
mod settings;
mod state;
mod statistics;
mod sync;
mod task;
mod tasks;

pub use builder::PeriodicBuilder;
pub use settings::SchedulerSettings;
pub use statistics::{Histogram, PeriodicStats};
pub use task::PeriodicTask;
pub(crate) use tasks::Tasks;

#[cfg(test)]
mod model;
