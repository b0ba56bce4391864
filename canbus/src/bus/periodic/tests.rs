use crate::bus::Bus;
use crate::driver::{Description, Driver};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Id};
use crate::message::{Channel, Message};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

mod ends;
mod errors;
mod native;
mod timing;

const MS: Duration = Duration::from_millis(1);
/// How long something may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// All tests share one scheduler: those that measure or hold it up run alone.
static TURNS: RwLock<()> = RwLock::new(());

fn alone() -> RwLockWriteGuard<'static, ()> {
    TURNS.write().unwrap_or_else(PoisonError::into_inner)
}

fn beside() -> RwLockReadGuard<'static, ()> {
    TURNS.read().unwrap_or_else(PoisonError::into_inner)
}

type Sent = Vec<(Instant, Frame, Option<Channel>)>;
/// What a send is answered: by its number, from 0.
type Answer = fn(usize) -> Result<()>;

/// What a [`Noting`] driver was asked, to be looked at from outside.
#[derive(Default)]
struct Notes {
    sent: Mutex<Sent>,
    closed: AtomicBool,
    /// It was asked what it must not be asked; a panic would only end the task.
    wrong: AtomicBool,
}

impl Drop for Notes {
    fn drop(&mut self) {
        let wrong = *self.wrong.get_mut();
        assert!(
            !wrong || thread::panicking(),
            "sent after close, or to wait"
        );
    }
}

impl Notes {
    fn count(&self) -> usize {
        self.sent.lock().expect("not poisoned").len()
    }

    fn sent(&self) -> Sent {
        self.sent.lock().expect("not poisoned").clone()
    }

    /// The first data bytes.
    fn firsts(&self) -> Vec<u8> {
        let sent = self.sent();
        sent.iter()
            .map(|(_, frame, _)| frame.payload()[0])
            .collect()
    }
}

/// A driver of two channels that notes what is sent, when, and answers as it was told.
struct Noting {
    description: Description,
    notes: Arc<Notes>,
    answer: Answer,
    asked: Mutex<usize>,
}

fn description(channels: u32) -> Description {
    Description::new("noting", (0..channels).map(Channel::number))
}

impl Driver for Noting {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, _timeout: Option<Duration>) -> Result<Option<Message>> {
        Ok(None)
    }

    fn send(&self, frame: &Frame, to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        // Nothing may hold up other tasks.
        let waits = timeout != Some(Duration::ZERO);
        if waits || self.notes.closed.load(Ordering::Relaxed) {
            self.notes.wrong.store(true, Ordering::Relaxed);
        }
        let number = {
            let mut asked = self.asked.lock().expect("not poisoned");
            *asked += 1;
            *asked - 1
        };
        let at = Instant::now();
        (self.answer)(number)?;
        self.notes
            .sent
            .lock()
            .expect("not poisoned")
            .push((at, *frame, to));
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.notes.closed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn noting(answer: Answer) -> (Bus, Arc<Notes>) {
    noting_channels(1, answer)
}

fn noting_channels(channels: u32, answer: Answer) -> (Bus, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let driver = Noting {
        description: description(channels),
        notes: Arc::clone(&notes),
        answer,
        asked: Mutex::new(0),
    };
    (Bus::from_driver(Box::new(driver)), notes)
}

fn frame(first: u8) -> Frame {
    Frame::data(Id::standard(0x123).expect("fits"), &[first]).expect("valid")
}

/// Waits until it is so.
#[track_caller]
fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < PATIENCE, "it never came");
        thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn frames_are_sent_in_turn_one_a_period() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let frames = [frame(1), frame(2), frame(3)];
    let task = bus
        .send_periodic(&frames, 2 * MS)
        .count(7)
        .start()
        .expect("starts");
    assert!(!task.is_native());
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.firsts(), [1, 2, 3, 1, 2, 3, 1]);
    assert!(!task.is_running());
    assert!(task.error().is_none());
}

