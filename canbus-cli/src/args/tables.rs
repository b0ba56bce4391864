//! What the help tells of backends and formats, made from the library's tables.

use canbus::{OptionSpec, backends, formats};
use std::fmt::Write;

/// The names of all backends, in the alphabet.
pub(crate) fn backend_names() -> Vec<&'static str> {
    let mut names: Vec<_> = backends::all().iter().map(|backend| backend.name).collect();
    names.sort_unstable();
    names
}

/// A list of the backends, a line each.
pub(crate) fn backends() -> String {
    let mut rows = backends::all();
    rows.sort_unstable_by_key(|backend| backend.name);
    list(
        "INTERFACES (-i)",
        rows.iter().map(|row| (row.name, row.summary)),
    )
}

/// A list of the formats that can be written, a line each.
pub(crate) fn written_formats() -> String {
    let mut rows = formats::all();
    rows.retain(|format| format.write.is_some());
    list(
        "LOG FILES, each also with .gz",
        rows.iter().map(|row| (row.extension, row.summary)),
    )
}

/// A list of all formats with the options of their readers and writers.
pub(crate) fn format_options() -> String {
    let mut text = String::from("LOG FILES, each also with .gz\n");
    for format in formats::all() {
        let _ = writeln!(text, "  {:<15} {}", format.extension, format.summary);
        let reads = format.read.map(|read| ("--reader", read.options));
        let writes = format.write.map(|write| ("--writer", write.options));
        for (argument, options) in reads.into_iter().chain(writes) {
            for option in options {
                let _ = writeln!(text, "    {argument} {}", described(option));
            }
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn described(option: &OptionSpec) -> String {
    let value = option.default.unwrap_or("…");
    format!("{}={value}  {}", option.name, option.help)
}

fn list<'a>(title: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    rows.fold(title.to_string(), |text, (name, summary)| {
        format!("{text}\n  {name:<15} {summary}")
    })
}
