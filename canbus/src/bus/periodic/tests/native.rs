//! Tasks that the driver carries out: what it is asked, in which order, and what stays here.

use super::*;
use crate::driver::{NativeTask, PeriodicSpec};

type Log = Arc<Mutex<Vec<String>>>;

/// A driver with a scheduler of its own, which takes everything but periods over a second.
struct Kernel {
    description: Description,
    log: Log,
}

struct Task {
    log: Log,
    running: Mutex<bool>,
    spec: PeriodicSpec,
}

fn note(log: &Log, text: impl Into<String>) {
    log.lock().expect("not poisoned").push(text.into());
}

impl Driver for Kernel {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        Ok(None)
    }

    fn send(&self, frame: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        note(&self.log, format!("sent {}", frame.payload()[0]));
        Ok(())
    }

    fn close(&self) -> Result<()> {
        note(&self.log, "closed");
        Ok(())
    }

    fn send_periodic(&self, task: &PeriodicSpec) -> Result<Option<Box<dyn NativeTask>>> {
        if task.period > Duration::from_secs(1) {
            return Ok(None);
        }
        Ok(Some(Box::new(Task {
            log: Arc::clone(&self.log),
            running: Mutex::new(false),
            spec: task.clone(),
        })))
    }
}

impl NativeTask for Task {
    fn start(&self) -> Result<()> {
        note(&self.log, format!("start {:?}", self.spec.count));
        *self.running.lock().expect("not poisoned") = true;
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        note(&self.log, "stop");
        *self.running.lock().expect("not poisoned") = false;
        Ok(())
    }

    fn modify(&self, frames: &[Frame]) -> Result<()> {
        note(&self.log, format!("modify {}", frames[0].payload()[0]));
        Ok(())
    }

    fn is_running(&self) -> bool {
        *self.running.lock().expect("not poisoned")
    }

    fn sent(&self) -> Option<u64> {
        Some(17)
    }

    fn error(&self) -> Option<Arc<Error>> {
        Some(Arc::new(Error::new(ErrorKind::DeviceLost, "gone")))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        note(&self.log, "dropped");
    }
}

fn kernel() -> (Bus, Log) {
    let log = Log::default();
    let driver = Kernel {
        description: description(1),
        log: Arc::clone(&log),
    };
    (Bus::from_driver(Box::new(driver)), log)
}

#[track_caller]
fn said(log: &Log, expected: &[&str]) {
    let mut log = log.lock().expect("not poisoned");
    assert_eq!(*log, expected);
    log.clear();
}

#[test]
fn a_driver_carries_out_what_it_can() {
    let (bus, log) = kernel();
    let periodic = bus
        .send_periodic(&[frame(1)], 100 * MS)
        .duration(Duration::from_secs(1));
    let task = periodic.start().expect("starts");
    assert!(task.is_native() && task.is_running());
    task.start().expect("runs already");
    said(&log, &["start Some(10)"]);
    task.modify(&[frame(5)]).expect("fits");
    let error = task.modify(&[]).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    task.stop().expect("stops");
    assert!(!task.is_running() && task.wait(None));
    said(&log, &["modify 5", "stop"]);
    let stats = task.stats();
    assert_eq!((stats.native, stats.sent), (true, Some(17)));
}

#[test]
fn a_native_task_ends_before_its_driver_is_closed() {
    let (bus, log) = kernel();
    let task = bus.send_periodic(&[frame(1)], MS).start().expect("starts");
    assert!(!task.wait(10 * MS));
    bus.shutdown().expect("closes");
    said(&log, &["start None", "stop", "dropped", "closed"]);
    assert!(!task.is_running());
    assert_eq!(task.stats().sent, Some(17));
    assert_eq!(task.error().expect("kept").kind(), ErrorKind::DeviceLost);
    for error in [
        task.start().expect_err("closed"),
        task.modify(&[frame(1)]).expect_err("closed"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
    task.stop().expect("does nothing");
    said(&log, &[]);
}

#[test]
fn a_native_task_ends_with_its_owner_or_with_all_tasks() {
    let (bus, log) = kernel();
    let periodic = || bus.send_periodic(&[frame(1)], MS);
    drop(periodic().stop_when_dropped().start().expect("starts"));
    said(&log, &["start None", "stop"]);
    drop(periodic().start().expect("starts"));
    // The one before has ended, and nobody holds it.
    said(&log, &["dropped", "start None"]);
    bus.stop_all_periodic_tasks().expect("stops");
    said(&log, &["stop"]);
}

#[test]
fn what_a_driver_cannot_do_is_done_here() {
    let (bus, log) = kernel();
    let periodic = |period| bus.send_periodic(&[frame(1)], period).count(1);
    for here in [
        periodic(Duration::from_secs(2)),
        periodic(MS).modifier(|_: &mut Frame| {}),
        periodic(MS).on_error(|_| true),
        periodic(MS).in_software(),
        periodic(MS).catch_up(),
    ] {
        let task = here.start().expect("starts");
        assert!(!task.is_native());
        assert!(task.wait(PATIENCE));
        said(&log, &["sent 1"]);
    }
}
