//! The lines the server sends: writing them, and telling what a received one is.

use crate::name::Name;

/// Ends every line the server sends, so that telnet shows it straight.
pub const LINE_END: &[u8] = b"\r\n";

/// A line from the server. Its first characters tell a program what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerLine<'a> {
    /// `name: text`
    Message {
        /// Who says it.
        name: &'a str,
        /// What is said.
        text: &'a str,
    },
    /// `name whispers, "text"`
    Whisper {
        /// Who whispers.
        name: &'a str,
        /// What is whispered.
        text: &'a str,
    },
    /// `* text`
    Notice(&'a str),
    /// `! text`
    Refusal(&'a str),
    /// `PONG` or `PONG text`
    Pong(Option<&'a str>),
    /// Anything else.
    Secret(&'a str),
}

impl<'a> ServerLine<'a> {
    /// Tells what a line is, its ending taken off.
    pub fn parse(line: &'a str) -> Self {
        if let Some(text) = line.strip_prefix("* ") {
            return Self::Notice(text);
        }
        if let Some(text) = line.strip_prefix("! ") {
            return Self::Refusal(text);
        }
        if let Some(text) = line.strip_prefix("PONG") {
            if text.is_empty() {
                return Self::Pong(None);
            }
            if let Some(text) = text.strip_prefix(' ') {
                return Self::Pong(Some(text));
            }
        }
        said(line).unwrap_or(Self::Secret(line))
    }

    /// Writes the line with its ending behind `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let parts: [&str; 4] = match *self {
            Self::Message { name, text } => [name, ": ", text, ""],
            Self::Whisper { name, text } => [name, " whispers, \"", text, "\""],
            Self::Notice(text) => ["* ", text, "", ""],
            Self::Refusal(text) => ["! ", text, "", ""],
            Self::Pong(None) => ["PONG", "", "", ""],
            Self::Pong(Some(text)) => ["PONG ", text, "", ""],
            Self::Secret(text) => [text, "", "", ""],
        };
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(LINE_END);
    }

    /// Returns the line with its ending.
    pub fn to_bytes(&self) -> Box<[u8]> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes.into()
    }
}

/// Reads `name: text` or `name whispers, "text"`.
fn said(line: &str) -> Option<ServerLine<'_>> {
    let (name, rest) = line.split_at(line.find([':', ' '])?);
    name.parse::<Name>().ok()?;
    if let Some(text) = rest.strip_prefix(": ") {
        return Some(ServerLine::Message { name, text });
    }
    let text = rest.strip_prefix(" whispers, \"")?.strip_suffix('"')?;
    Some(ServerLine::Whisper { name, text })
}

/// Writes the answer to `WHO` with the first of the names: `* online (N): a, b`, continued on lines
/// of at most [`WHO_LINE_BYTES`] each, ending included.
pub fn begin_who(online: usize, names: &[Name], out: &mut Vec<u8>) {
    write_names(format!("* online ({online})"), names, out);
}

/// Writes more of the names, at least one: `* online: c, d`.
pub fn continue_who(names: &[Name], out: &mut Vec<u8>) {
    write_names("* online".to_owned(), names, out);
}

fn write_names(mut line: String, names: &[Name], out: &mut Vec<u8>) {
    let mut separator = ": ";
    for name in names {
        let needed = separator.len() + name.as_str().len() + LINE_END.len();
        if line.len() + needed > WHO_LINE_BYTES {
            end_line(&mut line, out);
            line.push_str("* online");
            separator = ": ";
        }
        line.push_str(separator);
        line.push_str(name.as_str());
        separator = ", ";
    }
    end_line(&mut line, out);
}

/// The longest line of an answer to `WHO`, its ending included, in bytes.
pub const WHO_LINE_BYTES: usize = 1000;

fn end_line(line: &mut String, out: &mut Vec<u8>) {
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(LINE_END);
    line.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_as_the_same() {
        let lines = [
            ServerLine::Message {
                name: "Jack",
                text: "hi: there",
            },
            ServerLine::Message {
                name: "Jack",
                text: " whispers, \"x\"",
            },
            ServerLine::Whisper {
                name: "Jack",
                text: "Hi, How are you?",
            },
            ServerLine::Whisper {
                name: "Zoë",
                text: "\"quoted\"",
            },
            ServerLine::Notice("welcome, Jack"),
            ServerLine::Refusal("nothing to send"),
            ServerLine::Pong(None),
            ServerLine::Pong(Some("x y")),
            ServerLine::Secret("0123456789abcdef"),
            ServerLine::Secret("PONGO is a secret"),
        ];
        for line in lines {
            let bytes = line.to_bytes();
            let text = std::str::from_utf8(&bytes)
                .unwrap()
                .strip_suffix("\r\n")
                .unwrap();
            assert_eq!(ServerLine::parse(text), line);
        }
    }

    #[test]
    fn the_quotes_of_a_whisper_are_the_assignments() {
        let line = ServerLine::Whisper {
            name: "Jack",
            text: "Hi, How are you?",
        };
        assert_eq!(
            &*line.to_bytes(),
            b"Jack whispers, \"Hi, How are you?\"\r\n"
        );
    }

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

    #[test]
    fn who_of_nobody_says_so() {
        let mut out = Vec::new();
        begin_who(0, &[], &mut out);
        assert_eq!(out, b"* online (0)\r\n");
    }
}
