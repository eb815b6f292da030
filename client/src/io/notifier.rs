//! Notifier: lets a user who does not look know of a mention or a whisper, through the terminal or a
//! command, on a thread of its own.
//!
//! The command is run without a shell. The notification is its last argument, which begins with a
//! word of the client's own: nothing from the wire becomes an option of the command.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::mpsc::Receiver;

use crate::app::settings::Notify;
use crate::io::child;
use crate::io::hub::Hub;

/// Passes notifications on, one at a time. What comes meanwhile is dropped by the hub.
pub(crate) fn run(hub: &Hub, notify: &Notify, notifications: &Receiver<String>) {
    match notify {
        Notify::Off => {}
        Notify::Osc9 => notifications.iter().for_each(|text| hub.post(text)),
        Notify::Command(words) => run_each(words, notifications, |note| hub.tell(note)),
    }
}

/// Runs the command for each notification; reports the first failure.
fn run_each(words: &[String], notifications: &Receiver<String>, tell: impl FnOnce(String)) {
    let mut tell = Some(tell);
    for text in notifications {
        if let Err(why) = run_once(words, &text)
            && let Some(tell) = tell.take()
        {
            tell(format!("the command of --notify failed: {why}"));
        }
    }
}

fn run_once(words: &[String], text: &str) -> Result<(), String> {
    let run = || {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        child::wait(child::spawn(words, text.as_ref(), &[null.as_fd(); 3])?)
    };
    match run() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::sync::mpsc;

    use super::*;

    /// Runs a command for notifications; returns the notes about it.
    fn run_for(words: &[&str], texts: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let (sender, notifications) = mpsc::channel();
        for text in texts {
            sender.send((*text).to_owned()).unwrap();
        }
        drop(sender);
        let notes: RefCell<Vec<String>> = RefCell::default();
        run_each(&words, &notifications, |note| notes.borrow_mut().push(note));
        notes.into_inner()
    }

    #[test]
    fn the_notification_is_the_last_argument_and_no_shell_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let path = file.to_str().unwrap();
        let script = r#"printf '%s|' "$#" "$1" "$2" >>"$0""#;
        let texts = ["mention by bob: $(id); `id` 'x", "whisper from -n"];
        let notes = run_for(&["sh", "-c", script, path, "a b"], &texts);
        assert_eq!(notes, [""; 0]);
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "2|a b|mention by bob: $(id); `id` 'x|2|a b|whisper from -n|"
        );
    }

    #[test]
    fn a_failure_is_told_once() {
        let notes = run_for(&["false"], &["one", "two"]);
        assert_eq!(notes, ["the command of --notify failed: exit status: 1"]);
        let notes = run_for(&["/no/such/command"], &["one", "two"]);
        let told = "the command of --notify failed: No such file or directory (os error 2)";
        assert_eq!(notes, [told]);
    }
}
