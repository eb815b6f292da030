//! The commands of the chat: one table, read by the parser, `/help`, `--help` and the README's test.

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
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
pub struct Command {
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
pub const COMMANDS: [Command; 15] = [
    Command {
        verb: Verb::Whisper,
        word: "w",
        arguments: "NAME TEXT",
        does: "whispers to one person",
    },
    Command {
        verb: Verb::Reply,
        word: "r",
        arguments: "TEXT",
        does: "whispers to who whispered to you last",
    },
    Command {
        verb: Verb::Who,
        word: "who",
        arguments: "",
        does: "lists who is here",
    },
    Command {
        verb: Verb::Secret,
        word: "sec",
        arguments: "",
        does: "asks for the server's secret",
    },
    Command {
        verb: Verb::Send,
        word: "send",
        arguments: "",
        does: "sends what was entered while there was no connection",
    },
    Command {
        verb: Verb::Drop,
        word: "drop",
        arguments: "",
        does: "drops what was entered while there was no connection",
    },
    Command {
        verb: Verb::Reconnect,
        word: "reconnect",
        arguments: "",
        does: "connects again, at once",
    },
    Command {
        verb: Verb::Status,
        word: "status",
        arguments: "",
        does: "tells how the connection is",
    },
    Command {
        verb: Verb::Last,
        word: "last",
        arguments: "[N]",
        does: "shows the last messages again, 10 or N",
    },
    Command {
        verb: Verb::Grep,
        word: "grep",
        arguments: "TEXT",
        does: "shows the messages that hold a text",
    },
    Command {
        verb: Verb::Mute,
        word: "mute",
        arguments: "[NAME]",
        does: "hides what somebody says, or no more; lists who is muted",
    },
    Command {
        verb: Verb::Bell,
        word: "bell",
        arguments: "[off|mention|whisper|all]",
        does: "sets what rings the bell",
    },
    Command {
        verb: Verb::Time,
        word: "time",
        arguments: "once|each|off",
        does: "sets where the time is shown",
    },
    Command {
        verb: Verb::Help,
        word: "help",
        arguments: "[COMMAND]",
        does: "explains the commands, or one of them",
    },
    Command {
        verb: Verb::Quit,
        word: "quit",
        arguments: "",
        does: "leaves",
    },
];

/// The keys that are worth knowing.
pub const KEYS: [(&str, &str); 7] = [
    ("Enter", "sends the line; of a paste, asks first"),
    ("Tab", "guesses a name, or a command; again: the next one"),
    ("Ctrl-C", "clears the line"),
    ("Ctrl-D", "leaves, if the line is empty"),
    ("Up, Down", "bring back what was entered"),
    ("Ctrl-R", "searches in it"),
    ("Ctrl-Z", "suspends; fg comes back"),
];

impl Command {
    /// Returns how it is typed: `/w NAME TEXT`.
    pub fn usage(&self) -> String {
        format!("/{} {}", self.word, self.arguments)
            .trim_end()
            .to_owned()
    }

    /// Returns its line of the help.
    pub fn explained(&self) -> String {
        explained(&self.usage(), self.does)
    }
}

/// Returns the whole help, line by line.
pub fn overview() -> Vec<String> {
    let mut lines: Vec<String> = COMMANDS.iter().map(Command::explained).collect();
    lines.push(explained("//TEXT", "says /TEXT"));
    lines.push(explained("TEXT", "says it to everyone"));
    lines
}

fn explained(usage: &str, does: &str) -> String {
    format!("{usage:<32} {does}")
}

/// Why a word is no command.
#[derive(Debug, PartialEq, Eq)]
pub enum Unknown {
    /// More than one begins so.
    Ambiguous(Vec<&'static str>),
    /// None does, but one is spelled almost so.
    Misspelled(&'static str),
    /// None is like it.
    Nothing,
}

/// Finds the command of a word, or of the only one that begins so; in any case.
///
/// # Errors
/// Why there is none.
pub fn find(word: &str) -> Result<&'static Command, Unknown> {
    let word = word.to_lowercase();
    if let Some(command) = COMMANDS.iter().find(|command| command.word == word) {
        return Ok(command);
    }
    let mut begun = COMMANDS
        .iter()
        .filter(|c| !word.is_empty() && c.word.starts_with(&word));
    match (begun.next(), begun.next()) {
        (Some(command), None) => Ok(command),
        (Some(first), Some(second)) => {
            let others = begun.map(|command| command.word);
            let words = [first.word, second.word].into_iter().chain(others);
            Err(Unknown::Ambiguous(words.collect()))
        }
        (None, _) => Err(nearest(&word).map_or(Unknown::Nothing, Unknown::Misspelled)),
    }
}

/// Returns the command that is fewest typing errors away: one in a short word, two in a longer one.
fn nearest(word: &str) -> Option<&'static str> {
    let errors = |command: &Command| typing_errors(word, command.word);
    let nearest = COMMANDS.iter().min_by_key(|command| errors(command))?;
    let allowed = (nearest.word.len() / 2).min(2);
    (errors(nearest) <= allowed).then_some(nearest.word)
}

/// Counts the letters to insert, drop, replace or swap with their neighbour (Damerau's distance,
/// optimal string alignment).
fn typing_errors(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped {
                    best.min(rows[i - 2][j - 2] + 1)
                } else {
                    best
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(word: &str) -> Verb {
        find(word).unwrap().verb
    }

    #[test]
    fn a_word_is_found_in_any_case() {
        assert_eq!(verb("w"), Verb::Whisper);
        assert_eq!(verb("WHO"), Verb::Who);
    }

    #[test]
    fn the_only_one_that_begins_so_is_found() {
        assert_eq!(verb("wh"), Verb::Who);
        assert_eq!(verb("h"), Verb::Help);
        assert_eq!(verb("sec"), Verb::Secret);
        assert_eq!(verb("rec"), Verb::Reconnect);
        assert_eq!(verb("q"), Verb::Quit);
    }

    #[test]
    fn a_misspelled_word_is_guessed_never_obeyed() {
        for (typed, meant) in [
            ("hlep", "help"),
            ("quti", "quit"),
            ("whi", "who"),
            ("secc", "sec"),
        ] {
            assert_eq!(find(typed), Err(Unknown::Misspelled(meant)), "{typed}");
        }
    }

    #[test]
    fn what_is_like_no_command_is_not_guessed() {
        for word in ["", "x", "home/ann", "etc", "shrug"] {
            assert_eq!(find(word), Err(Unknown::Nothing), "{word}");
        }
    }

    #[test]
    fn of_two_that_begin_so_none_is_taken() {
        let both = Unknown::Ambiguous(vec!["sec", "send"]);
        assert_eq!(find("se"), Err(both));
    }

    #[test]
    fn the_readme_lists_every_command_and_key() {
        let readme = include_str!("../README.md");
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
