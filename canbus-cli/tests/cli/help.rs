//! What the help says, and that the old spellings of python-can are understood.

use crate::tool::{folder, run};

/// The arguments of the scripts of python-can 4.6.1 and 4.0.0, by command.
const BUS: &str =
    "-c --channel -i --interface -b --bitrate --fd --data-bitrate --timing --bus-kwargs";
const LOGGER: &str = "-f --file_name -a --append -s --file_size -v --active --passive --filter";
const PLAYER: &str =
    "-f --file_name -v --ignore-timestamps --error-frames -g --gap -s --skip -l --loop INFILE";

/// What ours have beyond them.
const FILES: &str = "--file-time --file-at --file-frames --keep-files --keep-size --bus \
    --start-on --stop-on --ring --ring-frames --ring-size --trigger --after";
const CONVERT: &str = "-s --file_size --file-time --file-at --file-frames --reader --writer \
    --filter --channel --direction --kind --start --end --offset --channel-map --split-channel \
    --append --strict --from --to";

#[track_caller]
fn mentions(help: &str, names: &str) {
    for name in names.split(' ') {
        let found = help
            .split([' ', ',', '\n', '.', '[', '<'])
            .any(|word| word == name);
        assert!(
            found || help.contains(&format!("[{name}]")),
            "{name}: {help}"
        );
    }
}

#[test]
fn the_help_mentions_every_argument() {
    let folder = folder();
    for (command, arguments) in [
        (
            "logger",
            format!("{BUS} {LOGGER} {FILES} --duration -n --count --flush"),
        ),
        (
            "player",
            format!("{BUS} {PLAYER} --speed --start --end --log-channel --map --filter"),
        ),
        (
            "send",
            format!("{BUS} -e --every -n --count --duration --realtime -v"),
        ),
        ("logconvert", CONVERT.into()),
        (
            "inspect",
            "-b --bitrate --data-bitrate --gap --json --reader".into(),
        ),
        ("detect", "-i --interface --timeout --json".into()),
        (
            "timing",
            "--clock --data --sample-point --data-sample-point --controller --choose --btr --timing \
             --bus-length --loop-delay --all --json"
                .into(),
        ),
        ("link", "list show set up down restart add delete".into()),
    ] {
        for flag in ["-h", "--help"] {
            let done = run(folder.path(), &format!("{command} {flag}"));
            done.expect(0, "");
            mentions(&done.stdout, &arguments);
            assert!(
                done.stdout.contains("EXAMPLES\n  canbus "),
                "{}",
                done.stdout
            );
        }
    }
}

#[test]
fn the_long_help_lists_interfaces_and_formats() {
    let folder = folder();
    let help = run(folder.path(), "logger --help").stdout;
    for backend in canbus::backends::all() {
        assert!(help.contains(&format!("  {:<15} {}", backend.name, backend.summary)));
    }
    for format in canbus::formats::all() {
        assert!(help.contains(&format!("  {:<15} {}", format.extension, format.summary)));
    }
    let player = run(folder.path(), "player --help").stdout;
    for help in [&help, &player] {
        for option in [
            "    --hop_limit=1 ",
            "    --port=",
            "    --bus-kwargs fd=true ",
            "refuse to send (true or false)",
            "(0 to 255)",
        ] {
            assert!(help.contains(option), "{option}: {help}");
        }
    }
    assert!(help.contains("    --compression_level=-1 "), "{help}");
    assert!(!player.contains("--compression_level"), "{player}");
    assert!(player.contains("    --tz="), "{player}");
    let help = run(folder.path(), "logconvert --help").stdout;
    assert!(help.contains("--writer compression_level=-1"), "{help}");
}

#[test]
fn options_that_a_command_would_take_for_its_own_are_listed_in_the_other_way() {
    // These mean the same as the interface's.
    const SAME: [&str; 3] = ["channel", "bitrate", "data_bitrate"];
    for command in ["logger", "player", "send"] {
        let help = run(folder().path(), &format!("{command} --help")).stdout;
        let (arguments, listed) = help.split_once("EXAMPLES").expect("examples");
        let name = |line: &str| {
            let (_, name) = line.split_once("--")?;
            let end = name.find([' ', '=', '\n']).unwrap_or(name.len());
            Some(name[..end].replace('-', "_"))
        };
        let own: Vec<String> = arguments.lines().filter_map(name).collect();
        let is_option = |line: &&str| line.starts_with("    --") && line.contains('=');
        for line in listed.lines().filter(is_option) {
            let option = name(line.split('=').next().expect("a part")).unwrap_or_default();
            let taken = own.contains(&option) && !SAME.contains(&option.as_str());
            // As --bus-kwargs NAME=VALUE it reaches the interface.
            assert!(option == "bus_kwargs" || !taken, "{command}: {line}");
        }
    }
}

