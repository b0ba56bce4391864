//! `canbus logconvert`: parts of logs, pipes, and what becomes of a conversion that
//! does not come to its end.

use crate::bus::numbers;
use crate::tool::{canbus, folder, log_of, names, read, run, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The numbers of the frames in a log.
fn converted(folder: &Path, name: &str) -> Vec<u32> {
    numbers(&read(folder, name))
}

fn range(numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.collect()
}

/// A log of a frame a millisecond: `(1600000000.000000) can0 000#00000000 R` and so on.
fn with_log(frames: u32) -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "a.log", &log_of(frames));
    folder
}

#[test]
fn a_selection_that_nothing_passes_is_told_of() {
    let folder = with_log(10);
    let at = folder.path();
    for selection in ["--channel can7", "--start 5s", "--filter 7FF:7FF"] {
        let done = run(at, &format!("logconvert {selection} a.log b.log"));
        done.expect(0, "note: no frame is what was selected\n")
            .expect(0, "0 frames in");
    }
    let done = run(at, "logconvert --channel can0 a.log b.log");
    done.expect(0, "10 frames in");
    assert!(!done.stderr.contains("note:"), "{}", done.stderr);
}

#[test]
fn only_what_is_selected_is_converted() {
    let folder = folder();
    let at = folder.path();
    write(
        at,
        "a.log",
        "\
(1600000000.000000) can0 100#00000000 R
(1600000001.000000) can1 101#00000001 T
(1600000002.000000) can0 102#R4 R
(1600000003.000000) can0 103##100000003 R
(1600000004.000000) can0 20000080#
(1600000005.000000) bus 00000100#00000005 T
",
    );
    for (selection, kept) in [
        ("--filter 100:7FF", vec![0, 5]),
        ("--filter 100:7FF:s,101:7FF", vec![0, 1]),
        ("--filter 100~7FE", vec![2, 3, 4]),
        ("--channel can1", vec![1]),
        ("--channel 1 --channel bus", vec![1, 5]),
        ("--direction tx", vec![1, 5]),
        ("--kind data", vec![0, 1, 5]),
        ("--kind fd,error,remote", vec![2, 3, 4]),
        ("--start 2", vec![2, 3, 4, 5]),
        ("--start 1s --end 3s", vec![1, 2]),
        ("--end @1600000001", vec![0]),
        ("--start 2020-09-13T12:26:44Z", vec![4, 5]),
        ("--start 1 --direction tx --channel can1", vec![1]),
    ] {
        run(at, &format!("logconvert {selection} a.log b.log"))
            .expect(0, &format!("{} frame", kept.len()));
        let all = read(at, "a.log");
        let all: Vec<&str> = all.lines().collect();
        let kept: Vec<&str> = kept.iter().map(|&line: &usize| all[line]).collect();
        assert_eq!(
            read(at, "b.log").lines().collect::<Vec<_>>(),
            kept,
            "{selection}"
        );
    }
    for (wrong, told) in [
        (
            "--start yesterday",
            "expected a time behind the first frame",
        ),
        ("--kind xl", "invalid value 'xl'"),
        ("--direction up", "invalid value 'up'"),
        ("--filter 12", "expected ID:MASK"),
    ] {
        run(at, &format!("logconvert {wrong} a.log b.log")).expect(2, told);
    }
}

#[test]
fn times_and_channels_are_changed_for_all_logs_or_for_one() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", "(1600000000.000000) can0 001#00000001 R\n");
    write(at, "b.log", "(1600003599.500000) can0 001#00000002 R\n");
    let arguments = "--offset 2:-3600 --offset 1 --channel-map 2:can0=can7 --channel-map can0=body";
    run(at, &format!("logconvert {arguments} a.log b.log c.log")).expect(0, "2 frames");
    let expected = "\
(1600000000.500000) can7 001#00000002 R
(1600000001.000000) body 001#00000001 R
";
    assert_eq!(read(at, "c.log"), expected);
    run(at, "logconvert --offset -0.5 a.log d.log").expect(0, "1 frame");
    assert!(read(at, "d.log").starts_with("(1599999999.500000) "));
    run(at, "logconvert --offset 2:1 a.log e.log").expect(2, "there is no INFILE 2, but 1");
}

