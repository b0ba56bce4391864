//! What is said of an argument that the command does not have: how options of interfaces and log
//! files are given, where the parser itself would point to an argument that only looks similar.

use super::{extra, tables};
use canbus::nearest;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// The parser's error with better advice, if it is about such an argument of such a command.
pub(crate) fn advised(error: Error, command: &mut Command, name: Option<&str>) -> Error {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.clone(),
        _ => return error,
    };
    let command = name.and_then(|name| command.find_subcommand_mut(name));
    let (ErrorKind::UnknownArgument, Some(key), Some(command)) =
        (error.kind(), argument.strip_prefix("--"), command)
    else {
        return error;
    };
    let key = key.replace('-', "_");
    match command.get_name() {
        "logconvert" => with_tips(error, command, logconvert_tip(&key).into_iter().collect()),
        name if !extra::TAKING.contains(&name) => error,
        _ if tables::option_names().contains(&&*key) => {
            let text = format!("{argument} needs its value after \"=\": {argument}=VALUE");
            Error::raw(ErrorKind::UnknownArgument, text).format(command)
        }
        _ => {
            let own = extra::names(command);
            let own = nearest(&key, own.iter().map(String::as_str));
            let other = || nearest(&key, tables::option_names());
            let similar = own
                .map(|name| format!("did you mean --{name}?"))
                .or_else(|| other().map(|name| format!("did you mean --{name}=VALUE?")));
            let how = "options of the interface or log file are given as --KEY=VALUE".to_string();
            with_tips(error, command, similar.into_iter().chain([how]).collect())
        }
    }
}

/// By which arguments readers and writers take such an option.
fn logconvert_tip(key: &str) -> Option<String> {
    let arguments = tables::arguments_for(key);
    let ways: Vec<String> = arguments
        .iter()
        .map(|argument| format!("{argument} {key}=…"))
        .collect();
    (!ways.is_empty()).then(|| format!("use {}", ways.join(" or ")))
}

/// With these tips in place of the parser's, which stay where there are none.
fn with_tips(mut error: Error, command: &mut Command, tips: Vec<String>) -> Error {
    if tips.is_empty() {
        return error;
    }
    error.remove(ContextKind::SuggestedArg);
    // The parser's usage has the similar argument in it.
    let usage = ContextValue::StyledStr(command.render_usage());
    error.insert(ContextKind::Usage, usage);
    let tips = tips.into_iter().map(StyledStr::from).collect();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    error
}
