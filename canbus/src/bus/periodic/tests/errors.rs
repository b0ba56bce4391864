//! What becomes of a task whose frames cannot be sent.

use super::*;

fn full() -> Error {
    Error::new(ErrorKind::Timeout, "full")
}

fn broken() -> Error {
    Error::new(ErrorKind::OperationFailed, "broken")
}

#[test]
fn a_full_queue_loses_frames_and_ends_nothing() {
    let (bus, notes) = noting(|number| match number {
        1 | 2 => Err(full()),
        _ => Ok(()),
    });
    let task = bus
        .send_periodic(&[frame(1), frame(2)], MS)
        .count(5)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.firsts(), [1, 2, 1]);
    let stats = task.stats();
    assert_eq!((stats.sent, stats.refused), (Some(3), 2));
    assert_eq!(task.error().expect("seen").to_string(), "full");
}

#[test]
fn any_other_error_ends_the_task_and_is_seen_on_it() {
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
    let (bus, notes) = noting(|number| match number {
        1 | 3 => Err(broken()),
        5 => Err(full()),
        _ => Ok(()),
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
