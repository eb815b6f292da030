//! The past of the room: what was missed in an outage, what was said before the user came, and what they want to read again.

use std::time::Duration;

use jiff::civil::DateTime;
use wac_core::wire::command::Line as Row;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::event::Actions;
use super::execute::show_again;
use super::line::{Line, Mention, Past, PastKind};
use super::people::Activity;
use super::presence_batch::PresenceBatch;
use super::{Action, App, Mode, messages};
use crate::protocol::catch_up::{Missed, PastLine, Refused};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::text::bare;

impl App {
    /// Shows what was missed between two rules, as if it was said now, but with its times.
    pub(super) fn missed(&mut self, missed: Missed, now: Now, out: &mut Vec<Action>) {
        let gap = self.lifecycle.gap();
        let (lines, count) = self.missed_lines(&missed.lines, now);
        let kept_since = missed.kept_since.map(|since| now.local_at(since));
        if missed.begins && (count > 0 || kept_since.is_some()) {
            out.show(Line::Rule(match missed.is_anew {
                true => messages::anew(count, gap),
                false => messages::missed(count, missed.ends, gap, kept_since),
            }));
        }
        out.extend(lines);
        if !missed.ends {
            return;
        }
        self.lifecycle.take_gap();
        if count > 0 {
            out.show(Line::Rule(messages::FROM_NOW_ON.to_owned()));
        } else if missed.is_anew {
            out.extend(gap.map(|gap| Action::Tell(messages::nothing_anew(gap))));
        } else if kept_since.is_none() {
            out.show(Line::Back(messages::NOTHING_MISSED.to_owned()));
        }
        self.in_doubt(missed.in_doubt, out);
        let told = messages::not_accepted(missed.unaccepted.len());
        self.wait_again(missed.unaccepted, told, out);
    }

    /// Returns the lines as they are shown, and their number.
    fn missed_lines(&mut self, lines: &[PastLine], now: Now) -> (Vec<Action>, usize) {
        let (mut shown, mut count) = (Vec::new(), 0);
        let mut presence = PresenceBatch::default();
        let mut at = now.local;
        for past in lines {
            let line = ServerLine::parse(&past.line);
            if self.is_muted(&line) {
                continue;
            }
            count += 1;
            if !is_folded(&line, &mut presence, now) {
                shown.extend(folded(&mut presence).map(|action| in_the_past(action, at)));
                let said = self.missed_line(&line, &mut presence, now);
                let at = now.local_at(past.at);
                shown.extend(said.into_iter().map(|action| in_the_past(action, at)));
            }
            at = now.local_at(past.at);
        }
        shown.extend(folded(&mut presence).map(|action| in_the_past(action, at)));
        (shown, count)
    }

    /// Shows a line that begins after the joins and leaves before it.
    fn missed_line(
        &mut self,
        line: &ServerLine<'_>,
        presence: &mut PresenceBatch,
        now: Now,
    ) -> Vec<Action> {
        let mut shown = Vec::new();
        match *line {
            ServerLine::Message { name, text } => {
                let said = self.message(name, text, now);
                self.heard(said, now, &mut shown);
            }
            ServerLine::Notice(notice) if presence.take(&notice, now.elapsed) => {}
            ServerLine::Notice(notice) => shown.show(Line::Notice(notice.to_string())),
            _ => {}
        }
        shown
    }

    fn is_muted(&self, line: &ServerLine<'_>) -> bool {
        match line {
            ServerLine::Message { name, .. } => self.muted.contains_key(&bare(name)),
            _ => false,
        }
    }

    /// Lets messages of the user of which nobody knows whether they were accepted wait.
    fn in_doubt(&mut self, messages: Vec<OutgoingMessage>, out: &mut Vec<Action>) {
        let told = messages::in_doubt(messages.len());
        self.wait_again(messages, told, out);
    }

    /// Lets messages of the user that were sent wait, before those that do already, and tells why.
    fn wait_again(&mut self, messages: Vec<OutgoingMessage>, why: String, out: &mut Vec<Action>) {
        if messages.is_empty() {
            return;
        }
        self.show_waiting(&messages, out);
        out.tell(why);
        for message in messages.into_iter().rev() {
            self.waiting.push_front(message);
        }
        out.tell(messages::still_waiting(self.waiting.len()));
    }

