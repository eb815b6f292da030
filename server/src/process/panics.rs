//! Panics: one in any thread ends the process.
//!
//! The runtime catches the panic of a task. Without this, a server whose acceptor had panicked would go on, listen, and let
//! nobody in; and the sessions of a shard that panicked would be left half-changed.

use std::panic;
use std::process;

/// Makes every panic end the process, after its message.
pub fn end_the_process() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        process::abort();
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
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

    #[test]
    fn a_panic_in_any_thread_or_task_ends_the_process() {
        if let Ok(who) = env::var(WHO) {
            return panics(&who);
        }
        let name = "process::panics::tests::a_panic_in_any_thread_or_task_ends_the_process";
        for who in ["thread", "task"] {
            let mut child = Command::new(env::current_exe().unwrap());
            child.args(["--exact", name, "--nocapture"]).env(WHO, who);
            let ended = child.output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(said.contains("a bug"), "{who}: {said}");
            let signal = ended.status.signal();
            assert_eq!(signal, Some(Signal::SIGABRT as i32), "{who}: {said}");
        }
    }
}
