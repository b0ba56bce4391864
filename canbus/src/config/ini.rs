//! The INI file format, exactly as `ConfigParser` of CPython's standard library reads it, with the
//! case of keys kept, because python-can asks for that.
//!
//! Sections `[name]`; options `key = value` or `key: value`; lines that are indented deeper continue a
//! value; `#` and `;` start a comment only at the start of a line; `%(key)s` stands for another
//! option of the same section and `%%` for a percent sign; the section `DEFAULT` shines through in
//! every other; a section or key that comes twice in one file is an error.

use crate::error::{Context, Error, Result};
use std::collections::BTreeMap;

/// The section whose options all others have too; nobody can ask for it itself.
const CASCADING: &str = "DEFAULT";

/// How deep references may nest; what the deepest one names must be free of `%`.
const DEEPEST: usize = 10;

/// How many bytes the references of one section may stand for. Python has no such limit, but
/// ten nested lines of a hundred references each would keep it busy for ever.
const LARGEST: usize = 1 << 20;

/// What was read from one or more INI files; where they differ, the later one wins.
#[derive(Debug, Default)]
pub struct Ini {
    files: Vec<String>,
    sections: BTreeMap<String, Section>,
}

type Section = BTreeMap<String, Entry>;

/// A value as it stands in a file, before references are resolved, and where that is.
#[derive(Debug)]
struct Entry {
    raw: String,
    file: usize,
    line: usize,
}

/// Reads one text; the pure entry point for tests and fuzzing.
///
/// # Errors
/// See [`Ini::read`].
pub fn parse(text: &str) -> Result<Ini> {
    let mut ini = Ini::default();
    ini.read("text", text)?;
    Ok(ini)
}

impl Ini {
    /// Adds the contents of a file, whose name is for error messages.
    ///
    /// # Errors
    /// `Malformed`, with file and line, for a line that is none of the format's, an option before
    /// the first section, or a section or key that comes twice.
    pub fn read(&mut self, file: &str, text: &str) -> Result<()> {
        let mut reader = Reader {
            file: self.files.len(),
            sections: BTreeMap::new(),
            section: None,
            key: None,
            indent: 0,
        };
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        for (index, line) in text.split('\n').enumerate() {
            reader
                .line(index + 1, line)
                .context(format_args!("{file}, line {}", index + 1))?;
        }
        self.files.push(file.into());
        for (name, mut section) in reader.sections {
            for entry in section.values_mut() {
                entry
                    .raw
                    .truncate(entry.raw.trim_end_matches(is_space).len());
            }
            self.sections.entry(name).or_default().extend(section);
        }
        Ok(())
    }

    /// Whether there is such a section that can be asked for, even an empty one.
    pub fn has_section(&self, name: &str) -> bool {
        name != CASCADING && self.sections.contains_key(name)
    }

    /// The options of a section, with references resolved; `None` where there is no such section.
    ///
    /// # Errors
    /// `Malformed`, with file and line, for a lone `%`, or a reference to an option that the
    /// section does not have, to itself, or nested more than 10 deep.
    pub fn section(&self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        let own = self.sections.get(name);
        let Some(own) = own.filter(|_| self.has_section(name)) else {
            return Ok(None);
        };
        let inherited = self.sections.get(CASCADING).into_iter().flatten();
        let entries: BTreeMap<_, _> = inherited
            .chain(own)
            .map(|(key, entry)| (key.as_str(), entry))
            .collect();
        let mut allowance = LARGEST;
        let mut options = BTreeMap::new();
        for (&key, &entry) in &entries {
            let mut value = String::new();
            expand(&entries, &entry.raw, 1, &mut value, &mut allowance).map_err(|error| {
                let file = self.files.get(entry.file).map_or("", String::as_str);
                error.context(format_args!("{file}, line {}: option {key}", entry.line))
            })?;
            options.insert(key.into(), value);
        }
        Ok(Some(options))
    }
}

