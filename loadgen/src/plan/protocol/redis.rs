//! Redis, in its second protocol: one channel. A connection that subscribes may not publish, so senders only
//! publish, and read nothing but the counts of whom they reached.

use super::{Line, write_block};
use crate::plan::ids::Message;
use crate::plan::payload::{self, Payload};

pub(super) fn write_login(sends: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if sends {
        b"PING\r\n"
    } else {
        b"SUBSCRIBE b\r\n"
    });
}

pub(super) fn write_message(payload: &Payload, message: Message, out: &mut Vec<u8>) {
    let head = |bytes| format!("*3\r\n$7\r\nPUBLISH\r\n$1\r\nb\r\n${bytes}\r\n");
    write_block(payload, message, head, out);
}

/// A message comes as `*3`, `$7`, `message`, `$1`, `b`, `$78` and its text, each in a line.
pub(super) fn parse<'a>(payload: &Payload, line: &'a [u8]) -> Line<'a> {
    match payload.recognise(line) {
        payload::Text::Message(message) => Line::Message(message),
        payload::Text::Whisper(_) => Line::Corrupt(None),
        payload::Text::Corrupt(sender) => Line::Corrupt(sender),
        payload::Text::Other => parse_other(line),
    }
}

fn parse_other(line: &[u8]) -> Line<'_> {
    match line {
        b"subscribe" => Line::Welcome,
        // Who subscribes is answered with a block, the others with a line.
        b"pong" | b"+PONG" => Line::Pong,
        [b'-', ..] => Line::Refused(str::from_utf8(line).unwrap_or("-ERR not UTF-8")),
        _ => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Protocol::Redis;
    use super::super::testing::{SENDERS, changed, login, parsed, payload, spoken};
    use super::*;
    use crate::plan::ids::User;

    /// Message 5 as Redis passes it on.
    fn received(payload: &Payload) -> Vec<u8> {
        let text = spoken(payload, Message(5));
        let head = format!("*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n${}\r\n", text.len());
        [head.as_bytes(), &text, b"\r\n"].concat()
    }

    #[test]
    fn senders_say_a_word_and_readers_subscribe() {
        let payload = payload();
        assert_eq!(login(Redis, &payload, User(SENDERS - 1)), "PING\r\n");
        assert_eq!(parsed(Redis, &payload, b"+PONG\r\n"), [Line::Pong]);
        assert_eq!(login(Redis, &payload, User(SENDERS)), "SUBSCRIBE b\r\n");
        let block = b"*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n";
        let mut answers = parsed(Redis, &payload, block);
        answers.retain(|heard| *heard != Line::Other);
        assert_eq!(answers, [Line::Welcome]);
    }

    #[test]
    fn a_message_is_sent_with_its_length() {
        let payload = payload();
        let mut sent = b"before".to_vec();
        Redis.write_message(&payload, Message(5), &mut sent);
        let text = spoken(&payload, Message(5));
        let head = format!(
            "before*3\r\n$7\r\nPUBLISH\r\n$1\r\nb\r\n${}\r\n",
            text.len()
        );
        assert_eq!(sent, [head.as_bytes(), &text, b"\r\n"].concat());
    }

    #[test]
    fn a_message_is_read_back() {
        let payload = payload();
        let mut expected = vec![Line::Other; 6];
        expected.push(Line::Message(Message(5)));
        assert_eq!(parsed(Redis, &payload, &received(&payload)), expected);
    }

    #[test]
    fn any_changed_byte_of_a_text_is_corrupt() {
        let payload = payload();
        let mut expected = vec![Line::Other; 6];
        expected.push(Line::Corrupt(Some(
            payload.schedule().sender(Message(5)).into(),
        )));
        let text = &spoken(&payload, Message(5))["lg00007f3a-2: ".len()..];
        for block in changed(&received(&payload), text) {
            assert_eq!(parsed(Redis, &payload, &block), expected, "{block:?}");
        }
    }

    #[test]
    fn a_subscribers_ping_is_answered_with_a_block() {
        let block = b"*2\r\n$4\r\npong\r\n$0\r\n\r\n";
        let pong = [
            Line::Other,
            Line::Other,
            Line::Pong,
            Line::Other,
            Line::Other,
        ];
        assert_eq!(parsed(Redis, &payload(), block), pong);
    }

    #[test]
    fn counts_mean_nothing_and_errors_are_told() {
        let block = b":900\r\n-ERR max number of clients reached\r\n";
        let refused = Line::Refused("-ERR max number of clients reached");
        assert_eq!(parsed(Redis, &payload(), block), [Line::Other, refused]);
    }
}
