//! Command line arguments.

pub(crate) mod verbs;

use std::fmt::Write;

use clap::error::ErrorKind;
use clap::{FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use self::verbs::{ListenArgs, SendArgs, WhoArgs};
use crate::app::target::Target;
use crate::app::{commands, exit};
use crate::cli::config::flags::ConfigFlags;
use crate::cli::config::program;

/// The WAC chat client: a chat on a terminal, a pipe otherwise.
///
/// Without a terminal, lines from standard input are sent as if they were typed, and lines from the
/// server are printed. At the end of the input it leaves as soon as the server has taken them all.
///
/// To reach a host whose name is a command (send, listen, ...), add its port or a name, or put it
/// after --: send:4700, ann@send, -- send.
#[derive(Debug, Parser)]
#[command(name = "wac", version = wac_settings::VERSION, after_help = after_help())]
pub(crate) struct CommandLine {
    /// The command; without one, the chat.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The server, and the name to use there.
    #[arg(value_name = verbs::TARGET, help = TARGET_HELP)]
    pub(crate) target: Option<Target>,

    /// Sends and shows the lines of the protocol unchanged, for users who know it
    ///
    /// Nothing is sent that is not typed (you type LIN yourself), nothing that arrives is hidden,
    /// and a lost connection is not made again. Of the settings only the host matters. A terminal
    /// obeys nothing that arrives; a file or a pipe gets the exact bytes. At the end of the input
    /// the server is told so, and answers everything before.
    #[arg(long)]
    pub(crate) raw: bool,

    /// Settings on the command line.
    #[command(flatten)]
    pub(crate) flags: ConfigFlags,
}

const TARGET_HELP: &str = "The server, and the name to use there: chat.lan, ann@chat.lan:4700, [::1]:4700, tls:chat.lan \
                           (encrypted), unix:PATH; several servers of one room: ann@a,b,c \
                           [default: the setting host]";

/// The command; without one, the chat.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sends one message, or each line of standard input as one
    ///
    /// Blank lines are skipped; control characters are removed.
    Send(SendArgs),

    /// Prints messages, without a name or under one
    ///
    /// It loses nothing: if its output is not read, the server closes the connection in the end.
    Listen(ListenArgs),

    /// Prints the people online, one name a line
    Who(WhoArgs),

    /// Prints every setting and its origin, in the format of the file
    Config,

    /// Prints the manual page: wac man | man -l -
    Man,

    /// Prints completions for a shell: wac completions bash >/etc/bash_completion.d/wac
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl CommandLine {
    /// Parses the command line; ends the process if it is wrong, or asks for help.
    pub(crate) fn read() -> Self {
        let mut program = program().command().clone();
        let matches = program.get_matches_mut();
        let line = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let Some(misplaced) = line.misplaced() {
            program.error(ErrorKind::ArgumentConflict, misplaced).exit();
        }
        line
    }

    /// Returns what is wrong with an argument that is in the wrong place or has no effect.
    fn misplaced(&self) -> Option<&'static str> {
        let logs = self.flags.settings.log.is_some();
        if self.raw && (logs || self.command.is_some()) {
            return Some("--raw only passes lines: it takes no command and no --log");
        }
        let command = self.command.as_ref()?;
        if self.target.is_some() {
            return Some("the host goes after the command: wac send HOST");
        }
        let prints = !matches!(command, Command::Config);
        (logs && prints)
            .then_some("--log is for the chat; to keep what is printed: wac listen HOST >>FILE")
    }

    /// Returns the server, if one was typed.
    pub(crate) fn target(&self) -> Option<&Target> {
        match &self.command {
            None => self.target.as_ref(),
            Some(Command::Send(args)) => Some(&args.target),
            Some(Command::Listen(args)) => args.target.as_ref(),
            Some(Command::Who(args)) => args.target.as_ref(),
            Some(Command::Config | Command::Man | Command::Completions { .. }) => None,
        }
    }
}

fn after_help() -> String {
    let mut help = String::from("In the chat (an unambiguous prefix of a command is enough):\n");
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
    use crate::app::settings::Config;
    use clap::CommandFactory;

    fn parse(words: &[&str]) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from([&["wac"], words].concat())
    }

    #[track_caller]
    fn target(words: &[&str]) -> Option<String> {
        parse(words).unwrap().target().map(ToString::to_string)
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_host_stands_alone_or_behind_a_command() {
        assert_eq!(target(&[]), None);
        assert_eq!(target(&["chat"]).as_deref(), Some("chat:4700"));
        assert_eq!(target(&["listen"]), None);
        assert_eq!(target(&["who", "chat"]).as_deref(), Some("chat:4700"));
        let sent = ["send", "ann@chat", "hi", "there"];
        assert_eq!(target(&sent).as_deref(), Some("ann@chat:4700"));
        assert!(parse(&["send"]).is_err());
    }

    #[test]
    fn what_stands_where_it_does_nothing_is_refused() {
        let misplaced = |words: &[&str]| parse(words).unwrap().misplaced().is_some();
        assert!(misplaced(&["chat", "who", "chat"]));
        assert!(misplaced(&["listen", "chat", "--log", "x"]));
        assert!(misplaced(&["--raw", "who", "chat"]));
        assert!(misplaced(&["--raw", "chat", "--log", "x"]));
        assert!(!misplaced(&["config", "--log", "x"]));
        assert!(!misplaced(&["chat", "--log", "x"]));
    }

    #[test]
    fn a_count_of_no_lines_is_refused_in_words() {
        assert!(parse(&["listen", "chat", "--count", "1"]).is_ok());
        for count in ["0", "-", "many"] {
            let told = parse(&["listen", "chat", "--count", count]).unwrap_err();
            assert!(
                told.to_string().contains("wanted a number, at least 1"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_host_that_is_called_as_a_command_is_can_be_reached() {
        for words in [&["send:4700"][..], &["--", "send"]] {
            assert_eq!(target(words).as_deref(), Some("send:4700"), "{words:?}");
        }
        assert_eq!(target(&["ann@send"]).as_deref(), Some("ann@send:4700"));
        assert_eq!(target(&["who", "who"]).as_deref(), Some("who:4700"));
    }

    #[test]
    fn settings_may_stand_before_and_behind_a_command() {
        for words in [
            &["--name", "bob", "who", "chat"][..],
            &["who", "chat", "--name", "bob"],
        ] {
            let line = parse(words).unwrap();
            let config = Config::from(line.flags.settings);
            assert_eq!(config.name.unwrap().as_str(), "bob", "{words:?}");
        }
    }
}
