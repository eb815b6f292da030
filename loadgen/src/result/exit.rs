//! How the program ends.

use std::process::ExitCode;

/// The exit codes, as `--help` tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Pass = 0,
    Internal = 1,
    Usage = 2,
    /// An objective was not met.
    SloFailed = 3,
    /// The figures mean nothing.
    Invalid = 4,
    WrongDelivery = 5,
    /// It can't run here.
    Preflight = 6,
    /// Worse than before.
    Regression = 7,
    /// What a shell reports for a program that SIGINT ended.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
