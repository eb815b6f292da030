//! Reader: a connection of the simulation, with the bytes it received and those it should have received.

use std::collections::BTreeMap;

use super::step::Departure;

/// A sender's messages to everybody, or to one name.
pub(super) type Stream = (usize, Option<usize>);

/// The sender of a numbered message, and its addressee if it is a whisper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) from: usize,
    pub(super) to: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) who: usize,
    left: Option<Departure>,
    /// The step in which it was greeted: messages sent later are for it, too.
    greeted: Option<u64>,
    /// Its name, and the step in which it was welcomed under that name.
    named: Option<(usize, u64)>,
    /// The names it has claimed.
    asked: Vec<usize>,
    /// One of its whispers has been refused, so it is unknown which of them were accepted.
    refused: bool,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    lines: Vec<String>,
    /// The past that it was shown; the last one may not have ended.
    replays: Vec<Replay>,
    is_shown_past: bool,
    last_said: BTreeMap<Option<usize>, u64>,
    /// The last number read of each stream.
    seen: BTreeMap<Stream, u64>,
    fences: BTreeMap<u64, Fence>,
}

/// The past that somebody was shown.
#[derive(Debug)]
struct Replay {
    /// The number of messages of the room read before.
    read: usize,
    numbers: Vec<u64>,
}

/// A fence that was requested.
#[derive(Debug)]
struct Fence {
    /// Messages that have to be read before it.
    stood: BTreeMap<Stream, u64>,
    /// Messages that its sender had sent before.
    said: BTreeMap<Option<usize>, u64>,
}

impl Reader {
    pub(super) fn new(who: usize) -> Self {
        Self {
            who,
            left: None,
            greeted: None,
            named: None,
            asked: Vec::new(),
            refused: false,
            partial: Vec::new(),
            lines: Vec::new(),
            replays: Vec::new(),
            is_shown_past: false,
            last_said: BTreeMap::new(),
            seen: BTreeMap::new(),
            fences: BTreeMap::new(),
        }
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.is_some() || self.who == 0
    }

    pub(super) fn is_broken(&self) -> bool {
        self.left == Some(Departure::Breaks)
    }

    pub(super) fn name(&self) -> Option<usize> {
        self.named.map(|(name, _)| name)
    }

    pub(super) fn leave(&mut self, how: Departure) {
        if self.left != Some(Departure::Breaks) {
            self.left = Some(how);
        }
    }

    pub(super) fn asks_for(&mut self, name: usize) {
        self.asked.push(name);
    }

    /// Notes its messages; those sent before it has a name do not count.
    pub(super) fn says(&mut self, to: Option<usize>, number: u64) {
        if self.named.is_some() {
            self.last_said.insert(to, number);
        }
    }

