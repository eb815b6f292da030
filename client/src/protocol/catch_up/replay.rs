//! Replays: the past of the room as the server shows it again, and the part of it that is news.

use std::mem;

use wac_core::name::Name;
use wac_core::unix_time::UnixSeconds;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::place::{OwnLines, Place};
use super::{PastLine, Request};

/// The lines after which a long replay is told in parts: as many as the transcript holds.
pub(super) const PIECE_LINES: usize = 10_000;

/// A replay that is being read.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) request: Request,
    /// When the first line was said.
    pub(super) since: UnixSeconds,
    /// When the next line was said.
    pub(super) time: UnixSeconds,
    /// More was asked for than is kept.
    pub(super) is_cut: bool,
    /// The lines that have come.
    pub(super) lines: Vec<PastLine>,
    known: Option<Known>,
}

/// How far a replay has shown what is known already.
#[derive(Debug, Default)]
struct Known {
    /// Lines still to come that were only counted.
    counted: usize,
    /// Of the lines since the mark, the index of the next.
    heard: usize,
    /// Of the user's own lines, the index of the next.
    own: usize,
}

impl Replay {
    pub(super) fn new(request: Request, since: UnixSeconds, is_cut: bool) -> Self {
        Self {
            request,
            since,
            time: since,
            is_cut,
            lines: Vec::new(),
            known: None,
        }
    }

    pub(super) fn push(&mut self, line: &str) {
        self.lines.push(PastLine {
            at: self.time,
            line: line.to_owned(),
        });
    }

    pub(super) fn is_first_piece(&self) -> bool {
        self.known.is_none()
    }

    pub(super) fn take_lines(&mut self) -> Vec<PastLine> {
        mem::take(&mut self.lines)
    }

    /// Takes the lines that have come, and returns those that are news; they count as heard from now on.
    pub(super) fn missed(
        &mut self,
        me: Option<&Name>,
        place: Option<&mut Place>,
        own: &mut OwnLines,
    ) -> Vec<PastLine> {
        let mut lines = self.take_lines();
        let Some(place) = place else { return lines };
        let mut known = match self.known.take() {
            Some(known) => known,
            None => self.begin(&lines, place, own),
        };
        lines.retain(|past| known.is_news(&past.line, place, own) && !is_about(me, &past.line));
        self.known = Some(known);
        lines
    }

    /// Finds the first of the lines since the mark that the replay begins with: one that does not begin at the mark may begin
    /// anywhere among them.
    fn begin(&self, lines: &[PastLine], place: &Place, own: &OwnLines) -> Known {
        let mut known = Known {
            counted: place.heard.dropped,
            ..Known::default()
        };
        if self.is_cut || self.request == Request::Anew {
            let is_own = |line: &str| own.latest_first().any(|own| own == line);
            let heard: Vec<&str> = place.heard.last.iter().map(String::as_str).collect();
            let shown = lines.iter().map(|past| past.line.as_str());
            let shown: Vec<&str> = shown.filter(|line| !is_own(line)).collect();
            known.counted = 0;
            known.heard = heard.len() - overlap(&heard, &shown);
        }
        known
    }
}

impl Known {
    fn is_news(&mut self, line: &str, place: &mut Place, own: &mut OwnLines) -> bool {
        if let Some(next) = own.accept(line, self.own) {
            self.own = next;
            return false;
        }
        if self.counted > 0 {
            self.counted -= 1;
            return false;
        }
        let heard = &mut place.heard;
        if self.heard == heard.last.len() {
            heard.push(line.to_owned());
            self.heard = heard.last.len();
            return true;
        }
        let is_known = heard.last[self.heard] == line;
        self.heard += usize::from(is_known);
        !is_known
    }
}

/// Returns whether a line tells that the user came or went.
pub(super) fn is_about(me: Option<&Name>, line: &str) -> bool {
    match ServerLine::parse(line) {
        ServerLine::Notice(Notice::Joined(name) | Notice::Left(name)) => {
            me.is_some_and(|me| me.as_str() == name)
        }
        _ => false,
    }
}

/// Returns the greatest number of items with which `first` ends and `second` begins.
fn overlap<T: PartialEq>(first: &[T], second: &[T]) -> usize {
    let most = first.len().min(second.len());
    let is_shared = |count: &usize| first[first.len() - count..] == second[..*count];
    (0..=most).rev().find(is_shared).unwrap_or(0)
}
