//! The same jobs, tasks and scheduler over locks that try out thousands of ways in which threads
//! may meet (shuttle). A thread that would wait for ever, in any of them, fails the test.

#[path = "job.rs"]
#[expect(clippy::duplicate_mod, reason = "over other locks")]
mod job;
#[path = "scheduler.rs"]
#[expect(clippy::duplicate_mod, reason = "over other locks")]
mod scheduler;
#[path = "state.rs"]
#[expect(clippy::duplicate_mod, reason = "over other locks")]
mod state;
#[path = "task.rs"]
#[expect(clippy::duplicate_mod, reason = "over other locks")]
#[expect(dead_code, unreachable_pub, reason = "the model uses a part of it")]
mod task;
#[path = "tasks.rs"]
#[expect(clippy::duplicate_mod, reason = "over other locks")]
mod tasks;

use crate::driver::{Description, Driver, PeriodicSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Id};
use crate::message::{Channel, Message};
use crate::periodic::statistics;
use job::{Hooks, Job, Manner};
use scheduler::Scheduler;
use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use shuttle::thread;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use task::{By, Shared};
use tasks::Tasks;

/// How many ways each test tries.
const WAYS: usize = 400;

mod sync {
    pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use shuttle::thread::{ThreadId, current};
    pub(super) use std::sync::{Arc, PoisonError};
}

/// A clock that goes forward when the scheduler sleeps, and sleeps that end at any time.
mod clock {
    use super::sync::{Condvar, Mutex};
    use crate::error::Result;
    pub(super) use crate::periodic::clock::{NEVER, nanos};
    use std::cell::Cell;

