//! Escape sequences of keys: of them the editor is given those that it reads to their end.

/// What follows ESC in a report: an answer of the terminal to a question that another program has left
/// behind. Alone it is a letter typed with Alt.
const REPORTS: &[u8] = b"]P_^X";

/// What the beginning of the input is, if it begins with ESC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequence {
    /// More has to come.
    Unfinished,
    /// A sequence that the editor takes as one key, known or not.
    Known,
    /// A sequence whose end the editor would take for text.
    Unknown,
    /// ESC before a byte that is no text.
    NoText,
}

/// Returns what the bytes are, of which the first is ESC.
pub(super) fn parse(bytes: &[u8]) -> Sequence {
    match &bytes[1..] {
        [] | [b'O'] => Sequence::Unfinished,
        [b'[', rest @ ..] => parse_csi(rest),
        [begin, rest @ ..] if REPORTS.contains(begin) => parse_report(rest),
        [b'O', 0x20..=0x7e] => Sequence::Known,
        [b'O', _] => Sequence::Unknown,
        // Alt and an arrow; but ESC is no letter that Alt goes with.
        [0x1b, rest @ ..] if !rest.starts_with(b"\x1b") => parse(&bytes[1..]),
        [0x1b, ..] => Sequence::Unknown,
        letter => match str::from_utf8(letter) {
            Ok(_) => Sequence::Known,
            Err(error) if error.error_len().is_none() => Sequence::Unfinished,
            Err(_) => Sequence::NoText,
        },
    }
}

/// Returns whether the bytes are ESC and what begins a report, and nothing more.
pub(super) fn may_begin_report(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1b, begin] if REPORTS.contains(begin))
}

/// Returns whether the bytes begin a report, in which an ESC is part of its end.
pub(super) fn is_report(bytes: &[u8]) -> bool {
    bytes.len() > 2 && may_begin_report(&bytes[..2])
}

/// A report ends with BEL or `ESC \\`, and is no text of the user.
fn parse_report(rest: &[u8]) -> Sequence {
    match rest {
        [.., 0x1b] => Sequence::Unfinished,
        [.., 0x1b, _] | [.., ..0x20] => Sequence::Unknown,
        _ => Sequence::Unfinished,
    }
}

fn parse_csi(rest: &[u8]) -> Sequence {
    match rest {
        // The function keys of the Linux console.
        [b'['] => return Sequence::Unfinished,
        [b'[', _] => return Sequence::Known,
        // Shift in rxvt.
        [b'1'..=b'8', b'$'] => return Sequence::Known,
        _ => {}
    }
    let Some((last, parameters)) = rest.split_last() else {
        return Sequence::Unfinished;
    };
    match last {
        0x20..=0x3f => Sequence::Unfinished,
        0x40..=0x7e if is_short(parameters) => Sequence::Known,
        _ => Sequence::Unknown,
    }
}

/// Returns whether the editor reads the sequence to its end: at most two numbers of at most two
/// digits, of which the first begins with neither 0 nor 9.
fn is_short(parameters: &[u8]) -> bool {
    if parameters
        .first()
        .is_some_and(|first| !matches!(first, b'1'..=b'8'))
    {
        return false;
    }
    let mut numbers = parameters.split(|byte| *byte == b';');
    let is_number = |number: &[u8]| number.len() <= 2 && number.iter().all(u8::is_ascii_digit);
    numbers.clone().count() <= 2 && numbers.all(is_number)
}