#[test]
fn a_log_is_parted_by_time_number_and_channel() {
    let folder = with_log(1000);
    let at = folder.path();
    let parts = |base: &str| {
        let mut names = names(at);
        names.retain(|name| name.starts_with(base));
        names.sort_by_key(|name| (!name.contains('#'), name.clone()));
        names
            .iter()
            .map(|name| converted(at, name))
            .collect::<Vec<_>>()
    };
    run(at, "logconvert --file-time 400ms a.log time.log")
        .expect(0, "; time.log: ")
        .expect(0, "; 2 full files before it\n");
    assert_eq!(
        parts("time"),
        [range(0..400), range(400..800), range(800..1000)]
    );
    run(at, "logconvert --file-frames 300 a.log frames.log").expect(0, "3 full files before it\n");
    let expected = [
        range(0..300),
        range(300..600),
        range(600..900),
        range(900..1000),
    ];
    assert_eq!(parts("frames"), expected);
    let mixed = read(at, "a.log")
        .replace("1 R\n", "1 T\n")
        .replace(" can0 00", " bus/1 00");
    write(at, "b.log", &mixed);
    run(at, "logconvert --split-channel b.log by.log.gz")
        .expect(0, "; by_bus_1.log.gz: ")
        .expect(0, "; by_can0.log.gz: ");
    run(at, "logconvert by_bus_1.log.gz bus.log").expect(0, "");
    run(at, "logconvert by_can0.log.gz can.log").expect(0, "");
    assert_eq!(converted(at, "bus.log"), range(0..16));
    assert_eq!(converted(at, "can.log"), range(16..1000));
}

#[test]
fn a_log_is_continued_if_asked() {
    let folder = with_log(5);
    let at = folder.path();
    run(at, "logconvert a.log b.blf").expect(0, "5 frames");
    run(at, "logconvert -a a.log b.blf").expect(0, "5 frames");
    run(at, "logconvert b.blf c.log").expect(0, "10 frames");
    run(at, "logconvert -a a.log a.log").expect(2, "are the same file");
}

#[test]
fn what_the_output_does_not_keep_is_told_and_costs_nothing() {
    let folder = folder();
    let at = folder.path();
    let log = "(1600000000.000001) PCAN_USBBUS1 001#01 T\n(1600000000.000002) bus 001#R3 R\n";
    write(at, "a.log", log);
    let done = run(at, "logconvert a.log b.blf");
    done.expect(0, "note: 1 frame: channel not kept by .blf\n")
        .expect(
            0,
            "note: 1 frame: of the channel's name only the number kept by .blf\n",
        )
        .expect(0, "2 frames in");
    assert_eq!(done.stderr.lines().count(), 3, "{}", done.stderr);
    // BLF keeps nanoseconds, candump's format does not.
    let log = "(1600000000.000000001) can0 001#01 R\n(1600000000.000001) can0 001#01 R\n";
    write(at, "c.log", log);
    run(at, "logconvert c.log d.blf").expect(0, "2 frames in");
    run(at, "logconvert d.blf e.log").expect(0, "note: 1 frame: time rounded to 1 µs by .log\n");
    // Earlier than the start of the file.
    write(
        at,
        "f.log",
        "(1600000001.0) can0 001#01 R\n(1600000000.0) can0 001#01 R\n",
    );
    run(at, "logconvert f.log g.blf").expect(0, "note: 1 frame: earlier than the start");
}

#[test]
fn strict_stops_at_the_first_damage_or_loss_and_what_there_is_does_not_look_complete() {
    let folder = folder();
    let at = folder.path();
    let first = "(1600000000.000001) can0 001#00000001 R\n";
    for (second, output, told) in [
        ("nonsense\n", "b.log", "a.log, line 2: "),
        (
            "(1600000000.000001) bus 001#01 T\n",
            "b.blf",
            "channel not kept: ",
        ),
        ("(160000", "b.log", "the end is missing"),
    ] {
        write(at, "a.log", &format!("{first}{second}"));
        write(at, output, "precious");
        let done = run(at, &format!("logconvert --strict a.log {output}"));
        done.expect(1, told)
            .expect(1, &format!("; partial-{output}: "))
            .expect(1, "; stopped by the error\n");
        assert_eq!(read(at, output), "precious");
        let partial = format!("partial-{output}");
        run(at, &format!("logconvert {partial} c.log")).expect(0, "1 frame in");
        assert_eq!(read(at, "c.log"), first);
        fs::remove_file(at.join(partial)).expect("there");
    }
    write(at, "a.log", first);
    run(at, "logconvert --strict a.log b.log").expect(0, "1 frame in");
    assert_eq!(read(at, "b.log"), first);
}

#[cfg(unix)]
#[test]
fn what_is_replaced_keeps_its_permissions_and_links_stay_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = with_log(3);
    let at = folder.path();
    fs::create_dir(at.join("deep")).expect("made");
    write(at, "deep/real.log", "old");
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(at.join("deep/real.log"), mode(0o640)).expect("set");
    symlink("deep/real.log", at.join("link.log")).expect("a link");
    run(at, "logconvert a.log link.log").expect(0, "; link.log: ");
    assert_eq!(read(at, "deep/real.log"), log_of(3));
    let about = fs::symlink_metadata(at.join("link.log")).expect("there");
    assert!(about.file_type().is_symlink());
    let about = fs::metadata(at.join("deep/real.log")).expect("there");
    assert_eq!(about.permissions().mode() & 0o777, 0o640);
    assert_eq!(names(&at.join("deep")), ["real.log"]);
}

