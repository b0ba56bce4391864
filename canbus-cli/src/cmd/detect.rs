//! `canbus detect`: which buses could be opened on this machine.

use crate::args::{self, Verbosity, tables};
use crate::console::Console;
use crate::exit::Failure;
use canbus::backends::{self, Detected};
use canbus::{Result, Value};
use clap::builder::PossibleValuesParser;
use serde_json::{Map, json};
use std::io::Write;
use std::time::Duration;

/// Find the buses of this machine, as arguments for the other commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES
  canbus detect
  canbus detect -i simulated --json
  canbus detect --timeout 0.5")]
pub(crate) struct Args {
    /// Look only for buses of this kind; may be given several times
    #[arg(short, long, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(tables::backend_names()))]
    interface: Vec<String>,

    /// How long the search may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = args::seconds, allow_negative_numbers = true)]
    timeout: Duration,

    /// Answer in JSON: a list of objects with interface, channel, and so on
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

pub(crate) fn run(args: &Args, console: Console) -> Result<(), Failure> {
    let names: Vec<&str> = args.interface.iter().map(String::as_str).collect();
    let names = (!names.is_empty()).then_some(&*names);
    let detection = backends::detect(names, args.timeout)?;
    for (name, error) in &detection.failed {
        console.say(format_args!("warning: {name}: {error}"));
    }
    print(&detection.found, args.json)?;
    if detection.found.is_empty() {
        if !detection.failed.is_empty() {
            return Err(Failure::Told);
        }
        console.say("found no bus");
    }
    Ok(())
}

fn print(found: &[Detected], json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let list: Vec<_> = found.iter().map(as_json).collect();
        writeln!(out, "{:#}", json!(list))?;
    } else {
        for one in found {
            writeln!(out, "{}", as_arguments(one))?;
        }
    }
    Ok(out.flush()?)
}

/// As one would type it after `canbus logger`.
fn as_arguments(detected: &Detected) -> String {
    let mut text = format!("-i {}", detected.interface);
    let (channel, others): (Vec<_>, Vec<_>) = detected
        .options
        .iter()
        .partition(|(name, _)| name == "channel");
    for (_, channel) in channel {
        text = format!("{text} -c {}", quoted(&channel.to_string()));
    }
    if !others.is_empty() {
        text += " --bus-kwargs";
    }
    for (name, value) in others {
        text = format!("{text} {}", quoted(&format!("{name}={value}")));
    }
    // A comment to a shell.
    match &detected.state {
        Some(state) => format!("{text}  # {state}"),
        None => text,
    }
}

/// So that a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn as_json(detected: &Detected) -> serde_json::Value {
    let mut object = Map::new();
    object.insert("interface".into(), detected.interface.into());
    for (name, value) in &detected.options {
        let value = match value {
            Value::Flag(flag) => json!(flag),
            Value::Integer(number) => json!(number),
            Value::Number(number) => json!(number),
            Value::Text(text) => json!(text),
        };
        object.insert(name.clone(), value);
    }
    if let Some(state) = &detected.state {
        object.insert("state".into(), state.as_str().into());
    }
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected() -> Detected {
        Detected {
            interface: "slcan",
            options: vec![
                ("channel".into(), "/dev/tty USB'0".into()),
                ("bitrate".into(), 500_000.into()),
                ("name".into(), "a b".into()),
            ],
            state: None,
        }
    }

    #[test]
    fn a_bus_is_shown_as_arguments_that_a_shell_understands() {
        assert_eq!(
            as_arguments(&detected()),
            r"-i slcan -c '/dev/tty USB'\''0' --bus-kwargs bitrate=500000 'name=a b'"
        );
        let bare = Detected {
            interface: "socketcan",
            options: vec![("channel".into(), "can0".into())],
            state: Some("down".into()),
        };
        assert_eq!(as_arguments(&bare), "-i socketcan -c can0  # down");
    }

    #[test]
    fn json_keeps_the_kinds_of_values() {
        assert_eq!(
            as_json(&detected()),
            json!({"interface": "slcan", "channel": "/dev/tty USB'0", "bitrate": 500_000, "name": "a b"})
        );
    }
}
