//! IRC: one channel. The server names a line's speaker, and so does the text; both must agree.

use memchr::memchr;

use super::Heard;
use crate::plan::payload::{self, Payload};

const JOIN: &[u8] = b"JOIN #b\r\n";

pub(super) fn write_login(payload: &Payload, user: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"NICK ");
    payload.write_name(user, out);
    out.extend_from_slice(b"\r\nUSER lg 0 * :wac-loadgen\r\n");
}

pub(super) fn write_message(payload: &Payload, message: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"PRIVMSG #b :");
    payload.write_spoken(message, out);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn hear<'a>(payload: &Payload, line: &'a [u8]) -> Heard<'a> {
    let (source, said) = split_source(line);
    match said.strip_prefix(b"PRIVMSG #b :") {
        Some(text) => hear_text(payload, source, text),
        None => hear_other(line, said),
    }
}

/// `:nick!user@host PRIVMSG #b :text` in two: who, and the rest.
fn split_source(line: &[u8]) -> (&[u8], &[u8]) {
    match (line.strip_prefix(b":"), memchr(b' ', line)) {
        (Some(_), Some(space)) => (&line[1..space], &line[space + 1..]),
        _ => (b"", line),
    }
}

fn hear_text<'a>(payload: &Payload, source: &[u8], text: &[u8]) -> Heard<'a> {
    let nick = source.split(|&byte| byte == b'!').next().unwrap_or(source);
    let agrees = text
        .strip_prefix(nick)
        .is_some_and(|rest| rest.starts_with(b": "));
    match payload.hear(text) {
        payload::Heard::Message(message) if agrees => Heard::Message(message),
        payload::Heard::Corrupt(sender) if agrees => Heard::Corrupt(sender),
        payload::Heard::Other if speaker(payload, nick).is_none() => Heard::Other,
        _ => Heard::Corrupt(speaker(payload, nick)),
    }
}

fn speaker(payload: &Payload, nick: &[u8]) -> Option<u32> {
    payload.user_of(str::from_utf8(nick).ok()?)
}

/// `line` is all of it, `said` is what follows the source: `366 lg7f3a09c1-17 #b :End of NAMES`.
fn hear_other<'a>(line: &'a [u8], said: &[u8]) -> Heard<'a> {
    let mut words = said.splitn(2, |&byte| byte == b' ');
    let (command, rest) = (words.next().unwrap_or(said), words.next().unwrap_or(b""));
    match command {
        b"001" => Heard::Answer(JOIN.to_vec()),
        // The end of the channel's names: the user is in it.
        b"366" => Heard::Welcome,
        b"433" => Heard::NameTaken,
        b"PING" => Heard::Answer([b"PONG ", rest, b"\r\n"].concat()),
        b"PONG" => Heard::Pong,
        b"ERROR" => refused(line),
        // There is no message of the day.
        b"422" => Heard::Other,
        [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'] => refused(line),
        _ => Heard::Other,
    }
}

fn refused(line: &[u8]) -> Heard<'_> {
    Heard::Refused(str::from_utf8(line).unwrap_or("a refusal that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::super::Protocol::Irc;
    use super::super::testing::{answer, changed, heard, login, payload, spoken};
    use super::*;

    /// Message 5 as InspIRCd passes it on.
    fn received(payload: &Payload) -> Vec<u8> {
        let sender = login_name(payload, payload.schedule().sender(5));
        let head = format!(":{sender}!lg@127.0.0.1 PRIVMSG #b :");
        [head.as_bytes(), &spoken(payload, 5), b"\r\n"].concat()
    }

    fn login_name(payload: &Payload, user: u32) -> String {
        let mut name = Vec::new();
        payload.write_name(user, &mut name);
        String::from_utf8(name).unwrap()
    }

    #[test]
    fn a_login_is_a_nick_then_a_channel() {
        let payload = payload();
        assert_eq!(
            login(Irc, &payload, 4),
            "NICK lg00007f3a-4\r\nUSER lg 0 * :wac-loadgen\r\n"
        );
        let block = b":irc.b NOTICE * :*** Looking up your hostname\r\n\
            PING :7A3f\r\n\
            :irc.b 001 lg00007f3a-4 :Welcome to IRC\r\n\
            :irc.b 422 lg00007f3a-4 :MOTD file is missing\r\n\
            :lg00007f3a-4!lg@127.0.0.1 JOIN :#b\r\n\
            :irc.b 353 lg00007f3a-4 = #b :@lg00007f3a-0 lg00007f3a-4\r\n\
            :irc.b 366 lg00007f3a-4 #b :End of /NAMES list.\r\n";
        assert_eq!(
            heard(Irc, &payload, block),
            [
                Heard::Other,
                answer("PONG :7A3f\r\n"),
                answer("JOIN #b\r\n"),
                Heard::Other,
                Heard::Other,
                Heard::Other,
                Heard::Welcome
            ]
        );
    }

    #[test]
    fn a_message_is_read_back() {
        let payload = payload();
        let mut sent = Vec::new();
        Irc.write_message(&payload, 5, &mut sent);
        assert_eq!(
            sent,
            [b"PRIVMSG #b :", &spoken(&payload, 5)[..], b"\r\n"].concat()
        );
        let block = received(&payload);
        assert_eq!(heard(Irc, &payload, &block), [Heard::Message(5)]);
    }

    #[test]
    fn any_changed_byte_of_what_was_said_is_corrupt() {
        let payload = payload();
        let sender = payload.schedule().sender(5);
        for block in changed(&received(&payload), &spoken(&payload, 5)) {
            let heard = heard(Irc, &payload, &block);
            assert_eq!(heard, [Heard::Corrupt(Some(sender))], "{block:?}");
        }
    }

    #[test]
    fn a_message_told_as_somebody_elses_is_corrupt() {
        let payload = payload();
        let mut block = b":lg00007f3a-8!lg@127.0.0.1 PRIVMSG #b :".to_vec();
        block.extend_from_slice(&spoken(&payload, 5));
        block.push(b'\n');
        assert_eq!(heard(Irc, &payload, &block), [Heard::Corrupt(Some(8))]);
    }

    #[test]
    fn other_people_talk() {
        let block =
            b":ann!a@h PRIVMSG #b :hello\r\n:lg00000001-1!lg@h PRIVMSG #b :lg00000001-1: x\r\n";
        assert_eq!(heard(Irc, &payload(), block), [Heard::Other, Heard::Other]);
    }

    #[test]
    fn pings_are_answered_and_answers_known() {
        let block = b"PING irc.b\r\n:irc.b PING :irc.b\r\n:irc.b PONG irc.b :lg\r\n";
        assert_eq!(
            heard(Irc, &payload(), block),
            [
                answer("PONG irc.b\r\n"),
                answer("PONG :irc.b\r\n"),
                Heard::Pong
            ]
        );
    }

    #[test]
    fn refusals_are_told() {
        let block = b":irc.b 433 * lg00007f3a-4 :Nickname is already in use\r\n\
            ERROR :Closing link: too many connections\r\n\
            :irc.b 471 lg00007f3a-4 #b :Cannot join channel (+l)\r\n";
        assert_eq!(
            heard(Irc, &payload(), block),
            [
                Heard::NameTaken,
                Heard::Refused("ERROR :Closing link: too many connections"),
                Heard::Refused(":irc.b 471 lg00007f3a-4 #b :Cannot join channel (+l)"),
            ]
        );
    }
}
