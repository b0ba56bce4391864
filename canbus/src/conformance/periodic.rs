//! Periodic tasks: the same behaviour whoever carries them out.

use super::{Check, Failure, Outcome, Subject, ensure, expect_error, number_of, numbered};
use crate::bus::Bus;
use crate::error::ErrorKind;
use crate::frame::Frame;
use std::thread;
use std::time::Duration;

pub(super) const CHECKS: &[Check] = &[
    Check::new("a_limited_periodic_task_sends_exactly_its_count", counted),
    Check::new("a_periodic_task_sends_its_frames_in_turn", in_turn),
    Check::new("a_periodic_task_keeps_its_period", period),
    Check::new("a_periodic_task_has_two_rates_if_asked", two_rates),
    Check::new("a_stopped_periodic_task_sends_nothing_more", stopped),
    Check::new("a_periodic_task_begins_again_after_its_end", again),
    Check::new("a_running_periodic_task_takes_new_data", modified),
    Check::new("several_periodic_tasks_run_beside_each_other", several),
    Check::new("a_modifier_changes_each_frame_of_a_periodic_task", modifier),
    Check::new("a_periodic_task_of_can_fd_keeps_its_frame", fd).needs(|able| able.fd, "CAN FD"),
    Check::new("closing_a_bus_ends_its_periodic_tasks", closed),
];

/// A period that a busy machine can keep as well.
const PERIOD: Duration = Duration::from_millis(10);

/// The numbers that come until the bus was silent for many periods.
fn numbers(bus: &Bus) -> Result<Vec<u32>, Failure> {
    let mut numbers = Vec::new();
    while let Some(message) = bus.recv(PERIOD * 15)? {
        numbers.extend(number_of(&message));
    }
    Ok(numbers)
}

/// Frames of one ID with these numbers.
fn frames(numbers: &[u32]) -> crate::error::Result<Vec<Frame>> {
    let first = numbered(1)?.id();
    let frames = numbers.iter().map(|&number| numbered(number));
    frames.map(|frame| Ok(frame?.with_id(first))).collect()
}

fn counted(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender
        .send_periodic(&frames(&[5])?, PERIOD)
        .count(7)
        .start()?;
    ensure!(task.wait(subject.patience), "it never ended");
    let got = numbers(&receiver)?;
    ensure!(got == [5; 7], "{got:?} came of 7 frames");
    ensure!(!task.is_running(), "it says that it runs");
    let sent = task.stats().sent;
    ensure!(
        sent.is_none_or(|sent| sent == 7),
        "it says it sent {sent:?}"
    );
    let task = sender
        .send_periodic(&frames(&[6])?, PERIOD)
        .duration(PERIOD * 4);
    ensure!(task.start()?.wait(subject.patience), "it never ended");
    let got = numbers(&receiver)?;
    ensure!(got == [6; 4], "{got:?} came in 4 periods");
    Ok(())
}

fn in_turn(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender
        .send_periodic(&frames(&[1, 2, 3])?, PERIOD)
        .count(7)
        .start()?;
    ensure!(task.wait(subject.patience), "it never ended");
    let got = numbers(&receiver)?;
    ensure!(got == [1, 2, 3, 1, 2, 3, 1], "{got:?} came");
    Ok(())
}

fn period(subject: &Subject) -> Outcome {
    const FRAMES: u32 = 20;
    let (sender, receiver) = subject.open()?;
    let frames = frames(&[1])?;
    let task = sender
        .send_periodic(&frames, PERIOD)
        .count(FRAMES.into())
        .start()?;
    let mut times = Vec::new();
    for _ in 0..FRAMES {
        times.push(subject.next(&receiver)?.timestamp);
    }
    drop(task);
    let took = times[times.len() - 1].nanos_since(times[0]);
    let took = Duration::from_nanos(u64::try_from(took).unwrap_or_default());
    // The first may have been late and the last punctual.
    ensure!(
        took >= PERIOD * (FRAMES - 3),
        "{FRAMES} frames came within {took:?}, one every {PERIOD:?}"
    );
    Ok(())
}

fn two_rates(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender
        .send_periodic(&frames(&[1])?, PERIOD * 20)
        .first(5, PERIOD)
        .start()?;
    let mut times = Vec::new();
    for _ in 0..6 {
        times.push(subject.next(&receiver)?.timestamp);
    }
    task.stop()?;
    let pause = times[5].nanos_since(times[4]);
    let before = times[4].nanos_since(times[3]);
    let wanted = i64::try_from((PERIOD * 12).as_nanos()).unwrap_or(i64::MAX);
    ensure!(
        pause > wanted && before < wanted,
        "{before} ns at the first rate, {pause} ns before the second"
    );
    Ok(())
}

