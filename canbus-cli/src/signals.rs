//! Ctrl-C, SIGTERM and SIGHUP: the orderly way to end a command that runs.

use canbus::{Error, ErrorKind};
use std::process;
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
    ctrlc::set_handler(move || {
        if seen {
            thread::sleep(GRACE);
            process::exit(INTERRUPTED);
        }
        seen = true;
        stop();
    })
    .map_err(|error| Error::new(ErrorKind::Io, "cannot watch for signals").with_source(error))
}
