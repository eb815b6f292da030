//! Conversation of a session: its login, the answers and outcomes that it waits for, and how far its
//! input may go.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, Event, InputState, Item, Items, OWN_WAITING_BYTES, Rules};
use crate::MAX_CLIENT_LINE_BYTES;
use crate::close_reason::CloseReason;
use crate::cursor::Written;
use crate::decoder::Input;
use crate::flood::{Flood, Held};
use crate::name::Name;
use crate::other_protocols::{Extent, is_foreign, without_byte_order_mark};
use crate::roster::WhisperQuota;
use crate::text;
use crate::wire::command::{Command, Cost, Line};
use crate::wire::line::LINE_END;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

#[derive(Debug)]
pub(super) enum Login {
    Visitor,
    Claiming(Name),
    /// The password for the name is being checked.
    Proving(Name),
    User(Name, Arc<WhisperQuota>),
}

/// A session without its input and its place in the log.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) login: Login,
    /// `None` if the peer is exempt.
    pub(super) flood: Option<Flood>,
    /// The weight of own answers and skips that have not been written.
    pub(super) own_waiting: usize,
    /// The number of replies of the shard's, or parts of one, that have not been written.
    pub(super) replies_waiting: usize,
    /// An item was handed out whose outcome is not known yet.
    pub(super) awaiting: bool,
    /// A first line that is not blank has been seen, so the peer speaks our protocol, well or badly.
    has_spoken: bool,
    pub(super) input_ended: bool,
    pub(super) ended: Option<CloseReason>,
}

impl Conversation {
    /// Begins a conversation whose greeting has not been written.
    pub(super) fn begin(flood: Option<Flood>) -> Self {
        Self {
            login: Login::Visitor,
            flood,
            own_waiting: 0,
            replies_waiting: 1,
            awaiting: false,
            has_spoken: false,
            input_ended: false,
            ended: None,
        }
    }

