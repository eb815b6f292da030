//! Commands of the load tester that are not runs.

use std::process::{Command, Output, Stdio};

use wac_tests::binary;

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `wac-loadgen` with these arguments to its end.
#[track_caller]
pub(crate) fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> Ended {
    ended(Command::new(binary("wac-loadgen")).args(words))
}

/// Runs it with these arguments under a hard limit on open files.
#[track_caller]
pub(crate) fn command_with_open_files<'a>(
    limit: u32,
    words: impl IntoIterator<Item = &'a str>,
) -> Ended {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")])
        .arg(binary("wac-loadgen"))
        .args(words);
    ended(&mut shell)
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn ended(command: &mut Command) -> Ended {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .expect("the load tester can be started");
    let text = |bytes| String::from_utf8(bytes).expect("it writes text");
    Ended {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

impl Ended {
    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn with(&self, code: i32) -> &Ended {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Expects this text, on either output.
    #[track_caller]
    pub(crate) fn tells(&self, wanted: &str) -> &Ended {
        let told = self.stdout.contains(wanted) || self.stderr.contains(wanted);
        assert!(told, "{wanted} is in:\n{}{}", self.stdout, self.stderr);
        self
    }
}