/// Appends `raw` to `value`, with every reference resolved.
fn expand(
    entries: &BTreeMap<&str, &Entry>,
    raw: &str,
    depth: usize,
    value: &mut String,
    allowance: &mut usize,
) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::malformed(format!(
            "references to other options nest more than {DEEPEST} deep"
        )));
    }
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        value.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            value.push('%');
            rest = after;
            continue;
        }
        let (key, behind) = reference(after).ok_or_else(|| {
            Error::malformed(format!(
                "expected %% (a percent sign) or %(key)s, found %{after}"
            ))
        })?;
        let entry = entries.get(key).ok_or_else(|| {
            Error::malformed(format!(
                "%({key})s names an option that the section does not have"
            ))
        })?;
        *allowance = allowance.checked_sub(entry.raw.len() + 1).ok_or_else(|| {
            Error::malformed(format!("references stand for more than {LARGEST} bytes"))
        })?;
        if entry.raw.contains('%') {
            expand(entries, &entry.raw, depth + 1, value, allowance)?;
        } else {
            value.push_str(&entry.raw);
        }
        rest = behind;
    }
    value.push_str(rest);
    Ok(())
}

/// The key of a reference whose percent sign is gone, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (key, after) = text.strip_prefix('(')?.split_once(')')?;
    let after = after.strip_prefix('s')?;
    (!key.is_empty()).then_some((key, after))
}

/// Where the reading of one file stands.
struct Reader {
    file: usize,
    sections: BTreeMap<String, Section>,
    section: Option<String>,
    key: Option<String>,
    /// How many characters the last section or option was indented by.
    indent: usize,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<()> {
        let content = line.trim_matches(is_space);
        if content.starts_with(['#', ';']) {
            return Ok(());
        }
        if content.is_empty() {
            // It may lie in the middle of a value; at the end of one it is cut off later.
            if let Some(value) = self.value() {
                value.push('\n');
            }
            return Ok(());
        }
        let indent = line.chars().take_while(|&c| is_space(c)).count();
        if indent > self.indent
            && let Some(value) = self.value()
        {
            value.push('\n');
            value.push_str(content);
            return Ok(());
        }
        self.indent = indent;
        match header(content) {
            Some(name) => self.open_section(name),
            None => self.option(number, content),
        }
    }

    /// The value that the next line may continue.
    fn value(&mut self) -> Option<&mut String> {
        let section = self.sections.get_mut(self.section.as_ref()?)?;
        Some(&mut section.get_mut(self.key.as_ref()?)?.raw)
    }

    fn open_section(&mut self, name: &str) -> Result<()> {
        if name != CASCADING && self.sections.contains_key(name) {
            return Err(Error::malformed(format!("section [{name}] comes twice")));
        }
        self.sections.entry(name.into()).or_default();
        self.section = Some(name.into());
        self.key = None;
        Ok(())
    }

    fn option(&mut self, number: usize, content: &str) -> Result<()> {
        let section = self.section.as_ref();
        let Some(section) = section.and_then(|name| self.sections.get_mut(name)) else {
            return Err(Error::malformed("expected a section, such as [default]"));
        };
        let (key, value) = content
            .split_once(['=', ':'])
            .map(|(key, value)| (key.trim_matches(is_space), value.trim_matches(is_space)))
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Error::malformed("expected a section, or an option: key = value"))?;
        let entry = Entry {
            raw: value.into(),
            file: self.file,
            line: number,
        };
        if let Some(first) = section.insert(key.into(), entry) {
            return Err(Error::malformed(format!(
                "option {key} comes twice; it stood in line {}",
                first.line
            )));
        }
        self.key = Some(key.into());
        Ok(())
    }
}

