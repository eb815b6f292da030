//! Exit codes: one table for each command, from which help, manual page and README are made.

use std::fmt::Write;
use std::process::ExitCode;

/// The exit codes of a command, each with its meaning.
pub type Codes = &'static [(u8, &'static str)];

/// Done; for a server, stopped after everybody had everything.
pub const DONE: u8 = 0;
/// Could not start, tell or ask.
pub const FAILED: u8 = 1;
/// Wrong usage or configuration, the same as clap's.
pub const USAGE: u8 = 2;
/// Some sessions were cut short.
pub const CUT_SHORT: u8 = 3;
/// No server runs: the number that init scripts use.
pub const NOT_RUNNING: u8 = 3;
/// The server still runs.
pub const STILL_RUNNING: u8 = 4;

/// The codes of a server.
pub const SERVER: Codes = &[
    (
        DONE,
        "stopped, everybody had everything; with --daemon: it serves",
    ),
    (FAILED, "could not start"),
    (USAGE, "wrong usage or configuration, or a limit too low"),
    (
        CUT_SHORT,
        "some sessions were cut short, at the end of --grace or by a second INT",
    ),
];

/// The codes of `wacd stop`.
pub const STOP: Codes = &[
    (DONE, "not running, or stopped and everybody had everything"),
    (
        FAILED,
        "unable to tell or to signal, or the server was killed",
    ),
    (USAGE, "wrong usage or configuration"),
    (CUT_SHORT, "stopped, and some sessions were cut short"),
    (STILL_RUNNING, "still running after --timeout"),
];

/// The codes of `wacd status`.
pub const STATUS: Codes = &[
    (DONE, "running"),
    (FAILED, "unable to tell, or it runs and does not answer"),
    (USAGE, "wrong usage or configuration"),
    (NOT_RUNNING, "not running"),
];

/// The codes of `wacd reload`.
pub const RELOAD: Codes = &[
    (DONE, "reloaded; with --plan: it would be"),
    (FAILED, "unable to ask the server"),
    (
        USAGE,
        "wrong usage, or refused: the server goes on as before",
    ),
    (NOT_RUNNING, "not running"),
];

/// The codes of the other subcommands for a running server.
pub const OPERATE: Codes = &[
    (DONE, "done"),
    (
        FAILED,
        "not done, such as for a name that nobody has; or unable to ask the server",
    ),
    (USAGE, "wrong usage"),
    (NOT_RUNNING, "not running"),
];

/// The codes of `wacd account`.
pub const ACCOUNT: Codes = &[
    (DONE, "done"),
    (
        FAILED,
        "not done, such as for a name that is registered already; or unable to read or write the file",
    ),
    (USAGE, "wrong usage, or a mistake in the file"),
];

/// The codes of `wacd check` and `wacd config`.
pub const CHECK: Codes = &[
    (DONE, "the configuration is right"),
    (FAILED, "unable to tell"),
    (USAGE, "wrong usage or configuration"),
];

/// The codes of `wacd cert`.
pub const CERT: Codes = &[
    (DONE, "made, or there already"),
    (FAILED, "could not be written or read"),
    (USAGE, "wrong usage"),
];

/// The tables, by command.
pub const TABLES: [(&str, Codes); 9] = [
    ("wacd", SERVER),
    ("wacd stop", STOP),
    ("wacd status", STATUS),
    ("wacd reload", RELOAD),
    (
        "wacd who, say, kick, ban, unban, bans, loglevel, drain, top",
        OPERATE,
    ),
    ("wacd account", ACCOUNT),
    ("wacd check", CHECK),
    ("wacd config", CHECK),
    ("wacd cert", CERT),
];

/// Returns the codes as the end of a help text and of a manual page.
pub fn help(codes: Codes) -> String {
    let mut help = "Exit codes:".to_owned();
    for (code, meaning) in codes {
        // Writing to a String can't fail.
        let _ = write!(help, "\n  {code}  {meaning}");
    }
    help
}

/// Returns the exit code of a server that stopped.
pub fn stopped(cut_short: usize) -> ExitCode {
    ExitCode::from(if cut_short > 0 { CUT_SHORT } else { DONE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_code() {
        let readme = include_str!("../../README.md");
        for (command, codes) in TABLES {
            for (code, meaning) in codes {
                let row = format!("| `{command}` | {code} | {meaning} |");
                assert!(readme.contains(&row), "{row}");
            }
        }
    }

    #[test]
    fn the_unit_knows_the_codes() {
        let unit = include_str!("../../../scripts/systemd/wacd.service");
        for line in [
            format!("SuccessExitStatus={CUT_SHORT}"),
            format!("RestartPreventExitStatus={USAGE}"),
        ] {
            assert!(unit.lines().any(|found| found == line), "{line}");
        }
    }
}
