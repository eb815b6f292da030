//! The room: who is in it, what is said, and who gets it, rightly or as the script says.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::past::{Past, Shown};
use super::writer::{FakeWriter, Parcel};
use super::{Fault, Script};

/// A connection's number, in the order they came. It is not used again.
pub(super) type MemberId = usize;

/// Everything that one lock guards.
#[derive(Debug)]
pub(super) struct FakeRoom {
    /// The faults in it are those yet to be done.
    script: Script,
    members: Vec<FakeMember>,
    /// Messages and whispers dealt with.
    dealt: usize,
    /// What waits for the message that frees it.
    withheld: Vec<Message>,
    paused_until: Option<Instant>,
    /// What was done wrong, and where.
    done: Vec<(Fault, String)>,
    past: Past,
    writer: FakeWriter,
}

/// A connection.
#[derive(Debug)]
struct FakeMember {
    /// None before the login.
    name: Option<String>,
    /// None when it has gone.
    stream: Option<Arc<TcpStream>>,
    /// Messages and whispers it has sent.
    said: usize,
    whispered: usize,
    /// A line that waits for the next of the member who sent it.
    late: Option<(MemberId, String)>,
    /// Lines of one sender that wait for somebody else's next.
    overtaken: Vec<(MemberId, String)>,
}

/// What a member said.
#[derive(Debug)]
struct Message {
    sender: MemberId,
    /// Which of its sender's messages, or whispers, it is, counted from 1.
    number: usize,
    /// To whom alone it is whispered.
    to: Option<MemberId>,
    /// As its readers get it.
    line: String,
}

impl FakeRoom {
    /// # Errors
    /// The system's, if there is no thread to be had.
    pub(super) fn new(script: Script) -> io::Result<Self> {
        Ok(Self {
            script,
            members: Vec::new(),
            dealt: 0,
            withheld: Vec::new(),
            paused_until: None,
            done: Vec::new(),
            past: Past::default(),
            writer: FakeWriter::start()?,
        })
    }

    /// A connection has come; it is greeted.
    pub(super) fn enter(&mut self, stream: Arc<TcpStream>) -> MemberId {
        self.members.push(FakeMember {
            name: None,
            stream: Some(stream),
            said: 0,
            whispered: 0,
            late: None,
            overtaken: Vec::new(),
        });
        let me = self.members.len() - 1;
        self.answer(me, "* a fake server: LIN <name> logs in");
        me
    }

    pub(super) fn log_in(&mut self, me: MemberId, name: &str) {
        self.members[me].name = Some(name.to_owned());
        let welcome = || format!("* welcome, {name}");
        let answer = self.script.refusal.clone().unwrap_or_else(welcome);
        self.answer(me, &answer);
    }

    pub(super) fn answer_ping(&mut self, me: MemberId, token: &str) {
        if !self.script.answers_no_ping {
            self.answer(me, format!("PONG {token}").trim_end());
        }
    }

    /// Names the place in the room that this answer stands at: all that was dealt with is on its way.
    pub(super) fn mark(&mut self, me: MemberId) {
        let mark = self.past.mark();
        self.answer(me, &format!("MARK {mark}"));
    }

    /// Shows what was said since a mark, rightly or as the script says.
    pub(super) fn replay(&mut self, me: MemberId, mark: &str) {
        let due = self.script.replay.filter(|(from, _)| *from <= self.dealt);
        let fault = due.map(|(_, fault)| fault);
        let lines = self.past.since(mark, self.members[me].user(), fault);
        if self.past.wrong().is_some() {
            self.script.replay = None;
        }
        lines.iter().for_each(|line| self.answer(me, line));
    }

    pub(super) fn replay_fault(&self) -> Option<String> {
        self.past.wrong().map(str::to_owned)
    }

    pub(super) fn say(&mut self, me: MemberId, text: &str) {
        let sender = &mut self.members[me];
        sender.said += 1;
        let message = Message {
            sender: me,
            number: sender.said,
            to: None,
            line: format!("{}: {text}", sender.name()),
        };
        self.take(message);
    }

    pub(super) fn whisper(&mut self, me: MemberId, to: &str, text: &str) {
        let to = self.members.iter().position(|member| member.name() == to);
        let sender = &mut self.members[me];
        sender.whispered += 1;
        let message = Message {
            sender: me,
            number: sender.whispered,
            to: Some(to.expect("whispers are for users")),
            line: format!("{} whispers, \"{text}\"", sender.name()),
        };
        self.take(message);
    }

    /// Sends a member a line of its own, behind everything sent to it before.
    pub(super) fn answer(&mut self, me: MemberId, line: &str) {
        self.put(me, format!("{line}\r\n"), Duration::ZERO, false);
    }

    /// Says goodbye to a member, and ends its connection.
    pub(super) fn dismiss(&mut self, me: MemberId) {
        self.put(me, "* closing: goodbye\r\n", Duration::ZERO, true);
        self.leave(me);
    }

    /// A connection has ended.
    pub(super) fn leave(&mut self, me: MemberId) {
        self.members[me].stream = None;
    }