fn stopped(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender.send_periodic(&frames(&[1])?, PERIOD).start()?;
    ensure!(task.is_running(), "it says that it does not run");
    subject.next(&receiver)?;
    task.stop()?;
    ensure!(!task.is_running(), "it says that it runs");
    // What was handed over before may be on its way.
    thread::sleep(PERIOD * 2);
    while receiver.recv(Duration::ZERO)?.is_some() {}
    let late = receiver.recv(PERIOD * 10)?;
    ensure!(late.is_none(), "{late:?} came after the stop");
    task.stop()?;
    Ok(())
}

fn again(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender
        .send_periodic(&frames(&[1, 2])?, PERIOD)
        .count(3)
        .start()?;
    ensure!(task.wait(subject.patience), "it never ended");
    task.start()?;
    ensure!(task.wait(subject.patience), "it never ended again");
    let got = numbers(&receiver)?;
    ensure!(got == [1, 2, 1, 1, 2, 1], "{got:?} came");
    task.start()?;
    task.stop()?;
    numbers(&receiver)?;
    task.start()?;
    ensure!(task.wait(subject.patience), "it never ended after a stop");
    let got = numbers(&receiver)?;
    ensure!(got == [1, 2, 1], "{got:?} came after a stop");
    Ok(())
}

fn modified(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender.send_periodic(&frames(&[1])?, PERIOD).start()?;
    subject.next(&receiver)?;
    task.modify(&frames(&[2])?)?;
    let other = numbered(7)?;
    expect_error(task.modify(&[other]), ErrorKind::InvalidInput, "another ID")?;
    expect_error(task.modify(&[]), ErrorKind::InvalidInput, "no frames")?;
    let mut got = Vec::new();
    while got.last() != Some(&2) {
        ensure!(got.len() < 50, "the new data never came");
        got.extend(number_of(&subject.next(&receiver)?));
    }
    task.stop()?;
    let rest = numbers(&receiver)?;
    ensure!(
        rest.iter().all(|number| *number == 2),
        "{rest:?} came later"
    );
    Ok(())
}

fn several(subject: &Subject) -> Outcome {
    const TASKS: u32 = 5;
    let (sender, receiver) = subject.open()?;
    let tasks = (1..=TASKS).map(|number| {
        let frame = numbered(number)?;
        sender
            .send_periodic(&[frame], PERIOD)
            .count(number.into())
            .start()
    });
    let tasks: Vec<_> = tasks.collect::<Result<_, _>>()?;
    for task in &tasks {
        ensure!(task.wait(subject.patience), "one never ended");
    }
    let got = numbers(&receiver)?;
    for number in 1..=TASKS {
        let came = got.iter().filter(|one| **one == number).count();
        ensure!(
            came == number as usize,
            "{came} frames of task {number} came"
        );
    }
    sender.stop_all_periodic_tasks()?;
    Ok(())
}

fn modifier(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let up = |frame: &mut Frame| frame.payload_mut()[3] += 1;
    let task = sender
        .send_periodic(&frames(&[0])?, PERIOD)
        .modifier(up)
        .count(4)
        .start()?;
    ensure!(!task.is_native(), "no driver knows the modifier");
    ensure!(task.wait(subject.patience), "it never ended");
    let got = numbers(&receiver)?;
    ensure!(got == [1, 2, 3, 4], "{got:?} came");
    Ok(())
}

fn fd(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let frame = Frame::fd(numbered(1)?.id(), &[0xA5; 48], true, false)?;
    let task = sender.send_periodic(&[frame], PERIOD).count(2).start()?;
    for _ in 0..2 {
        let got = subject.next(&receiver)?.frame;
        ensure!(got == frame, "{got:?} came of {frame:?}");
    }
    ensure!(task.wait(subject.patience), "it never ended");
    Ok(())
}

fn closed(subject: &Subject) -> Outcome {
    let (sender, receiver) = subject.open()?;
    let task = sender.send_periodic(&frames(&[1])?, PERIOD).start()?;
    subject.next(&receiver)?;
    sender.shutdown()?;
    ensure!(!task.is_running(), "it says that it runs");
    while receiver.recv(PERIOD * 2)?.is_some() {}
    let late = receiver.recv(PERIOD * 10)?;
    ensure!(late.is_none(), "{late:?} came after the close");
    expect_error(task.start(), ErrorKind::Closed, "starting it")?;
    let more = sender.send_periodic(&frames(&[1])?, PERIOD).start();
    expect_error(more, ErrorKind::Closed, "a task of a closed bus")?;
    task.stop()?;
    Ok(())
}