    pub(super) fn ask_for_fence(&mut self, number: u64, stands: &BTreeMap<Stream, u64>) {
        if !self.has_left() {
            let (stood, said) = (stands.clone(), self.last_said.clone());
            self.fences.insert(number, Fence { stood, said });
        }
    }

    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        said: &BTreeMap<u64, Said>,
        stands: &mut BTreeMap<Stream, u64>,
        step: u64,
    ) {
        self.partial.extend_from_slice(bytes);
        let Some(whole) = self.partial.iter().rposition(|&byte| byte == b'\n') else {
            return;
        };
        let rest = self.partial.split_off(whole + 1);
        let text = String::from_utf8(std::mem::replace(&mut self.partial, rest)).unwrap();
        for line in text.split_terminator("\r\n") {
            if self.is_shown_past {
                self.read_past(line);
            } else {
                self.read_line(line, said, stands, step);
                self.lines.push(line.to_owned());
            }
        }
    }

    fn read_past(&mut self, line: &str) {
        let replay = self.replays.last_mut().expect("one has begun");
        replay.numbers.extend(message(line));
        self.is_shown_past = line != "* history ends";
    }

    fn read_line(
        &mut self,
        line: &str,
        said: &BTreeMap<u64, Said>,
        stands: &mut BTreeMap<Stream, u64>,
        step: u64,
    ) {
        self.greeted.get_or_insert(step);
        if let Some(name) = line.strip_prefix("* welcome, p") {
            self.named = Some((name.parse().unwrap(), step));
        } else if line.starts_with("* history: ") && !line.contains(": nothing") {
            let read = self.lines.iter().filter_map(|line| message(line)).count();
            let numbers = Vec::new();
            self.replays.push(Replay { read, numbers });
            self.is_shown_past = true;
        } else if line.starts_with("! no user") || line.ends_with("try later") {
            self.refused = true;
        } else if let Some(number) = message(line) {
            self.seen.insert((said[&number].from, None), number);
        } else if let Some(number) = whisper(line) {
            self.seen
                .insert((said[&number].from, said[&number].to), number);
        } else if let Some(number) = line.strip_prefix("PONG #") {
            self.pass_fence(number.parse().unwrap(), stands);
        }
    }

    fn pass_fence(&mut self, number: u64, stands: &mut BTreeMap<Stream, u64>) {
        let fence = self
            .fences
            .remove(&number)
            .expect("each PING is answered once");
        for (stream, stood) in fence.stood {
            let seen = self.seen.get(&stream).copied().unwrap_or_default();
            assert!(
                !self.is_mine(stream, stood) || seen >= stood,
                "{} reads PONG #{number} before {stream:?}'s #{stood}, having seen #{seen}",
                self.who
            );
        }
        for (to, said) in fence.said {
            if to.is_none() || !self.refused {
                let stands = stands.entry((self.who, to)).or_default();
                *stands = said.max(*stands);
            }
        }
    }

    /// Tells whether a numbered message of a stream is for this reader.
    fn is_mine(&self, (from, to): Stream, number: u64) -> bool {
        match to {
            None => from != self.who && self.greeted.is_some_and(|since| number > since),
            Some(to) => self
                .named
                .is_some_and(|(name, since)| name == to && number > since),
        }
    }

    /// Tells whether it reads until the server closes: it neither broke nor was closed for a fault of its own.
    pub(super) fn reads_to_the_last(&self) -> bool {
        self.lines
            .last()
            .is_some_and(|line| line == "* closing: the server is stopping")
    }

    pub(super) fn check(
        &self,
        room: &[u64],
        said: &BTreeMap<u64, Said>,
        ended: bool,
        everything: bool,
    ) {
        let who = self.who;
        assert!(
            self.partial.is_empty() || ended,
            "{who}: a stream that goes on has whole lines"
        );
        let read: Vec<u64> = self.lines.iter().filter_map(|line| message(line)).collect();
        let due: Vec<u64> = room
            .iter()
            .copied()
            .filter(|number| said[number].from != who)
            .collect();
        let begin = match read.first() {
            Some(first) => due
                .iter()
                .position(|number| number == first)
                .expect("a line that was read is in the room"),
            None => due.len(),
        };
        assert!(
            due[begin..].starts_with(&read),
            "{who}: one order, no hole, no echo: {read:?} of {due:?}"
        );
        assert!(
            !everything || read.is_empty() || due[begin..].len() == read.len(),
            "{who} read {} of {}",
            read.len(),
            due[begin..].len()
        );
        assert!(
            ended || self.left.is_some() || self.fences.is_empty(),
            "{who} was answered: {:?}",
            self.fences.keys()
        );
        self.check_past(room, &read);
        self.check_private(said);
    }

    /// Checks that each replay showed the room as it was: what was read before it is within or before, all that was read after it
    /// is beyond.
    fn check_past(&self, room: &[u64], read: &[u64]) {
        let place = |number: &u64| room.iter().position(|it| it == number).unwrap();
        for Replay {
            read: before,
            numbers,
        } in &self.replays
        {
            let Some(first) = numbers.first() else {
                continue;
            };
            let begin = place(first);
            let end = begin + numbers.len();
            assert_eq!(
                room[begin..end],
                numbers[..],
                "{}: the past as it was",
                self.who
            );
            assert!(read[*before..].iter().all(|number| place(number) >= end));
            let is_whole = !self.is_shown_past || numbers != &self.replays.last().unwrap().numbers;
            assert!(!is_whole || read[..*before].iter().all(|number| place(number) < end));
        }
    }

    fn check_private(&self, said: &BTreeMap<u64, Said>) {
        let mut last = BTreeMap::new();
        for line in &self.lines {
            if let Some(number) = whisper(line) {
                let to = said[&number].to.expect("it was a whisper");
                // It may arrive before the welcome, but never at a reader that does not get the name.
                let mine = self
                    .name()
                    .map_or(self.asked.contains(&to), |name| name == to);
                assert!(mine, "{} reads a whisper to p{to}", self.who);
            }
            if let Some(number) = message(line).or_else(|| whisper(line)) {
                let before = last.insert(said[&number].from, number).unwrap_or_default();
                assert!(
                    before < number,
                    "{} reads #{number} after #{before} of one sender",
                    self.who
                );
            }
        }
    }
}

/// Returns the number in `p3: #17 …`.
pub(super) fn message(line: &str) -> Option<u64> {
    let (_, rest) = line.strip_prefix('p')?.split_once(": #")?;
    rest.split([' ', '\r']).next()?.parse().ok()
}

/// Returns the number in `p3 whispers, "#17"`.
fn whisper(line: &str) -> Option<u64> {
    let (_, rest) = line.strip_prefix('p')?.split_once(" whispers, \"#")?;
    rest.strip_suffix('"')?.parse().ok()
}
