//! Opening and closing: what a close ends, and that it ends nothing else.

use super::{Check, Failure, Outcome, Subject, ensure, expect_error, numbered};
use crate::error::ErrorKind;
#[cfg(unix)]
use crate::transport::wake::{Until, Waited, Wake};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const CHECKS: &[Check] = &[
    Check::new("close_wakes_a_waiting_recv", close_wakes),
    Check::new("close_wakes_every_waiting_thread", close_wakes_all),
    Check::new("close_twice_is_as_once", close_twice),
    Check::new("a_closed_bus_says_so", closed),
    Check::new("closing_one_bus_leaves_the_other_open", other_stays),
    Check::new("a_bus_can_be_opened_again_after_close", reopened),
    #[cfg(unix)]
    Check::new(
        "the_readiness_descriptor_is_readable_when_a_message_waits",
        readiness,
    ),
];

fn close_wakes(subject: &Subject) -> Outcome {
    let (_other, bus) = subject.open()?;
    thread::scope(|scope| {
        // A bus that is not woken must fail the check, not hold it for ever.
        let waiting = scope.spawn(|| bus.recv(subject.patience * 5));
        thread::sleep(Duration::from_millis(80));
        let start = Instant::now();
        bus.shutdown()?;
        let ended = waiting
            .join()
            .map_err(|_| Failure("recv panicked".into()))?;
        let took = start.elapsed();
        ensure!(
            took < Duration::from_millis(500),
            "recv was woken after {took:?}"
        );
        expect_error(ended, ErrorKind::Closed, "the woken recv")
    })
}

fn close_wakes_all(subject: &Subject) -> Outcome {
    let (_other, bus) = subject.open()?;
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| bus.recv(subject.patience * 5)))
            .collect();
        thread::sleep(Duration::from_millis(80));
        bus.shutdown()?;
        for thread in waiting {
            let ended = thread.join().map_err(|_| Failure("recv panicked".into()))?;
            expect_error(ended, ErrorKind::Closed, "a woken recv")?;
        }
        Ok(())
    })
}

fn close_twice(subject: &Subject) -> Outcome {
    let (_other, bus) = subject.open()?;
    bus.shutdown()?;
    bus.shutdown()?;
    bus.clone().shutdown()?;
    Ok(())
}

fn closed(subject: &Subject) -> Outcome {
    let (_other, bus) = subject.open()?;
    bus.shutdown()?;
    let frame = numbered(1)?;
    for timeout in [None, Some(Duration::ZERO), Some(subject.patience)] {
        expect_error(bus.recv(timeout), ErrorKind::Closed, "recv on a closed bus")?;
        expect_error(
            bus.send(&frame, timeout),
            ErrorKind::Closed,
            "send on a closed bus",
        )?;
        let batch = bus.recv_batch(&mut Vec::new(), 5, timeout);
        expect_error(batch, ErrorKind::Closed, "recv_batch on a closed bus")?;
        let batch = bus.send_batch(&[frame], timeout);
        expect_error(batch, ErrorKind::Closed, "send_batch on a closed bus")?;
    }
    ensure!(
        bus.messages().next().is_none(),
        "the iterator over a closed bus gave something"
    );
    Ok(())
}

fn other_stays(subject: &Subject) -> Outcome {
    let (closing, staying) = subject.open()?;
    closing.shutdown()?;
    // On a real wire nobody is left to acknowledge; sending may time out, but the bus is open.
    match staying.send(&numbered(1)?, Duration::from_millis(50)) {
        Err(error) if error.kind() != ErrorKind::Timeout => return Err(error.into()),
        _ => {}
    }
    let nothing = staying.recv(Duration::from_millis(10))?;
    ensure!(nothing.is_none(), "{nothing:?} came from nowhere");
    Ok(())
}

fn reopened(subject: &Subject) -> Outcome {
    for number in 0..3 {
        let (sender, receiver) = subject.open()?;
        sender.send(&numbered(number)?, subject.patience)?;
        let got = super::number_of(&subject.next(&receiver)?);
        ensure!(
            got == Some(number),
            "{number} was sent, {got:?} came: from an earlier bus?"
        );
        if number == 0 {
            sender.shutdown()?;
            receiver.shutdown()?;
        }
        // The other times dropping them must close them.
    }
    Ok(())
}

#[cfg(unix)]
fn readiness(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let Some(descriptor) = receiver.readiness() else {
        return Ok(());
    };
    let pause = Duration::from_millis(20);
    ensure!(
        !is_readable(descriptor, pause)?,
        "the descriptor is readable on a silent bus"
    );
    sender.send(&numbered(1)?, subject.patience)?;
    ensure!(
        is_readable(descriptor, subject.patience)?,
        "the descriptor is not readable although a message waits"
    );
    subject.next(&receiver)?;
    ensure!(
        !is_readable(descriptor, pause)?,
        "the descriptor is still readable after the message was taken"
    );
    Ok(())
}

#[cfg(unix)]
fn is_readable(
    descriptor: std::os::fd::BorrowedFd<'_>,
    timeout: Duration,
) -> Result<bool, Failure> {
    let waited =
        Wake::new().and_then(|wake| wake.wait(&descriptor, Until::Readable, Some(timeout)));
    let waited = waited.map_err(|error| Failure(format!("cannot wait: {error}")))?;
    Ok(waited == Waited::Ready)
}
