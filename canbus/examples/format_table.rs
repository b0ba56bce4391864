//! Prints `docs/formats.md`: what each log format keeps of a message. `cargo xtask docs` writes the
//! page, and a test compares it.

use canbus::formats::{self, ChannelFidelity, Format};
use std::error::Error;
use std::io::Write;

const INTRODUCTION: &str = "\
# What each log format keeps

Written by `cargo xtask docs` from the library's own table, which the round-trip tests hold every
format to. A frame that a format has no place for is refused with an error, never shortened. The
options of readers and writers are told by `canbus logconvert --help`. A row with an option in its
name says what is kept with it, all others what is kept without any.

A `.parquet` file has its table of contents at its end. While it is written its name ends with
`.unfinished`, and of a killed writer nothing in it can be read; `partition=hour` or rotation make
small files. It needs the feature `parquet`.
";

/// Options of writers with which a file keeps more or less.
const MORE_OR_LESS: &[(&str, &str, &str)] = &[
    ("candump", "direction", "false"),
    ("csv", "columns", "extended"),
    ("csv", "columns", "packed"),
    ("sqlite", "columns", "extended"),
    ("trc", "version", "2.0"),
    ("trc", "version", "1.3"),
    ("trc", "version", "1.1"),
    ("trc", "version", "1.0"),
];

/// A column: its head, and what stands there for a format.
type Column = (&'static str, fn(&Format) -> String);

const COLUMNS: &[Column] = &[
    ("read", |format| yes(format.read.is_some())),
    ("written", |format| yes(format.write.is_some())),
    ("CAN FD with BRS and ESI", |format| yes(format.fidelity.fd)),
    ("remote frames", |format| yes(format.fidelity.remote)),
    ("their DLC", |format| {
        yes(format.fidelity.remote && format.fidelity.remote_dlc)
    }),
    ("error frames", |format| yes(format.fidelity.error)),
    ("their cause", |format| {
        yes(format.fidelity.error && format.fidelity.error_cause)
    }),
    ("raw DLC 9-15", |format| yes(format.fidelity.raw_dlc)),
    ("channel", |format| match format.fidelity.channel {
        ChannelFidelity::Nothing => "no".into(),
        ChannelFidelity::Number => "number".into(),
        ChannelFidelity::Name => "name".into(),
        ChannelFidelity::Either => "either".into(),
    }),
    ("direction", |format| yes(format.fidelity.direction)),
    ("time step", |format| step(format.fidelity.resolution)),
    ("times before 1970", |format| {
        yes(format.fidelity.negative_time)
    }),
    ("times before the first", |format| {
        yes(format.fidelity.earlier_than_first)
    }),
    ("continued", appends),
    ("with `.gz`", |format| {
        yes(format.write.is_none_or(|write| !write.needs_file))
    }),
    ("options of the writer", options),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{INTRODUCTION}")?;
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let heads = COLUMNS.iter().map(|(head, _)| (*head).into());
    let heads = std::iter::once("format".into()).chain(heads);
    writeln!(out, "{}", row(heads.collect()))?;
    writeln!(out, "{}", row(vec!["---".into(); COLUMNS.len() + 1]))?;
    for format in formats::all() {
        let name = format!("`{}` {}", format.extension, format.name);
        let cells = |name: String, format: &Format| {
            let cells = COLUMNS.iter().map(|(_, cell)| cell(format));
            row(std::iter::once(name).chain(cells).collect())
        };
        writeln!(out, "{}", cells(name.clone(), &format))?;
        for (_, option, value) in MORE_OR_LESS.iter().filter(|(of, ..)| *of == format.name) {
            let fidelity = formats::fidelity(format!("a{}", format.extension), [(option, *value)])?;
            let name = format!("{name}, `{option}={value}`");
            writeln!(out, "{}", cells(name, &Format { fidelity, ..format }))?;
        }
    }
    Ok(())
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.into()
}

/// A step of time in its largest unit.
fn step(nanos: u32) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} µs", nanos / 1_000),
        _ => format!("{} ms", nanos / 1_000_000),
    }
}

/// Whether a log that is there is continued: found out by doing it.
fn appends(format: &Format) -> String {
    let twice = || -> Result<(), Box<dyn Error>> {
        const NONE: [(&str, &str); 0] = [];
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(format!("a{}", format.extension));
        canbus::Listener::finish(&mut formats::create(&path, NONE)?)?;
        canbus::Listener::finish(&mut formats::append(&path, NONE)?)?;
        Ok(())
    };
    yes(format.write.is_some() && twice().is_ok())
}

fn options(format: &Format) -> String {
    let options = format.write.map_or(&[][..], |write| write.options);
    let names: Vec<String> = options
        .iter()
        .map(|one| format!("`{}`", one.name))
        .collect();
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}
