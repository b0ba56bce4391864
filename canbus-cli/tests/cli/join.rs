//! `canbus logconvert`: several logs become one.

use crate::bus::numbers;
use crate::tool::{folder, log_of, names, read, run, write};
use std::path::Path;
use std::process::Command;
#[cfg(target_os = "linux")]
use std::time::Duration;

#[test]
fn several_logs_become_one_in_the_order_of_time() {
    let folder = folder();
    let at = folder.path();
    let all = log_of(3000);
    let lines: Vec<&str> = all.lines().collect();
    let part = |which: fn(usize) -> bool| {
        let lines = lines
            .iter()
            .enumerate()
            .filter(|(number, _)| which(*number));
        let lines: Vec<&str> = lines.map(|(_, line)| *line).collect();
        lines.join("\n") + "\n"
    };
    write(at, "one.log", &part(|n| n % 3 == 0));
    write(at, "two.log", &part(|n| n % 3 == 1 && n < 2000));
    write(
        at,
        "three.log",
        &part(|n| n % 3 == 2 || n % 3 == 1 && n >= 2000),
    );
    write(at, "none.log", "");
    run(at, "logconvert two.log two.blf").expect(0, "");
    run(at, "logconvert three.log two.blf none.log one.log all.log").expect(0, "3000 frames");
    assert_eq!(read(at, "all.log"), all);
}

#[test]
fn many_logs_that_follow_one_another_are_not_open_at_once() {
    let folder = folder();
    let at = folder.path();
    for number in 0..100 {
        let line = format!("(16000{number:05}.000000) can0 001#{number:08X} R\n");
        write(at, &format!("{number:03}.log"), &line);
    }
    let mut logs = names(at);
    logs.reverse();
    join_with_few_open(at, &logs);
    assert_eq!(
        numbers(&read(at, "all.log")),
        (0..100).collect::<Vec<u32>>()
    );
}

#[test]
fn many_logs_that_overlap_are_joined_with_few_open() {
    let folder = folder();
    let at = folder.path();
    for log in 0..100 {
        let line = |n| {
            format!(
                "(1600000000.{:06}) can0 001#{:08X} R\n",
                n * 100 + log,
                n * 100 + log
            )
        };
        let lines: String = (0..200).map(line).collect();
        write(at, &format!("{log:03}.log"), &lines);
    }
    join_with_few_open(at, &names(at));
    assert_eq!(
        numbers(&read(at, "all.log")),
        (0..20_000).collect::<Vec<u32>>()
    );
}

/// Joins them where fewer files than there are logs may be open.
fn join_with_few_open(folder: &Path, logs: &[String]) {
    let script = "ulimit -n 40 && exec \"$0\" logconvert \"$@\" all.log";
    let done = Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_canbus")])
        .args(logs)
        .current_dir(folder)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}

/// Each of these logs is inflated by blocks of a megabyte.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_logs_that_overlap() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", &log_of(30_000));
    run(at, "logconvert a.log a.mf4").expect(0, "30000 frames");
    let [one, many] = [1, 20].map(|logs| {
        let arguments = format!("logconvert {}all.log", "a.mf4 ".repeat(logs));
        peak(at, &arguments)
    });
    assert!(many < one + (8 << 20), "{one} bytes, {many} bytes");
    assert_eq!(numbers(&read(at, "all.log")).len(), 600_000);
}

/// The most memory, in bytes, that the command has taken when it ends.
#[cfg(target_os = "linux")]
fn peak(folder: &Path, arguments: &str) -> usize {
    let mut child = Command::new(env!("CARGO_BIN_EXE_canbus"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .spawn()
        .expect("it starts");
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let status = format!("/proc/{}/status", child.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.map_or(0, |count: usize| count << 10));
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().expect("a child").success());
    assert!(peak > 0, "it was too fast to be looked at");
    peak
}
