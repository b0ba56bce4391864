//! Arguments of the form `--key=value` that are no arguments of the command: options of the log
//! format or of the bus, as in python-can.

use super::KeyValue;
use canbus::{Error, ErrorKind, OptionSpec, nearest};
use clap::Command;
use std::ffi::OsString;

/// The commands that take such arguments.
pub(crate) const TAKING: &[&str] = &["logger", "player", "send", "logconvert"];

/// One of these arguments.
pub(crate) type Extra = KeyValue;

/// Takes these arguments out of a command line, so that the parser does not see them.
pub(crate) fn split(
    command: &mut Command,
    arguments: Vec<OsString>,
) -> (Vec<OsString>, Vec<Extra>) {
    let name = arguments.get(1).and_then(|name| name.to_str());
    let Some(name) = name.filter(|name| TAKING.contains(name)) else {
        return (arguments, Vec::new());
    };
    // Adds --help.
    command.build();
    let known = command.find_subcommand(name).map(names).unwrap_or_default();
    let (mut own, mut extra) = (Vec::new(), Vec::new());
    let mut ended = false;
    for argument in arguments {
        ended |= argument == "--";
        match argument.to_str().and_then(|text| parse(text, &known)) {
            Some(one) if !ended => extra.push(one),
            _ => own.push(argument),
        }
    }
    (own, extra)
}

fn parse(text: &str, known: &[String]) -> Option<Extra> {
    let text = text.strip_prefix("--")?;
    let (name, _) = text.split_once('=')?;
    if known.iter().any(|known| known == name) {
        return None;
    }
    text.parse().ok()
}

/// The long names of a command's own arguments.
pub(crate) fn names(command: &Command) -> Vec<String> {
    command
        .get_arguments()
        .flat_map(|argument| {
            let aliases = argument.get_all_aliases().unwrap_or_default();
            argument.get_long().into_iter().chain(aliases)
        })
        .map(Into::into)
        .collect()
}

/// Somebody who takes options: the writer of a format, a bus.
pub(crate) struct Taker<'a> {
    /// Who, for messages.
    pub(crate) name: String,
    /// What it takes.
    pub(crate) options: &'a [OptionSpec],
}

/// Gives each argument to the first who takes an option of its name; one list for each of them.
///
/// # Errors
/// `InvalidInput` for an argument that nobody takes, with the nearest name.
pub(crate) fn assign(
    extra: &[Extra],
    takers: &[Taker],
    command: &Command,
) -> canbus::Result<Vec<Vec<(String, String)>>> {
    let mut assigned = vec![Vec::new(); takers.len()];
    for Extra { key, value } in extra {
        let takes = |option: &OptionSpec| option.name == key || option.aliases.contains(&&**key);
        match takers
            .iter()
            .position(|taker| taker.options.iter().any(takes))
        {
            Some(at) => assigned[at].push((key.clone(), value.clone())),
            None => return Err(unknown(key, takers, command)),
        }
    }
    Ok(assigned)
}

fn unknown(key: &str, takers: &[Taker], command: &Command) -> Error {
    let own = names(command);
    let mut options: Vec<&str> = Vec::new();
    for option in takers.iter().flat_map(|taker| taker.options) {
        if !options.contains(&option.name) {
            options.push(option.name);
        }
    }
    let all = own.iter().map(String::as_str).chain(options.clone());
    let hint = match nearest(key, all) {
        Some(nearest) => format!("did you mean --{nearest}?"),
        None if options.is_empty() => "there are none".into(),
        None => format!("there are {}", options.join(", ")),
    };
    let who: Vec<&str> = takers.iter().map(|taker| &*taker.name).collect();
    let text = format!("no option {key} for {}; {hint}", who.join(" or "));
    Error::new(ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use canbus::OptionKind;
    use clap::Arg;

    fn command() -> Command {
        let file = Arg::new("file").long("file_name").alias("file-name");
        Command::new("canbus")
            .subcommand(Command::new("logger").arg(file))
            .subcommand(Command::new("detect"))
    }

    fn split_line(line: &str) -> (String, Vec<String>) {
        let arguments = line.split(' ').map(Into::into).collect();
        let (own, extra) = split(&mut command(), arguments);
        let own: Vec<_> = own.iter().map(|one| one.to_string_lossy()).collect();
        let shown = |one: &Extra| format!("{}={}", one.key, one.value);
        (own.join(" "), extra.iter().map(shown).collect())
    }

    #[test]
    fn what_the_command_does_not_know_is_taken_out() {
        let (own, extra) = split_line("canbus logger --file-name=a --app-name=b=c --file_name=d x");
        assert_eq!(own, "canbus logger --file-name=a --file_name=d x");
        assert_eq!(extra, ["app_name=b=c"]);
    }

    #[test]
    fn help_and_what_has_no_value_stay_for_the_parser() {
        for line in [
            "canbus logger --help=x",
            "canbus logger --key value",
            "canbus logger -- --key=value",
            "canbus logger -key=value",
            "canbus detect --key=value",
            "canbus --key=value",
            "canbus",
        ] {
            assert_eq!(split_line(line), (line.to_string(), vec![]));
        }
    }

    const WRITER: &[OptionSpec] = &[OptionSpec::new("level", OptionKind::Text, "")];
    const BUS: &[OptionSpec] = &[
        OptionSpec::new("level", OptionKind::Text, ""),
        OptionSpec::new("hop_limit", OptionKind::Text, "").also(&["ttl"]),
    ];

    fn assign_to_both(extra: &str) -> canbus::Result<Vec<Vec<(String, String)>>> {
        let extra: Vec<Extra> = extra
            .split(' ')
            .map(|one| one.parse().expect("valid"))
            .collect();
        let taker = |name: &str, options| Taker {
            name: name.into(),
            options,
        };
        let takers = [taker("the writer", WRITER), taker("the bus", BUS)];
        let all = command();
        let logger = all.find_subcommand("logger").expect("is there");
        assign(&extra, &takers, logger)
    }

    #[test]
    fn the_first_who_takes_an_option_gets_it() {
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        assert_eq!(
            assign_to_both("ttl=1 level=9").expect("valid"),
            [vec![pair("level", "9")], vec![pair("ttl", "1")]]
        );
    }

    #[test]
    fn what_nobody_takes_is_refused_with_the_nearest_name() {
        let refusal = |extra| assign_to_both(extra).expect_err("refused").to_string();
        assert_eq!(
            refusal("hop_limti=1"),
            "no option hop_limti for the writer or the bus; did you mean --hop_limit?"
        );
        assert!(refusal("fiel_name=x").ends_with("did you mean --file_name?"));
        assert!(refusal("zzzzz=x").ends_with("there are level, hop_limit"));
    }
}
