//! Password as it is typed: no key of it is shown, and none reaches the editor, which keeps what is
//! typed for other keys.

use std::mem;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::app::{Event, PromptState};
use crate::protocol::password::Password;
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
                Ok(b'\r' | b'\n') => Event::Password(Password::new(&mem::take(&mut self.0))),
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
pub(super) struct Echo {
    /// The modes of the terminal, while it does not show what is typed.
    before: Mutex<Option<Termios>>,
}

impl Echo {
    /// Shows what is typed, but for a password.
    pub(super) fn follow(&self, state: PromptState) {
        if state != PromptState::Password {
            return self.restore();
        }
        let mut before = self.before();
        if before.is_none()
            && let Ok(modes) = tcgetattr(io::stdin())
        {
            let mut quiet = modes.clone();
            quiet.local_flags.remove(LocalFlags::ECHO);
            quiet.local_flags.insert(LocalFlags::ECHONL);
            // A terminal that is gone shows nothing.
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &quiet);
            *before = Some(modes);
        }
    }

    /// Shows again what is typed.
    pub(super) fn restore(&self) {
        if let Some(modes) = self.before().take() {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &modes);
        }
    }

    fn before(&self) -> MutexGuard<'_, Option<Termios>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Event {
        Event::Password(Password::new(text))
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
