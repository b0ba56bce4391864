//! Measures the CPU time that reading a full queue, or sending, costs for each frame.
//!
//! usage: `drain_bus drain|recv|send FRAMES OPTION=VALUE...` on the backend `socketcan`; prints a line of
//! JSON. The benchmark `socketcan` compares it with python-can.

use canbus::{Bus, Frame, Id, Message};
use std::error::Error;
use std::time::Duration;

/// How many frames lie in the queue before it is read.
const PORTION: usize = 10_000;

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, frames, options @ ..] = &arguments[..] else {
        return Err("usage: drain_bus drain|recv|send FRAMES OPTION=VALUE...".into());
    };
    let frames: usize = frames.parse()?;
    let open = || {
        let given = options.iter().filter_map(|option| option.split_once('='));
        given
            .fold(Bus::builder("socketcan"), |bus, (name, value)| {
                bus.option(name, value)
            })
            .open()
    };
    let spent = match what.as_str() {
        "drain" => drain(&open()?, &open()?, frames, usize::MAX)?,
        "recv" => drain(&open()?, &open()?, frames, 1)?,
        "send" => send(&open()?, frames)?,
        other => return Err(format!("what is {other}? Expected drain, recv or send").into()),
    };
    println!(
        "{{\"nanoseconds\":{}}}",
        spent.as_nanos() as f64 / frames as f64
    );
    Ok(())
}

/// The time of reading so many frames, which lay in the queue, at most `at_once` with each call.
fn drain(
    sender: &Bus,
    bus: &Bus,
    frames: usize,
    at_once: usize,
) -> Result<Duration, Box<dyn Error>> {
    let mut spent = Duration::ZERO;
    let mut messages: Vec<Message> = Vec::with_capacity(PORTION);
    let mut left = frames;
    while left > 0 {
        let portion = left.min(PORTION);
        for number in 0..portion {
            sender.send(&frame(number)?, None)?;
        }
        messages.clear();
        let start = cpu_time();
        while bus.recv_batch(&mut messages, at_once, Duration::ZERO)? > 0 {}
        spent += cpu_time().saturating_sub(start);
        if messages.len() != portion {
            return Err(format!("{} of {portion} frames came", messages.len()).into());
        }
        left -= portion;
    }
    Ok(spent)
}

/// The time of sending so many frames, one by one.
fn send(bus: &Bus, frames: usize) -> Result<Duration, Box<dyn Error>> {
    let one = frame(0)?;
    let start = cpu_time();
    for _ in 0..frames {
        bus.send(&one, None)?;
    }
    Ok(cpu_time().saturating_sub(start))
}

fn frame(number: usize) -> canbus::Result<Frame> {
    Frame::data(Id::standard(0x123)?, &(number as u64).to_le_bytes())
}

/// What this program has used of processors, in the kernel too.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The benchmark needs a kernel that only Linux has.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}
