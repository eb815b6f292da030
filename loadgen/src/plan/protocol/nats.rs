//! NATS: one subject. Nobody is sent what is their own, as everywhere here.

use super::{Line, write_block};
use crate::plan::ids::Message;
use crate::plan::payload::{self, Payload};

const PONG: &[u8] = b"PONG\r\n";

pub(super) fn write_login(out: &mut Vec<u8>) {
    // The server takes them in turn: when it answers, the subscription is there.
    out.extend_from_slice(
        b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\nSUB b 1\r\nPING\r\n",
    );
}

pub(super) fn write_message(payload: &Payload, message: Message, out: &mut Vec<u8>) {
    write_block(payload, message, |bytes| format!("PUB b {bytes}\r\n"), out);
}

/// A message comes as `MSG b 1 78`, and its text in a line of its own.
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
        b"PONG" => Line::Pong,
        b"PING" => Line::Answer(PONG.to_vec()),
        [b'-', ..] => Line::Refused(str::from_utf8(line).unwrap_or("-ERR not UTF-8")),
        _ => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Protocol::Nats;
    use super::super::testing::{answer, changed, login, parsed, payload, spoken};
    use super::*;
    use crate::plan::ids::User;

    /// Message 5 as NATS passes it on.
    fn received(payload: &Payload) -> Vec<u8> {
        let text = spoken(payload, Message(5));
        let head = format!("MSG b 1 {}\r\n", text.len());
        [head.as_bytes(), &text, b"\r\n"].concat()
    }

    #[test]
    fn a_login_subscribes_and_is_over_when_its_ping_is_answered() {
        let payload = payload();
        let login = login(Nats, &payload, User(4));
        assert!(login.starts_with("CONNECT {"), "{login}");
        assert!(login.ends_with("}\r\nSUB b 1\r\nPING\r\n"), "{login}");
        let block = b"INFO {\"server_id\":\"NA\",\"max_payload\":1048576} \r\nPONG\r\n";
        assert_eq!(parsed(Nats, &payload, block), [Line::Other, Line::Pong]);
    }

    #[test]
    fn a_message_is_sent_with_its_length() {
        let payload = payload();
        let mut sent = b"before".to_vec();
        Nats.write_message(&payload, Message(5), &mut sent);
        let text = spoken(&payload, Message(5));
        let head = format!("beforePUB b {}\r\n", text.len());
        assert_eq!(sent, [head.as_bytes(), &text, b"\r\n"].concat());
    }

    #[test]
    fn a_message_is_read_back() {
        let payload = payload();
        let expected = [Line::Other, Line::Message(Message(5))];
        assert_eq!(parsed(Nats, &payload, &received(&payload)), expected);
    }

    #[test]
    fn any_changed_byte_of_a_text_is_corrupt() {
        let payload = payload();
        let sender = payload.schedule().sender(Message(5));
        let expected = [Line::Other, Line::Corrupt(Some(sender.into()))];
        let text = &spoken(&payload, Message(5))["lg00007f3a-2: ".len()..];
        for block in changed(&received(&payload), text) {
            assert_eq!(parsed(Nats, &payload, &block), expected, "{block:?}");
        }
    }

    #[test]
    fn pings_are_answered_and_errors_told() {
        let block = b"PING\r\n-ERR 'maximum connections exceeded'\r\n";
        let refused = Line::Refused("-ERR 'maximum connections exceeded'");
        assert_eq!(
            parsed(Nats, &payload(), block),
            [answer("PONG\r\n"), refused]
        );
    }
}