    // All threads of a model run in one thread of the system.
    thread_local! {
        static NOW: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn now() -> u64 {
        NOW.get()
    }

    pub(super) struct Bed {
        woken: Mutex<bool>,
        changed: Condvar,
    }

    impl Bed {
        pub(super) fn new() -> Result<Bed> {
            NOW.set(0);
            Ok(Bed {
                woken: Mutex::new(false),
                changed: Condvar::new(),
            })
        }

        pub(super) fn sleep_until(&self, moment: u64) {
            let mut woken = self.woken.lock().expect("not poisoned");
            if moment == NEVER {
                while !*woken {
                    woken = self.changed.wait(woken).expect("not poisoned");
                }
            } else if !*woken {
                drop(woken);
                shuttle::thread::yield_now();
                NOW.set(NOW.get().max(moment));
                woken = self.woken.lock().expect("not poisoned");
            }
            *woken = false;
        }

        pub(super) fn wake(&self) {
            *self.woken.lock().expect("not poisoned") = true;
            self.changed.notify_one();
        }
    }
}

/// A driver in whose `send` other threads may come in between, and which must not be asked once
/// `silent` is set. That it was is noted: a panic would only end the task.
struct Wire {
    description: Description,
    silent: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    fails: bool,
}

impl Driver for Wire {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        Ok(None)
    }

    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        if self.silent.load(Ordering::SeqCst) {
            self.broken.store(true, Ordering::SeqCst);
        }
        if self.fails {
            return Err(Error::new(ErrorKind::Timeout, "full"));
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn description() -> Description {
    Description::new("wire", [Channel::number(0)])
}

fn frame(first: u8) -> Frame {
    Frame::data(Id::standard(0x123).expect("fits"), &[first]).expect("valid")
}

/// A scheduler with its thread, and a driver.
struct Model {
    scheduler: Arc<Scheduler>,
    driver: Arc<Wire>,
    silent: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Model {
    fn new(fails: bool) -> Model {
        let scheduler = Arc::new(Scheduler::new().expect("made"));
        let (silent, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let broken = Arc::new(AtomicBool::new(false));
        let ends = Arc::new(AtomicBool::new(false));
        let (stepping, ended) = (Arc::clone(&scheduler), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            let (mut batch, me) = (Vec::new(), thread::current().id());
            while !ended.load(Ordering::SeqCst) {
                stepping.step(&mut batch, me);
            }
        });
        let driver = Wire {
            description: description(),
            silent: Arc::clone(&silent),
            sent: Arc::clone(&sent),
            broken: Arc::clone(&broken),
            fails,
        };
        Model {
            scheduler,
            driver: Arc::new(driver),
            silent,
            sent,
            broken,
            ends,
            thread,
        }
    }

    fn job(&self, count: Option<u64>, hooks: Hooks) -> Arc<Job> {
        self.job_every(Duration::from_nanos(10), count, hooks)
    }

    fn job_every(&self, period: Duration, count: Option<u64>, hooks: Hooks) -> Arc<Job> {
        let mut spec = PeriodicSpec::new(&[frame(1)], period);
        spec.count = count;
        let driver: Arc<dyn Driver> = Arc::clone(&self.driver) as _;
        Arc::new(Job::new(
            Arc::clone(&self.scheduler),
            driver,
            spec,
            hooks,
            Manner::default(),
        ))
    }

    /// From now on nothing may be sent; ends the scheduler's thread.
    fn end(self) {
        self.silent.store(true, Ordering::SeqCst);
        thread::yield_now();
        self.ends.store(true, Ordering::SeqCst);
        self.scheduler.bed.wake();
        self.thread.join().expect("no panic");
        assert!(!self.broken.load(Ordering::SeqCst), "sent after the end");
    }
}

fn try_out(scenario: fn()) {
    shuttle::check_random(scenario, WAYS);
    shuttle::check_pct(scenario, WAYS / 4, 3);
}

#[test]
fn nothing_is_sent_after_a_stop_from_any_thread() {
    try_out(|| {
        let model = Model::new(false);
        let job = model.job(None, Hooks::default());
        job.start().expect("starts");
        let stopping = Arc::clone(&job);
        let stopper = thread::spawn(move || stopping.stop());
        thread::yield_now();
        job.stop();
        assert!(!job.is_running());
        model.silent.store(true, Ordering::SeqCst);
        stopper.join().expect("no panic");
        model.end();
    });
}

#[test]
fn nothing_is_sent_after_a_stop_that_met_a_modifier_or_on_error() {
    try_out(|| {
        let model = Model::new(true);
        let hooks = Hooks {
            modifiers: vec![Box::new(|_: &mut Frame| thread::yield_now())],
            on_error: Some(Box::new(|_| {
                thread::yield_now();
                true
            })),
        };
        let job = model.job(None, hooks);
        job.start().expect("starts");
        thread::yield_now();
        job.stop();
        model.end();
    });
}

#[test]
fn nothing_is_sent_after_a_stop_or_in_the_last_run_while_a_full_bus_is_tried_again() {
    try_out(|| {
        let model = Model::new(true);
        let period = Duration::from_millis(1);
        let job = model.job_every(period, Some(1), Hooks::default());
        job.start().expect("starts");
        thread::yield_now();
        job.stop();
        let before = model.sent.load(Ordering::SeqCst);
        job.start().expect("starts");
        assert!(job.wait(None));
        // Ten times within the period: once when it is due, then each 0.1 ms.
        let tries = model.sent.load(Ordering::SeqCst) - before;
        assert!((1..=10).contains(&tries), "tried {tries} times");
        let waiting = Arc::clone(&job);
        job.start().expect("starts");
        let stopper = thread::spawn(move || waiting.stop());
        job.stop();
        model.silent.store(true, Ordering::SeqCst);
        stopper.join().expect("no panic");
        model.end();
    });
}

#[test]
fn a_limited_task_sends_exactly_its_count_and_its_end_wakes_who_waits() {
    try_out(|| {
        let model = Model::new(false);
        let job = model.job(Some(3), Hooks::default());
        let waiting = Arc::clone(&job);
        job.start().expect("starts");
        let waiter = thread::spawn(move || assert!(waiting.wait(None)));
        assert!(job.wait(None));
        assert_eq!(model.sent.load(Ordering::SeqCst), 3);
        waiter.join().expect("no panic");
        model.end();
    });
}

#[test]
fn a_task_that_is_stopped_and_started_at_once_sends_exactly_its_count() {
    try_out(|| {
        let model = Model::new(false);
        let job = model.job(Some(2), Hooks::default());
        job.start().expect("starts");
        thread::yield_now();
        job.stop();
        let before = model.sent.load(Ordering::SeqCst);
        job.start().expect("starts");
        assert!(job.wait(None));
        assert_eq!(model.sent.load(Ordering::SeqCst), before + 2);
        model.end();
    });
}

#[test]
fn a_stop_wakes_who_waits_for_the_end() {
    try_out(|| {
        let model = Model::new(false);
        let job = model.job(None, Hooks::default());
        job.start().expect("starts");
        let waiting = Arc::clone(&job);
        let waiter = thread::spawn(move || assert!(waiting.wait(None)));
        thread::yield_now();
        job.stop();
        waiter.join().expect("no panic");
        model.end();
    });
}

#[test]
fn starts_and_stops_that_race_leave_either_a_task_that_runs_or_one_that_rests() {
    try_out(|| {
        let model = Model::new(false);
        let job = model.job(None, Hooks::default());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let job = Arc::clone(&job);
                thread::spawn(move || {
                    job.start().expect("starts");
                    job.stop();
                    job.start().expect("starts");
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        // One that runs goes on by itself: its next frame comes.
        assert!(job.is_running());
        let before = model.sent.load(Ordering::SeqCst);
        while model.sent.load(Ordering::SeqCst) == before {
            thread::yield_now();
        }
        job.stop();
        model.end();
    });
}

#[test]
fn stop_modify_and_close_never_wait_for_each_other() {
    try_out(|| {
        let model = Model::new(false);
        let own = Arc::new(OnceLock::<Arc<Job>>::new());
        let inside = Arc::clone(&own);
        let mut turn = 0;
        let modifier = move |_: &mut Frame| {
            turn += 1;
            let job = inside.get().expect("set before the start");
            match turn {
                1 => job.modify(&[frame(2)]).unwrap_or_default(),
                2 => job.stop(),
                _ => job.close(),
            }
        };
        let hooks = Hooks {
            modifiers: vec![Box::new(modifier)],
            on_error: None,
        };
        let job = model.job(None, hooks);
        own.set(Arc::clone(&job)).ok().expect("once");
        let tasks = Arc::new(Tasks::default());
        let shared = Arc::new(Shared::new(By::Scheduler(Arc::clone(&job))));
        tasks.add(&shared).expect("open");
        job.start().expect("starts");
        let (changed, listed) = (Arc::clone(&job), Arc::clone(&tasks));
        let changing = thread::spawn(move || {
            let _ = changed.modify(&[frame(3)]);
            let _ = changed.start();
            let _ = listed.stop_all();
            let _ = changed.start();
        });
        tasks.close().expect("closes");
        assert!(!job.is_running());
        model.silent.store(true, Ordering::SeqCst);
        changing.join().expect("no panic");
        assert!(!job.is_running());
        model.end();
    });
}

#[test]
fn a_task_that_comes_while_the_bus_closes_is_refused_or_ended() {
    try_out(|| {
        let model = Model::new(false);
        let tasks = Arc::new(Tasks::default());
        let job = model.job(None, Hooks::default());
        let (adding, listed) = (Arc::clone(&job), Arc::clone(&tasks));
        let adder = thread::spawn(move || {
            let shared = Arc::new(Shared::new(By::Scheduler(Arc::clone(&adding))));
            if listed.add(&shared).is_ok() {
                let _ = adding.start();
            }
        });
        tasks.close().expect("closes");
        model.silent.store(true, Ordering::SeqCst);
        adder.join().expect("no panic");
        assert!(!job.is_running());
        model.end();
    });
}

#[test]
fn a_task_of_another_process_is_not_started_and_waits_for_nobody() {
    try_out(|| {
        let model = Model::new(false);
        let mut elsewhere = Scheduler::new().expect("made");
        elsewhere.process = 0;
        let spec = PeriodicSpec::new(&[frame(1)], Duration::from_nanos(10));
        let driver: Arc<dyn Driver> = Arc::clone(&model.driver) as _;
        let (elsewhere, hooks) = (Arc::new(elsewhere), Hooks::default());
        let job = Job::new(elsewhere, driver, spec, hooks, Manner::default());
        let job = Arc::new(job);
        let error = job.start().expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
        job.stop();
        job.close();
        model.end();
    });
}
