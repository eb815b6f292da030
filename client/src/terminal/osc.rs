//! Operating system commands: what the client writes to the terminal beside the screen, its title and
//! notifications.

use std::mem;

use super::render::sanitize;
use crate::app::Unread;

/// Puts the title on the terminal's stack.
const SAVE: &str = "\x1b[22;0t";
/// Takes the title off the stack. A terminal without a stack is left with its default.
const RESTORE: &str = "\x1b]0;\x1b\\\x1b[23;0t";

/// The title of the terminal: the number of unread lines, while there are any; else it is left as it
/// was.
#[derive(Debug, Default)]
pub(crate) struct Title {
    /// The unread lines it shows.
    shown: Unread,
}

impl Title {
    /// Returns what changes the title to show these unread lines.
    pub(crate) fn change(&mut self, unread: Unread) -> String {
        let before = mem::replace(&mut self.shown, unread);
        match (before.lines, unread.lines) {
            _ if before == unread => String::new(),
            (0, _) => format!("{SAVE}{}", set(unread)),
            (_, 0) => RESTORE.to_owned(),
            _ => set(unread),
        }
    }
}

fn set(unread: Unread) -> String {
    let sign = if unread.for_user { "!" } else { "" };
    format!("\x1b]0;({}{sign}) wac\x1b\\", unread.lines)
}

/// Returns what has the terminal show a notification (OSC 9).
pub(crate) fn notification(text: &str) -> String {
    format!("\x1b]9;{}\x1b\\", sanitize(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(lines: usize, for_user: bool) -> Unread {
        Unread { lines, for_user }
    }

    #[test]
    fn the_title_is_saved_before_it_is_changed_and_restored_behind() {
        let mut title = Title::default();
        assert_eq!(title.change(unread(0, false)), "");
        assert_eq!(
            title.change(unread(1, false)),
            "\x1b[22;0t\x1b]0;(1) wac\x1b\\"
        );
        assert_eq!(title.change(unread(2, true)), "\x1b]0;(2!) wac\x1b\\");
        assert_eq!(title.change(unread(2, true)), "");
        assert_eq!(title.change(unread(0, false)), "\x1b]0;\x1b\\\x1b[23;0t");
        assert_eq!(title.change(unread(0, false)), "");
    }

    #[test]
    fn a_notification_cannot_be_left() {
        let text = "mention by bob: \x1b\\\x1b]0;owned\x07\u{9c}";
        let written = notification(text);
        assert_eq!(
            written,
            "\x1b]9;mention by bob: ^[\\^[]0;owned^G<U+009C>\x1b\\"
        );
    }
}