#[test]
fn the_standard_streams_are_read_and_written() {
    let folder = with_log(2000);
    let at = folder.path();
    let done = run(at, "logconvert --to log a.log -");
    done.expect(0, "2000 frames in");
    assert_eq!(done.stdout, log_of(2000));
    run(at, "logconvert a.log b.blf").expect(0, "");
    let output = canbus(at)
        .args(["logconvert", "--from", "blf", "--to", "candump", "-", "-"])
        .write_stdin(fs::read(at.join("b.blf")).expect("there"))
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), log_of(2000));
    let output = canbus(at)
        .args(["logconvert", "--from", "log", "-", "c.log"])
        .write_stdin(format!("nonsense\n{}", log_of(5)))
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("warning: standard input, line 1: "));
    assert_eq!(read(at, "c.log"), log_of(5));
    for (arguments, told) in [
        ("- d.log", "what format does the standard input have?"),
        ("a.log -", "--to FORMAT and - as OUTFILE belong together"),
        ("--to log a.log d.log", "belong together"),
        ("--to log -a a.log -", "neither continued"),
        ("--to log -s 5k a.log -", "is one file"),
        ("--to nothing a.log -", "no log format"),
        ("--from nothing a.log d.log", "no log format"),
        ("--from log - - d.log", "only once"),
    ] {
        run(at, &format!("logconvert {arguments}")).expect(2, told);
    }
    assert_eq!(names(at), ["a.log", "b.blf", "c.log"]);
}

/// Waits until a process catches SIGTERM.
#[cfg(target_os = "linux")]
fn wait_for_handler(pid: u32) {
    let begun = Instant::now();
    let catches = |status: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.map(|mask| u64::from_str_radix(mask.trim(), 16).expect("a mask"));
        // Bit 0 is signal 1.
        mask.is_some_and(|mask| mask >> 14 & 1 == 1)
    };
    while !catches(&fs::read_to_string(format!("/proc/{pid}/status")).expect("runs")) {
        assert!(begun.elapsed() < Duration::from_secs(15));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_conversion_that_waits_for_a_pipe() {
    let folder = folder();
    let at = folder.path();
    let made = Command::new("mkfifo").arg(at.join("pipe.log")).status();
    assert!(made.expect("mkfifo is there").success());
    let start = |output: &str| {
        Command::new(env!("CARGO_BIN_EXE_canbus"))
            .args(["logconvert", "pipe.log", output])
            .current_dir(at)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    };
    let end = |child: std::process::Child| {
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(sent.expect("kill is there").success());
        let begun = Instant::now();
        let output = child.wait_with_output().expect("it ends");
        assert!(begun.elapsed() < Duration::from_secs(8), "at once");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    // Nobody writes into the pipe.
    let waiting = start("a.log");
    wait_for_handler(waiting.id());
    let said = end(waiting);
    assert!(
        said.contains("interrupted before anything could be read"),
        "{said}"
    );
    // Somebody does, but not for ever.
    let converting = start("b.log");
    let mut pipe = fs::OpenOptions::new()
        .write(true)
        .open(at.join("pipe.log"))
        .expect("opened");
    std::io::Write::write_all(&mut pipe, log_of(10).as_bytes()).expect("written");
    let begun = Instant::now();
    // It does not wait for a full batch, nor for the end.
    while fs::read(at.join("partial-b.log"))
        .unwrap_or_default()
        .is_empty()
    {
        assert!(begun.elapsed() < Duration::from_secs(8), "flushed");
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = end(converting);
    assert!(
        said.contains("10 frames in") && said.contains("; partial-b.log: "),
        "{said}"
    );
    assert!(said.contains("; interrupted before the end"), "{said}");
    assert_eq!(read(at, "partial-b.log"), log_of(10));
    assert_eq!(names(at), ["partial-b.log", "pipe.log"]);
}

#[test]
fn options_without_a_destination_go_where_it_is_clear() {
    let folder = with_log(100);
    let at = folder.path();
    run(at, "logconvert --compression-level=0 a.log b.blf").expect(0, "100 frames");
    run(at, "logconvert --tz=utc b.blf c.log").expect(0, "100 frames");
    run(at, "logconvert --tz=utc a.log c.blf").expect(0, "100 frames");
    run(at, "logconvert --tz=utc b.blf d.blf").expect(2, "use --reader tz=… or --writer tz=…");
    run(at, "logconvert --compresion_level=1 a.log d.blf")
        .expect(2, "did you mean --compression_level?");
    run(at, "logconvert --reader tz=utc a.log b.blf d.log").expect(0, "200 frames");
    run(at, "logconvert --reader nothing=1 a.log b.blf d.log").expect(2, "has no option nothing");
}
