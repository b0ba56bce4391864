//! Options by name: what a backend or a format takes, declared as data, and what the user gave,
//! checked against it. What nobody takes is an error, with the nearest name in the message.

mod value;

pub use value::Value;

use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// What values an option takes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum OptionKind {
    /// Yes or no: `true/false`, `yes/no`, `on/off`, `1/0`.
    Flag,
    /// A whole number in this range (both ends allowed), decimal or `0x…`.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A number with decimals, at least `min`.
    Number {
        /// The least value.
        min: f64,
    },
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One option: name, older spellings, kind, default and a sentence of help.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionSpec {
    /// The name, spelled as python-can spells it where it has the option.
    pub name: &'static str,
    /// Other spellings that are accepted.
    pub aliases: &'static [&'static str],
    /// What values it takes.
    pub kind: OptionKind,
    /// What holds when it is not given, as the user would write it; `None` where there is no
    /// default.
    pub default: Option<&'static str>,
    /// What it does, with units.
    pub help: &'static str,
}

impl OptionSpec {
    /// An option without aliases or default.
    pub const fn new(name: &'static str, kind: OptionKind, help: &'static str) -> OptionSpec {
        OptionSpec {
            name,
            aliases: &[],
            kind,
            default: None,
            help,
        }
    }

    /// The same option with a default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> OptionSpec {
        OptionSpec {
            default: Some(default),
            ..self
        }
    }

    /// The same option with other spellings.
    #[must_use]
    pub const fn also(self, aliases: &'static [&'static str]) -> OptionSpec {
        OptionSpec { aliases, ..self }
    }

    /// Two tables of options as one, whose length `N` is the sum of theirs; for options that
    /// several backends have, such as [`bit_timing::CLASSIC_OPTIONS`](crate::bit_timing).
    ///
    /// # Panics
    /// If `N` is not that sum; in a constant that is an error of compiling.
    pub const fn joined<const N: usize>(
        first: &[OptionSpec],
        second: &[OptionSpec],
    ) -> [OptionSpec; N] {
        assert!(first.len() + second.len() == N, "N is not the sum");
        let mut joined = [OptionSpec::new("", OptionKind::Text, ""); N];
        let (start, end) = joined.split_at_mut(first.len());
        start.copy_from_slice(first);
        end.copy_from_slice(second);
        joined
    }

    /// Checks a value and brings it into the option's own form.
    fn check(&self, value: &Value) -> Result<Value> {
        let (accepted, expected) = match self.kind {
            OptionKind::Flag => (
                value.as_flag().map(Value::Flag),
                "true or false".to_string(),
            ),
            OptionKind::Integer { min, max } => (
                value
                    .as_integer()
                    .filter(|number| (min..=max).contains(number))
                    .map(Value::Integer),
                integer_range(min, max),
            ),
            OptionKind::Number { min } => (
                value
                    .as_number()
                    .filter(|&number| number >= min)
                    .map(Value::Number),
                format!("a number of at least {min}"),
            ),
            OptionKind::Text => (Some(Value::Text(value.to_string())), String::new()),
            OptionKind::Choice(words) => (
                words
                    .iter()
                    .find(|word| word.eq_ignore_ascii_case(&value.to_string()))
                    .map(|&word| Value::Text(word.into())),
                format!("one of {}", words.join(", ")),
            ),
        };
        accepted.ok_or_else(|| {
            Error::invalid(format!(
                "option {} is {value}, but expected {expected}",
                self.name
            ))
        })
    }
}

fn integer_range(min: i64, max: i64) -> String {
    match (min, max) {
        (i64::MIN, i64::MAX) => "a whole number".into(),
        (_, i64::MAX) => format!("a whole number of at least {min}"),
        _ => format!("a whole number from {min} to {max}"),
    }
}

