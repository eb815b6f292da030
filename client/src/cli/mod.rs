//! The command line: arguments, the settings and their sources, the manual page, completions.

pub(crate) mod args;
pub(crate) mod config;
pub(crate) mod manual;
