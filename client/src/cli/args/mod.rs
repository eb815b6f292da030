//! Command line arguments.

pub(crate) mod verbs;

use std::fmt::Write;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::verbs::{ListenArgs, SendArgs, WhoArgs};
use crate::app::target::Target;
use crate::app::{commands, exit};
use crate::cli::config::flags::ConfigFlags;

/// The WAC chat client: a chat on a terminal, a pipe otherwise.
///
/// Without a terminal, lines from standard input are sent as if they were typed, and lines from the
/// server are printed; at the end of the input it leaves as soon as the server has taken them all.
///
/// A host that is called as a command is (send, listen, ...) is meant where its port or a name is
/// told: send:4700, ann@send, or behind --.
#[derive(Debug, Parser)]
#[command(name = "wac", version, after_help = after_help())]
pub(crate) struct CommandLine {
    /// What to do, if not to chat.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where to chat, and as whom.
    #[arg(value_name = verbs::TARGET, help = TARGET_HELP)]
    pub(crate) target: Option<Target>,

    /// Passes the lines of the protocol as they are, typed and read by whoever knows it
    ///
    /// Nothing is sent that is not typed (so LIN is), nothing that comes is hidden, nothing is
    /// connected again; of the settings only the host counts. A terminal obeys nothing of what comes; what is no terminal
    /// is given the very bytes. At the end of the input the server is told so, and answers all before.
    #[arg(long)]
    pub(crate) raw: bool,

    /// What is set otherwise than the file and the environment say.
    #[command(flatten)]
    pub(crate) flags: ConfigFlags,
}

const TARGET_HELP: &str = "Where to chat, and as whom: chat.lan, ann@chat.lan:4700, [::1]:4700, unix:PATH \
                           [default: the setting host]";

/// What to do, if not to chat.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sends one message, or each line of standard input as one
    ///
    /// Blank lines are left out; control characters are taken out.
    Send(SendArgs),

    /// Prints what is said, without a name or under one
    ///
    /// It loses nothing: where nobody takes its output, the server closes the connection in the end.
    Listen(ListenArgs),

    /// Prints who is there, one name a line
    Who(WhoArgs),

    /// Prints every setting and where it came from, as the file has it
    Config,

    /// Prints the manual page: wac man | man -l -
    Man,

    /// Prints completions for a shell: wac completions bash >/etc/bash_completion.d/wac
    Completions {
        /// Which shell
        shell: Shell,
    },
}

impl CommandLine {
    /// Reads the command line; ends the process where it makes no sense, or asks for help.
    pub(crate) fn read() -> Self {
        let line = Self::parse();
        if let Some(misplaced) = line.misplaced() {
            Self::command()
                .error(ErrorKind::ArgumentConflict, misplaced)
                .exit();
        }
        line
    }

    /// Returns what is wrong with where something stands, or that it does nothing there.
    fn misplaced(&self) -> Option<&'static str> {
        let logs = self.flags.settings.0.iter().any(|entry| entry.key == "log");
        if self.raw && (logs || self.command.is_some()) {
            return Some("--raw passes lines, and does nothing else");
        }
        let command = self.command.as_ref()?;
        if self.target.is_some() {
            return Some("the host stands behind the command: wac send HOST");
        }
        let prints = !matches!(command, Command::Config);
        (logs && prints)
            .then_some("--log is of the chat; to keep what is printed: wac listen HOST >>FILE")
    }

    /// Returns where to, if that was typed.
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
            let texts: Vec<_> = line
                .flags
                .settings
                .0
                .iter()
                .map(|e| e.text.as_str())
                .collect();
            assert_eq!(texts, ["bob"], "{words:?}");
        }
    }
}