    /// Ends all connections.
    pub(super) fn close_all(&mut self) {
        for stream in self
            .members
            .iter_mut()
            .filter_map(|each| each.stream.take())
        {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn dealt(&self) -> usize {
        self.dealt
    }

    /// Where a fault was done first.
    pub(super) fn place(&self, fault: Fault) -> Option<String> {
        let mut done = self.done.iter();
        let first = done.find(|(done, _)| *done == fault);
        first.map(|(_, place)| place.clone())
    }

    /// Takes what was said; it is dealt with now, or with the message that frees it.
    fn take(&mut self, message: Message) {
        self.withheld.push(message);
        if self.withheld.len() + self.dealt >= self.script.withhold {
            for message in std::mem::take(&mut self.withheld) {
                self.deal_with(&message);
            }
        }
    }

    fn deal_with(&mut self, message: &Message) {
        let pause = self.script.pause.filter(|pause| pause.at == self.dealt);
        if let Some(pause) = pause {
            self.paused_until = Some(Instant::now() + pause.lasts);
        }
        let wrong = self.wrong_with(message);
        self.dealt += 1;
        if message.to.is_none() {
            self.past.push(Shown {
                line: message.line.clone(),
                name: format!(
                    "message {} of u{}",
                    message.number,
                    self.members[message.sender].user()
                ),
            });
        }
        for reader in 0..self.members.len() {
            match wrong {
                Some((fault, victim)) if victim == reader => {
                    self.misdeliver(fault, message, reader)
                }
                _ if message.is_for(reader) => self.deliver(message, reader, &message.line),
                _ => {}
            }
        }
    }

    /// The next fault that is to be done and can be done with this message, and to whom.
    fn wrong_with(&mut self, message: &Message) -> Option<(Fault, MemberId)> {
        let mut faults = (0..).zip(&self.script.faults);
        let (index, wrong) = faults.find_map(|(index, &(at, fault))| {
            let victim = self.victim(message, fault).filter(|_| at <= self.dealt)?;
            Some((index, (fault, victim)))
        })?;
        self.script.faults.remove(index);
        Some(wrong)
    }

    fn victim(&self, message: &Message, fault: Fault) -> Option<MemberId> {
        let suits = |reader: MemberId| match fault {
            Fault::Echo => reader == message.sender,
            Fault::Leak => {
                message.to.is_some() && reader != message.sender && !message.is_for(reader)
            }
            _ => message.is_for(reader),
        };
        let here = |reader: &MemberId| {
            let member = &self.members[*reader];
            member.name.is_some() && member.stream.is_some()
        };
        (0..self.members.len())
            .filter(here)
            .filter(|&reader| suits(reader))
            .min_by_key(|&reader| self.members[reader].said)
    }

    fn deliver(&mut self, message: &Message, reader: MemberId, line: &str) {
        let delay = self.script.delay;
        let overtaken = &mut self.members[reader].overtaken;
        if overtaken
            .first()
            .is_some_and(|(from, _)| *from == message.sender)
        {
            overtaken.push((message.sender, line.to_owned()));
            return;
        }
        let overtaken = std::mem::take(overtaken);
        self.put(reader, format!("{line}\r\n"), delay, false);
        for (_, line) in overtaken {
            self.put(reader, format!("{line}\r\n"), delay, false);
        }
        let late = &mut self.members[reader].late;
        if let Some((_, late)) = late.take_if(|(from, _)| *from == message.sender) {
            self.put(reader, format!("{late}\r\n"), delay, false);
        }
    }

    fn misdeliver(&mut self, fault: Fault, message: &Message, reader: MemberId) {
        self.done.push((fault, self.place_of(message, reader)));
        let line = &message.line;
        match fault {
            Fault::Drop => {}
            Fault::Double => {
                self.deliver(message, reader, line);
                self.deliver(message, reader, line);
            }
            Fault::Swap => self.members[reader].late = Some((message.sender, line.clone())),
            Fault::Overtake => {
                self.members[reader].overtaken = vec![(message.sender, line.clone())];
            }
            Fault::Echo | Fault::Leak => self.deliver(message, reader, line),
            Fault::Corrupt => {
                let mut changed = line.clone();
                changed.pop();
                self.deliver(message, reader, &(changed + "#"));
            }
            Fault::Cut => {
                let half: String = line.chars().take(line.chars().count() / 2).collect();
                self.put(reader, half, self.script.delay, true);
                self.leave(reader);
            }
        }
    }

    fn place_of(&self, message: &Message, reader: MemberId) -> String {
        let kind = match message.to {
            Some(_) => "whisper",
            None => "message",
        };
        let [reader, sender] = [reader, message.sender].map(|member| self.members[member].user());
        format!("at u{reader}, {kind} {} of u{sender}", message.number)
    }

    /// Hands text to the writer, if the member is still there.
    fn put(&self, to: MemberId, bytes: impl Into<Vec<u8>>, delay: Duration, last: bool) {
        let Some(stream) = self.members[to].stream.clone() else {
            return;
        };
        let due = Instant::now() + delay;
        self.writer.push(Parcel {
            due: self.paused_until.map_or(due, |until| until.max(due)),
            to: stream,
            bytes: bytes.into(),
            last,
        });
    }
}

impl Message {
    fn is_for(&self, reader: MemberId) -> bool {
        self.to.map_or(reader != self.sender, |to| reader == to)
    }
}

impl FakeMember {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The load tester's number for the user: what the name ends with.
    fn user(&self) -> &str {
        self.name().rsplit('-').next().unwrap_or_default()
    }
}
