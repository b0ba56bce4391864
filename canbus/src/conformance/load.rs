//! Many frames and many threads: nothing is lost that is not counted, nothing comes twice.

use super::{Check, Failure, Outcome, PairOptions, Subject, ensure, number_of, numbered};
use crate::bus::Bus;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const CHECKS: &[Check] = &[
    Check::new("frames_that_find_no_room_are_counted_exactly", counted)
        .needs(|able| able.counts_dropped, "counting"),
    Check::new("nothing_is_counted_as_lost_when_all_arrived", none_lost),
    Check::new(
        "four_threads_share_a_bus_and_every_frame_comes_once",
        four_threads,
    )
    .needs(|able| able.ordered, "order"),
];

/// More frames than the small queue of [`PairOptions::queue`] holds.
const BURST: u32 = 5_000;

fn counted(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open_with(PairOptions {
        queue: Some(16),
        ..PairOptions::default()
    })?;
    for number in 0..BURST {
        sender.send(&numbered(number)?, subject.patience)?;
    }
    let mut got = Vec::new();
    while receiver.recv_batch(&mut got, 256, Duration::from_millis(200))? > 0 {}
    let (received, dropped) = (got.len() as u64, receiver.dropped());
    ensure!(
        dropped > 0,
        "{received} of {BURST} came and none was counted: is the queue small?"
    );
    ensure!(
        received + dropped == u64::from(BURST),
        "{received} came and {dropped} were counted as lost of {BURST} sent"
    );
    let numbers: Vec<u32> = got.iter().filter_map(number_of).collect();
    ensure!(numbers.is_sorted(), "what was left came out of order");
    ensure!(
        sender.dropped() == 0,
        "the sender counts {} as lost",
        sender.dropped()
    );
    Ok(())
}

fn none_lost(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    for number in 0..200 {
        sender.send(&numbered(number)?, subject.patience)?;
        subject.next(&receiver)?;
    }
    ensure!(
        receiver.dropped() == 0,
        "{} counted as lost",
        receiver.dropped()
    );
    Ok(())
}

/// Two threads send on one bus while two receive on the other.
fn four_threads(subject: &Subject) -> Outcome {
    const EACH: u32 = 1_000;
    let (sender, receiver) = subject.open()?;
    let seen = Mutex::new(BTreeSet::new());
    let taken = AtomicUsize::new(0);
    let deadline = Instant::now() + subject.patience * 10;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for start in [0, EACH] {
            let sender = &sender;
            threads.push(scope.spawn(move || send_range(subject, sender, start..start + EACH)));
        }
        for _ in 0..2 {
            threads.push(
                scope.spawn(|| take_all(&receiver, &seen, &taken, 2 * EACH as usize, deadline)),
            );
        }
        threads.into_iter().try_for_each(|thread| {
            let joined = thread.join();
            joined.map_err(|_| Failure("a thread panicked".into()))?
        })
    })?;
    let seen = seen.into_inner().unwrap_or_default();
    ensure!(
        seen.len() == 2 * EACH as usize,
        "{} different frames of {} came",
        seen.len(),
        2 * EACH
    );
    Ok(())
}

fn send_range(subject: &Subject, bus: &Bus, numbers: std::ops::Range<u32>) -> Outcome {
    for number in numbers {
        bus.send(&numbered(number)?, subject.patience)?;
        if number % 50 == 0 {
            // Receivers are to keep up: how much a bus holds is not the matter here.
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

fn take_all(
    bus: &Bus,
    seen: &Mutex<BTreeSet<u32>>,
    taken: &AtomicUsize,
    all: usize,
    deadline: Instant,
) -> Outcome {
    while taken.load(Ordering::SeqCst) < all && Instant::now() < deadline {
        let Some(message) = bus.recv(Duration::from_millis(50))? else {
            continue;
        };
        taken.fetch_add(1, Ordering::SeqCst);
        let number = number_of(&message);
        let new =
            number.is_some_and(|number| seen.lock().is_ok_and(|mut seen| seen.insert(number)));
        ensure!(new, "frame {number:?} came twice, or changed");
    }
    Ok(())
}
