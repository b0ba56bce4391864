//! Prints the configuration that a bus would get here, as one JSON object with sorted keys.
//!
//! ```text
//! show_config [--context NAME] [--path FILE] [--set KEY=VALUE]… [--default KEY=VALUE]…
//! ```

use canbus::config::{Configuration, set_default};
use canbus::{Error, ErrorKind, Result, Value};
use serde_json::{Map, Value as Json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let shown = configuration(std::env::args().skip(1)).and_then(|found| show(&found));
    let written = match &shown {
        Ok(json) => writeln!(std::io::stdout(), "{json}"),
        Err(error) => writeln!(std::io::stderr(), "show_config: {error}"),
    };
    ExitCode::from(u8::from(shown.is_err() || written.is_err()))
}

fn configuration(mut arguments: impl Iterator<Item = String>) -> Result<Configuration> {
    let mut configuration = Configuration::new();
    while let Some(option) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| wrong(format!("{option} needs a value")))?;
        let pair = value
            .split_once('=')
            .ok_or_else(|| wrong(format!("{option} {value}: expected KEY=VALUE")));
        configuration = match option.as_str() {
            "--context" => configuration.context(value),
            "--path" => configuration.file(value),
            "--set" => pair.map(|(key, value)| configuration.set(key, value))?,
            "--default" => {
                pair.map(|(key, value)| set_default(key, value))?;
                configuration
            }
            _ => return Err(wrong(format!("unknown option {option}"))),
        };
    }
    Ok(configuration)
}

fn show(configuration: &Configuration) -> Result<String> {
    let config = configuration.load()?;
    let options = config.options.into_iter();
    let mut shown: Map<_, _> = options.map(|(key, value)| (key, json(value))).collect();
    shown.insert("interface".into(), config.interface.into());
    shown.insert("channel".into(), config.channel.map_or(Json::Null, json));
    Ok(Json::Object(shown).to_string())
}

fn json(value: Value) -> Json {
    match value {
        Value::Flag(flag) => flag.into(),
        Value::Integer(number) => number.into(),
        Value::Number(number) => number.into(),
        Value::Text(text) => text.into(),
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
