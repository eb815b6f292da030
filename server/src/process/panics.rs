//! Panics: one in any thread ends the process.
//!
//! The runtime catches the panic of a task. Without this, a server whose acceptor had panicked would go on, listen, and let
//! nobody in; and the sessions of a shard that panicked would be left half-changed.

use std::panic;
use std::process;

use nix::unistd::alarm;

/// Seconds that the message may take: standard error may be a pipe that nobody reads.
const PATIENCE: u32 = 2;

/// Makes every panic end the process, after its message.
pub fn end_the_process() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // Nobody handles its signal, so it ends the process.
        alarm::set(PATIENCE);
        report(info);
        process::abort();
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::thread;

    use nix::sys::signal::Signal;

    /// Names what panics in the test's child.
    const WHO: &str = "WAC_WHO_PANICS";

    fn panics(who: &str) {
        end_the_process();
        match who {
            "thread" => _ = thread::spawn(|| panic!("a bug")).join(),
            _ => {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let task = async { tokio::spawn(async { panic!("a bug") }).await };
                let _ = runtime.unwrap().block_on(task);
            }
        }
    }

    /// Returns the test's child, in which something panics.
    fn child(who: &str) -> Command {
        let name = "process::panics::tests::a_panic_in_any_thread_or_task_ends_the_process";
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args(["--exact", name, "--nocapture"])
            .env(WHO, who)
            .stdout(Stdio::null());
        child
    }

    #[test]
    fn a_panic_in_any_thread_or_task_ends_the_process() {
        if let Ok(who) = env::var(WHO) {
            return panics(&who);
        }
        for who in ["thread", "task"] {
            let ended = child(who).stderr(Stdio::piped()).output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(said.contains("a bug"), "{who}: {said}");
            let signal = ended.status.signal();
            assert_eq!(signal, Some(Signal::SIGABRT as i32), "{who}: {said}");
        }
    }

    #[test]
    fn a_panic_ends_the_process_even_if_nobody_reads_its_message() {
        let (_unread, mut full) = std::io::pipe().unwrap();
        let size = nix::fcntl::fcntl(&full, nix::fcntl::FcntlArg::F_GETPIPE_SZ).unwrap();
        full.write_all(&vec![b'x'; size.unsigned_abs() as usize])
            .unwrap();
        let ended = child("thread").stderr(full).status().unwrap();
        assert_eq!(ended.signal(), Some(Signal::SIGALRM as i32));
    }
}
