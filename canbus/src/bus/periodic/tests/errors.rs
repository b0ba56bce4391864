//! What becomes of a task whose frames cannot be sent.

use super::*;
use crate::modifier::{AliveCounter, Field};

fn full() -> Error {
    Error::new(ErrorKind::Timeout, "full")
}

fn broken() -> Error {
    Error::new(ErrorKind::OperationFailed, "broken")
}

#[test]
fn a_full_queue_is_tried_again_and_modifiers_see_each_frame_once() {
    let _turn = beside();
    let (bus, notes) = noting(|number| match number {
        1 | 2 | 4 => Err(full()),
        _ => Ok(()),
    });
    let task = bus
        .send_periodic(&[frame(0)], MS * 500)
        .modifier(AliveCounter::new(Field::intel(0, 8).expect("valid")))
        .count(3)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    let counts = notes.firsts();
    assert_eq!(counts, [counts[0], counts[0] + 1, counts[0] + 2]);
    let stats = task.stats();
    assert_eq!((stats.sent, stats.refused), (Some(3), 0));
    assert!(task.error().is_none());
}

#[test]
fn a_queue_that_stays_full_loses_frames_and_ends_nothing() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Err(full()));
    let task = bus
        .send_periodic(&[frame(1), frame(2)], MS)
        .count(5)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.count(), 0);
    let stats = task.stats();
    assert_eq!((stats.sent, stats.refused), (Some(0), 5));
    assert_eq!(task.error().expect("seen").to_string(), "full");
}

#[test]
fn any_other_error_ends_the_task_and_is_seen_on_it() {
    let _turn = beside();
    let (bus, notes) = noting(|number| match number {
        3 => Err(broken()),
        _ => Ok(()),
    });
    let task = bus.send_periodic(&[frame(1)], MS).start().expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.count(), 3);
    let error = task.error().expect("seen");
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    // It can be tried again.
    task.start().expect("starts");
    assert!(task.error().is_none());
    until(|| notes.count() > 5);
    task.stop().expect("stops");
}

#[test]
fn on_error_decides() {
    let _turn = beside();
    let (bus, notes) = noting(|number| match number {
        1 | 3 => Err(broken()),
        0..5 => Ok(()),
        _ => Err(full()),
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .on_error(move |error| {
            noted.lock().expect("not poisoned").push(error.kind());
            error.kind() == ErrorKind::OperationFailed
        })
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.count(), 3);
    let seen = seen.lock().expect("not poisoned").clone();
    assert_eq!(
        seen,
        [
            ErrorKind::OperationFailed,
            ErrorKind::OperationFailed,
            ErrorKind::Timeout
        ]
    );
    assert_eq!(task.stats().refused, 3);
}

#[test]
fn a_panic_in_a_closure_ends_its_task_and_no_other() {
    let _turn = beside();
    let (bus, notes) = noting(|number| match number {
        0 => Err(broken()),
        _ => Ok(()),
    });
    let hooked = bus
        .send_periodic(&[frame(1)], MS)
        .on_error(|_| panic!("as the test wants"))
        .start()
        .expect("starts");
    assert!(hooked.wait(PATIENCE));
    assert_eq!(hooked.error().expect("seen").to_string(), "broken");
    let other = bus.send_periodic(&[frame(2)], MS).start().expect("starts");
    let task = bus
        .send_periodic(&[frame(3)], MS)
        .modifier(|_: &mut Frame| panic!("as the test wants"))
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    let error = task.error().expect("seen").to_string();
    assert_eq!(error, "a modifier of a periodic task panicked");
    let before = notes.count();
    until(|| notes.count() > before + 2);
    assert!(other.is_running());
}

#[test]
fn what_a_modifier_makes_of_a_frame_is_checked() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let fd = Frame::fd(frame(1).id(), &[0; 12], false, false).expect("valid");
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .modifier(move |frame: &mut Frame| *frame = fd)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(task.error().expect("seen").kind(), ErrorKind::Unsupported);
    assert_eq!(notes.count(), 0);
}
