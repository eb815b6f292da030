//! Command lookup by a word or an unambiguous prefix, with suggestions for misspelled words.

use strsim::osa_distance;

use super::{COMMANDS, SlashCommand};

/// A word that names no command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnknownCommand {
    /// It is a prefix of several.
    Ambiguous(Vec<&'static str>),
    /// One is spelled almost like it.
    Misspelled(&'static str),
    /// None is like it.
    Nothing,
}

/// Finds a command by its word, an alias, or a prefix of its word alone; in any case.
///
/// # Errors
/// [`UnknownCommand`].
pub(crate) fn find(word: &str) -> Result<&'static SlashCommand, UnknownCommand> {
    let word = word.to_lowercase();
    let is_called =
        |command: &&SlashCommand| command.word == word || command.aliases.contains(&word.as_str());
    if let Some(command) = COMMANDS.iter().find(is_called) {
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
            Err(UnknownCommand::Ambiguous(words.collect()))
        }
        (None, _) => {
            Err(nearest(&word).map_or(UnknownCommand::Nothing, UnknownCommand::Misspelled))
        }
    }
}

/// Returns the command the fewest typing errors away: at most one in a short word, two in a longer one.
fn nearest(word: &str) -> Option<&'static str> {
    let errors = |command: &SlashCommand| osa_distance(word, command.word);
    let nearest = COMMANDS.iter().min_by_key(|command| errors(command))?;
    let allowed = (nearest.word.len() / 2).min(2);
    (errors(nearest) <= allowed).then_some(nearest.word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str) -> &'static str {
        find(word).unwrap().word
    }

    #[test]
    fn a_word_is_found_in_any_case() {
        assert_eq!(found("w"), "w");
        assert_eq!(found("WHO"), "who");
    }

    #[test]
    fn an_alias_is_found_and_is_in_nobodys_way() {
        assert_eq!(found("msg"), "w");
        assert_eq!(found("QUERY"), "w");
        assert_eq!(found("m"), "mute");
        assert_eq!(found("qu"), "quit");
    }

    #[test]
    fn the_only_one_that_begins_so_is_found() {
        assert_eq!(found("wh"), "who");
        assert_eq!(found("h"), "help");
        assert_eq!(found("sec"), "sec");
        assert_eq!(found("rec"), "reconnect");
        assert_eq!(found("q"), "quit");
    }

    #[test]
    fn a_misspelled_word_is_guessed_never_obeyed() {
        for (typed, meant) in [
            ("hlep", "help"),
            ("quti", "quit"),
            ("whi", "who"),
            ("secc", "sec"),
        ] {
            assert_eq!(
                find(typed),
                Err(UnknownCommand::Misspelled(meant)),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_is_like_no_command_is_not_guessed() {
        for word in ["", "x", "home/ann", "etc", "shrug"] {
            assert_eq!(find(word), Err(UnknownCommand::Nothing), "{word}");
        }
    }

    #[test]
    fn of_two_that_begin_so_none_is_taken() {
        let both = UnknownCommand::Ambiguous(vec!["sec", "send"]);
        assert_eq!(find("se"), Err(both));
    }
}
