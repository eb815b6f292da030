//! What is sent, and what a received line is: every byte of a message follows from its number.
//!
//! ```text
//!  MSG 0000002a5f3c9e01abcdefgh…      sent
//!  lg7f3a09c1-17: 0000002a5f3c9e01abcdefgh…      received
//!  └ the run    │ │       │       └ filler, from the seed
//!               │ │       └ check: of run, sender and message
//!               │ └ message, hexadecimal
//!               └ sender
//! ```
//!
//! Names and checks hold the run's own id, so that several runs in one room don't take each other's
//! lines for theirs.

use std::io::Write;

use crate::random::{Random, mix};

/// Hexadecimal digits of the message, then of the check.
const DIGITS: usize = 8;

/// Writes and recognises the lines of one run.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    /// What the names of this run begin with: `lg7f3a09c1-`.
    prefix: String,
    run: u32,
    senders: u32,
    messages: u32,
    filler: Vec<u8>,
}

/// What a payload is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Make {
    /// The run's id, by chance.
    pub(crate) run: u32,
    pub(crate) seed: u64,
    pub(crate) senders: u32,
    pub(crate) messages: u32,
    /// Bytes of a text, at least 16: two numbers of eight digits.
    pub(crate) size: u16,
}

/// What a received line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A message of this run, every byte as it was sent.
    Message(u32),
    /// A line of this run's that is not what was sent; from whom, if the name is whole.
    Corrupt(Option<u32>),
    /// Not of this run: a notice, an answer, somebody else's message.
    Other,
}

impl Payload {
    pub(crate) fn new(make: Make) -> Self {
        let filler_bytes = usize::from(make.size).saturating_sub(2 * DIGITS);
        let mut random = Random::new(!make.seed);
        let letter = |_| b'a' + (random.next() % 26) as u8;
        Self {
            prefix: format!("lg{:08x}-", make.run),
            run: make.run,
            senders: make.senders,
            messages: make.messages,
            filler: (0..filler_bytes).map(letter).collect(),
        }
    }

    /// A user's login.
    pub(crate) fn write_login(&self, user: u32, out: &mut Vec<u8>) {
        write!(out, "LIN {}{user}\r\n", self.prefix).expect("a Vec takes everything");
    }

    /// Returns whether a notice confirms a user's login.
    pub(crate) fn welcomes(&self, notice: &str, user: u32) -> bool {
        notice
            .strip_prefix("welcome, ")
            .and_then(|name| name.strip_prefix(&self.prefix))
            .and_then(|number| number.parse().ok())
            == Some(user)
    }

    /// A message, as its sender sends it.
    pub(crate) fn write_message(&self, message: u32, out: &mut Vec<u8>) {
        let check = self.check(message);
        write!(out, "MSG {message:08x}{check:08x}").expect("a Vec takes everything");
        out.extend_from_slice(&self.filler);
        out.extend_from_slice(b"\r\n");
    }

    /// Tells what a line is, its ending taken off.
    ///
    /// # Cost
    /// Some tens of nanoseconds: this runs for each delivery, and parses no name that is not ours.
    pub(crate) fn hear(&self, line: &[u8]) -> Heard {
        let Some(rest) = line.strip_prefix(self.prefix.as_bytes()) else {
            return Heard::Other;
        };
        let Some((sender, text)) = self.split_sender(rest) else {
            return Heard::Corrupt(None);
        };
        match self.message_of(sender, text) {
            Some(message) => Heard::Message(message),
            None => Heard::Corrupt(Some(sender)),
        }
    }

    fn split_sender<'a>(&self, rest: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = rest[digits..].strip_prefix(b": ")?;
        let number = str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        (number < self.senders).then_some((number, text))
    }

    fn message_of(&self, sender: u32, text: &[u8]) -> Option<u32> {
        let (message, rest) = text.split_first_chunk()?;
        let (check, filler) = rest.split_first_chunk()?;
        let message = hexadecimal(message)?;
        let whole = message < self.messages
            && message % self.senders == sender
            && hexadecimal(check) == Some(self.check(message))
            && filler == self.filler;
        whole.then_some(message)
    }

    fn check(&self, message: u32) -> u32 {
        let sender = u64::from(message % self.senders);
        let of = (u64::from(self.run) << 32 | u64::from(message)) ^ sender.rotate_left(40);
        (mix(of) >> 32) as u32
    }
}

/// Reads digits as they were written: lower case alone, so that a changed case is seen.
fn hexadecimal(digits: &[u8; DIGITS]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u32::from(nibble))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKE: Make = Make {
        run: 0x7f3a,
        seed: 7,
        senders: 5,
        messages: 100,
        size: 40,
    };

    /// The line a reader gets for a message.
    fn received(payload: &Payload, message: u32) -> Vec<u8> {
        let mut sent = Vec::new();
        payload.write_message(message, &mut sent);
        let text = &sent[b"MSG ".len()..sent.len() - 2];
        let mut line = format!("{}{}: ", payload.prefix, message % 5).into_bytes();
        line.extend_from_slice(text);
        line
    }

    #[test]
    fn a_message_is_read_back_and_has_its_size() {
        let payload = Payload::new(MAKE);
        let line = received(&payload, 42);
        assert_eq!(payload.hear(&line), Heard::Message(42));
        assert_eq!(line.len(), "lg00007f3a-2: ".len() + 40);
    }

    #[test]
    fn any_changed_byte_of_the_text_is_seen_and_its_sender_known() {
        let payload = Payload::new(MAKE);
        let line = received(&payload, 42);
        for at in "lg00007f3a-2: ".len()..line.len() {
            let mut changed = line.clone();
            changed[at] ^= 0x20;
            assert_eq!(payload.hear(&changed), Heard::Corrupt(Some(2)), "byte {at}");
        }
    }

    #[test]
    fn a_line_cut_short_or_grown_is_corrupt() {
        let payload = Payload::new(MAKE);
        let mut line = received(&payload, 42);
        assert_eq!(payload.hear(&line[..20]), Heard::Corrupt(Some(2)));
        line.push(b'x');
        assert_eq!(payload.hear(&line), Heard::Corrupt(Some(2)));
        assert_eq!(payload.hear(b"lg00007f3a-"), Heard::Corrupt(None));
    }

    #[test]
    fn a_message_under_another_senders_name_is_corrupt() {
        let payload = Payload::new(MAKE);
        let mut line = received(&payload, 42);
        line["lg00007f3a-".len()] = b'3';
        assert_eq!(payload.hear(&line), Heard::Corrupt(Some(3)));
    }

    #[test]
    fn lines_of_another_run_are_not_ours() {
        let ours = Payload::new(MAKE);
        let other = Payload::new(Make { run: 1, ..MAKE });
        assert_eq!(ours.hear(&received(&other, 3)), Heard::Other);
        assert_eq!(ours.hear(b"* welcome, lg00007f3a-1"), Heard::Other);
    }

    #[test]
    fn a_welcome_is_for_one_user() {
        let payload = Payload::new(MAKE);
        assert!(payload.welcomes("welcome, lg00007f3a-17", 17));
        assert!(!payload.welcomes("welcome, lg00007f3a-17", 1));
        assert!(!payload.welcomes("lg00007f3a-17 joined", 17));
    }
}
