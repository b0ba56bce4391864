//! Filters: what they pass, how lists of them combine, and that refused frames cost no time.

use super::{Check, Outcome, Subject, ensure};
use crate::bus::Bus;
use crate::error::Result;
use crate::filter::Filter;
use crate::frame::{Frame, Id};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "a_filter_passes_what_equals_it_in_the_masked_bits",
        |subject| {
            passes(
                subject,
                &[Filter::new(0x120, 0x7F0)],
                &["120", "12f", "0000012f"],
            )
        },
    ),
    Check::new("a_filter_on_a_width_passes_that_width_only", |subject| {
        let standard = Filter {
            extended: Some(false),
            ..Filter::new(0x120, 0x7F0)
        };
        passes(subject, &[standard], &["120", "12f"])?;
        let extended = Filter {
            extended: Some(true),
            ..Filter::new(0x120, 0x7F0)
        };
        passes(subject, &[extended], &["0000012f"])
    }),
    Check::new("an_inverted_filter_passes_the_others", |subject| {
        let others = Filter {
            inverted: true,
            ..Filter::new(0x120, 0x7F0)
        };
        passes(subject, &[others], &["130", "7ff", "18ff50e5"])
    }),
    Check::new(
        "a_list_of_filters_passes_what_any_of_them_matches",
        |subject| {
            let filters = [
                Filter::exactly(Id::standard(0x7FF)?),
                Filter::exactly(Id::extended(0x18FF_50E5)?),
            ];
            passes(subject, &filters, &["7ff", "18ff50e5"])
        },
    ),
    Check::new("an_empty_list_of_filters_passes_everything", |subject| {
        passes(subject, &[], ALL)
    }),
    Check::new("filters_can_be_changed_and_removed", changed),
    Check::new("frames_that_filters_refuse_do_not_stretch_a_wait", flood),
];

const ALL: &[&str] = &["120", "12f", "0000012f", "130", "7ff", "18ff50e5"];

fn frames() -> Result<Vec<Frame>> {
    let ids = [
        Id::standard(0x120)?,
        Id::standard(0x12F)?,
        Id::extended(0x12F)?,
        Id::standard(0x130)?,
        Id::standard(0x7FF)?,
        Id::extended(0x18FF_50E5)?,
    ];
    ids.into_iter().map(|id| Frame::data(id, &[1])).collect()
}

/// Sends all frames and expects those of the given IDs, in this order.
fn expect(subject: &Subject, sender: &Bus, receiver: &Bus, expected: &[&str]) -> Outcome {
    for frame in frames()? {
        sender.send(&frame, subject.patience)?;
    }
    let mut got = Vec::new();
    for _ in expected {
        got.push(subject.next(receiver)?.frame.id().to_string());
    }
    ensure!(got == expected, "{expected:?} were expected, {got:?} came");
    let more = receiver.recv(Duration::from_millis(30))?;
    ensure!(more.is_none(), "{more:?} passed too");
    Ok(())
}

fn passes(subject: &Subject, filters: &[Filter], expected: &[&str]) -> Outcome {
    let (sender, receiver) = subject.open()?;
    receiver.set_filters(filters)?;
    ensure!(
        receiver.filters() == filters,
        "the bus says {:?}",
        receiver.filters()
    );
    expect(subject, &sender, &receiver, expected)
}

fn changed(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    receiver.set_filters(&[Filter::new(0x7FF, 0x7FF)])?;
    expect(subject, &sender, &receiver, &["7ff"])?;
    receiver.set_filters(&[Filter::new(0x130, 0x7FF)])?;
    expect(subject, &sender, &receiver, &["130"])?;
    receiver.set_filters(&[])?;
    expect(subject, &sender, &receiver, ALL)
}

fn flood(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let wanted = Id::standard(0x555)?;
    receiver.set_filters(&[Filter::exactly(wanted)])?;
    let flooding = AtomicBool::new(true);
    thread::scope(|scope| {
        let flooder = scope.spawn(|| {
            let refused = frames()?;
            while flooding.load(Ordering::Relaxed) {
                sender.send_batch(&refused, subject.patience)?;
            }
            Ok::<(), crate::Error>(())
        });
        let outcome = waits(subject, &sender, &receiver, wanted);
        flooding.store(false, Ordering::Relaxed);
        flooder
            .join()
            .map_err(|_| super::Failure("the sender panicked".into()))??;
        outcome
    })
}

fn waits(subject: &Subject, sender: &Bus, receiver: &Bus, wanted: Id) -> Outcome {
    let wait = Duration::from_millis(100);
    for _ in 0..3 {
        let start = Instant::now();
        let nothing = receiver.recv(wait)?;
        let took = start.elapsed();
        ensure!(nothing.is_none(), "{nothing:?} passed");
        ensure!(took >= wait, "a wait of {wait:?} ended after {took:?}");
        ensure!(
            took < wait + Duration::from_millis(400),
            "a wait of {wait:?} took {took:?}"
        );
    }
    let start = Instant::now();
    receiver.recv(Duration::ZERO)?;
    ensure!(
        start.elapsed() < Duration::from_millis(400),
        "a poll took {:?}",
        start.elapsed()
    );
    sender.send(&Frame::data(wanted, b"here")?, subject.patience)?;
    let found = receiver.recv(subject.patience * 5)?;
    ensure!(
        found.is_some_and(|message| message.frame.id() == wanted),
        "{found:?} came"
    );
    Ok(())
}
