//! Payload: what is sent, and what a received line is. Every byte of a message follows from its number.
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
use std::sync::Arc;

use super::ids::{Message, User};
use super::random::{Random, mix};
use super::schedule::Schedule;
use crate::cli::values::Size;

/// Hexadecimal digits of the message, then of the check.
const DIGITS: usize = 8;

/// Writes and recognises the messages of one run.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    /// What the names of this run begin with: `lg7f3a09c1-`.
    prefix: String,
    run: u32,
    seed: u64,
    users: u32,
    size: Size,
    schedule: Arc<Schedule>,
    filler: Vec<u8>,
}

/// What a payload is made of.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    /// The run's id, by chance.
    pub(crate) run: u32,
    pub(crate) seed: u64,
    /// 2 at least.
    pub(crate) users: u32,
    /// Bytes of the texts, at least 16: two numbers of eight digits.
    pub(crate) size: Size,
    pub(crate) schedule: Arc<Schedule>,
}

/// What a received text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// A message of this run, every byte as it was sent.
    Message(Message),
    /// A whisper of this run, every byte as it was sent.
    Whisper(Message),
    /// A line of this run's that is not what was sent; from whom, if the name is whole.
    Corrupt(Option<User>),
    /// Not of this run: a notice, an answer, somebody else's message.
    Other,
}

impl Payload {
    pub(crate) fn new(make: Make) -> Self {
        let filler_bytes = usize::from(make.size.max).saturating_sub(2 * DIGITS);
        let mut random = Random::new(!make.seed);
        let letter = |_| b'a' + (random.next() % 26) as u8;
        Self {
            prefix: format!("lg{:08x}-", make.run),
            run: make.run,
            seed: make.seed,
            users: make.users,
            size: make.size,
            schedule: make.schedule,
            filler: (0..filler_bytes).map(letter).collect(),
        }
    }

    /// A user's name.
    pub(crate) fn write_name(&self, user: User, out: &mut Vec<u8>) {
        write!(out, "{}{user}", self.prefix).expect("a Vec takes everything");
    }

    /// Whose name it is, if it is one of this run's.
    pub(crate) fn user_of(&self, name: &str) -> Option<User> {
        number(name.strip_prefix(&self.prefix)?.as_bytes()).map(User)
    }

    /// A message's text.
    pub(crate) fn write_text(&self, message: Message, out: &mut Vec<u8>) {
        let check = self.check(message);
        write!(out, "{:08x}{check:08x}", message.0).expect("a Vec takes everything");
        out.extend_from_slice(self.filler_of(message));
    }

    /// A message's text with its sender's name in front, as a WAC chat server would send it: what is sent
    /// where the server does not say whose it is, so that lines are as long everywhere.
    pub(crate) fn write_spoken(&self, message: Message, out: &mut Vec<u8>) {
        self.write_name(self.schedule.sender(message).into(), out);
        out.extend_from_slice(b": ");
        self.write_text(message, out);
    }

    /// Whom a whisper is for: somebody else than its sender.
    pub(crate) fn receiver(&self, whisper: Message) -> User {
        let others = u64::from(self.users - 1);
        let sender = self.schedule.sender(whisper);
        let step = 1 + mix(self.seed ^ u64::from(whisper.0)) % others;
        User(((u64::from(sender.0) + step) % u64::from(self.users)) as u32)
    }

    /// The schedule whose messages these are.
    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Distinguishes payloads, the run's id aside.
    pub(crate) fn hash(&self) -> u64 {
        let filler = self.filler.iter().map(|&byte| u64::from(byte));
        let each = self.schedule.messages().map(|message| {
            let bytes = self.filler_of(message).len() as u64;
            let whisper = self.schedule.is_whisper(message);
            bytes
                ^ if whisper {
                    u64::from(self.receiver(message).0) << 32
                } else {
                    0
                }
        });
        filler.chain(each).fold(0, |hash, next| mix(hash ^ next))
    }

