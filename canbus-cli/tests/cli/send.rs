//! Frames from the command line.

use crate::bus::Group;
use crate::tool::{Running, folder, run};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn frames_are_sent_once_in_order() {
    let (folder, group) = (folder(), Group::new());
    let heard = group.listen();
    let arguments = "send 123#0102 00000123#R5 7FF##3AA";
    run(folder.path(), &format!("{arguments} {}", group.arguments())).expect(0, "sent 3 frames to");
    let heard: Vec<String> = heard
        .messages()
        .iter()
        .map(|message| format!("{:?}", message.frame))
        .collect();
    assert_eq!(
        heard,
        [
            "Frame(123 Data dlc 2 [01, 02])",
            "Frame(00000123 Remote dlc 5 [])",
            "Frame(7ff Fd { brs: true, esi: true } dlc 1 [aa])",
        ]
    );
}

#[test]
fn frames_are_sent_periodically_so_many_times_and_the_statistics_are_shown() {
    let (folder, group) = (folder(), Group::new());
    let heard = group.listen();
    let arguments = "send 100#01 200#02 --every 5ms --count 10 -v";
    let done = run(folder.path(), &format!("{arguments} {}", group.arguments()));
    done.expect(0, "canbus send: 100: 10 sent, ")
        .expect(0, "canbus send: 200: 10 sent, ")
        .expect(0, "canbus send: 20 sent, ")
        .expect(0, "lateness p50 ")
        .expect(0, "##########");
    let messages = heard.messages();
    let of = |id| {
        messages
            .iter()
            .filter(move |one| one.frame.id().raw() == id)
    };
    assert_eq!((of(0x100).count(), of(0x200).count()), (10, 10));
    let times: Vec<_> = of(0x100).map(|one| one.timestamp).collect();
    let took = Duration::from_nanos(times[9].nanos_since(times[0]).unsigned_abs());
    assert!(took > Duration::from_millis(30), "{took:?}");
}

#[test]
fn a_duration_or_a_signal_ends_it() {
    let folder = folder();
    let base = "send -i virtual 123# --every 0.02";
    run(folder.path(), &format!("{base} --duration 0.1")).expect(0, "5 sent, ");
    run(folder.path(), &format!("{base} --duration 100ms")).expect(0, "5 sent, ");
    let running = Running::start(folder.path(), &[base], Stdio::null());
    running.signal("INT");
    let done = running.end();
    done.expect(0, " sent, ");
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let folder = folder();
    for (arguments, code, said) in [
        ("12#0", 2, "expected pairs of hexadecimal digits"),
        ("123", 2, "expected an ID"),
        ("1234#01", 2, "expected an ID of 3 digits, or 8"),
        ("123#01 --count 3", 2, "--every"),
        ("123#01 --every 0", 2, "expected a time"),
        (
            "123#01 --every 1ms --count 3 --duration 1",
            2,
            "cannot be used with",
        ),
        (
            "123#01 --every 1ms --realtime 100",
            2,
            "100 is not in 1..=99",
        ),
        ("123##1AA --bus-kwargs fd=no", 1, "does not carry CAN FD"),
        ("123##1AA --every 1ms --fd=no", 2, "unexpected value"),
        ("123#01 --every 1ms --listen_only=yes", 1, "listen-only"),
        ("123#01 --zzzzzz=1", 2, "no option zzzzzz for virtual"),
    ] {
        run(folder.path(), &format!("send -i virtual {arguments}")).expect(code, said);
    }
}
