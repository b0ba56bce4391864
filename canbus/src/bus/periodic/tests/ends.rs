//! How tasks end: by stop, with the bus, with the handle, and from inside their own closures.

use super::*;
use crate::periodic::PeriodicTask;
use std::sync::OnceLock;

#[test]
fn nothing_is_sent_after_stop_has_returned() {
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1)], Duration::from_micros(50))
        .prepare()
        .expect("made");
    for round in 0..200 {
        let before = notes.count();
        task.start().expect("starts");
        if round % 2 == 0 {
            until(|| notes.count() > before);
        }
        task.stop().expect("stops");
        let stopped = notes.count();
        assert!(!task.is_running());
        thread::sleep(Duration::from_micros(120));
        assert_eq!(notes.count(), stopped, "round {round}");
    }
}

#[test]
fn stop_waits_for_the_frame_that_is_being_sent() {
    let (bus, notes) = noting(|_| {
        thread::sleep(Duration::from_millis(40));
        Ok(())
    });
    let task = bus
        .send_periodic(&[frame(1)], Duration::from_hours(1))
        .start()
        .expect("starts");
    thread::sleep(10 * MS);
    task.stop().expect("stops");
    let stopped = notes.count();
    thread::sleep(60 * MS);
    assert_eq!(notes.count(), stopped);
    task.stop().expect("does nothing");
}

#[test]
fn closing_the_bus_ends_its_tasks_for_good_and_no_others() {
    let (bus, notes) = noting(|_| Ok(()));
    let (staying, staying_notes) = noting(|_| Ok(()));
    let task = bus.send_periodic(&[frame(1)], MS).start().expect("starts");
    let other = staying
        .send_periodic(&[frame(2)], MS)
        .start()
        .expect("starts");
    until(|| notes.count() > 2);
    bus.shutdown().expect("closes");
    // The driver panics if it is asked for more.
    assert!(!task.is_running() && notes.closed.load(Ordering::Relaxed));
    for error in [
        task.start().expect_err("closed"),
        task.modify(&[frame(3)]).expect_err("closed"),
        bus.send_periodic(&[frame(1)], MS)
            .start()
            .err()
            .expect("closed"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
    task.stop().expect("does nothing");
    let before = staying_notes.count();
    until(|| staying_notes.count() > before + 2);
    assert!(other.is_running());
    assert!(other.error().is_none() && task.error().is_none());
}

#[test]
fn the_last_clone_of_a_bus_ends_its_tasks() {
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus.send_periodic(&[frame(1)], MS).start().expect("starts");
    let clone = bus.clone();
    drop(bus);
    let before = notes.count();
    until(|| notes.count() > before);
    drop(clone);
    assert!(!task.is_running() && notes.closed.load(Ordering::Relaxed));
}

#[test]
fn a_task_outlives_its_handle_unless_it_belongs_to_it() {
    let (bus, notes) = noting(|_| Ok(()));
    drop(bus.send_periodic(&[frame(1)], MS).start().expect("starts"));
    until(|| notes.count() > 3);
    bus.stop_all_periodic_tasks().expect("stops");
    let task = bus
        .send_periodic(&[frame(2)], MS)
        .stop_when_dropped()
        .start()
        .expect("starts");
    let clone = task.clone();
    drop(task);
    let before = notes.count();
    until(|| notes.count() > before + 2);
    drop(clone);
    let stopped = notes.count();
    thread::sleep(10 * MS);
    assert_eq!(notes.count(), stopped);
}

#[test]
fn all_tasks_of_a_bus_are_stopped_together_and_can_begin_again() {
    let (bus, notes) = noting(|_| Ok(()));
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            bus.send_periodic(&[frame(number)], MS)
                .start()
                .expect("starts")
        })
        .collect();
    until(|| notes.count() > 10);
    bus.stop_all_periodic_tasks().expect("stops");
    let stopped = notes.count();
    assert!(!tasks.iter().any(PeriodicTask::is_running));
    thread::sleep(5 * MS);
    assert_eq!(notes.count(), stopped);
    tasks[3].start().expect("starts");
    until(|| notes.count() > stopped);
    assert_eq!(notes.firsts().last(), Some(&3));
}

#[test]
fn tasks_that_have_ended_are_not_kept_for_ever() {
    let (bus, _) = noting(|_| Ok(()));
    let dropped = Arc::new(());
    for _ in 0..20 {
        let held = Arc::clone(&dropped);
        let task = bus
            .send_periodic(&[frame(1)], MS)
            .modifier(move |_: &mut Frame| {
                let _ = &held;
            })
            .count(1)
            .start()
            .expect("starts");
        assert!(task.wait(PATIENCE));
    }
    until(|| {
        drop(bus.send_periodic(&[frame(1)], MS).prepare());
        Arc::strong_count(&dropped) == 1
    });
}

/// A task that its own closures can reach.
type Own = Arc<OnceLock<PeriodicTask>>;

#[test]
fn a_modifier_may_stop_change_and_restart_its_own_task() {
    let (bus, notes) = noting(|_| Ok(()));
    let own = Own::default();
    let inside = Arc::clone(&own);
    let mut turn = 0;
    let modifier = move |_: &mut Frame| {
        turn += 1;
        let task = inside.get().expect("set before the start");
        match turn {
            1 => task.modify(&[frame(7)]).expect("fits"),
            3 => {
                task.stop().expect("stops");
                task.start().expect("starts");
            }
            6 => task.stop().expect("stops"),
            _ => {}
        }
    };
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .modifier(modifier)
        .prepare()
        .expect("made");
    own.set(task.clone()).ok().expect("once");
    task.start().expect("starts");
    assert!(task.wait(PATIENCE));
    // The frames of the third and sixth turn were called off; the new data came with the second.
    assert_eq!(notes.firsts(), [1, 7, 7, 7]);
}

#[test]
fn on_error_may_close_the_bus() {
    let (bus, notes) = noting(|number| match number {
        0 | 1 => Ok(()),
        _ => Err(Error::new(ErrorKind::OperationFailed, "broken")),
    });
    let inside = bus.clone();
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .on_error(move |_| {
            inside.stop_all_periodic_tasks().expect("stops");
            inside.shutdown().expect("closes");
            true
        })
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.count(), 2);
    until(|| notes.closed.load(Ordering::Relaxed));
}

#[test]
fn threads_that_start_stop_change_and_close_never_wait_for_each_other_for_ever() {
    let (bus, notes) = noting(|_| Ok(()));
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            bus.send_periodic(&[frame(number)], Duration::from_micros(60))
                .modifier(|frame: &mut Frame| frame.payload_mut()[0] ^= 0x80)
                .start()
                .expect("starts")
        })
        .collect();
    let end = Instant::now() + 300 * MS;
    thread::scope(|scope| {
        for (number, task) in tasks.iter().enumerate() {
            let bus = &bus;
            scope.spawn(move || {
                while Instant::now() < end {
                    let _ = task.stop();
                    let _ = task.modify(&[frame(number as u8)]);
                    let _ = task.start();
                    if number == 0 {
                        let _ = bus.stop_all_periodic_tasks();
                    }
                }
            });
        }
        scope.spawn(|| {
            thread::sleep(150 * MS);
            bus.shutdown()
        });
    });
    assert!(notes.closed.load(Ordering::Relaxed));
    assert!(!tasks.iter().any(PeriodicTask::is_running));
}