    pub(super) fn name(&self) -> Option<&Name> {
        match &self.login {
            Login::User(name, _) => Some(name),
            Login::Visitor | Login::Claiming(_) | Login::Proving(_) => None,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.awaiting || self.own_waiting > OWN_WAITING_BYTES || self.replies_waiting > 0
    }

    pub(super) fn wants_input(&self) -> bool {
        self.ended.is_none() && !self.input_ended && !self.is_waiting()
    }

    /// Returns the number of bytes that flood control allows to be read now.
    ///
    /// # Errors
    /// The progress of a session that is held, or has been held too long.
    pub(super) fn may_read(
        &mut self,
        rules: &Rules,
        now: Duration,
        items: &mut Items,
    ) -> Result<usize, InputState> {
        match (&mut self.flood, &rules.flood) {
            (Some(flood), Some(limits)) => flood
                .may_read(limits, now)
                .map_err(|held| self.hold(held, items)),
            _ => Ok(usize::MAX),
        }
    }

    /// Returns the reason to end a session whose input holds no more than an incomplete line, if there is one.
    pub(super) fn reason_to_end(&self, incomplete: &[u8]) -> Option<CloseReason> {
        if !self.has_spoken && is_foreign(incomplete, Extent::Begun) {
            Some(CloseReason::NotOurProtocol)
        } else {
            self.input_ended.then_some(CloseReason::PeerClosed)
        }
    }

    /// Takes one thing of the input.
    ///
    /// # Errors
    /// [`Held`] if flood control does not let it pass yet; nothing was taken.
    pub(super) fn take(
        &mut self,
        input: &Input<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Held> {
        if !self.has_spoken && is_foreign_input(input) {
            self.end(CloseReason::NotOurProtocol, context.items);
            return Ok(());
        }
        match *input {
            Input::Line(bytes) => self.take_line(bytes, context)?,
            Input::TooLong(_) => {
                self.allow(Cost::Line, MAX_CLIENT_LINE_BYTES, 0, context)?;
                self.refuse(Refusal::TooLong, context.items);
                self.has_spoken = true;
            }
            Input::AreYouThere => {
                self.allow(Cost::Line, 0, 0, context)?;
                self.tell(Notice::Present, context.items);
            }
            Input::Decline(bytes) => {
                self.allow(Cost::Fifth, 0, 0, context)?;
                self.answer(bytes.into(), context.items);
            }
        }
        Ok(())
    }

    fn take_line(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Result<(), Held> {
        let Ok(line) = std::str::from_utf8(self.without_its_mark(bytes)) else {
            self.allow(Cost::Line, bytes.len(), 0, context)?;
            self.refuse(Refusal::NotUtf8, context.items);
            self.has_spoken = true;
            return Ok(());
        };
        let line = text::clean(line);
        let line = Line::parse(&line);
        self.allow(line.cost(), bytes.len(), self.said_bytes(&line), context)?;
        self.respond(&line, context.rules, context.items);
        self.has_spoken |= line != Line::Blank;
        Ok(())
    }

    /// Strips a byte order mark from a line that may be the first.
    fn without_its_mark<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.has_spoken {
            line
        } else {
            without_byte_order_mark(line)
        }
    }

    /// Returns the number of bytes that a line would add to the room log.
    fn said_bytes(&self, line: &Line<'_>) -> usize {
        match (line, self.name()) {
            (Line::Known(_, Ok(command)), Some(name)) => match command {
                Command::Message(text) => {
                    name.as_str().len() + ": ".len() + text.len() + LINE_END.len()
                }
                Command::LogIn(_)
                | Command::Whisper { .. }
                | Command::Secret
                | Command::Ping(_)
                | Command::Who
                | Command::History(_)
                | Command::Mark
                | Command::Since(_)
                | Command::Help
                | Command::Quit => 0,
            },
            _ => 0,
        }
    }

    /// Asks flood control, if there is any, whether a line may pass; `said` of its bytes go to the room.
    fn allow(
        &mut self,
        cost: Cost,
        bytes: usize,
        said: usize,
        context: &Context<'_>,
    ) -> Result<(), Held> {
        match (&mut self.flood, &context.rules.flood) {
            (Some(flood), Some(limits)) => {
                let room = |lately| (context.room)(said, lately);
                flood.line(limits, cost, bytes, context.now, room)
            }
            _ => Ok(()),
        }
    }

    /// Holds the session until flood control lets it go on, or ends it if it was held too long.
    pub(super) fn hold(&mut self, held: Held, items: &mut Items) -> InputState {
        if held.too_long {
            self.end(CloseReason::HeldTooLong, items);
            return InputState::Ended;
        }
        if held.is_news {
            self.tell(Notice::SlowDown, items);
            items.push(Item::HeldBack);
        }
        InputState::Held(held.until)
    }

    pub(super) fn on(&mut self, event: Event, items: &mut Items) {
        self.awaiting = false;
        if self.ended.is_none() {
            self.answer_event(event, items);
        }
    }

    pub(super) fn end(&mut self, reason: CloseReason, items: &mut Items) {
        self.end_for(reason, None, items);
    }

    /// Ends the session, with the operator's reason for a removal.
    pub(super) fn end_for(&mut self, reason: CloseReason, why: Option<&str>, items: &mut Items) {
        if self.ended.is_none()
            && let Some(notice) = reason.announcement_for(why)
        {
            self.tell(notice, items);
        }
        self.end_silently(reason, items);
    }

    /// Ends the session, whose peer is told by others.
    pub(super) fn end_silently(&mut self, reason: CloseReason, items: &mut Items) {
        if self.ended.is_none() {
            self.ended = Some(reason);
            items.push(Item::End(reason));
        }
    }

    /// Counts the bytes that have been written.
    pub(super) fn written(&mut self, written: &Written) {
        self.own_waiting -= written.own;
        self.replies_waiting -= written.replies;
        if let Login::User(_, account) = &self.login
            && written.whispers > 0
        {
            account.release(written.whispers);
        }
    }
}

/// Tells whether input that may be a connection's first belongs to another protocol.
fn is_foreign_input(input: &Input<'_>) -> bool {
    match *input {
        Input::Line(bytes) => is_foreign(bytes, Extent::Whole),
        Input::TooLong(beginning) => is_foreign(beginning, Extent::TooLong),
        Input::AreYouThere | Input::Decline(_) => false,
    }
}