/// The commands behind EXAMPLES, without what is said of them.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("EXAMPLES\n").expect("examples");
    examples
        .lines()
        .map_while(|line| line.strip_prefix("  canbus "))
        .map(|line| line.split("  ").next().expect("a part").to_string())
        .collect()
}

#[test]
fn the_examples_of_the_help_work() {
    let folder = folder();
    let mut count = 0;
    for command in [
        "",
        "logger",
        "player",
        "send",
        "logconvert",
        "inspect",
        "detect",
        "timing",
    ] {
        let help = run(folder.path(), &format!("{command} --help")).stdout;
        for example in examples(&help) {
            // Shorter and without a shell, but otherwise as it stands there.
            let example = example.replace('\'', "");
            let (before, after) = example.split_once("--duration ").unwrap_or((&example, ""));
            let short = match after.split_once(' ') {
                _ if after.is_empty() => before.to_string(),
                None => format!("{before}--duration 0.3"),
                Some((_, rest)) => format!("{before}--duration 0.3 {rest}"),
            };
            let done = run(folder.path(), &short.replace("-g 0.001", "-g 0.0001"));
            assert_eq!(done.code, Some(0), "{short}: {}", done.stderr);
            assert!(
                !done.stderr.contains(" 0 frames"),
                "{short}: {}",
                done.stderr
            );
            // That no channel is meant which is not there, for one.
            assert!(!done.stderr.contains("warning"), "{short}: {}", done.stderr);
            count += 1;
        }
    }
    assert!(count > 15, "{count} examples");
}

#[test]
fn the_help_tells_the_exit_codes_and_the_widths_of_filters() {
    let folder = folder();
    let help = run(folder.path(), "--help").stdout;
    assert!(
        help.contains("EXIT CODES\n  0    done, also after Ctrl-C"),
        "{help}"
    );
    let help = run(folder.path(), "logger -h").stdout;
    assert!(help.contains(":x or"), "{help}");
}

#[test]
fn without_arguments_the_help_comes_as_an_error() {
    let folder = folder();
    for command in ["", "logger", "player", "send", "logconvert", "inspect"] {
        let done = run(folder.path(), command);
        done.expect(2, "Usage: canbus");
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn the_version_is_told() {
    let done = run(folder().path(), "--version");
    done.expect(0, "");
    assert_eq!(
        done.stdout,
        concat!("canbus ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn every_spelling_of_the_logger_is_accepted() {
    let folder = folder();
    let base = "logger -i virtual --duration 0";
    for arguments in [
        "--interface=virtual --channel=0",
        "-c 0 -b 500000 --fd --data-bitrate 2000000",
        "--channel 0 --bitrate 500000 --data_bitrate=2000000",
        "-f a.log --active -v",
        "--file_name a.log -a --passive",
        "--file-name=a.log --append -vv",
        "--file_name=a.log -s 1000",
        "-f a.log --file_size 1000",
        "-f a.log --file-size=1000",
        "--filter 100:7F0 200~7FF --bus-kwargs rx_queue_size=10 listen_only=no",
        "--bus-kwargs rx-queue-size=10",
    ] {
        let base = base.replace(
            "-i virtual",
            if arguments.contains("--interface") {
                ""
            } else {
                "-i virtual"
            },
        );
        run(folder.path(), &format!("{base} {arguments}")).expect(0, "0 frames");
    }
}

#[test]
fn every_spelling_of_the_player_is_accepted() {
    let folder = folder();
    crate::tool::write(folder.path(), "a.log", "(1.000000) can0 123#01 R\n");
    for arguments in [
        "a.log",
        "-f unused.log a.log",
        "-f a.log",
        "--file_name a.log --ignore-timestamps",
        "--file-name=a.log --error-frames",
        "a.log -g 0.01 -s 5 -l 1 -v",
        "--gap 0.01 --skip 5 --loop 1 a.log",
        "a.log -c 0 --bitrate 500000 --fd --data_bitrate 2000000",
    ] {
        run(folder.path(), &format!("player -i virtual {arguments}")).expect(0, "sent 1 frame in");
    }
}
