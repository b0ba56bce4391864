//! Settings from environment variables: `CAN_INTERFACE`, `CAN_CHANNEL`, `CAN_BITRATE`, and
//! `CAN_CONFIG`, a JSON object with any others. For a context `HS` they are `CAN_INTERFACE_HS` etc.

use super::Settings;
use crate::error::{Context, Error, Result};
use crate::options::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Reads the variables, those with the context's suffix if there is one. A variable that is empty
/// counts as not set. What has its own variable wins over the same key in `CAN_CONFIG`.
pub(super) fn settings(
    context: Option<&str>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Settings> {
    let suffix = match context {
        Some(context) if !context.is_empty() => format!("_{context}"),
        _ => String::new(),
    };
    let text = |name: &str| match variable(name).filter(|text| !text.is_empty()) {
        Some(text) => match text.into_string() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Error::invalid(format!("{name}: not valid Unicode"))),
        },
        None => Ok(None),
    };
    let config = format!("CAN_CONFIG{suffix}");
    let mut settings = match text(&config)? {
        Some(json) => parse(&json).context(&config)?,
        None => Settings::new(),
    };
    for key in ["interface", "channel", "bitrate"] {
        let name = format!("CAN_{}{suffix}", key.to_ascii_uppercase());
        if let Some(text) = text(&name)? {
            settings.insert(key.into(), Some(Value::Text(text)));
        }
    }
    Ok(settings)
}

/// Reads a JSON object; the pure entry point for tests and fuzzing.
///
/// `null` is a setting without a value. A list of plain values becomes text with commas, as options
/// take lists; deeper things stay JSON text, for whoever takes the option.
///
/// # Errors
/// `InvalidInput`, with line and column, for bad JSON, or JSON that is no object.
pub fn parse(text: &str) -> Result<BTreeMap<String, Option<Value>>> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Ok(object
            .into_iter()
            .map(|(key, json)| (key, value(json)))
            .collect()),
        Ok(_) => Err(Error::invalid(
            "expected a JSON object: {\"key\": value, …}",
        )),
        Err(error) => Err(Error::invalid(format!("bad JSON: {error}")).with_source(error)),
    }
}

fn value(json: Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Value::Flag(flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::Integer(integer),
            (None, Some(float)) if number.is_f64() => Value::Number(float),
            _ => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(items) => {
            Value::Text(list(&items).unwrap_or_else(|| Json::Array(items).to_string()))
        }
        Json::Object(object) => Value::Text(Json::Object(object).to_string()),
    })
}

/// Plain values with commas between; `None` where that would not be the same list again.
fn list(items: &[Json]) -> Option<String> {
    let texts: Option<Vec<String>> = items
        .iter()
        .map(|item| match item {
            Json::String(text) if !text.contains(',') => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    texts
        .filter(|texts| !texts.is_empty())
        .map(|texts| texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn read(context: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings> {
        settings(context, &|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, text)| text.into())
        })
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn each_variable_sets_its_key() {
        let variables = [
            ("CAN_INTERFACE", "virtual"),
            ("CAN_CHANNEL", "0"),
            ("CAN_BITRATE", "500000"),
            ("CAN_BITRATE_HS", "1000000"),
        ];
        let settings = read(None, &variables).expect("valid");
        assert_eq!(settings.len(), 3);
        assert_eq!(settings["interface"], Some(text("virtual")));
        assert_eq!(settings["channel"], Some(text("0")));
        assert_eq!(settings["bitrate"], Some(text("500000")));
        assert_eq!(read(Some(""), &variables).expect("valid"), settings);
    }

    #[test]
    fn a_context_reads_only_the_variables_with_its_suffix() {
        let variables = [
            ("CAN_INTERFACE", "virtual"),
            ("CAN_CHANNEL_hs", "no"),
            ("CAN_CHANNEL_HS", "1"),
            ("CAN_CONFIG_HS", r#"{"fd": true}"#),
        ];
        let settings = read(Some("HS"), &variables).expect("valid");
        assert_eq!(settings.len(), 2);
        assert_eq!(settings["channel"], Some(text("1")));
        assert_eq!(settings["fd"], Some(Value::Flag(true)));
    }

    #[test]
    fn a_key_with_a_variable_of_its_own_wins_over_json_and_empty_is_unset() {
        let json = ("CAN_CONFIG", r#"{"channel": "json", "bitrate": 1}"#);
        let settings = read(None, &[json, ("CAN_CHANNEL", "own"), ("CAN_BITRATE", "")]);
        let settings = settings.expect("valid");
        assert_eq!(settings["channel"], Some(text("own")));
        assert_eq!(settings["bitrate"], Some(Value::Integer(1)));
        assert!(read(None, &[("CAN_CONFIG", "")]).expect("valid").is_empty());
    }

    #[test]
    fn json_keeps_its_kinds() {
        let settings = parse(
            r#"{"a": null, "b": true, "c": -5, "d": 2.5, "e": "7", "f": 1e3,
                "g": 18446744073709551615, "h": [0, 1], "i": ["a", 2.5], "j": ["a,b"], "k": [],
                "l": {"x": [1]}, "m": [true], "n": 9223372036854775807, "a2": 1, "a2": 2}"#,
        )
        .expect("valid");
        for (key, value) in [
            ("a", None),
            ("b", Some(Value::Flag(true))),
            ("c", Some(Value::Integer(-5))),
            ("d", Some(Value::Number(2.5))),
            ("e", Some(text("7"))),
            ("f", Some(Value::Number(1000.0))),
            ("g", Some(text("18446744073709551615"))),
            ("h", Some(text("0,1"))),
            ("i", Some(text("a,2.5"))),
            ("j", Some(text(r#"["a,b"]"#))),
            ("k", Some(text("[]"))),
            ("l", Some(text(r#"{"x":[1]}"#))),
            ("m", Some(text("[true]"))),
            ("n", Some(Value::Integer(i64::MAX))),
            ("a2", Some(Value::Integer(2))),
        ] {
            assert_eq!(settings[key], value, "{key}");
        }
    }

    #[test]
    fn bad_json_names_the_variable_and_the_place() {
        let error = read(Some("HS"), &[("CAN_CONFIG_HS", "{\"a\": x}")]).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "CAN_CONFIG_HS: bad JSON: expected value at line 1 column 7"
        );
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        for other in ["[]", "null", "5", "\"text\"", "true"] {
            let error = read(None, &[("CAN_CONFIG", other)]).expect_err("refused");
            assert_eq!(
                error.to_string(),
                "CAN_CONFIG: expected a JSON object: {\"key\": value, …}"
            );
        }
        assert!(
            parse(&"[".repeat(100_000)).is_err(),
            "deep nesting is no stack overflow"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_named() {
        use std::os::unix::ffi::OsStringExt;
        let variable = |name: &str| (name == "CAN_CHANNEL").then(|| OsString::from_vec(vec![0xff]));
        let error = settings(None, &variable).expect_err("refused");
        assert_eq!(error.to_string(), "CAN_CHANNEL: not valid Unicode");
    }
}
