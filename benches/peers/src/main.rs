//! Reads a log with the best other Rust library and prints frames and seconds of CPU time:
//! `canbus-peers FILE.blf|FILE.asc`.

use blf_asc::{AscReader, BlfReader};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let start = cpu_seconds();
    let frames = if path.ends_with(".asc") {
        AscReader::open(&path)?.map(black_box).count()
    } else {
        BlfReader::open(&path)?.map(black_box).count()
    };
    println!("{frames} {:.6}", cpu_seconds() - start);
    Ok(())
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
