//! IRC: one channel. The server names a line's speaker, and so does the text; both must agree.

use memchr::memchr;

use super::Line;
use crate::plan::ids::{Message, User};
use crate::plan::payload::{self, Payload};

const JOIN: &[u8] = b"JOIN #b\r\n";

pub(super) fn write_login(payload: &Payload, user: User, out: &mut Vec<u8>) {
    out.extend_from_slice(b"NICK ");
    payload.write_name(user, out);
    out.extend_from_slice(b"\r\nUSER lg 0 * :wac-loadgen\r\n");
}

pub(super) fn write_message(payload: &Payload, message: Message, out: &mut Vec<u8>) {
    out.extend_from_slice(b"PRIVMSG #b :");
    payload.write_spoken(message, out);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn parse<'a>(payload: &Payload, line: &'a [u8]) -> Line<'a> {
    let (source, said) = split_source(line);
    match said.strip_prefix(b"PRIVMSG #b :") {
        Some(text) => parse_text(payload, source, text),
        None => parse_other(line, said),
    }
}

/// `:nick!user@host PRIVMSG #b :text` in two: who, and the rest.
fn split_source(line: &[u8]) -> (&[u8], &[u8]) {
    match (line.strip_prefix(b":"), memchr(b' ', line)) {
        (Some(_), Some(space)) => (&line[1..space], &line[space + 1..]),
        _ => (b"", line),
    }
}

fn parse_text<'a>(payload: &Payload, source: &[u8], text: &[u8]) -> Line<'a> {
    let nick = source.split(|&byte| byte == b'!').next().unwrap_or(source);
    let agrees = text
        .strip_prefix(nick)
        .is_some_and(|rest| rest.starts_with(b": "));
    match payload.recognise(text) {
        payload::Text::Message(message) if agrees => Line::Message(message),
        payload::Text::Corrupt(sender) if agrees => Line::Corrupt(sender),
        payload::Text::Other if speaker(payload, nick).is_none() => Line::Other,
        _ => Line::Corrupt(speaker(payload, nick)),
    }
}

fn speaker(payload: &Payload, nick: &[u8]) -> Option<User> {
    payload.user_of(str::from_utf8(nick).ok()?)
}

/// `line` is all of it, `said` is what follows the source: `366 lg7f3a09c1-17 #b :End of NAMES`.
fn parse_other<'a>(line: &'a [u8], said: &[u8]) -> Line<'a> {
    let mut words = said.splitn(2, |&byte| byte == b' ');
    let (command, rest) = (words.next().unwrap_or(said), words.next().unwrap_or(b""));
    match command {
        b"001" => Line::Answer(JOIN.to_vec()),
        // The end of the channel's names: the user is in it.
        b"366" => Line::Welcome,
        b"433" => Line::NameTaken,
        b"PING" => Line::Answer([b"PONG ", rest, b"\r\n"].concat()),
        b"PONG" => Line::Pong,
        b"ERROR" => refused(line),
        // There is no message of the day.
        b"422" => Line::Other,
        [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'] => refused(line),
        _ => Line::Other,
    }
}

fn refused(line: &[u8]) -> Line<'_> {
    Line::Refused(str::from_utf8(line).unwrap_or("a refusal that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::super::Protocol::Irc;
    use super::super::testing::{answer, changed, login, parsed, payload, spoken};
    use super::*;

    /// Message 5 as InspIRCd passes it on.
    fn received(payload: &Payload) -> Vec<u8> {
        let sender = login_name(payload, payload.schedule().sender(Message(5)).into());
        let head = format!(":{sender}!lg@127.0.0.1 PRIVMSG #b :");
        [head.as_bytes(), &spoken(payload, Message(5)), b"\r\n"].concat()
    }

    fn login_name(payload: &Payload, user: User) -> String {
        let mut name = Vec::new();
        payload.write_name(user, &mut name);
        String::from_utf8(name).unwrap()
    }

    #[test]
    fn a_login_is_a_nick_then_a_channel() {
        let payload = payload();
        assert_eq!(
            login(Irc, &payload, User(4)),
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
            parsed(Irc, &payload, block),
            [
                Line::Other,
                answer("PONG :7A3f\r\n"),
                answer("JOIN #b\r\n"),
                Line::Other,
                Line::Other,
                Line::Other,
                Line::Welcome
            ]
        );
    }

    #[test]
    fn a_message_is_read_back() {
        let payload = payload();
        let mut sent = Vec::new();
        Irc.write_message(&payload, Message(5), &mut sent);
        assert_eq!(
            sent,
            [b"PRIVMSG #b :", &spoken(&payload, Message(5))[..], b"\r\n"].concat()
        );
        let block = received(&payload);
        assert_eq!(parsed(Irc, &payload, &block), [Line::Message(Message(5))]);
    }

    #[test]
    fn any_changed_byte_of_what_was_said_is_corrupt() {
        let payload = payload();
        let sender = payload.schedule().sender(Message(5));
        for block in changed(&received(&payload), &spoken(&payload, Message(5))) {
            let line = parsed(Irc, &payload, &block);
            assert_eq!(line, [Line::Corrupt(Some(sender.into()))], "{block:?}");
        }
    }

    #[test]
    fn a_message_told_as_somebody_elses_is_corrupt() {
        let payload = payload();
        let mut block = b":lg00007f3a-8!lg@127.0.0.1 PRIVMSG #b :".to_vec();
        block.extend_from_slice(&spoken(&payload, Message(5)));
        block.push(b'\n');
        assert_eq!(
            parsed(Irc, &payload, &block),
            [Line::Corrupt(Some(User(8)))]
        );
    }

    #[test]
    fn other_people_talk() {
        let block =
            b":ann!a@h PRIVMSG #b :hello\r\n:lg00000001-1!lg@h PRIVMSG #b :lg00000001-1: x\r\n";
        assert_eq!(parsed(Irc, &payload(), block), [Line::Other, Line::Other]);
    }

    #[test]
    fn pings_are_answered_and_answers_known() {
        let block = b"PING irc.b\r\n:irc.b PING :irc.b\r\n:irc.b PONG irc.b :lg\r\n";
        assert_eq!(
            parsed(Irc, &payload(), block),
            [
                answer("PONG irc.b\r\n"),
                answer("PONG :irc.b\r\n"),
                Line::Pong
            ]
        );
    }

    #[test]
    fn refusals_are_told() {
        let block = b":irc.b 433 * lg00007f3a-4 :Nickname is already in use\r\n\
            ERROR :Closing link: too many connections\r\n\
            :irc.b 471 lg00007f3a-4 #b :Cannot join channel (+l)\r\n";
        assert_eq!(
            parsed(Irc, &payload(), block),
            [
                Line::NameTaken,
                Line::Refused("ERROR :Closing link: too many connections"),
                Line::Refused(":irc.b 471 lg00007f3a-4 #b :Cannot join channel (+l)"),
            ]
        );
    }
}
