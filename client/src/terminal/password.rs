//! Password as it is typed: no key of it is shown, and none reaches the editor, which keeps what is
//! typed for other keys.

use std::io;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::app::{Event, PromptState};
use crate::protocol::password;
use crate::terminal::key_filter::{BACKSPACE, CTRL_C, CTRL_D, CTRL_U, ESC, PASTE, PASTE_END};

/// The keys typed so far.
#[derive(Default)]
pub(super) struct PasswordKeys(String);

impl PasswordKeys {
    /// Takes keys; returns what they amount to, with the keys behind it, once they do.
    pub(super) fn feed(&mut self, keys: &[u8]) -> Option<(Event, Vec<u8>)> {
        let keys = String::from_utf8_lossy(keys);
        let keys = [PASTE, PASTE_END]
            .iter()
            .fold(keys.into_owned(), |keys, sign| {
                keys.replace(&*String::from_utf8_lossy(sign), "")
            });
        for (at, key) in keys.char_indices() {
            let event = match u8::try_from(key) {
                Ok(b'\r' | b'\n') => Event::Password(password::typed(&mem::take(&mut self.0))),
                Ok(CTRL_C) => Event::Interrupted,
                Ok(CTRL_D) if self.0.is_empty() => Event::InputEnded,
                // A key that is no letter, which has come alone.
                Ok(ESC) => return None,
                _ => {
                    self.take(key);
                    continue;
                }
            };
            self.clear();
            return Some((event, keys[at + key.len_utf8()..].into()));
        }
        None
    }

    fn take(&mut self, key: char) {
        match u8::try_from(key) {
            Ok(BACKSPACE) => drop(self.0.pop()),
            Ok(CTRL_U) => self.clear(),
            _ if key.is_control() => {}
            _ => self.0.push(key),
        }
    }

    /// Forgets what was typed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The echo of a terminal that edits lines itself.
#[derive(Default)]
pub(super) struct Echo(Mutex<EchoState>);

#[derive(Default)]
enum EchoState {
    #[default]
    On,
    /// What is typed is not shown; the modes of the terminal before.
    Off(Termios),
    /// The client ends.
    Restored,
}

impl Echo {
    /// Shows what is typed, but for a password.
    pub(super) fn follow(&self, prompt: PromptState) {
        let mut state = self.state();
        match (&*state, prompt) {
            (EchoState::On, PromptState::Password) => *state = hide(),
            (EchoState::Off(modes), prompt) if prompt != PromptState::Password => {
                set(modes);
                *state = EchoState::On;
            }
            _ => {}
        }
    }

    /// Shows what is typed, for good.
    pub(super) fn restore(&self) {
        if let EchoState::Off(modes) = mem::replace(&mut *self.state(), EchoState::Restored) {
            set(&modes);
        }
    }

    fn state(&self) -> MutexGuard<'_, EchoState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hide() -> EchoState {
    let Ok(before) = tcgetattr(io::stdin()) else {
        return EchoState::On;
    };
    let mut quiet = before.clone();
    quiet.local_flags.remove(LocalFlags::ECHO);
    quiet.local_flags.insert(LocalFlags::ECHONL);
    set(&quiet);
    EchoState::Off(before)
}

fn set(modes: &Termios) {
    // A terminal that is gone shows nothing.
    let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, modes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Event {
        Event::Password(password::typed(text))
    }

    #[track_caller]
    fn feeds(parts: &[&str]) -> Option<(Event, Vec<u8>)> {
        let mut keys = PasswordKeys::default();
        let (last, first) = parts.split_last().unwrap();
        for part in first {
            assert_eq!(keys.feed(part.as_bytes()), None, "{part:?}");
        }
        keys.feed(last.as_bytes())
    }

    #[test]
    fn enter_ends_a_password_and_the_keys_behind_it_are_no_part_of_it() {
        let entered = feeds(&["sec", "rét \rhello\r"]);
        assert_eq!(entered, Some((password("secrét "), b"hello\r".into())));
        assert_eq!(feeds(&["\r"]), Some((password(""), Vec::new())));
    }

    #[test]
    fn keys_correct_it_and_others_are_ignored() {
        let typed = ["wrong\x15sec\x1b", "\x1b[D", "xx\x7f\x7f\t", "ret\r"];
        assert_eq!(feeds(&typed), Some((password("secret"), Vec::new())));
        let pasted = ["\x1b[200~secret\x1b[201~", "\r"];
        assert_eq!(feeds(&pasted), Some((password("secret"), Vec::new())));
    }

    #[test]
    fn ctrl_c_gets_out_and_so_does_ctrl_d_before_the_first_letter() {
        assert_eq!(feeds(&["sec\x03"]), Some((Event::Interrupted, Vec::new())));
        assert_eq!(feeds(&["\x04"]), Some((Event::InputEnded, Vec::new())));
        assert_eq!(
            feeds(&["sec\x04ret\r"]),
            Some((password("secret"), Vec::new()))
        );
    }
}
