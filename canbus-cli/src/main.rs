//! The command `canbus`: log, replay, send, convert, inspect and find CAN buses from a terminal.

mod args;
mod cmd;
mod console;
mod damage;
mod exit;
mod losses;
mod progress;
mod recorder;
mod signals;
mod summary;
mod terminal;

use args::{extra, unknown};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use console::Console;
use exit::Failure;
use std::ffi::OsString;
use std::process::ExitCode;

/// Log, replay, send, convert and find CAN buses.
#[derive(Parser)]
#[command(name = "canbus", version, arg_required_else_help = true)]
#[command(after_help = "EXAMPLES
  canbus logger -i simulated --duration 10 -f drive.blf    record ten seconds of a simulated car
  canbus logconvert drive.blf drive.log                    convert the log
  canbus inspect drive.blf                                 what is in the log?
  canbus player -i simulated drive.log                     send it again
  canbus send -i simulated 7DF#02010C --every 10ms -n 50   a frame, fifty times
  canbus detect                                            which buses are there?
  canbus timing 500k --clock 16M                           which bit timings are there?
  canbus link list                                         CAN interfaces of Linux, their state

EXIT CODES
  0    done, also after Ctrl-C, SIGTERM, SIGHUP
  1    something failed, was damaged, or was left out unasked
  2    wrong arguments

`canbus COMMAND --help` tells more.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Logger(cmd::logger::Args),
    Player(cmd::player::Args),
    Send(cmd::send::Args),
    Logconvert(cmd::logconvert::Args),
    Inspect(cmd::inspect::Args),
    Detect(cmd::detect::Args),
    Timing(cmd::timing::Args),
    Link(cmd::link::Args),
}

fn main() -> ExitCode {
    let (cli, extra) = match parse(std::env::args_os().collect()) {
        Ok(parsed) => parsed,
        Err(error) => return exit::of_parsing(&error),
    };
    let (name, verbosity) = match &cli.command {
        Command::Logger(args) => ("logger", args.verbosity),
        Command::Player(args) => ("player", args.verbosity),
        Command::Send(args) => ("send", args.verbosity),
        Command::Logconvert(args) => ("logconvert", args.verbosity),
        Command::Inspect(args) => ("inspect", args.verbosity),
        Command::Detect(args) => ("detect", args.verbosity),
        Command::Timing(args) => ("timing", args.verbosity),
        Command::Link(args) => ("link", args.verbosity),
    };
    let console = Console::new(name);
    console.start_logging(verbosity);
    let done = match cli.command {
        Command::Logger(args) => cmd::logger::run(&args, &extra, console),
        Command::Player(args) => cmd::player::run(&args, &extra, console),
        Command::Send(args) => cmd::send::run(&args, &extra, console),
        Command::Logconvert(args) => cmd::logconvert::run(&args, &extra, console),
        Command::Inspect(args) => cmd::inspect::run(&args, console),
        Command::Detect(args) => cmd::detect::run(&args, console),
        Command::Timing(args) => cmd::timing::run(&args, console),
        Command::Link(args) => cmd::link::run(&args, console),
    };
    done.map_or_else(
        |failure: Failure| failure.report(console),
        |()| ExitCode::SUCCESS,
    )
}

/// The command line, and the `--key=value` arguments in it that are options of a log format or bus.
fn parse(arguments: Vec<OsString>) -> Result<(Cli, Vec<extra::Extra>), clap::Error> {
    let mut command = Cli::command();
    let name = arguments
        .get(1)
        .and_then(|name| name.to_str().map(String::from));
    let (arguments, extra) = extra::split(&mut command, arguments);
    let matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| unknown::advised(error, &mut command, name.as_deref()))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((cli, extra))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
