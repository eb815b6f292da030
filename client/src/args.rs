//! What was typed on the command line.

use std::fmt::Write;

use clap::Parser;
use wac_core::name::Name;

use crate::settings::{Reconnect, Settings};
use crate::target::{Target, TargetError, parse_name};
use crate::{commands, exit};

/// The WAC chat client: a chat on a terminal, a pipe otherwise.
///
/// Without a terminal, lines from standard input are sent as if they were typed, and lines from the
/// server are printed; at the end of the input it leaves as soon as the server has taken them all.
#[derive(Debug, Parser)]
#[command(name = "wac", version, after_help = after_help())]
pub struct Args {
    /// Where to chat, and as whom.
    #[arg(
        value_name = "[NAME@]HOST[:PORT]",
        default_value = "127.0.0.1:4700",
        help = "Where to chat, and as whom: chat.lan, ann@chat.lan:4700, [::1]:4700, unix:PATH"
    )]
    pub target: Target,

    /// The name to chat under; without one, the terminal is asked
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: Option<Name>,

    /// How often to try again when the connection is lost, on a terminal
    #[arg(long, value_name = "forever|N|0", default_value_t)]
    pub reconnect: Reconnect,
}

impl Args {
    /// Returns what is set about the chat.
    pub fn settings(&self) -> Settings {
        Settings {
            reconnect: self.reconnect,
            ..Settings::default()
        }
    }

    /// Returns the name to log in with: the flag goes before what stands before the `@`.
    pub fn name(&self) -> Option<&Name> {
        self.name.as_ref().or(self.target.name.as_ref())
    }
}

fn name(text: &str) -> Result<Name, TargetError> {
    parse_name(text)
}

fn after_help() -> String {
    let mut help = String::from("In the chat (any beginning of a word that is the only one):\n");
    for line in commands::overview() {
        let _ = writeln!(help, "  {line}");
    }
    help.push_str("\nKeys:\n");
    for (keys, does) in commands::KEYS {
        let _ = writeln!(help, "  {keys:<32} {does}");
    }
    help.push_str("\nExit codes:\n");
    for (code, meaning) in exit::CODES {
        let _ = writeln!(help, "  {code:<32} {meaning}");
    }
    help.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(words: &[&str]) -> Args {
        Args::try_parse_from([&["wac"], words].concat()).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_usual_server_is_the_one_of_this_machine() {
        assert_eq!(parse(&[]).target.address.to_string(), "127.0.0.1:4700");
    }

    #[test]
    fn the_flag_goes_before_the_name_of_the_target() {
        let name = |words| parse(words).name().map(ToString::to_string);
        assert_eq!(name(&["ann@chat", "--name", "bob"]), Some("bob".into()));
        assert_eq!(name(&["ann@chat"]), Some("ann".into()));
        assert_eq!(name(&["chat"]), None);
    }

    #[test]
    fn a_lost_connection_comes_back_unless_told_otherwise() {
        let reconnect = |words| parse(words).settings().reconnect;
        assert_eq!(reconnect(&[]), Reconnect::Forever);
        assert_eq!(reconnect(&["--reconnect", "0"]), Reconnect::Times(0));
        assert!(Args::try_parse_from(["wac", "--reconnect", "never"]).is_err());
    }

    #[test]
    fn the_help_tells_commands_keys_and_exit_codes() {
        let help = Args::command().render_help().to_string();
        for word in ["/w NAME TEXT", "Ctrl-D", "login refused"] {
            assert!(help.contains(word), "{word}: {help}");
        }
    }
}
