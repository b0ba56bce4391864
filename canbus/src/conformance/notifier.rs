//! A notifier over the bus: delivers everything, stops at once, leaves the bus open.

use super::{Check, Outcome, Subject, ensure, numbered};
use crate::listener::BufferedReader;
use crate::notifier::Notifier;
use std::time::{Duration, Instant};

pub(super) const CHECKS: &[Check] = &[
    Check::new("a_notifier_delivers_every_frame", delivers),
    Check::new(
        "stopping_a_notifier_delivers_what_was_received_before",
        drains,
    ),
    Check::new("a_notifier_stops_on_a_silent_bus_and_leaves_it_open", stops),
    Check::new("a_notifier_ends_when_its_bus_is_closed", ends),
];

fn delivers(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let reader = BufferedReader::new();
    let notifier = Notifier::builder()
        .bus(receiver)
        .listener(reader.clone())
        .start()?;
    for number in 0..300 {
        sender.send(&numbered(number)?, subject.patience)?;
        if number % 50 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    for number in 0..300 {
        let got = reader.get_message(subject.patience);
        ensure!(got.is_some(), "frame {number} of 300 was not delivered");
    }
    notifier.stop(subject.patience)?;
    ensure!(
        notifier.received() == 300,
        "the notifier counts {}",
        notifier.received()
    );
    ensure!(reader.is_finished(), "the listener was not finished");
    Ok(())
}

fn drains(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let reader = BufferedReader::new();
    let notifier = Notifier::builder()
        .bus(receiver)
        .listener(reader.clone())
        .start()?;
    for number in 0..100 {
        sender.send(&numbered(number)?, subject.patience)?;
    }
    // Time for the wire (25 ms at 500 kbit/s) and for an adapter to hand over.
    std::thread::sleep(Duration::from_millis(200));
    notifier.stop(subject.patience)?;
    let mut count = 0;
    while reader.get_message(Duration::ZERO).is_some() {
        count += 1;
    }
    ensure!(count == 100, "{count} of 100 frames were delivered");
    Ok(())
}

fn stops(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let notifier = Notifier::builder().bus(receiver.clone()).start()?;
    std::thread::sleep(Duration::from_millis(30));
    let start = Instant::now();
    notifier.stop(subject.patience)?;
    let took = start.elapsed();
    ensure!(took < Duration::from_millis(500), "it took {took:?}");
    sender.send(&numbered(1)?, subject.patience)?;
    subject.next(&receiver)?;
    Ok(())
}

fn ends(subject: &Subject) -> Outcome {
    let (_sender, receiver) = subject.open()?;
    let notifier = Notifier::builder().bus(receiver.clone()).start()?;
    ensure!(
        !notifier.wait(Duration::from_millis(30)),
        "it ended by itself"
    );
    receiver.shutdown()?;
    ensure!(
        notifier.wait(subject.patience),
        "it did not end with its bus"
    );
    notifier.stop(subject.patience)?;
    Ok(())
}
