//! Tells the CPU time that reading or writing a log takes, for benchmarks:
//! `time_log read FILE` or `time_log write SOURCE FILE [OPTION=VALUE]...`.
//!
//! Prints the number of frames, the seconds of CPU time of all threads, and the size of the file.
//! Writing takes the frames of a source that was read into memory before the clock starts.

use canbus::{Listener, Message, formats};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::io::Write;

const NO_OPTIONS: [(&str, &str); 0] = [];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (frames, seconds, file) = match *arguments.as_slice() {
        ["read", file] => read(file)?,
        ["write", source, file, ref options @ ..] => write(source, file, options)?,
        _ => return Err("usage: time_log read FILE | write SOURCE FILE [OPTION=VALUE]...".into()),
    };
    let size = std::fs::metadata(file)?.len();
    writeln!(std::io::stdout(), "{frames} {seconds:.6} {size}")?;
    Ok(())
}

fn read(file: &str) -> canbus::Result<(usize, f64, &str)> {
    let start = cpu_seconds();
    let mut frames = 0;
    for message in formats::open(file, NO_OPTIONS)? {
        black_box(message?);
        frames += 1;
    }
    Ok((frames, cpu_seconds() - start, file))
}

fn write<'a>(
    source: &str,
    file: &'a str,
    options: &[&str],
) -> canbus::Result<(usize, f64, &'a str)> {
    let messages = formats::open(source, NO_OPTIONS)?.collect::<canbus::Result<Vec<Message>>>()?;
    let options = options
        .iter()
        .map(|option| option.split_once('=').unwrap_or((option, "true")));
    let start = cpu_seconds();
    let mut log = formats::create(file, options)?;
    for batch in messages.chunks(256) {
        log.on_batch(batch)?;
    }
    log.finish()?;
    Ok((messages.len(), cpu_seconds() - start, file))
}

/// The CPU time of this process so far, of all its threads.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
