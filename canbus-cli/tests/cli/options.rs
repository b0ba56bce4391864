//! Options that are not arguments of the command, configuration, and what is refused.

use crate::tool::{canbus, folder, names, run, write};

#[test]
fn further_arguments_reach_the_writer_or_the_bus() {
    let folder = folder();
    let at = folder.path();
    run(
        at,
        "logger -i virtual --duration 0 -f a.blf --compression-level=9",
    )
    .expect(0, "0 frames");
    // The meaning in python-can 4.0.0.
    run(
        at,
        "logger -i virtual --duration 0 -f a.blf --rx-queue-size=9",
    )
    .expect(0, "0 frames");
    run(at, "logger -i virtual --duration 0 --listen_only=true").expect(0, "0 frames");
    run(
        at,
        "logger -i virtual --duration 0 -f a.blf --compression-level=10",
    )
    .expect(
        2,
        "option compression_level is 10, but expected a whole number from -1 to 9",
    );
    run(at, "logger -i virtual --duration 0 --rx-queue-size=x").expect(
        2,
        "virtual: option rx_queue_size is x, but expected a whole number",
    );
    write(at, "b.log", "(1.0) can0 123# R\n");
    run(at, "player -i virtual b.log --listen-only=no").expect(0, "sent 1 frame");
    run(at, "player -i virtual b.log --listen-only=yes").expect(1, "listen-only");
}

#[test]
fn what_nobody_takes_is_refused_with_the_nearest_name_and_touches_nothing() {
    let folder = folder();
    let at = folder.path();
    let logger = "logger -f a.blf -i virtual";
    write(at, "a.blf", "precious");
    for (argument, said) in [
        ("--compresion-level=9", "did you mean --compression_level?"),
        ("--bitrtae=9", "did you mean --bitrate?"),
        ("--fiel_name=9", "did you mean --file_name?"),
        ("--zzzzzz=9", "there are channel, compression_level,"),
        ("--bus-kwargs lisen_only=1", "did you mean listen_only?"),
        ("--timing f_clock=8000000", "virtual has no option f_clock"),
        ("--timing f_clock=x", "expected KEY=NUMBER"),
        ("--bus-kwargs x", "expected KEY=VALUE"),
        ("--filter 123", "expected ID:MASK"),
        ("--passive --active", "cannot be used with"),
        ("--flush -1", "expected seconds"),
        ("--duration never", "expected seconds"),
        ("--duration -1", "expected seconds"),
        ("--count abc", "expected a whole number from 1"),
        ("--count -1", "expected a whole number from 1"),
        ("-b fast", "expected a whole number from 1"),
        ("-b 5000000000", "the number is too large"),
        ("-s 1MB", "expected bytes, such as 20000, 20k, 5M or 1G"),
        ("-s -1", "expected bytes"),
        (
            "-c y --bus-kwargs channel=x",
            "option channel is given twice",
        ),
        (
            "--bus-kwargs listen_only=1 --listen-only=0",
            "option listen_only is given twice",
        ),
        (
            "--bus-kwargs listen_only=0 --passive",
            "option listen_only is given twice",
        ),
        (
            "--rx-queue-size=1 --rx_queue_size=2",
            "option rx_queue_size is given twice",
        ),
        ("--count 0", "expected a whole number from 1"),
        ("--unknown", "unexpected argument '--unknown'"),
        ("surplus", "unexpected argument 'surplus'"),
    ] {
        run(at, &format!("{logger} {argument}")).expect(2, said);
    }
    run(at, "logger -i virtul").expect(2, "a similar value exists: 'virtual'");
    run(at, "logger -i virtual -a").expect(2, "--file_name");
    run(at, "logger -i virtual -s 5").expect(2, "--file_name");
    run(at, "logger -i virtual -f a.blg").expect(2, "did you mean .blf?");
    run(at, "player -i virtual --loop 0 a.blf").expect(2, "expected a number from 1");
    assert_eq!(crate::tool::read(at, "a.blf"), "precious");
    assert_eq!(names(at), ["a.blf"]);
}