#[test]
fn a_task_begins_again_from_its_first_frame_with_its_full_count() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1), frame(2)], MS)
        .count(3)
        .prepare()
        .expect("made");
    thread::sleep(5 * MS);
    assert!(notes.count() == 0 && !task.is_running());
    for _ in 0..3 {
        task.start().expect("starts");
        assert!(task.wait(PATIENCE));
    }
    assert_eq!(notes.firsts(), [1, 2, 1, 1, 2, 1, 1, 2, 1]);
    let stats = task.stats();
    assert_eq!(
        (stats.sent, stats.lateness.len(), stats.native),
        (Some(9), 9, false)
    );
}

#[test]
fn starting_a_running_task_changes_nothing() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1), frame(2)], 20 * MS)
        .count(4)
        .start();
    let task = task.expect("starts");
    until(|| notes.count() == 1);
    task.start().expect("does nothing");
    assert!(task.wait(None));
    assert_eq!(notes.firsts(), [1, 2, 1, 2]);
}

#[test]
fn new_frames_are_sent_from_the_next_period_on_at_the_same_place() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1), frame(2)], 60 * MS)
        .count(4)
        .start();
    let task = task.expect("starts");
    until(|| notes.count() == 1);
    task.modify(&[frame(11), frame(12)])
        .expect("as many, the same IDs");
    for wrong in [
        &[frame(1)][..],
        &[frame(1), frame(2).with_id(Id::standard(5).expect("fits"))],
    ] {
        let error = task.modify(wrong).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.firsts(), [1, 12, 11, 12]);
    // At rest, from the next start on.
    task.modify(&[frame(21), frame(22)]).expect("fits");
    task.start().expect("starts");
    until(|| notes.count() == 5);
    assert_eq!(notes.firsts()[4], 21);
}

#[test]
fn a_duration_is_as_many_frames_as_whole_periods() {
    let _turn = beside();
    let (bus, _) = noting(|_| Ok(()));
    for (duration, frames) in [(100, 5), (110, 5), (10, 1), (20, 1)] {
        let task = bus
            .send_periodic(&[frame(1)], 20 * MS)
            .duration(duration * MS)
            .start();
        let task = task.expect("starts");
        assert!(task.wait(PATIENCE));
        let stats = task.stats();
        let sent = stats.sent.expect("known");
        assert!((1..=frames).contains(&sent), "{duration} ms: {stats}");
        assert!(sent + stats.missed >= frames, "{duration} ms: {stats}");
    }
    let periodic = || bus.send_periodic(&[frame(1)], MS);
    for wrong in [
        periodic().duration(Duration::ZERO),
        periodic().count(0),
        periodic().first(2, MS).duration(MS),
        periodic().to(3),
        bus.send_periodic(&[], MS),
        bus.send_periodic(&[frame(1)], Duration::ZERO),
    ] {
        let error = wrong.start().err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    let fd = Frame::fd(frame(1).id(), &[1], false, false).expect("valid");
    let error = bus.send_periodic(&[fd], MS).start().err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_bus_of_several_channels_is_told_which() {
    let _turn = beside();
    let (bus, notes) = noting_channels(2, |_| Ok(()));
    let error = bus
        .send_periodic(&[frame(1)], MS)
        .start()
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .to(1)
        .count(1)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.sent()[0].2, Some(Channel::number(1)));
}

#[test]
fn modifiers_work_one_after_the_other_and_go_on_from_what_they_made() {
    let _turn = beside();
    let (bus, notes) = noting(|_| Ok(()));
    let task = bus
        .send_periodic(&[frame(1)], MS)
        .modifier(|frame: &mut Frame| frame.payload_mut()[0] += 1)
        .modifier(|frame: &mut Frame| frame.payload_mut()[0] *= 2)
        .count(3)
        .start()
        .expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.firsts(), [4, 10, 22]);
    task.modify(&[frame(0)]).expect("fits");
    task.start().expect("starts");
    assert!(task.wait(PATIENCE));
    assert_eq!(notes.firsts()[3..], [2, 6, 14]);
}
