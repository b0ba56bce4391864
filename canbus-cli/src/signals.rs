//! Ctrl-C, SIGTERM and SIGHUP: the orderly way to end a command that runs.

use canbus::{Error, ErrorKind};
use std::error::Error as StdError;
use std::process;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

/// How long the command may go on completing its file after a second signal.
const GRACE: Duration = Duration::from_secs(1);
/// What shells report of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Calls this at the first signal. It should make the command complete its file and end. Some
/// send two signals at once (a service manager, a closing terminal), so a second one only ends
/// the process if it has not ended by itself shortly after.
pub(crate) fn on_first(stop: impl Fn() + Send + 'static) -> canbus::Result<()> {
    let mut seen = false;
    let each = move || {
        if seen {
            thread::sleep(GRACE);
            #[cfg(unix)]
            crate::terminal::restore();
            process::exit(INTERRUPTED);
        }
        seen = true;
        stop();
    };
    watch(each)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot watch for signals").with_source(error))
}

/// Calls this at each SIGUSR1; without effect on systems that have no such signal.
pub(crate) fn on_usr1(each: impl FnMut() + Send + 'static) -> canbus::Result<()> {
    watch_usr1(each)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot watch for signals").with_source(error))
}

/// Becomes true whenever the process goes on after it was stopped, as by Ctrl-Z; never on systems
/// that have no such thing.
pub(crate) fn continued() -> canbus::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGCONT, Arc::clone(&flag)).map_err(
        |error| Error::new(ErrorKind::Io, "cannot watch for signals").with_source(error),
    )?;
    Ok(flag)
}

#[cfg(unix)]
fn watch_usr1(mut each: impl FnMut() + Send + 'static) -> Watched {
    let signals = [signal_hook::consts::SIGUSR1];
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
    thread::Builder::new()
        .name("triggers".into())
        .spawn(move || signals.forever().for_each(|_| each()))?;
    Ok(())
}

#[cfg(not(unix))]
fn watch_usr1(_: impl FnMut() + Send + 'static) -> Watched {
    Ok(())
}

type Watched = Result<(), Box<dyn StdError + Send + Sync>>;

/// Calls this at each signal, on a thread of its own.
#[cfg(unix)]
fn watch(mut each: impl FnMut() + Send + 'static) -> Watched {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // Who starts a command with nohup wants it to go on when the terminal is closed.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let hangup = (!ignores(&status, SIGHUP)).then_some(SIGHUP);
    let signals = [SIGINT, SIGTERM].into_iter().chain(hangup);
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || signals.forever().for_each(|_| each()))?;
    Ok(())
}

#[cfg(not(unix))]
fn watch(each: impl FnMut() + Send + 'static) -> Watched {
    Ok(ctrlc::set_handler(each)?)
}

/// Whether a process ignores a signal, by its `/proc/PID/status`: `SigIgn` is a mask in
/// hexadecimal, bit 0 for signal 1 (proc(5)). False where the system has no such file.
#[cfg(unix)]
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let status = "SigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001005\nSigCgt:\tff\n";
        let ignored: Vec<i32> = (1..=64).filter(|&signal| ignores(status, signal)).collect();
        assert_eq!(ignored, [1, 3, 13]);
        assert!(!ignores("", 1));
        assert!(!ignores("SigIgn:\tx", 1));
    }
}
