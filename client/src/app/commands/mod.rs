//! Commands of the chat: one table, read by the parser, `/help`, `--help` and the README's test.

mod find;

pub(crate) use self::find::{UnknownCommand, find};

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Whispers to one person.
    Whisper,
    /// Whispers to who whispered last.
    Reply,
    /// Asks who is here.
    Who,
    /// Asks for the server's secret.
    Secret,
    /// Sends what was entered while there was no connection.
    Send,
    /// Drops it.
    Drop,
    /// Connects again.
    Reconnect,
    /// Tells of the connection.
    Status,
    /// Shows what was said last.
    Last,
    /// Searches in what was said.
    Grep,
    /// Listens to somebody no more, or again.
    Mute,
    /// Sets what rings the bell.
    Bell,
    /// Sets where the time is shown.
    Time,
    /// Explains the commands.
    Help,
    /// Leaves.
    Quit,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SlashCommand {
    /// What it does.
    pub verb: Verb,
    /// Its word, without the slash, in lower case.
    pub word: &'static str,
    /// What stands behind the word; empty if nothing does.
    pub arguments: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
}

/// Every command.
pub(crate) const COMMANDS: [SlashCommand; 15] = [
    SlashCommand {
        verb: Verb::Whisper,
        word: "w",
        arguments: "NAME TEXT",
        does: "whispers to one person",
    },
    SlashCommand {
        verb: Verb::Reply,
        word: "r",
        arguments: "TEXT",
        does: "whispers to who whispered to you last",
    },
    SlashCommand {
        verb: Verb::Who,
        word: "who",
        arguments: "[PART]",
        does: "lists who is here, or whose name holds PART",
    },
    SlashCommand {
        verb: Verb::Secret,
        word: "sec",
        arguments: "",
        does: "asks for the server's secret",
    },
    SlashCommand {
        verb: Verb::Send,
        word: "send",
        arguments: "",
        does: "sends what was entered while there was no connection",
    },
    SlashCommand {
        verb: Verb::Drop,
        word: "drop",
        arguments: "",
        does: "drops what was entered while there was no connection",
    },
    SlashCommand {
        verb: Verb::Reconnect,
        word: "reconnect",
        arguments: "",
        does: "connects again, at once",
    },
    SlashCommand {
        verb: Verb::Status,
        word: "status",
        arguments: "",
        does: "tells how the connection is",
    },
    SlashCommand {
        verb: Verb::Last,
        word: "last",
        arguments: "[N]",
        does: "shows the last messages again, 10 or N",
    },
    SlashCommand {
        verb: Verb::Grep,
        word: "grep",
        arguments: "TEXT",
        does: "shows the messages that hold a text",
    },
    SlashCommand {
        verb: Verb::Mute,
        word: "mute",
        arguments: "[NAME]",
        does: "hides what somebody says, or no more; lists who is muted",
    },
    SlashCommand {
        verb: Verb::Bell,
        word: "bell",
        arguments: "[off|mention|whisper|all]",
        does: "sets what rings the bell",
    },
    SlashCommand {
        verb: Verb::Time,
        word: "time",
        arguments: "once|each|off",
        does: "sets where the time is shown",
    },
    SlashCommand {
        verb: Verb::Help,
        word: "help",
        arguments: "[COMMAND]",
        does: "explains the commands, or one of them",
    },
    SlashCommand {
        verb: Verb::Quit,
        word: "quit",
        arguments: "",
        does: "leaves",
    },
];

/// The keys that are worth knowing.
pub(crate) const KEYS: [(&str, &str); 7] = [
    ("Enter", "sends the line; of a paste, asks first"),
    ("Tab", "guesses a name, or a command; again: the next one"),
    ("Ctrl-C", "clears the line"),
    ("Ctrl-D", "leaves, if the line is empty"),
    ("Up, Down", "bring back what was entered"),
    ("Ctrl-R", "searches in it"),
    ("Ctrl-Z", "suspends; fg comes back"),
];

impl SlashCommand {
    /// Returns how it is typed: `/w NAME TEXT`.
    pub(crate) fn usage(&self) -> String {
        format!("/{} {}", self.word, self.arguments)
            .trim_end()
            .to_owned()
    }

    /// Returns its line of the help.
    pub(crate) fn explained(&self) -> String {
        explained(&self.usage(), self.does)
    }
}

/// Returns the whole help, line by line.
pub(crate) fn overview() -> Vec<String> {
    let mut lines: Vec<String> = COMMANDS.iter().map(SlashCommand::explained).collect();
    lines.push(explained("//TEXT", "says /TEXT"));
    lines.push(explained("TEXT", "says it to everyone"));
    lines
}

fn explained(usage: &str, does: &str) -> String {
    format!("{usage:<32} {does}")
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
