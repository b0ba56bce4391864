//! The boundaries of the house: which room names which, how long files are, where `unsafe` may
//! stand. Read from the source text, so that a step over a boundary fails like any other fault.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and which rooms each may name. `*` stands for every room below the top floor.
const MAY_NAME: &[(&str, &[&str])] = &[
    // Ground floor: pure values.
    ("error", &[]),
    ("frame", &["error"]),
    ("error_cause", &["frame"]),
    ("message", &["error", "frame"]),
    ("filter", &["error", "frame"]),
    ("options", &["error"]),
    ("modifier", &["error", "frame"]),
    ("bit_timing", &["error", "options"]),
    // First floor: contracts, and the queue between the two sides of them.
    ("deadline", &[]),
    ("link", &["error"]),
    ("queue", &["deadline", "message", "frame"]),
    (
        "driver",
        &["deadline", "error", "filter", "frame", "message", "options"],
    ),
    (
        "listener",
        &["error", "frame", "message", "options", "queue"],
    ),
    // Second floor: many rooms of the same shape.
    ("transport", &["deadline", "error", "message", "options"]),
    (
        "backends",
        &[
            "bit_timing",
            "deadline",
            "driver",
            "error",
            "filter",
            "frame",
            "link",
            "message",
            "options",
            "queue",
            "transport",
            "backends",
        ],
    ),
    (
        "formats",
        &[
            "error", "frame", "listener", "message", "options", "formats",
        ],
    ),
    // Top floor: what users hold.
    ("config", &["error", "options"]),
    ("periodic", &["*", "transport"]),
    ("bus", &["*", "backends", "periodic"]),
    ("notifier", &["*", "bus"]),
    ("stream", &["*", "bus", "notifier"]),
    ("merge", &["*"]),
    ("replay", &["*"]),
    ("rotate", &["*", "formats"]),
    ("statistics", &["*"]),
    (
        "conformance",
        &["*", "bus", "notifier", "periodic", "transport"],
    ),
];

const LOWER_FLOORS: &[&str] = &[
    "error",
    "error_cause",
    "frame",
    "message",
    "filter",
    "options",
    "bit_timing",
    "modifier",
    "deadline",
    "queue",
    "driver",
    "listener",
];

/// Rooms where `unsafe` may stand.
const UNSAFE_ROOMS: &[&str] = &["transport"];

/// The most lines of a source file, tests included.
const MAX_LINES: usize = 600;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found
        .into_iter()
        .map(|(path, text)| (path.strip_prefix(&root).expect("below").to_path_buf(), text))
        .collect()
}

fn room(path: &Path) -> String {
    let first = path.iter().next().expect("a part").to_string_lossy();
    first.trim_end_matches(".rs").to_string()
}

/// Every `crate::room` in a text, with its line.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1) {
            let room: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            // A list of rooms in braces could not be read line by line.
            assert!(
                !rest.starts_with('{'),
                "line {}: one `use` a room",
                number + 1
            );
            if !room.is_empty() && rest[room.len()..].starts_with("::") {
                found.push((number + 1, room));
            }
        }
    }
    found
}

#[test]
fn rooms_name_only_rooms_below_them() {
    let rules: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let room = room(&path);
        if room == "lib" {
            continue;
        }
        let Some(allowed) = rules.get(room.as_str()) else {
            broken.push(format!("{}: the room {room} has no rule", path.display()));
            continue;
        };
        for (line, other) in named(&text) {
            let below = allowed.contains(&"*") && LOWER_FLOORS.contains(&other.as_str());
            if other != room && !below && !allowed.contains(&other.as_str()) {
                broken.push(format!(
                    "{}:{line}: {room} may not name {other}",
                    path.display()
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_backend_names_another_and_no_format_another_format() {
    for (folder, shared) in [
        ("backends", &["packets", "serial_line", "taking"][..]),
        (
            "formats",
            &[
                "input", "output", "lines", "fidelity", "table", "zone", "encoding", "deflate",
                "digits", "pending", "room", "written",
            ][..],
        ),
    ] {
        let files = sources(&format!("src/{folder}"));
        let rooms: Vec<String> = files.iter().map(|(path, _)| room(path)).collect();
        for (path, text) in &files {
            for other in rooms
                .iter()
                .filter(|other| !shared.contains(&other.as_str()))
            {
                let own = room(path);
                let names = text.contains(&format!("{folder}::{other}::"));
                assert!(
                    *other == own || !names,
                    "{folder}/{}: names {other}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn unsafe_stands_only_where_it_may() {
    let others = ["../canbus-cli/src", "../canbus-python/src", "../xtask/src"];
    let others = others.into_iter().flat_map(sources);
    for (path, text) in sources("src").into_iter().chain(others) {
        let may = UNSAFE_ROOMS.contains(&room(&path).as_str()) || path.ends_with("ffi.rs");
        let stands = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
        });
        assert!(may || !stands, "{}: unsafe code", path.display());
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for folder in [
        "src",
        "tests",
        "../canbus-cli/src",
        "../canbus-python/src",
        "../xtask/src",
    ] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(
                lines <= MAX_LINES,
                "{folder}/{}: {lines} lines",
                path.display()
            );
            let tests = path.file_stem().is_some_and(|stem| stem == "tests");
            let says = text.starts_with("//!");
            assert!(says || tests, "{folder}/{}: no module doc", path.display());
            assert!(
                path.file_name().is_some_and(|name| name != "mod.rs"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn rooms_have_names_that_say_something() {
    for (path, _) in sources("src") {
        for part in &path {
            let name = part.to_string_lossy();
            let name = name.trim_end_matches(".rs");
            let vague = [
                "utils", "util", "common", "helpers", "types", "prelude", "misc",
            ];
            assert!(!vague.contains(&name), "{}", path.display());
        }
    }
}