#[test]
fn an_option_without_an_equals_sign_is_told_how_it_is_given() {
    let folder = folder();
    let at = folder.path();
    let logger = "logger -i simulated -n 1";
    for (arguments, said) in [
        (
            "--speed 3",
            "error: --speed needs its value after \"=\": --speed=VALUE\n",
        ),
        (
            "--hop-limit 3",
            "error: --hop-limit needs its value after \"=\": --hop-limit=VALUE\n",
        ),
        ("--compression_level 3", "--compression_level=VALUE"),
        (
            "--zzz 3",
            "tip: options of the interface or log file are given as --KEY=VALUE",
        ),
        ("--fiel_name 3", "tip: did you mean --file_name?"),
        ("--hop_limti 3", "tip: did you mean --hop_limit=VALUE?"),
    ] {
        let done = run(at, &format!("{logger} {arguments}"));
        done.expect(2, said).expect(2, "Usage: canbus logger");
        assert!(!done.stderr.contains("similar"), "{}", done.stderr);
        assert!(!done.stderr.contains("--append"), "{}", done.stderr);
        assert!(!done.stderr.contains("-- --"), "{}", done.stderr);
    }
    run(at, "player -i simulated a.log --hop-limit 3").expect(2, "--hop-limit=VALUE");
    run(at, "logconvert --tz=utc a.blf b.blf").expect(2, "use --reader tz=… or --writer tz=…");
    run(at, "logconvert --compression-level 9 a b")
        .expect(2, "tip: use --writer compression_level=…");
    run(at, "detect --zzz").expect(2, "unexpected argument '--zzz'");
}

#[test]
fn the_bus_may_come_from_files_and_environment() {
    let folder = folder();
    let at = folder.path();
    run(at, "logger --duration 0").expect(2, "no interface is configured");
    write(
        at,
        ".canrc",
        "[default]\ninterface = virtual\nchannel = from-file\n",
    );
    run(at, "logger --duration 0").expect(0, "from-file");
    run(at, "logger --duration 0 -c given").expect(0, "given");
    let mut command = canbus(at);
    command.env("CAN_CHANNEL", "from-environment");
    let output = command
        .args(["logger", "--duration", "0"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("from-environment"), "{said}");
    write(at, ".canrc", "[default]\ninterface = virtul\n");
    run(at, "logger --duration 0").expect(2, "no backend is named virtul; did you mean virtual?");
    write(
        at,
        ".canrc",
        "[default]\ninterface = virtual\nbitrtae = 5\n",
    );
    run(at, "logger --duration 0")
        .expect(2, "virtual has no option bitrtae; did you mean bitrate?");
    write(at, "a.log", "");
    let mut command = canbus(at);
    command.env("CAN_INTERFACE", "virtul");
    let output = command.args(["player", "a.log"]).output();
    assert_eq!(output.expect("it runs").status.code(), Some(2));
    write(at, ".canrc", "interface\n");
    run(at, "logger --duration 0").expect(1, ".canrc, line 1");
}

#[test]
fn what_is_missing_is_an_error_with_its_name() {
    let folder = folder();
    let at = folder.path();
    run(at, "player -i virtual none.log").expect(1, "canbus player: none.log: No such file");
    run(at, "logconvert none.log a.blf").expect(1, "canbus logconvert: none.log: No such file");
    run(at, "logger -i virtual --duration 0 -f no/a.log")
        .expect(1, "canbus logger: no/a.log: there is no folder no\n");
    run(at, "logger -i virtual --duration 0 -f no/a.log -s 20k").expect(1, "no folder no\n");
    assert!(names(at).is_empty());
}

#[test]
fn verbosity_is_as_asked() {
    let folder = folder();
    let at = folder.path();
    let quiet = run(at, "detect -i virtual");
    assert_eq!((quiet.code, &*quiet.stderr), (Some(0), ""));
    let output = canbus(at)
        .args(["logger", "-i", "virtual", "--duration", "0"])
        .output();
    let said = String::from_utf8_lossy(&output.expect("it runs").stderr).into_owned();
    assert!(
        !said.contains('\u{1b}'),
        "no colours where no terminal is: {said}"
    );
    assert_eq!(said.lines().count(), 2, "{said}");
}
