//! Tab completion: a command, or the person most likely to be meant.

use wac_core::name::{Name, may_stand};

use super::people::People;
use crate::app::commands;

/// Most candidates that Tab cycles through.
const MAX_GUESSES: usize = 100;

/// The candidates that repeated Tabs cycle through.
#[derive(Debug, Default)]
pub(super) struct Tab {
    guesses: Vec<String>,
    at: usize,
}

impl Tab {
    /// Returns the text that replaces `before`, the text before the cursor: the next candidate if
    /// `before` is the current one, else the best candidate.
    pub(super) fn next(
        &mut self,
        before: &str,
        people: &People,
        me: Option<&Name>,
    ) -> Option<String> {
        if self.guesses.get(self.at).is_some_and(|last| last == before) {
            self.at = (self.at + 1) % self.guesses.len();
        } else {
            self.guesses = guesses(before, people, me);
            self.at = 0;
        }
        self.guesses.get(self.at).cloned()
    }
}

/// Returns the candidates, the likeliest first.
fn guesses(before: &str, people: &People, me: Option<&Name>) -> Vec<String> {
    if before.is_empty() {
        let whisperer = people.last_whisperer();
        return whisperer.map(whisper_to).into_iter().collect();
    }
    if let Some(command) = before.strip_prefix('/') {
        match command.split_once(' ') {
            None => return commands(command),
            Some((word, part)) => {
                if let Some(choices) = choices(word, part) {
                    return choices;
                }
            }
        }
    }
    let part_begin = before
        .char_indices()
        .rev()
        .take_while(|&(_, c)| may_stand(c))
        .last()
        .map_or(before.len(), |(begin, _)| begin);
    let (head, part) = before.split_at(part_begin);
    let names = people.likely(part, me);
    let names = names.into_iter().take(MAX_GUESSES);
    names.map(|name| with_name(head, name)).collect()
}

fn whisper_to(name: &str) -> String {
    format!("/w {name} ")
}

fn commands(word: &str) -> Vec<String> {
    let word = word.to_lowercase();
    let begun = commands::COMMANDS
        .iter()
        .filter(|command| command.word.starts_with(&word));
    begun.map(|command| format!("/{} ", command.word)).collect()
}

/// Returns the values of a command that begin so, if it has any.
fn choices(word: &str, part: &str) -> Option<Vec<String>> {
    let choices = commands::find(word).ok()?.choices();
    let part = part.to_lowercase();
    let begun = choices.iter().filter(|choice| choice.starts_with(&part));
    let begun = begun.map(|choice| format!("/{word} {choice}"));
    (!choices.is_empty()).then(|| begun.collect())
}

/// Appends a name to the text before it; a name at the start of the line gets a colon.
fn with_name(head: &str, name: &str) -> String {
    if head.is_empty() {
        return format!("{name}: ");
    }
    match head.strip_suffix(": ") {
        Some(others) if are_names(others) => format!("{others}, {name}: "),
        _ => format!("{head}{name} "),
    }
}

/// `bob`, or `bob, ann`
fn are_names(text: &str) -> bool {
    text.split(", ").all(|name| name.parse::<Name>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::people::Activity;
    use super::*;

    fn people() -> People {
        let mut people = People::default();
        for (name, activity) in [
            ("ann", Activity::Speaks),
            ("bob", Activity::Whispers),
            ("bea", Activity::Speaks),
            ("Zoë", Activity::Joins),
        ] {
            people.note(name, activity);
        }
        people
    }

    #[test]
    fn the_values_of_a_command_are_completed() {
        completes("/bell ", &["/bell off", "/bell mention", "/bell whisper"]);
        completes("/time e", &["/time each", "/time each"]);
        completes("/help b", &["/help bell"]);
        completes("/h GR", &["/h grep"]);
        completes("/w b", &["/w bob "]);
        assert_eq!(Tab::default().next("/time b", &people(), None), None);
    }

    #[track_caller]
    fn completes(before: &str, wanted: &[&str]) {
        let mut tab = Tab::default();
        let mut row = before.to_owned();
        for wanted in wanted {
            row = tab.next(&row, &people(), None).unwrap_or_default();
            assert_eq!(row, *wanted, "{before:?}");
        }
    }

    #[test]
    fn at_the_beginning_one_is_spoken_to() {
        completes("b", &["bob: ", "bea: ", "bob: "]);
        completes("zo", &["Zoë: "]);
    }

    #[test]
    fn a_second_name_at_the_beginning_is_spoken_to_as_well() {
        completes("bob: an", &["bob, ann: "]);
        completes("bob, ann: z", &["bob, ann, Zoë: "]);
        completes("look here: an", &["look here: ann "]);
    }

    #[test]
    fn elsewhere_it_is_a_word() {
        completes("ask b", &["ask bob ", "ask bea "]);
        completes("(z", &["(Zoë "]);
        completes("/w b", &["/w bob "]);
    }

    #[test]
    fn an_empty_row_is_for_the_last_whisperer() {
        completes("", &["/w bob "]);
    }

    #[test]
    fn commands_are_completed() {
        completes("/wh", &["/who "]);
        completes("/s", &["/sec ", "/send ", "/status ", "/save ", "/sec "]);
    }

    #[test]
    fn what_nobody_is_called_stays() {
        let mut tab = Tab::default();
        assert_eq!(tab.next("x", &people(), None), None);
        assert_eq!(tab.next("/x", &people(), None), None);
    }
}