    /// Says what a line is, its ending taken off: `name: text` or `name whispers, "text"`.
    ///
    /// # Cost
    /// Some tens of nanoseconds: this runs for each delivery, and parses no name that is not ours.
    pub(crate) fn recognise(&self, line: &[u8]) -> Text {
        let Some(rest) = line.strip_prefix(self.prefix.as_bytes()) else {
            return Text::Other;
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let sender = number(&rest[..digits]).filter(|&sender| sender < self.users);
        let Some(sender) = sender.map(User) else {
            return Text::Corrupt(None);
        };
        match rest[digits..].strip_prefix(b": ") {
            Some(text) => self.said(sender, text),
            None => self.whispered(sender, &rest[digits..]),
        }
    }

    /// What everybody reads: a whisper among it is recognised as one, for those who may not read it.
    fn said(&self, sender: User, text: &[u8]) -> Text {
        match self.whole(sender, text) {
            Some(message) if self.schedule.is_whisper(message) => Text::Whisper(message),
            Some(message) => Text::Message(message),
            None => Text::Corrupt(Some(sender)),
        }
    }

    /// What one user reads. A whisper that is not what was sent takes the place of no message to the room: its
    /// sender is not known.
    fn whispered(&self, sender: User, rest: &[u8]) -> Text {
        let Some(text) = rest.strip_prefix(b" whispers, ") else {
            return Text::Corrupt(Some(sender));
        };
        let text = text
            .strip_prefix(b"\"")
            .and_then(|text| text.strip_suffix(b"\""));
        match text.and_then(|text| self.whole(sender, text)) {
            Some(message) if self.schedule.is_whisper(message) => Text::Whisper(message),
            _ => Text::Corrupt(None),
        }
    }

    /// The message, if it is that sender's and every byte is right.
    fn whole(&self, sender: User, text: &[u8]) -> Option<Message> {
        let (message, rest) = text.split_first_chunk()?;
        let (check, filler) = rest.split_first_chunk()?;
        let message = Message(hexadecimal(message)?);
        let whole = message.0 < self.schedule.len()
            && User::from(self.schedule.sender(message)) == sender
            && hexadecimal(check) == Some(self.check(message))
            && filler == self.filler_of(message);
        whole.then_some(message)
    }

    fn filler_of(&self, message: Message) -> &[u8] {
        let Size { min, max } = self.size;
        let size = match max - min {
            0 => max,
            span => {
                min + (mix(self.seed.rotate_left(32) ^ u64::from(message.0))
                    % (u64::from(span) + 1)) as u16
            }
        };
        &self.filler[..usize::from(size) - 2 * DIGITS]
    }

    fn check(&self, message: Message) -> u32 {
        let sender = u64::from(self.schedule.sender(message).0);
        let of = (u64::from(self.run) << 32 | u64::from(message.0)) ^ sender.rotate_left(40);
        (mix(of) >> 32) as u32
    }
}

/// Reads a number as it is written: without a sign, or a zero in front.
fn number(digits: &[u8]) -> Option<u32> {
    match digits {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// What each byte is as a digit; lower case alone, so that a changed case is seen.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [NO_DIGIT; 256];
    let mut nibble = 0;
    while nibble < 16 {
        nibbles[b"0123456789abcdef"[nibble] as usize] = nibble as u8;
        nibble += 1;
    }
    nibbles
};
const NO_DIGIT: u8 = 0xff;

/// Reads digits as they were written.
///
/// # Cost
/// No branch: two of these are for each delivery.
fn hexadecimal(digits: &[u8; DIGITS]) -> Option<u32> {
    let nibbles = digits.map(|digit| NIBBLES[usize::from(digit)]);
    let value = nibbles
        .iter()
        .fold(0, |value, &nibble| value << 4 | u32::from(nibble & 15));
    let seen = nibbles.iter().fold(0, |seen, nibble| seen | nibble);
    (seen != NO_DIGIT).then_some(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::values::Arrival;
    use crate::plan::schedule::Shape;

    /// A message to the room, and a whisper.
    const M: Message = Message(42);
    const W: Message = Message(43);

    /// 100 messages of 5 senders, every second one a whisper.
    fn schedule() -> Arc<Schedule> {
        Arc::new(Schedule::new(&Shape {
            stages: vec![(100.0, Duration::from_secs(1))],
            whispers: 0.5,
            arrival: Arrival::Even,
            senders: 5,
            seed: 7,
        }))
    }

    fn make() -> Make {
        Make {
            run: 0x7f3a,
            seed: 7,
            users: 9,
            size: Size { min: 40, max: 40 },
            schedule: schedule(),
        }
    }

    /// Message 42, which is the room's, and whisper 43, as they are received.
    fn received(payload: &Payload) -> [Vec<u8>; 2] {
        assert!(payload.schedule.is_whisper(W) && !payload.schedule.is_whisper(M));
        let mut line = Vec::new();
        payload.write_spoken(M, &mut line);
        let mut whisper = Vec::new();
        payload.write_name(payload.schedule.sender(W).into(), &mut whisper);
        whisper.extend_from_slice(b" whispers, \"");
        payload.write_text(W, &mut whisper);
        whisper.push(b'"');
        [line, whisper]
    }

    #[test]
    fn a_message_is_read_back_and_has_its_size() {
        let payload = Payload::new(make());
        let [line, whisper] = received(&payload);
        assert_eq!(payload.recognise(&line), Text::Message(M));
        assert_eq!(payload.recognise(&whisper), Text::Whisper(W));
        assert_eq!(line.len(), "lg00007f3a-2: ".len() + 40);
    }

    #[test]
    fn any_changed_byte_of_the_text_is_seen_and_its_sender_known() {
        let payload = Payload::new(make());
        let sender = User::from(payload.schedule.sender(M));
        let [line, _] = received(&payload);
        for at in "lg00007f3a-2: ".len()..line.len() {
            let mut changed = line.clone();
            changed[at] ^= 0x20;
            assert_eq!(
                payload.recognise(&changed),
                Text::Corrupt(Some(sender)),
                "byte {at}"
            );
        }
    }

    #[test]
    fn a_name_that_is_spelled_in_another_way_is_nobodys() {
        let payload = Payload::new(make());
        let [line, _] = received(&payload);
        let spelled = String::from_utf8(line).unwrap();
        for number in ["-0", "-+"] {
            let spelled = spelled.replacen('-', number, 1);
            let text = payload.recognise(spelled.as_bytes());
            assert_eq!(text, Text::Corrupt(None), "{spelled}");
            let name = spelled.split(':').next().unwrap();
            assert_eq!(payload.user_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_line_cut_short_or_grown_is_corrupt() {
        let payload = Payload::new(make());
        let sender = User::from(payload.schedule.sender(M));
        let [mut line, _] = received(&payload);
        assert_eq!(payload.recognise(&line[..20]), Text::Corrupt(Some(sender)));
        line.push(b'x');
        assert_eq!(payload.recognise(&line), Text::Corrupt(Some(sender)));
        assert_eq!(payload.recognise(b"lg00007f3a-"), Text::Corrupt(None));
    }

    #[test]
    fn a_message_under_another_senders_name_is_corrupt() {
        let payload = Payload::new(make());
        let [mut line, _] = received(&payload);
        line["lg00007f3a-".len()] = b'8';
        assert_eq!(payload.recognise(&line), Text::Corrupt(Some(User(8))));
    }

    #[test]
    fn a_whisper_said_aloud_is_a_whisper_and_a_changed_one_is_nobodys() {
        let payload = Payload::new(make());
        let mut line = Vec::new();
        payload.write_spoken(W, &mut line);
        assert_eq!(payload.recognise(&line), Text::Whisper(W));
        let [_, mut whisper] = received(&payload);
        let at = whisper.len() - 2;
        whisper[at] ^= 0x20;
        assert_eq!(payload.recognise(&whisper), Text::Corrupt(None));
    }

    #[test]
    fn lines_of_another_run_are_not_ours() {
        let ours = Payload::new(make());
        let other = Payload::new(Make { run: 1, ..make() });
        assert_eq!(ours.recognise(&received(&other)[0]), Text::Other);
        assert_eq!(ours.recognise(b"* welcome, lg00007f3a-1"), Text::Other);
        assert_eq!(ours.user_of("lg00007f3a-17"), Some(User(17)));
        assert_eq!(other.user_of("lg00007f3a-17"), None);
    }

    #[test]
    fn whispers_are_for_anybody_but_their_sender() {
        let payload = Payload::new(make());
        let mut receivers = [0; 9];
        for whisper in payload
            .schedule
            .messages()
            .filter(|&message| payload.schedule.is_whisper(message))
        {
            let receiver = payload.receiver(whisper);
            assert_ne!(receiver, payload.schedule.sender(whisper).into());
            receivers[receiver.index()] += 1;
        }
        assert!(receivers.iter().all(|&count| count > 0), "{receivers:?}");
    }

    #[test]
    fn sizes_vary_within_their_span_and_follow_from_the_seed() {
        let make = || Make {
            size: Size { min: 20, max: 60 },
            ..make()
        };
        let payload = Payload::new(make());
        let length = |message| {
            let mut text = Vec::new();
            payload.write_text(message, &mut text);
            text.len()
        };
        let lengths: Vec<_> = (0..100).map(Message).map(length).collect();
        assert!(lengths.iter().all(|length| (20..=60).contains(length)));
        assert!(
            lengths.iter().any(|&length| length < 30) && lengths.iter().any(|&length| length > 50)
        );
        assert_eq!(
            payload.hash(),
            Payload::new(Make { run: 9, ..make() }).hash()
        );
        assert_ne!(
            payload.hash(),
            Payload::new(Make { seed: 8, ..make() }).hash()
        );
    }

    /// Everything that a seed fixes: when each message is due, whose it is, to whom, and every byte of its text.
    #[test]
    fn a_seed_keeps_its_schedule_and_its_texts_for_ever() {
        let schedule = Arc::new(Schedule::new(&Shape {
            stages: vec![
                (100.0, Duration::from_secs(2)),
                (50.0, Duration::from_secs(1)),
            ],
            whispers: 0.25,
            arrival: Arrival::Poisson,
            senders: 5,
            seed: 42,
        }));
        let payload = Payload::new(Make {
            run: 0x7f3a,
            seed: 42,
            users: 9,
            size: Size { min: 20, max: 60 },
            schedule: schedule.clone(),
        });
        let mut bytes = Vec::new();
        for message in schedule.messages() {
            bytes.extend(schedule.due(message).to_le_bytes());
            bytes.extend([u8::from(schedule.is_whisper(message))]);
            bytes.extend(payload.receiver(message).0.to_le_bytes());
            payload.write_spoken(message, &mut bytes);
        }
        let hash = bytes
            .iter()
            .fold(0, |hash, &byte| mix(hash ^ u64::from(byte)));
        let hashes = [hash, schedule.hash(), payload.hash()];
        let pinned = [
            2_140_468_294_640_408_440,
            15_153_134_092_261_327_893,
            1_877_067_856_691_165_047,
        ];
        assert_eq!((schedule.len(), hashes), (245, pinned));
    }
}