/// The name in a section's header: all up to the line's last bracket, and what follows is ignored.
fn header(content: &str) -> Option<&str> {
    let rest = content.strip_prefix('[')?;
    let name = &rest[..rest.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Space as Python's `str` methods see it: Unicode's, and four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The section `s` of a text, as one string of `key=value|` with line ends shown.
    fn read(text: &str) -> String {
        let section = parse(text).and_then(|ini| ini.section("s"));
        let options = section.expect("valid").expect("section s");
        let shown = |(key, value)| format!("{key}={value:?}|");
        options.into_iter().map(shown).collect()
    }

    fn refusal(text: &str) -> String {
        let section = parse(text).and_then(|ini| ini.section("s"));
        section.expect_err("refused").to_string()
    }

    // The expected results were made by CPython 3.11's ConfigParser with optionxform = str.

    #[test]
    fn both_delimiters_part_at_the_first_one() {
        assert_eq!(
            read("[s]\na=1\nb : 2\nc=x:y\nd:x=y\ne ="),
            r#"a="1"|b="2"|c="x:y"|d="x=y"|e=""|"#
        );
        assert_eq!(read("[s]\n a b \t=  v w  \n"), r#"a b="v w"|"#);
        assert_eq!(read("[s]\n[]=1\n[x=2"), r#"[]="1"|[x="2"|"#);
    }

    #[test]
    fn the_case_of_keys_is_kept() {
        assert_eq!(read("[s]\nKey = 1\nkey = 2"), r#"Key="1"|key="2"|"#);
    }

    #[test]
    fn comments_start_only_at_the_start_of_a_line() {
        assert_eq!(
            read("# x\n; y\n[s]\n  # z\nfd = True ; note\na = b # c\n"),
            r#"a="b # c"|fd="True ; note"|"#
        );
    }

    #[test]
    fn deeper_lines_continue_a_value_and_comments_within_leave_no_trace() {
        assert_eq!(
            read("[s]\na = 1\n  2\n\n  # x\n  3 = y\n\nb = 4\n\n\n"),
            r#"a="1\n2\n\n3 = y"|b="4"|"#
        );
        assert_eq!(read("[s]\na =\n  1\n  [s]"), r#"a="\n1\n[s]"|"#);
        assert_eq!(
            read("[s]\n  a = 1\n  b = 2\n    3\n c = 4"),
            r#"a="1"|b="2\n3"|c="4"|"#
        );
        assert_eq!(read("[s]\n    a = 1"), r#"a="1"|"#);
    }

    #[test]
    fn every_line_end_and_every_space_of_python_counts() {
        assert_eq!(read("[s]\r\na=1\r  2\r\nb=3\n"), r#"a="1\n2"|b="3"|"#);
        assert_eq!(
            read("[s]\na=\u{a0}1\u{1c}\n\u{1f}\u{3000}2\u{1d}"),
            r#"a="1\n2"|"#
        );
        assert_eq!(read("[s]\na=\u{1b}1\u{200b}"), "a=\"\\u{1b}1\\u{200b}\"|");
        // Wide spaces count as one character each: this is not deeper, but a new option.
        assert_eq!(read("[s]\n  a=1\n\u{3000}\u{3000}b=2"), r#"a="1"|b="2"|"#);
    }

    #[test]
    fn a_header_reaches_to_the_last_bracket() {
        for (text, name) in [
            ("[s] ; x", "s"),
            ("[a]b]c", "a]b"),
            ("[]]", "]"),
            ("[ s ]", " s "),
            ("  [s]", "s"),
        ] {
            let ini = parse(text).expect("valid");
            assert!(ini.section(name).expect("valid").is_some(), "{text}");
        }
        let ini = parse("[S]").expect("valid");
        assert!(ini.section("s").expect("valid").is_none());
    }

    #[test]
    fn options_of_default_shine_through_but_it_cannot_be_asked_for() {
        let text = "[DEFAULT]\na=1\nb=2\n[s]\nb=3\n[t]\n[DEFAULT]\nc=%(b)s";
        assert_eq!(read(text), r#"a="1"|b="3"|c="3"|"#);
        let ini = parse(text).expect("valid");
        assert!(ini.section("DEFAULT").expect("valid").is_none());
        let t = ini.section("t").expect("valid").expect("there");
        assert_eq!(t.get("c").map(String::as_str), Some("2"));
    }

    #[test]
    fn later_files_win_by_key_and_references_see_all_files() {
        let mut ini = Ini::default();
        ini.read("one", "[s]\na=1\nb=%(a)s").expect("valid");
        ini.read("two", "[s]\na=2\n[t]\n").expect("valid");
        let options = ini.section("s").expect("valid").expect("there");
        assert_eq!(options.get("b").map(String::as_str), Some("2"));
        ini.read("three", "[s]\n\nc=%x").expect("read late");
        let error = ini.section("s").expect_err("refused");
        assert_eq!(
            error.to_string(),
            "three, line 3: option c: expected %% (a percent sign) or %(key)s, found %x"
        );
        assert!(
            ini.section("t").is_ok(),
            "only the section asked for is resolved"
        );
    }

    #[test]
    fn references_are_resolved() {
        assert_eq!(
            read("[s]\na=%(b)s-%(b)s%%\nb=<%(c d)s>\nc d=%%x"),
            r#"a="<%x>-<%x>%"|b="<%x>"|c d="%x"|"#
        );
        assert_eq!(read("[s]\na=1\n b\nc=%(a)sd"), r#"a="1\nb"|c="1\nbd"|"#);
    }

    #[test]
    fn references_nest_ten_deep_and_no_deeper() {
        let chain = |last: &str| {
            let links: Vec<String> = (0..10).map(|i| format!("k{i}=%(k{})s\n", i + 1)).collect();
            let links = links.concat();
            format!("[s]\n{links}k10={last}")
        };
        assert!(read(&chain("end")).starts_with(r#"k0="end"|"#));
        assert_eq!(
            refusal(&chain("%%")),
            "text, line 2: option k0: references to other options nest more than 10 deep"
        );
        assert!(refusal("[s]\na=%(a)s").contains("option a: references to other options nest"));
    }

    #[test]
    fn references_stand_for_a_bounded_number_of_bytes() {
        let ten = |key: &str| format!("%({key})s").repeat(10);
        let text = |levels: usize| {
            let lines: Vec<String> = (0..levels)
                .map(|i| format!("k{i}={}\n", ten(&format!("k{}", i + 1))))
                .collect();
            let lines = lines.concat();
            format!("[s]\n{lines}k{levels}=12345678")
        };
        assert!(parse(&text(4)).and_then(|ini| ini.section("s")).is_ok());
        assert!(refusal(&text(9)).ends_with("references stand for more than 1048576 bytes"));
    }

    #[test]
    fn the_bound_on_references_counts_every_byte() {
        // Each reference counts its value's length and one.
        let text = |length: usize| format!("[s]\na=%(b)s\nb={}", "x".repeat(length));
        assert!(read(&text((1 << 20) - 1)).starts_with("a="));
        assert!(refusal(&text(1 << 20)).starts_with("text, line 2: option a: references stand"));
    }

    #[test]
    fn refusals_name_the_line() {
        for (text, message) in [
            ("a=1", "text, line 1: expected a section, such as [default]"),
            ("[]", "text, line 1: expected a section, such as [default]"),
            (
                "[s]\nx",
                "text, line 2: expected a section, or an option: key = value",
            ),
            (
                "[s]\n = 1",
                "text, line 2: expected a section, or an option: key = value",
            ),
            (
                "[s]\na=1\n[t]\n[s]",
                "text, line 4: section [s] comes twice",
            ),
            (
                "[s]\na=1\n\na:2",
                "text, line 4: option a comes twice; it stood in line 2",
            ),
            (
                "[DEFAULT]\na=1\n[DEFAULT]\na=2",
                "text, line 4: option a comes twice; it stood in line 2",
            ),
            (
                "[s]\na=%(b)s",
                "text, line 2: option a: %(b)s names an option that the section does not have",
            ),
            (
                "[s]\na=%",
                "text, line 2: option a: expected %% (a percent sign) or %(key)s, found %",
            ),
        ] {
            assert_eq!(refusal(text), message, "{text:?}");
        }
        for lone in ["%()s", "%(b)", "%(b", "%(b)d", "%s", "x%%%"] {
            assert!(
                refusal(&format!("[s]\nb=1\na={lone}")).contains("line 3: option a: expected %%")
            );
        }
        assert_eq!(
            parse("x").expect_err("refused").kind(),
            crate::ErrorKind::Malformed
        );
    }
}
