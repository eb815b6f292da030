//! A small program, for the tests and the fuzz target.

use clap::{Arg, ArgAction, Command};

use super::{Program, within};

/// A program with one flag of each kind; `status` has some of the settings, `check` all.
pub(super) fn program() -> Program {
    let args = || {
        [
            Arg::new("shards")
                .long("shards")
                .value_parser(within(1..=64u16)),
            Arg::new("notices")
                .long("notices")
                .value_parser(["on", "off"])
                .default_value("on")
                .help("Announces joins"),
            Arg::new("listen")
                .long("listen")
                .action(ArgAction::Append)
                .default_value("here"),
            Arg::new("secret")
                .long("secret")
                .value_parser(within(0..=9u8))
                .conflicts_with("secret_file"),
            Arg::new("secret_file")
                .long("secret-file")
                .value_name("FILE"),
            Arg::new("daemon").long("daemon").action(ArgAction::SetTrue),
            Arg::new("config").long("config"),
        ]
    };
    let status = Command::new("status").arg(Arg::new("secret_file").long("secret-file"));
    let command = Command::new("prog")
        .args(args())
        .subcommand(status)
        .subcommand(Command::new("check").args(args()));
    Program::new(command, None, "PROG", &["config"], &["secret"])
}