/// The options that were given for one backend or format, complete with defaults and checked.
///
/// ```
/// use canbus::{OptionKind, OptionSpec, Options};
/// const TAKES: &[OptionSpec] = &[
///     OptionSpec::new("bitrate", OptionKind::Integer { min: 1, max: 1_000_000 }, "bit/s"),
///     OptionSpec::new("fd", OptionKind::Flag, "CAN FD").or("false"),
/// ];
/// # fn main() -> canbus::Result<()> {
/// let options = Options::check("mybus", TAKES, [("bitrate", "500000")])?;
/// assert_eq!(options.integer("bitrate"), Some(500_000));
/// assert!(!options.flag("fd"));
///
/// let error = Options::check("mybus", TAKES, [("bitrtae", "500000")]).unwrap_err();
/// assert_eq!(error.to_string(), "mybus has no option bitrtae; did you mean bitrate?");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    values: BTreeMap<&'static str, Value>,
}

impl Options {
    /// Checks what was given against what `owner` takes.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown name (with the nearest one), a name given twice, or a value
    /// that the option does not take.
    pub fn check<N: AsRef<str>, V: Into<Value>>(
        owner: &str,
        takes: &[OptionSpec],
        given: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Options> {
        let mut values = BTreeMap::new();
        for (name, value) in given {
            let name = name.as_ref();
            let spec = find(takes, name).ok_or_else(|| unknown(owner, takes, name))?;
            let value = spec
                .check(&value.into())
                .map_err(|error| error.context(owner))?;
            if values.insert(spec.name, value).is_some() {
                return Err(Error::invalid(format!(
                    "{owner}: option {} is given twice",
                    spec.name
                )));
            }
        }
        for spec in takes {
            if let (Some(default), false) = (spec.default, values.contains_key(spec.name)) {
                values.insert(spec.name, spec.check(&Value::from(default))?);
            }
        }
        Ok(Options { values })
    }

    /// A flag; false where it was not given and has no default.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Flag(true)))
    }

    /// A whole number, if there is one.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(&Value::Integer(number)) => Some(number),
            _ => None,
        }
    }

    /// A number, if there is one.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.values.get(name) {
            Some(&Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// A text or a choice, if there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number of things that must fit `usize`: sizes and counts whose range is declared ≥ 0.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.integer(name)
            .and_then(|number| usize::try_from(number).ok())
    }
}

fn find<'a>(takes: &'a [OptionSpec], name: &str) -> Option<&'a OptionSpec> {
    takes
        .iter()
        .find(|spec| spec.name == name || spec.aliases.contains(&name))
}

fn unknown(owner: &str, takes: &[OptionSpec], name: &str) -> Error {
    let names = takes.iter().map(|spec| spec.name);
    let hint = match nearest(name, names.clone()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None if takes.is_empty() => "it takes none".into(),
        None => format!("it takes {}", names.collect::<Vec<_>>().join(", ")),
    };
    Error::new(
        ErrorKind::InvalidInput,
        format!("{owner} has no option {name}; {hint}"),
    )
}

