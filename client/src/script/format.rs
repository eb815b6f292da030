//! Output formats of `wac listen`: as the server sends it, JSON, or a template.
//!
//! No format lets through anything that a terminal obeys: see [`render`](crate::terminal::render).
//! JSON escapes it (`\u009b`), so that a program still gets the exact text.

use std::fmt::Write;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::filter::{Kind, Said};
use crate::terminal::render::sanitize;

/// An output format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// `bob: hello`
    Wire,
    /// `{"time":"…","kind":"message","from":"bob","text":"hello"}`
    Json,
    Template(Template),
}

/// A template: `{time} {from}: {text}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Time,
    Kind,
    From,
    Text,
}

/// The names of the fields, in a template and in JSON.
const FIELDS: [(&str, Field); 4] = [
    ("time", Field::Time),
    ("kind", Field::Kind),
    ("from", Field::From),
    ("text", Field::Text),
];

/// A text that is not a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TemplateError {
    /// The text in braces is not a field.
    #[error(
        "{0:?} is no field; there are {{time}}, {{kind}}, {{from}} and {{text}}; {{{{ is a brace"
    )]
    Field(String),
    /// A `{` without its `}`.
    #[error("a {{ has no }}; {{{{ is a brace")]
    Open,
    /// The character after a backslash is not an escape.
    #[error("\\{0} is nothing; there are \\t, \\n and \\\\")]
    Escape(String),
}

impl Format {
    /// Formats a message that arrived at `time`.
    pub(crate) fn write(&self, said: &Said<'_>, time: Timestamp) -> String {
        match self {
            Self::Wire => on_the_wire(said),
            Self::Json => json(said, time),
            Self::Template(format) => format.write(said, time),
        }
    }
}

fn on_the_wire(said: &Said<'_>) -> String {
    let (from, text) = (sanitize(said.from), sanitize(said.text));
    match said.kind {
        Kind::Message => format!("{from}: {text}"),
        Kind::Whisper => format!("{from} whispers, \"{text}\""),
    }
}

#[derive(Serialize)]
struct Json<'a> {
    time: String,
    kind: &'a str,
    from: &'a str,
    text: &'a str,
}

fn json(said: &Said<'_>, time: Timestamp) -> String {
    let json = serde_json::to_string(&Json {
        time: written_time(time),
        kind: kind(said.kind),
        from: said.from,
        text: said.text,
    });
    escape(&json.expect("texts can be written as JSON"))
}

/// Escapes every character that a terminal might obey: JSON requires that only of C0.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        let mut utf8 = [0; 4];
        if c.is_ascii_graphic() || sanitize(c.encode_utf8(&mut utf8)).starts_with(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

fn written_time(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "message",
        Kind::Whisper => "whisper",
    }
}

impl Template {
    fn write(&self, said: &Said<'_>, time: Timestamp) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Literal(literal) => literal.clone(),
            Part::Field(Field::Time) => written_time(time),
            Part::Field(Field::Kind) => kind(said.kind).to_owned(),
            Part::Field(Field::From) => sanitize(said.from),
            Part::Field(Field::Text) => sanitize(said.text),
        });
        parts.collect()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (mut parts, mut literal) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\\' => literal.push(escaped(&mut rest)?),
                '{' | '}' if rest.starts_with(c) => {
                    rest = &rest[1..];
                    literal.push(c);
                }
                '{' => {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                    parts.push(Part::Field(field(&mut rest)?));
                }
                _ => literal.push(c),
            }
        }
        parts.push(Part::Literal(literal));
        parts.retain(|part| *part != Part::Literal(String::new()));
        Ok(Self(parts))
    }
}

/// Takes an escape, without its backslash, off `rest`.
fn escaped(rest: &mut &str) -> Result<char, TemplateError> {
    let c = rest.chars().next();
    let meant = match c {
        Some('t') => '\t',
        Some('n') => '\n',
        Some('\\') => '\\',
        _ => {
            return Err(TemplateError::Escape(
                c.map(String::from).unwrap_or_default(),
            ));
        }
    };
    *rest = &rest[1..];
    Ok(meant)
}

/// Takes a field's name and its closing brace off `rest`.
fn field(rest: &mut &str) -> Result<Field, TemplateError> {
    let (name, behind) = rest.split_once('}').ok_or(TemplateError::Open)?;
    *rest = behind;
    let found = FIELDS.iter().find(|(field, _)| *field == name);
    found
        .map(|(_, field)| *field)
        .ok_or_else(|| TemplateError::Field(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wac_core::wire::line::ServerLine;

    #[track_caller]
    fn written(form: &Format, line: &str) -> String {
        let said = Said::of(&ServerLine::parse(line)).unwrap();
        form.write(&said, "2026-11-22T10:41:07.1234Z".parse().unwrap())
    }

    #[track_caller]
    fn formatted(format: &str, line: &str) -> String {
        written(&Format::Template(format.parse().unwrap()), line)
    }

    #[test]
    fn the_usual_form_is_the_wires() {
        assert_eq!(written(&Format::Wire, "bob: hi"), "bob: hi");
        let whisper = "bob whispers, \"hi\"";
        assert_eq!(written(&Format::Wire, whisper), whisper);
        assert_eq!(written(&Format::Wire, "bob: \u{1b}[2J"), "bob: ^[[2J");
    }

    #[test]
    fn json_is_a_line_with_every_field() {
        assert_eq!(
            written(&Format::Json, "bob whispers, \"a \"b\"\""),
            r#"{"time":"2026-11-22T10:41:07.123Z","kind":"whisper","from":"bob","text":"a \"b\""}"#
        );
    }

    #[test]
    fn json_holds_the_very_text_and_nothing_a_terminal_obeys() {
        let text = "\u{1b}]0;x\u{7}\t\u{7f}\u{9b}2J\u{202e}\u{e0041}é中\u{301}👩‍👧";
        let line = written(&Format::Json, &format!("bob: {text}"));
        assert!(line.contains(r"\u009b2J\u202e\udb40\udc41é中"), "{line}");
        assert_eq!(sanitize(&line), line);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["text"], text);
    }

    #[test]
    fn a_format_puts_the_fields_where_it_says() {
        assert_eq!(
            formatted("{time} {kind} {from}> {text}", "bob: hi"),
            "2026-11-22T10:41:07.123Z message bob> hi"
        );
        assert_eq!(formatted(r"{from}\t{{{text}}}\\", "bob: hi"), "bob\t{hi}\\");
    }

    #[test]
    fn a_format_does_not_obey_the_text() {
        assert_eq!(
            formatted("{text}", "bob: {from}\u{202e}\u{1b}"),
            "{from}<U+202E>^["
        );
    }

    #[test]
    fn what_is_no_format_is_told() {
        let error = |text: &str| text.parse::<Template>().unwrap_err().to_string();
        assert_eq!(
            error("{who}"),
            "\"who\" is no field; there are {time}, {kind}, {from} and {text}; {{ is a brace"
        );
        assert_eq!(error("{from"), "a { has no }; {{ is a brace");
        assert_eq!(error("\\x"), "\\x is nothing; there are \\t, \\n and \\\\");
    }
}
