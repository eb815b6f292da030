//! External editor: a longer text is written with the editor of the user's choice, which has the
//! terminal meanwhile. It belongs to the client's job, so that a shell stops and continues both.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tempfile::Builder;

use super::pasted::{self, Pasted};
use super::tty::Tty;
use crate::io::child;
use crate::io::hub::Hub;
use crate::protocol::text::plain;

/// Time in which a signal for the whole job reaches all of it: 100 ms.
const DELIVERY: Duration = Duration::from_millis(100);

/// The editor's command; of several, the first that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalEditor(Vec<String>);

/// The reason why there is no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum EditError {
    #[error("cannot run the editor {command}: {why}; VISUAL or EDITOR names another")]
    Start { command: String, why: String },
    #[error("the editor failed ({0})")]
    Failed(ExitStatus),
    #[error("the editor left no text")]
    Empty,
    #[error("cannot pass the text to an editor: {0}")]
    File(#[from] io::Error),
}

impl ExternalEditor {
    /// Takes the editor that the environment names, else the one of the system.
    pub(super) fn of_user(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = ["VISUAL", "EDITOR"].into_iter().filter_map(variable);
        let named = named.into_iter().find(|command| !command.trim().is_empty());
        Self(named.map_or_else(|| vec!["editor".into(), "vi".into()], |named| vec![named]))
    }

    /// Has the user edit a text in a file that nobody else can read.
    ///
    /// # Errors
    /// There is nothing to take the place of the text.
    pub(super) fn edit(&self, text: &str, tty: &Tty, hub: &Hub) -> Result<Pasted, EditError> {
        let folder = Builder::new()
            .prefix("wac-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let path = folder.path().join("message.txt");
        write(&path, text)?;
        hub.lend_terminal();
        let started = self.start(&path, tty);
        let status = attend(started.inspect_err(|_| hub.regain_terminal())?, hub)?;
        if !status.success() {
            return Err(EditError::Failed(status));
        }
        let mut pasted = Pasted::of(&read(&path)?);
        pasted.text.truncate(pasted.text.trim_end().len());
        if pasted.text.is_empty() {
            return Err(EditError::Empty);
        }
        Ok(pasted)
    }

    fn start(&self, path: &Path, tty: &Tty) -> Result<Pid, EditError> {
        let mut failed = None;
        for command in &self.0 {
            match start(command, path, tty) {
                Ok(editor) => return Ok(editor),
                Err(error) => {
                    let is_missing = error.kind() == ErrorKind::NotFound;
                    failed = Some(EditError::Start {
                        command: plain(command),
                        why: error.to_string(),
                    });
                    if !is_missing {
                        break;
                    }
                }
            }
        }
        Err(failed.expect("there is at least one command"))
    }
}

/// Starts a command, in the words that a shell would make of it, with one more: the file.
fn start(command: &str, path: &Path, tty: &Tty) -> io::Result<Pid> {
    let words = shell_words::split(command).map_err(io::Error::other)?;
    child::spawn(&words, path.as_os_str(), &tty.ends())
}

/// Waits until the editor has ended.
fn attend(editor: Pid, hub: &Hub) -> io::Result<ExitStatus> {
    hub.lent_terminal(editor);
    while is_stopped(editor, WaitPidFlag::empty()) {
        stop_with(editor);
    }
    hub.regain_terminal();
    child::wait(editor)
}

/// Waits until the editor has stopped, or has ended; returns whether it has stopped. It stays to be
/// waited for.
fn is_stopped(editor: Pid, flags: WaitPidFlag) -> bool {
    let flags = flags | WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    matches!(waitid(Id::Pid(editor), flags), Ok(WaitStatus::Stopped(..)))
}

/// Stops the client together with the editor, unless the same signal has stopped it already. Where
/// nobody could continue them, or somebody has continued the client alone, the editor goes on.
fn stop_with(editor: Pid) {
    let is_still_stopped = || {
        thread::sleep(DELIVERY);
        is_stopped(editor, WaitPidFlag::WNOHANG)
    };
    if is_still_stopped() {
        // Either may be gone.
        let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
        if is_still_stopped() {
            let _ = kill(editor, Signal::SIGCONT);
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    // An editor ends each line, and may complain of one that does not end.
    let end = if text.is_empty() { "" } else { "\n" };
    write!(file, "{text}{end}")
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(pasted::MAX_BYTES).expect("it is small") + 1;
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(visual: Option<&str>, editor: Option<&str>) -> Vec<String> {
        let chosen = ExternalEditor::of_user(|name| {
            let value = if name == "VISUAL" { visual } else { editor };
            value.map(str::to_owned)
        });
        chosen.0
    }

    #[test]
    fn the_user_chooses_the_editor_or_else_the_system() {
        assert_eq!(chosen(Some("code --wait"), Some("vi")), ["code --wait"]);
        assert_eq!(chosen(None, Some("nano")), ["nano"]);
        assert_eq!(chosen(Some(" "), Some("nano")), ["nano"]);
        assert_eq!(chosen(None, None), ["editor", "vi"]);
    }
}