/// The candidate that a misspelt name most probably means; `None` where none is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name, &candidate.to_ascii_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, candidate)| distance <= candidate.len().max(name.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKES: &[OptionSpec] = &[
        OptionSpec::new("port", OptionKind::Integer { min: 1, max: 65535 }, "").or("43113"),
        OptionSpec::new("fd", OptionKind::Flag, "")
            .or("true")
            .also(&["is_fd"]),
        OptionSpec::new("load", OptionKind::Number { min: 0.0 }, ""),
        OptionSpec::new("mode", OptionKind::Choice(&["normal", "silent"]), ""),
        OptionSpec::new("name", OptionKind::Text, ""),
        OptionSpec::new("quiet", OptionKind::Flag, ""),
        OptionSpec::new(
            "size",
            OptionKind::Integer {
                min: 0,
                max: i64::MAX,
            },
            "",
        ),
        OptionSpec::new(
            "any",
            OptionKind::Integer {
                min: i64::MIN,
                max: i64::MAX,
            },
            "",
        ),
    ];

    fn check(given: &[(&str, &str)]) -> Result<Options> {
        Options::check("thing", TAKES, given.iter().copied())
    }

    fn refusal(name: &str, value: &str) -> String {
        check(&[(name, value)]).expect_err("refused").to_string()
    }

    #[test]
    fn defaults_fill_in_and_given_values_win() {
        let options = check(&[]).expect("valid");
        assert_eq!(options.integer("port"), Some(43113));
        assert!(options.flag("fd"));
        assert!(!options.flag("quiet"));
        assert_eq!(options.number("load"), None);
        let options = check(&[("port", "0x10"), ("is_fd", "no"), ("load", "2")]).expect("valid");
        assert_eq!(options.integer("port"), Some(16));
        assert_eq!(options.count("port"), Some(16));
        assert!(!options.flag("fd"));
        assert_eq!(options.number("load"), Some(2.0));
        let options = check(&[("mode", "Silent"), ("name", "7")]).expect("valid");
        assert_eq!(
            (options.text("mode"), options.text("name")),
            (Some("silent"), Some("7"))
        );
        assert_eq!(options.count("mode"), None);
    }

    #[test]
    fn typed_values_are_taken_as_well_as_text() {
        let given = [("port", Value::Integer(5)), ("load", Value::Integer(3))];
        let options = Options::check("thing", TAKES, given).expect("valid");
        assert_eq!(
            (options.integer("port"), options.number("load")),
            (Some(5), Some(3.0))
        );
        let given = [("fd", Value::Flag(false)), ("name", Value::Number(1.5))];
        let options = Options::check("thing", TAKES, given).expect("valid");
        assert_eq!(
            (options.flag("fd"), options.text("name")),
            (false, Some("1.5"))
        );
    }

    #[test]
    fn wrong_values_name_the_option_and_what_was_expected() {
        assert_eq!(
            refusal("port", "70000"),
            "thing: option port is 70000, but expected a whole number from 1 to 65535"
        );
        assert!(refusal("port", "0").contains("from 1 to 65535"));
        assert!(refusal("size", "-1").contains("a whole number of at least 0"));
        assert!(refusal("any", "x").ends_with("a whole number"));
        assert!(refusal("load", "-0.5").contains("a number of at least 0"));
        assert!(refusal("load", "nan").contains("a number of at least 0"));
        assert!(refusal("fd", "maybe").contains("true or false"));
        assert!(refusal("mode", "loud").contains("one of normal, silent"));
    }

    #[test]
    fn unknown_names_get_the_nearest_one_or_the_list() {
        assert_eq!(
            refusal("prot", "1"),
            "thing has no option prot; did you mean port?"
        );
        assert_eq!(
            refusal("quite", "1"),
            "thing has no option quite; did you mean quiet?"
        );
        assert!(refusal("zzzzzz", "1").contains("it takes port, fd, load, mode, name"));
        let error = Options::check("none", &[], [("a", "1")]).expect_err("refused");
        assert_eq!(error.to_string(), "none has no option a; it takes none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn the_same_option_twice_is_refused_under_any_spelling() {
        let error = check(&[("fd", "1"), ("is_fd", "1")]).expect_err("refused");
        assert_eq!(error.to_string(), "thing: option fd is given twice");
    }

    #[test]
    fn nearness_ignores_case_and_dashes() {
        assert_eq!(
            nearest("DATA-BITRATE", ["bitrate", "data_bitrate"]),
            Some("data_bitrate")
        );
        assert_eq!(nearest("x", ["bitrate"]), None);
        // A third of the letters may be wrong: two of seven, not three.
        assert_eq!(nearest("btirtae", ["bitrate"]), Some("bitrate"));
        assert_eq!(nearest("btirtea", ["bitrate"]), None);
    }
}
