//! Keys that control the player: on a terminal that is ours, read one by one and not shown.
//! Whatever way the command ends, the terminal is left as it was.

use crate::console::Console;
use crate::terminal::Watched;
use canbus::ReplayControl;

/// What the keys are, for people.
pub(super) const HELP: &str = "space pauses, n steps, + and - change the pace, q quits";

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Pause,
    Step,
    Faster,
    Slower,
    Quit,
}

impl Key {
    fn of(byte: u8) -> Option<Key> {
        match byte {
            b' ' => Some(Key::Pause),
            b'n' | b'N' | b'\n' | b'\r' => Some(Key::Step),
            b'+' | b'=' => Some(Key::Faster),
            b'-' | b'_' => Some(Key::Slower),
            b'q' | b'Q' => Some(Key::Quit),
            _ => None,
        }
    }
}

/// The paces that can be reached by keys.
const SLOWEST: f64 = 1.0 / 1024.0;
const FASTEST: f64 = 1024.0;

/// Does what a key asks for, and what there is to say of it. `pace` is that of speed 1, in words.
fn press(key: Key, control: &ReplayControl, pace: &str) -> String {
    let by = |factor: f64| {
        let speed = (control.speed() * factor).clamp(SLOWEST, FASTEST);
        // It is above 0.
        let _ = control.set_speed(speed);
        format!("{speed} times {pace}")
    };
    match key {
        Key::Pause if control.is_paused() => {
            control.resume();
            "going on".into()
        }
        Key::Pause => {
            control.pause();
            "paused".into()
        }
        Key::Step if control.is_paused() => {
            control.step();
            "next frame".into()
        }
        Key::Step => {
            control.pause();
            "paused; n sends the next frame".into()
        }
        Key::Faster => by(2.0),
        Key::Slower => by(0.5),
        Key::Quit => {
            control.stop();
            "ended by q".into()
        }
    }
}

/// Watches the keys while it lives.
pub(super) struct Keys {
    watched: Option<Watched>,
}

impl Keys {
    /// Watches the keys, if the standard input is a terminal and this command stands in its
    /// foreground.
    pub(super) fn watch(control: &ReplayControl, pace: &'static str, console: Console) -> Keys {
        let control = control.clone();
        let watched = Watched::start(move |byte| {
            if let Some(key) = Key::of(byte) {
                console.say(press(key, &control, pace));
            }
        });
        Keys { watched }
    }

    /// Whether there are keys.
    pub(super) fn are_watched(&self) -> bool {
        self.watched.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_what_they_say() {
        let control = ReplayControl::new();
        let pressed = |byte| Key::of(byte).map(|key| press(key, &control, "the recorded pace"));
        assert_eq!(pressed(b'x'), None);
        assert_eq!(pressed(b' ').as_deref(), Some("paused"));
        assert!(control.is_paused());
        assert_eq!(pressed(b'\n').as_deref(), Some("next frame"));
        assert_eq!(pressed(b' ').as_deref(), Some("going on"));
        assert!(!control.is_paused());
        assert!(pressed(b'n').is_some_and(|said| said.starts_with("paused;")));
        assert!(control.is_paused());
        assert_eq!(pressed(b'+').as_deref(), Some("2 times the recorded pace"));
        for _ in 0..3 {
            pressed(b'-');
        }
        assert_eq!(
            pressed(b'+').as_deref(),
            Some("0.5 times the recorded pace")
        );
        for _ in 0..20 {
            pressed(b'+');
        }
        assert!((control.speed() - FASTEST).abs() < f64::EPSILON);
        assert!(!control.is_stopped());
        pressed(b'q');
        assert!(control.is_stopped());
    }
}
