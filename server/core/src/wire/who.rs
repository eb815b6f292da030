//! The answer to `WHO`: everybody's name, on lines of bounded length.

use std::fmt;

use super::line::ServerLine;
use super::notice::{Notice, positive};
use crate::name::Name;

/// The longest line of an answer to `WHO`, its ending included, in bytes.
pub const WHO_LINE_BYTES: usize = 1000;

const ONLINE: &str = "online";
const BEFORE_NAMES: &str = ": ";
const SEPARATOR: &str = ", ";

/// A line of the answer: `online (3): a, b` is the first, `online: c` continues it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Online<'a> {
    /// The number of names in the answer, on its first line.
    pub announced: Option<usize>,
    names: &'a str,
}

impl<'a> Online<'a> {
    /// Returns the names on this line.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.names.split(SEPARATOR).filter(|name| !name.is_empty())
    }

    /// Parses the text after `* `.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(ONLINE)?;
        let (announced, rest) = match rest.strip_prefix(" (") {
            Some(rest) => {
                let (number, rest) = rest.split_once(')')?;
                (Some(count(number)?), rest)
            }
            None => (None, rest),
        };
        let names = match rest.strip_prefix(BEFORE_NAMES) {
            Some(names) => Some(names).filter(|names| !names.is_empty()),
            None => (rest.is_empty() && announced.is_some()).then_some(""),
        }?;
        Some(Self { announced, names })
    }
}

fn count(number: &str) -> Option<usize> {
    if number == "0" {
        Some(0)
    } else {
        positive(number)
    }
}

impl fmt::Display for Online<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ONLINE)?;
        if let Some(announced) = self.announced {
            write!(f, " ({announced})")?;
        }
        if !self.names.is_empty() {
            write!(f, "{BEFORE_NAMES}{}", self.names)?;
        }
        Ok(())
    }
}

/// Writes the answer to `WHO` with the first of the names, on lines of at most [`WHO_LINE_BYTES`]
/// each.
pub fn begin_who(online: usize, names: &[Name], out: &mut Vec<u8>) {
    write_names(Some(online), names, out);
}

/// Writes more of the names, at least one.
pub fn continue_who(names: &[Name], out: &mut Vec<u8>) {
    write_names(None, names, out);
}

fn write_names(mut announced: Option<usize>, names: &[Name], out: &mut Vec<u8>) {
    let mut listed = String::new();
    let mut room = room_for_names(announced);
    for name in names {
        let mut separator = if listed.is_empty() { "" } else { SEPARATOR };
        if listed.len() + separator.len() + name.as_str().len() > room {
            write_line(announced.take(), &listed, out);
            listed.clear();
            room = room_for_names(None);
            separator = "";
        }
        listed.push_str(separator);
        listed.push_str(name.as_str());
    }
    write_line(announced, &listed, out);
}

/// Returns the number of bytes that the names of a line may take.
fn room_for_names(announced: Option<usize>) -> usize {
    let mut empty = Vec::new();
    write_line(announced, "", &mut empty);
    WHO_LINE_BYTES - empty.len() - BEFORE_NAMES.len()
}

fn write_line(announced: Option<usize>, names: &str, out: &mut Vec<u8>) {
    ServerLine::Notice(Notice::Online(Online { announced, names })).write(out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_lists_everybody_on_lines_of_a_thousand_bytes() {
        let names: Vec<Name> = (0..500)
            .map(|n| format!("user{n}").parse().unwrap())
            .collect();
        let mut out = Vec::new();
        begin_who(500, &names[..450], &mut out);
        continue_who(&names[450..], &mut out);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert!(lines[0].starts_with("* online (500): user0, user1, "));
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.starts_with("* online: user"))
        );
        assert!(lines.iter().all(|line| line.len() + 2 <= WHO_LINE_BYTES));
        let listed: Vec<&str> = lines
            .iter()
            .flat_map(|line| line.split_once(": ").unwrap().1.split(", "))
            .collect();
        assert!(
            listed
                .iter()
                .eq(names.iter().map(Name::as_str).collect::<Vec<_>>().iter())
        );
    }

    proptest! {
        #[test]
        fn written_text_parses_back_to_the_same_value(people in 0_usize..200, named in 1_usize..200) {
            let names: Vec<Name> = (0..people).map(|n| format!("{n}-{n:0>9}").parse().unwrap()).collect();
            let (first, more) = names.split_at(named.min(people));
            let mut out = Vec::new();
            begin_who(people, first, &mut out);
            if !more.is_empty() {
                continue_who(more, &mut out);
            }
            let text = String::from_utf8(out).unwrap();
            let lines: Vec<Online<'_>> = text.split_terminator("\r\n").map(online).collect();
            prop_assert_eq!(lines[0].announced, Some(people));
            prop_assert!(lines[1..].iter().all(|line| line.announced.is_none()));
            let parsed = lines.iter().flat_map(Online::names);
            prop_assert!(parsed.eq(names.iter().map(Name::as_str)));
        }
    }

    fn online(line: &str) -> Online<'_> {
        match ServerLine::parse(line) {
            ServerLine::Notice(Notice::Online(online)) => online,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_with_nobody_online_says_so() {
        let mut out = Vec::new();
        begin_who(0, &[], &mut out);
        assert_eq!(out, b"* online (0)\r\n");
    }
}
