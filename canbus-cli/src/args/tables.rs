//! What the help tells of backends and formats, made from the library's tables.

use canbus::formats::Format;
use canbus::{OptionKind, OptionSpec, backends, formats};
use std::fmt::Write;

/// The names of all backends, in the alphabet.
pub(crate) fn backend_names() -> Vec<&'static str> {
    let mut names: Vec<_> = backends::all().iter().map(|backend| backend.name).collect();
    names.sort_unstable();
    names
}

/// What a format can be used for, and the argument of `logconvert` for its options.
type Use = (&'static str, fn(&Format) -> Option<&'static [OptionSpec]>);

const READING: Use = ("--reader", |format| format.read.map(|read| read.options));
const WRITING: Use = ("--writer", |format| format.write.map(|write| write.options));

/// All names of options that some interface or log format takes.
pub(crate) fn option_names() -> Vec<&'static str> {
    let of_backends = backends::all().into_iter().map(|row| row.options);
    let formats = formats::all();
    let of_formats = [READING, WRITING]
        .into_iter()
        .flat_map(|(_, options)| formats.iter().filter_map(options));
    of_backends
        .chain(of_formats)
        .flatten()
        .flat_map(|option| {
            [option.name]
                .into_iter()
                .chain(option.aliases.iter().copied())
        })
        .collect()
}

/// The arguments of `logconvert` by which some format takes an option of this name.
pub(crate) fn arguments_for(key: &str) -> Vec<&'static str> {
    let takes = |option: &OptionSpec| option.name == key || option.aliases.contains(&key);
    let formats = formats::all();
    [READING, WRITING]
        .into_iter()
        .filter(|(_, options)| formats.iter().filter_map(options).flatten().any(takes))
        .map(|(argument, _)| argument)
        .collect()
}

/// Options of backends whose names are arguments of commands with another meaning, so that they are
/// given in the other way.
const COMMANDS_OWN: &[&str] = &["fd", "realtime", "speed", "start"];

/// A list of the backends with their options.
pub(crate) fn backends() -> String {
    let mut rows = backends::all();
    rows.sort_unstable_by_key(|backend| backend.name);
    let mut text = String::from("INTERFACES (-i) and their options\n");
    for row in rows {
        let _ = writeln!(text, "  {:<15} {}", row.name, row.summary);
        for option in row.options {
            let prefix = if COMMANDS_OWN.contains(&option.name) {
                "--bus-kwargs "
            } else {
                "--"
            };
            let _ = writeln!(text, "    {prefix}{}", described(option));
        }
    }
    trimmed(text)
}

/// A list of the formats that can be written, with the options of their writers.
pub(crate) fn written_formats() -> String {
    one_way_formats("LOG FILES, each also with .gz, and their options", WRITING)
}

/// A list of the formats that can be read, with the options of their readers.
pub(crate) fn read_formats() -> String {
    one_way_formats(
        "LOG FILES that can be read, each also with .gz, and their options",
        READING,
    )
}

fn one_way_formats(title: &str, (_, options): Use) -> String {
    let mut text = format!("{title}\n");
    for format in formats::all() {
        let Some(options) = options(&format) else {
            continue;
        };
        let _ = writeln!(text, "  {:<15} {}", format.extension, format.summary);
        // As an argument, --channel is the bus's.
        for option in options.iter().filter(|option| option.name != "channel") {
            let _ = writeln!(text, "    --{}", described(option));
        }
    }
    trimmed(text)
}

/// A list of all formats with the options of their readers and writers.
pub(crate) fn format_options() -> String {
    let mut text = String::from("LOG FILES, each also with .gz\n");
    for format in formats::all() {
        let _ = writeln!(text, "  {:<15} {}", format.extension, format.summary);
        for (argument, options) in [READING, WRITING] {
            for option in options(&format).unwrap_or_default() {
                let _ = writeln!(text, "    {argument} {}", described(option));
            }
        }
    }
    trimmed(text)
}

fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text
}

/// `name=default  help (what values it takes)`
fn described(option: &OptionSpec) -> String {
    let value = option.default.unwrap_or("…");
    let kind = match option.kind {
        OptionKind::Flag => "true or false".into(),
        OptionKind::Integer {
            min: i64::MIN,
            max: i64::MAX,
        } => "a whole number".into(),
        OptionKind::Integer { min, max: i64::MAX } => format!("a whole number from {min}"),
        OptionKind::Integer { min, max } => format!("{min} to {max}"),
        OptionKind::Number { min } => format!("a number from {min}"),
        OptionKind::Choice(words) => words.join(", "),
        // Text, and what this command does not know: all is told by the help.
        _ => return format!("{}={value}  {}", option.name, option.help),
    };
    format!("{}={value}  {} ({kind})", option.name, option.help)
}
