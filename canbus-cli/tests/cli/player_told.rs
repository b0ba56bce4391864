//! `canbus player`: frames that go nowhere or to the wrong bus are told, as is what was asked for in
//! vain.

use crate::bus::Group;
use crate::tool::{Running, folder, run, write};
use std::fmt::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const TWO_CHANNELS: &str = "\
(1600000000.000000) can0 123#01 R
(1600000000.010000) can1 124#02 R
(1600000000.020000) can0 125#03 R
";

#[test]
fn a_channel_that_the_log_does_not_have_is_warned_about() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", TWO_CHANNELS);
    let done = run(at, "player a.log --map 0=virtual:a --map *=virtual:b");
    done.expect(0, "sent 3 frames in").expect(
        0,
        "warning: the log has no channel 0, which --map names; its channels are can0, can1\n",
    );
    run(
        at,
        "player a.log -i virtual --log-channel can0 --log-channel foo",
    )
    .expect(0, "sent 2 frames in")
    .expect(0, "the log has no channel foo, which --log-channel names;");
    let right = run(at, "player a.log --map can0=virtual:a --map *=virtual:b");
    right.expect(0, "sent 3 frames in");
    assert!(!right.stderr.contains("warning"), "{}", right.stderr);
}

#[test]
fn nothing_sent_of_a_log_with_frames_is_a_failure_with_a_reason() {
    let folder = folder();
    let at = folder.path();
    write(at, "a.log", TWO_CHANNELS);
    let all = "warning: none of 3 frames was sent: 3 ";
    for (arguments, reason) in [
        (
            "--log-channel foo",
            "not of --log-channel (its channels are can0, can1)",
        ),
        ("--filter 7FF:7FF", "not let through by --filter"),
        (
            "--start 100",
            "not within --start and --end (the log lasts 20.0 ms)",
        ),
    ] {
        run(at, &format!("player a.log -i virtual {arguments}"))
            .expect(1, &format!("{all}{reason}\n"))
            .expect(1, "sent 0 frames");
    }
    run(at, "player a.log --map 0=virtual:a").expect(1, &format!("{all}of channels without a bus"));
    write(at, "errors.log", "(1.0) can0 20000004#0011223344556677\n");
    run(at, "player errors.log -i virtual").expect(1, "which only --error-frames sends");
    for times in ["--start 1.5 --end 1", "--start @2 --end @2"] {
        run(at, &format!("player a.log -i virtual {times}"))
            .expect(2, "--start is not before --end");
    }
}

#[test]
fn an_option_of_a_mapping_wins_over_that_of_all_buses() {
    let folder = folder();
    write(folder.path(), "a.log", TWO_CHANNELS);
    let (own, all) = (Group::new(), Group::new());
    let target = own.target();
    let port = all.arguments();
    let port = port
        .split_whitespace()
        .find_map(|part| part.strip_prefix("port="))
        .expect("a port");
    // The other channel's bus, which has no port of its own, takes that of all.
    let other = "udp_multicast:239.74.163.2,network_interface=lo,hop_limit=0";
    for general in [
        format!("--port={port}"),
        format!("--bus-kwargs port={port}"),
    ] {
        let heard = (own.listen(), all.listen());
        let arguments = format!("player a.log --map can0={target} --map can1={other} {general}");
        run(folder.path(), &arguments).expect(0, "sent 3 frames in");
        assert_eq!(heard.0.messages().len(), 2, "{general}");
        assert_eq!(heard.1.messages().len(), 1, "{general}");
    }
}

#[test]
fn a_pace_of_times_that_are_ignored_is_refused() {
    let folder = folder();
    write(folder.path(), "a.log", TWO_CHANNELS);
    run(
        folder.path(),
        "player -i virtual a.log --speed 10 --ignore-timestamps -g 0.5",
    )
    .expect(2, "cannot be used with '--ignore-timestamps'");
}

#[cfg(unix)]
#[test]
fn what_a_stopped_player_missed_does_not_flood_the_bus() {
    let folder = folder();
    let log = (0..100).fold(String::new(), |mut log, number| {
        let _ = writeln!(log, "({}.{:03}) can0 123# R", number / 50, number % 50 * 20);
        log
    });
    write(folder.path(), "a.log", &log);
    let group = Group::new();
    let heard = group.listen();
    let arguments = group.arguments();
    let player = Running::start(folder.path(), &["player a.log", &arguments], Stdio::null());
    player.signal("STOP");
    thread::sleep(Duration::from_millis(1200));
    player.signal("CONT");
    player.end().expect(0, "sent 100 frames in");
    let times: Vec<_> = heard.messages().iter().map(|one| one.timestamp).collect();
    let at_once = times
        .windows(2)
        .filter(|pair| pair[1].nanos_since(pair[0]) < 2_000_000);
    // Sixty were due meanwhile.
    let at_once = at_once.count();
    assert!(at_once < 30, "{at_once} frames right behind the one before");
}
