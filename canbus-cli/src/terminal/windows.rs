//! A console's keys are read as events: nothing about it is changed, and nothing is to be restored.

use console::{Key, Term};
use std::io::{IsTerminal, stdin};
use std::thread;

/// The keys, watched on a thread of their own.
pub(crate) struct Watched;

impl Watched {
    /// Gives each byte that is typed; `None` if the standard input is no terminal. The thread waits
    /// for the next key until the process ends.
    pub(crate) fn start(each: impl Fn(u8) + Send + 'static) -> Option<Watched> {
        if !stdin().is_terminal() {
            return None;
        }
        let keys = thread::Builder::new().name("keys".into());
        keys.spawn(move || watch(each)).ok()?;
        Some(Watched)
    }
}

fn watch(each: impl Fn(u8)) {
    let terminal = Term::stdout();
    while let Ok(key) = terminal.read_key() {
        let byte = match key {
            Key::Enter => Some(b'\n'),
            Key::Char(typed) => u8::try_from(typed).ok(),
            _ => None,
        };
        if let Some(byte) = byte {
            each(byte);
        }
    }
}
