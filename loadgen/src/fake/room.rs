//! The room: who is in it, what is said, and who gets it, rightly or as the script says.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::courier::{Courier, Parcel};
use super::script::{Fault, Script};

/// A connection's number, in the order they came. It is not used again.
pub(super) type MemberId = usize;

/// A command that is refused, and why, as the protocol words it.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl From<Refusal<'_>> for Refused {
    fn from(refusal: Refusal<'_>) -> Self {
        Self(refusal.to_string())
    }
}

/// Everything that one lock guards.
#[derive(Debug)]
pub(super) struct Room {
    /// The faults in it are those yet to be done.
    script: Script,
    members: Vec<Member>,
    /// Messages and whispers dealt with.
    dealt: usize,
    /// What waits for the message that frees it.
    withheld: Vec<Message>,
    paused_until: Option<Instant>,
    /// What was done wrong, and where.
    done: Vec<(Fault, String)>,
    courier: Courier,
}

/// A connection.
#[derive(Debug)]
struct Member {
    /// None before the login.
    name: Option<String>,
    /// None when it has gone.
    stream: Option<Arc<TcpStream>>,
    /// Messages and whispers it has sent.
    said: usize,
    whispered: usize,
    /// A line that waits for the next of the member who sent it.
    late: Option<(MemberId, String)>,
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

impl Room {
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
            courier: Courier::start()?,
        })
    }

    /// A connection has come; it is greeted.
    pub(super) fn enter(&mut self, stream: Arc<TcpStream>) -> MemberId {
        self.members.push(Member {
            name: None,
            stream: Some(stream),
            said: 0,
            whispered: 0,
            late: None,
        });
        let me = self.members.len() - 1;
        let greeting = Notice::Other("a fake server: LIN <name> logs in");
        self.answer(me, &ServerLine::Notice(greeting));
        me
    }

    pub(super) fn log_in(&mut self, me: MemberId, name: &str) -> Result<(), Refused> {
        if let Some(name) = &self.members[me].name {
            return Err(Refusal::AlreadyLoggedIn(name).into());
        }
        if self.named(name).is_some() {
            return Err(Refusal::Taken(name).into());
        }
        self.members[me].name = Some(name.to_owned());
        self.answer(me, &ServerLine::Notice(Notice::Welcome(name)));
        Ok(())
    }

    pub(super) fn say(&mut self, me: MemberId, text: &str) -> Result<(), Refused> {
        let name = self.speaker(me)?;
        let line = format!("{name}: {}", something(text)?);
        let sender = &mut self.members[me];
        sender.said += 1;
        let number = sender.said;
        self.take(Message {
            sender: me,
            number,
            to: None,
            line,
        });
        Ok(())
    }

    pub(super) fn whisper(&mut self, me: MemberId, to: &str, text: &str) -> Result<(), Refused> {
        let name = self.speaker(me)?;
        let line = format!("{name} whispers, \"{}\"", something(text)?);
        let Some(to) = self.named(to) else {
            return Err(Refusal::NoSuchUser(to).into());
        };
        let sender = &mut self.members[me];
        sender.whispered += 1;
        let number = sender.whispered;
        self.take(Message {
            sender: me,
            number,
            to: Some(to),
            line,
        });
        Ok(())
    }

    /// Tells a member something of its own, behind all that it was sent before.
    pub(super) fn answer(&mut self, me: MemberId, line: &ServerLine<'_>) {
        self.put(me, line.to_bytes(), Duration::ZERO, false);
    }

    /// Tells a member why its connection ends, and ends it.
    pub(super) fn dismiss(&mut self, me: MemberId, why: Closing<'_>) {
        let line = ServerLine::Notice(Notice::Closing(why));
        self.put(me, line.to_bytes(), Duration::ZERO, true);
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

    /// Where a fault was done first.
    pub(super) fn place(&self, fault: Fault) -> Option<String> {
        let mut done = self.done.iter();
        let first = done.find(|(done, _)| *done == fault);
        first.map(|(_, place)| place.clone())
    }

    fn speaker(&self, me: MemberId) -> Result<&str, Refused> {
        let name = self.members[me].name.as_deref();
        name.ok_or_else(|| Refusal::NotLoggedIn.into())
    }

    fn named(&self, name: &str) -> Option<MemberId> {
        self.members.iter().position(|member| {
            let own = member.name.as_deref().filter(|_| member.stream.is_some());
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
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
        self.put(reader, format!("{line}\r\n"), delay, false);
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

    /// Hands text to the courier, if the member is still there.
    fn put(&self, to: MemberId, bytes: impl Into<Vec<u8>>, delay: Duration, last: bool) {
        let Some(stream) = self.members[to].stream.clone() else {
            return;
        };
        let due = Instant::now() + delay;
        self.courier.push(Parcel {
            due: self.paused_until.map_or(due, |until| until.max(due)),
            to: stream,
            bytes: bytes.into(),
            last,
        });
    }
}

impl Message {
    fn is_for(&self, reader: MemberId) -> bool {
        match self.to {
            Some(to) => reader == to,
            None => reader != self.sender,
        }
    }
}

impl Member {
    /// The load tester's number for the user: what the name ends with.
    fn user(&self) -> &str {
        let name = self.name.as_deref().unwrap_or_default();
        name.rsplit('-').next().unwrap_or_default()
    }
}

/// The text, if it is one.
fn something(text: &str) -> Result<&str, Refused> {
    match text.trim().is_empty() {
        true => Err(Refusal::NoText.into()),
        false => Ok(text),
    }
}
