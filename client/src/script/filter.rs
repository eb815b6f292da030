//! Filter of `wac listen`.

use regex::Regex;
use wac_core::name::{Folded, Name};
use wac_core::wire::line::ServerLine;

/// A message or a whisper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) kind: Kind,
    pub(crate) from: &'a str,
    pub(crate) text: &'a str,
}

/// The recipients of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everyone.
    Message,
    /// The listener alone.
    Whisper,
}

impl<'a> Said<'a> {
    /// Returns the message of a line; `None` for lines of the server itself.
    pub(crate) fn of(line: &ServerLine<'a>) -> Option<Self> {
        let (kind, from, text) = match *line {
            ServerLine::Message { name, text } => (Kind::Message, name, text),
            ServerLine::Whisper { name, text } => (Kind::Whisper, name, text),
            _ => return None,
        };
        Some(Self { kind, from, text })
    }
}

/// The texts to print; the default is every message, and no whisper.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Only of these people; empty: of everyone.
    pub(crate) from: Vec<Name>,
    /// Only texts with a match.
    pub(crate) pattern: Option<Regex>,
    /// Whispers too.
    pub(crate) whispers: bool,
}

impl Filter {
    /// Returns whether a text is to be printed.
    pub(crate) fn wants(&self, said: &Said<'_>) -> bool {
        (self.whispers || said.kind == Kind::Message)
            && (self.from.is_empty() || self.is_from(said.from))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(said.text))
    }

    fn is_from(&self, name: &str) -> bool {
        let name = Folded::of(name);
        self.from.iter().any(|wanted| wanted.folded() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wants(filter: &Filter, line: &str) -> bool {
        filter.wants(&Said::of(&ServerLine::parse(line)).unwrap())
    }

    #[test]
    fn whispers_are_heard_if_wanted() {
        let mut filter = Filter::default();
        assert!(wants(&filter, "bob: hi"));
        assert!(!wants(&filter, "bob whispers, \"hi\""));
        filter.whispers = true;
        assert!(wants(&filter, "bob whispers, \"hi\""));
    }

    #[test]
    fn names_are_the_same_in_any_case() {
        let filter = Filter {
            from: ["Zoë", "bob"].map(|name| name.parse().unwrap()).into(),
            ..Filter::default()
        };
        assert!(wants(&filter, "ZOË: hi"));
        assert!(wants(&filter, "Bob: hi"));
        assert!(!wants(&filter, "bobby: hi"));
    }

    #[test]
    fn a_pattern_may_match_anywhere_in_the_text() {
        let filter = Filter {
            pattern: Some(Regex::new("^dep|(?i)ZOË").unwrap()),
            ..Filter::default()
        };
        assert!(wants(&filter, "bob: deploy"));
        assert!(wants(&filter, "bob: where is zoë?"));
        assert!(!wants(&filter, "deploy: no"));
    }

    #[test]
    fn the_server_says_nothing() {
        for line in ["* bob joined", "! no", "PONG x", "s3cret"] {
            assert_eq!(Said::of(&ServerLine::parse(line)), None, "{line}");
        }
    }
}