    /// Shows a user who comes what was said before, as much as they want.
    pub(super) fn came_late(&mut self, lines: &[PastLine], now: Now, out: &mut Vec<Action>) {
        let mut lines = self.said_in(lines, PastKind::History, now);
        let wanted = usize::try_from(self.settings.last.0).unwrap_or(usize::MAX);
        lines.drain(..lines.len().saturating_sub(wanted));
        if lines.is_empty() {
            return;
        }
        for line in &lines {
            if let Line::Past(past) = line
                && let Line::Said { name, .. } = &past.line
            {
                self.people.note(name, Activity::Speaks);
            }
        }
        out.show(Line::Rule(messages::last_lines(lines.len())));
        lines.into_iter().for_each(|line| out.show(line));
        out.show(Line::Rule(messages::FROM_NOW_ON.to_owned()));
    }

    /// Returns what people and the operator said, without those who are muted.
    fn said_in(&self, lines: &[PastLine], kind: PastKind, now: Now) -> Vec<Line> {
        let said = lines.iter().filter_map(|past| {
            let line = match ServerLine::parse(&past.line) {
                line if self.is_muted(&line) => return None,
                ServerLine::Message { name, text } => Line::Said {
                    name: name.to_owned(),
                    text: text.to_owned(),
                    mention: Mention::None,
                },
                ServerLine::Notice(notice @ Notice::Server(_)) => Line::Notice(notice.to_string()),
                _ => return None,
            };
            let at = now.local_at(past.at);
            Some(Line::Past(Box::new(Past { at, line, kind })))
        });
        said.collect()
    }

    /// Returns when the recipe has something to ask: not while a paste goes out, unless it must be known first what was
    /// accepted.
    pub(super) fn past_due(&self) -> Option<Duration> {
        let may_ask = self.pacer.len() == 0 || self.lifecycle.is_catching_up();
        self.lifecycle.catch_up_due().filter(|_| may_ask)
    }

    /// Asks what is due.
    pub(super) fn tick_past(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.past_due().is_some()
            && let Some(request) = self.lifecycle.tick_catch_up(now)
        {
            self.ask_past(request, now, out);
        }
    }

    /// Sends a request of the recipe, and lets other lines wait as long as it costs the server.
    fn ask_past(&mut self, request: String, now: Now, out: &mut Vec<Action>) {
        let cost = Row::parse(&request).cost();
        self.pacer.spent(cost, now.elapsed);
        self.late_who.spent(cost, now.elapsed);
        out.push(Action::Send(request));
    }

    /// Shows the last messages again. The server is asked for those that the client does not remember.
    pub(super) fn show_last(&mut self, count: usize, now: Now, out: &mut Vec<Action>) {
        let is_short = count > self.scrollback.len() && self.mode != Mode::Pipe;
        let request = is_short.then(|| self.lifecycle.recall()).flatten();
        match request {
            Some(request) => {
                self.recalling = Some(count);
                self.ask_past(request, now, out);
            }
            None => show_again(self.scrollback.last(count, now.local.date()), out),
        }
    }

    /// Shows the last messages again, with those that the server remembers.
    pub(super) fn recalled(&mut self, lines: &[PastLine], now: Now, out: &mut Vec<Action>) {
        if let Some(count) = self.recalling.take() {
            let room = self.said_in(lines, PastKind::History, now);
            let last = self.scrollback.last_of(&room, count, now.local.date());
            show_again(last, out);
        }
    }

    /// Tells what is not known, and goes on with what came meanwhile.
    pub(super) fn not_caught_up(&mut self, refused: Refused, now: Now, out: &mut Vec<Action>) {
        if let Some(gap) = self.lifecycle.take_gap() {
            out.tell(messages::not_caught_up(gap));
        }
        self.in_doubt(refused.in_doubt, out);
        for line in refused.held {
            self.show_line(&line, &ServerLine::parse(&line), now, out);
        }
        self.recalled(&[], now, out);
    }
}

/// Takes a join or a leave that shares a line with those before it; returns whether it was one.
fn is_folded(line: &ServerLine<'_>, presence: &mut PresenceBatch, now: Now) -> bool {
    match line {
        ServerLine::Notice(notice) => {
            !presence.is_return(notice) && presence.take(notice, now.elapsed)
        }
        _ => false,
    }
}

fn folded(presence: &mut PresenceBatch) -> Option<Action> {
    let changes = presence.flush()?;
    Some(Action::Show(Line::Presence(changes)))
}

/// Gives a line the time at which it was said.
fn in_the_past(action: Action, at: DateTime) -> Action {
    let kind = PastKind::Missed;
    let past = |line| Line::Past(Box::new(Past { at, line, kind }));
    match action {
        Action::Show(line @ Line::Rule(_)) => Action::Show(line),
        Action::Show(line) => Action::Show(past(line)),
        Action::Ring(line) => Action::Ring(past(line)),
        action => action,
    }
}
