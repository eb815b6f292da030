//! Commands of the chat: one table, read by the parser, Tab, `/help`, `--help`, the manual page and
//! the README's test.

mod find;
mod parse;

use std::fmt;

pub(crate) use self::find::{UnknownCommand, find};
pub(crate) use self::parse::Input;
use self::parse::{message_to, no_argument, one_word, optional, text, value};

/// One row of the table.
#[derive(Debug)]
pub(crate) struct SlashCommand {
    /// Its word, without the slash, in lower case.
    pub(crate) word: &'static str,
    /// What other programs call it; only written in full, and not completed.
    pub(crate) aliases: &'static [&'static str],
    /// The arguments after the word, as the help shows them.
    pub(crate) arguments: &'static str,
    /// Its effect, in a few words.
    pub(crate) does: &'static str,
    /// Parses the arguments; `None` if they are not as described.
    parse: fn(&str) -> Option<Input<'_>>,
}

/// A word names one command.
impl PartialEq for SlashCommand {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

/// Every command.
pub(crate) const COMMANDS: [SlashCommand; 17] = [
    SlashCommand {
        word: "w",
        aliases: &["msg", "query"],
        arguments: "NAME TEXT",
        does: "whispers to one person; /msg and /query do the same",
        parse: |rest| message_to(rest).map(|(to, text)| Input::Whisper { to, text }),
    },
    SlashCommand {
        word: "r",
        aliases: &[],
        arguments: "TEXT",
        does: "replies to the last person who whispered to you",
        parse: |rest| text(rest).map(Input::Reply),
    },
    SlashCommand {
        word: "who",
        aliases: &[],
        arguments: "[PART]",
        does: "lists who is here, or those whose name contains PART",
        parse: |rest| one_word(rest).map(Input::Who),
    },
    SlashCommand {
        word: "sec",
        aliases: &[],
        arguments: "",
        does: "asks for the server's secret",
        parse: |rest| no_argument(rest, Input::Secret),
    },
    SlashCommand {
        word: "send",
        aliases: &[],
        arguments: "",
        does: "sends the lines you entered while there was no connection",
        parse: |rest| no_argument(rest, Input::Send),
    },
    SlashCommand {
        word: "drop",
        aliases: &[],
        arguments: "",
        does: "drops the lines that wait, and the rest of a long paste",
        parse: |rest| no_argument(rest, Input::Drop),
    },
    SlashCommand {
        word: "reconnect",
        aliases: &[],
        arguments: "",
        does: "connects again, at once",
        parse: |rest| no_argument(rest, Input::Reconnect),
    },
    SlashCommand {
        word: "name",
        aliases: &[],
        arguments: "NAME",
        does: "reconnects under another name",
        parse: |rest| text(rest).map(Input::Name),
    },
    SlashCommand {
        word: "status",
        aliases: &[],
        arguments: "",
        does: "shows the state of the connection",
        parse: |rest| no_argument(rest, Input::Status),
    },
    SlashCommand {
        word: "last",
        aliases: &[],
        arguments: "[N]",
        does: "shows the last messages again, 10 or N",
        parse: |rest| optional(rest).map(|count| Input::Last(count.unwrap_or(10))),
    },
    SlashCommand {
        word: "grep",
        aliases: &[],
        arguments: "TEXT",
        does: "shows the messages that contain a text",
        parse: |rest| text(rest).map(Input::Grep),
    },
    SlashCommand {
        word: "mute",
        aliases: &[],
        arguments: "[NAME]",
        does: "hides or shows a person's messages; lists who is muted",
        parse: |rest| one_word(rest).map(Input::Mute),
    },
    SlashCommand {
        word: "bell",
        aliases: &[],
        arguments: "[off|mention|whisper|all]",
        does: "sets what rings the bell",
        parse: |rest| optional(rest).map(Input::Bell),
    },
    SlashCommand {
        word: "time",
        aliases: &[],
        arguments: "once|each|off",
        does: "sets which lines show the time",
        parse: |rest| value(rest).map(Input::Time),
    },
    SlashCommand {
        word: "save",
        aliases: &[],
        arguments: "",
        does: "saves the settings and who is muted, for the next time",
        parse: |rest| no_argument(rest, Input::Save),
    },
    SlashCommand {
        word: "help",
        aliases: &[],
        arguments: "[COMMAND]",
        does: "explains the commands, or one of them",
        parse: |rest| Some(parse::help(rest)),
    },
    SlashCommand {
        word: "quit",
        aliases: &[],
        arguments: "",
        does: "leaves",
        parse: |rest| no_argument(rest, Input::Quit),
    },
];

/// The keys worth knowing.
pub(crate) const KEYS: [(&str, &str); 8] = [
    ("Enter", "sends the line; of a paste, asks first"),
    (
        "Tab",
        "completes a name or a command; again: the next candidate",
    ),
    ("Ctrl-C", "clears the line"),
    ("Ctrl-D", "leaves, if the line is empty"),
    ("Up, Down", "bring back the lines you entered"),
    ("Ctrl-R", "searches them"),
    ("Ctrl-X Ctrl-E", "opens $VISUAL or $EDITOR on the line"),
    ("Ctrl-Z", "suspends; fg comes back"),
];

impl SlashCommand {
    /// Returns its usage: `/w NAME TEXT`.
    pub(crate) fn usage(&self) -> String {
        format!("/{} {}", self.word, self.arguments)
            .trim_end()
            .to_owned()
    }

    /// Returns its entry of the help.
    pub(crate) fn explained(&self) -> HelpEntry {
        HelpEntry {
            usage: self.usage(),
            does: self.does,
        }
    }

    /// Returns the words that its argument may be, if they are few: values, or commands.
    pub(crate) fn choices(&self) -> Vec<&'static str> {
        let argument = self.arguments.trim_matches(['[', ']']);
        match argument {
            "COMMAND" => COMMANDS.iter().map(|command| command.word).collect(),
            values if values.contains('|') => values.split('|').collect(),
            _ => Vec::new(),
        }
    }
}

/// An entry of the help. Displays as a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpEntry {
    pub(crate) usage: String,
    pub(crate) does: &'static str,
}

impl HelpEntry {
    /// Columns of the usage, and of the blank behind it.
    pub(crate) const COLUMN: usize = 33;
}

impl fmt::Display for HelpEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = Self::COLUMN - 1;
        write!(f, "{:<width$} {}", self.usage, self.does)
    }
}

/// Returns the whole help.
pub(crate) fn overview() -> Vec<HelpEntry> {
    let says = [("//TEXT", "says /TEXT"), ("TEXT", "says it to everyone")];
    let says = says.map(|(usage, does)| HelpEntry {
        usage: usage.to_owned(),
        does,
    });
    let commands = COMMANDS.iter().map(SlashCommand::explained);
    commands.chain(says).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_command_and_key() {
        let readme = include_str!("../../../README.md");
        for command in &COMMANDS {
            let usage = command.usage().replace('|', "\\|");
            let row = format!("| `{usage}` | {} |", command.does);
            assert!(readme.contains(&row), "{row}");
        }
        for (keys, does) in KEYS {
            assert!(readme.contains(&format!("| {keys} | {does} |")), "{keys}");
        }
    }
}
