//! How long `recv` and `send` take: they poll, wait and give up when they are told to.

use super::{Check, Failure, Outcome, Subject, ensure, numbered};
use std::thread;
use std::time::{Duration, Instant};

/// How much later than asked a wait may end on a busy machine.
const LATE: Duration = Duration::from_millis(400);

pub(super) const CHECKS: &[Check] = &[
    Check::new("recv_of_zero_polls", poll),
    Check::new("recv_gives_up_when_the_time_is_up_and_not_before", gives_up),
    Check::new("recv_without_a_timeout_waits_for_the_message", waits),
    Check::new("a_waiting_recv_does_not_hold_up_send", send_beside_recv),
    Check::new("send_of_zero_sends_on_an_idle_bus", send_zero),
];

fn poll(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    for _ in 0..20 {
        let start = Instant::now();
        let nothing = receiver.recv(Duration::ZERO)?;
        ensure!(nothing.is_none(), "{nothing:?} on a silent bus");
        ensure!(start.elapsed() < LATE, "a poll took {:?}", start.elapsed());
    }
    sender.send(&numbered(1)?, subject.patience)?;
    let deadline = Instant::now() + subject.patience;
    while receiver.recv(Duration::ZERO)?.is_none() {
        ensure!(Instant::now() < deadline, "polling never found the message");
        thread::yield_now();
    }
    Ok(())
}

fn gives_up(subject: &Subject) -> Outcome {
    let (_sender, receiver) = subject.open()?;
    for millis in [1, 20, 120] {
        let wait = Duration::from_millis(millis);
        let start = Instant::now();
        let nothing = receiver.recv(wait)?;
        let took = start.elapsed();
        ensure!(nothing.is_none(), "{nothing:?} on a silent bus");
        ensure!(took >= wait, "a wait of {wait:?} ended after {took:?}");
        ensure!(took < wait + LATE, "a wait of {wait:?} took {took:?}");
        let start = Instant::now();
        let count = receiver.recv_batch(&mut Vec::new(), 10, wait)?;
        let took = start.elapsed();
        ensure!(count == 0, "{count} messages on a silent bus");
        ensure!(
            took >= wait && took < wait + LATE,
            "a batch of {wait:?} took {took:?}"
        );
    }
    Ok(())
}

fn waits(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let pause = Duration::from_millis(150);
    thread::scope(|scope| {
        let start = Instant::now();
        let waiting = scope.spawn(|| receiver.recv(None));
        thread::sleep(pause);
        sender.send(&numbered(9)?, subject.patience)?;
        let received = waiting
            .join()
            .map_err(|_| Failure("recv panicked".into()))??;
        ensure!(received.is_some(), "recv without a timeout gave nothing");
        ensure!(
            start.elapsed() >= pause,
            "it ended before the message was sent"
        );
        ensure!(
            start.elapsed() < pause + LATE,
            "it took {:?}",
            start.elapsed()
        );
        Ok(())
    })
}

fn send_beside_recv(subject: &Subject) -> Outcome {
    let (first, second) = subject.open()?;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| first.recv(Duration::from_millis(300)));
        thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        for number in 0..10 {
            first.send(&numbered(number)?, subject.patience)?;
            subject.next(&second)?;
        }
        let took = start.elapsed();
        ensure!(
            took < Duration::from_millis(250),
            "ten frames beside a waiting recv took {took:?}"
        );
        let nothing = waiting
            .join()
            .map_err(|_| Failure("recv panicked".into()))??;
        ensure!(nothing.is_none(), "the waiting recv got {nothing:?}");
        Ok(())
    })
}

fn send_zero(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let start = Instant::now();
    sender.send(&numbered(1)?, Duration::ZERO)?;
    ensure!(start.elapsed() < LATE, "it took {:?}", start.elapsed());
    subject.next(&receiver)?;
    Ok(())
}
