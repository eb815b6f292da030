//! What a reader is to receive, as a plain list.

use std::collections::VecDeque;
use std::ops::Range;

use crate::cursor::Private;
use crate::log::line_feeds;

/// Bytes that a reader has yet to receive.
#[derive(Debug, Clone)]
enum Token {
    /// A line of the log, at this place.
    Line(Range<usize>),
    /// A line of the reader's own, which it skips.
    Own(usize),
    Private(Private),
    /// Lines of the log that are shown again.
    Span(Range<usize>),
    Gate,
}

/// The bytes that a reader should receive, as a plain list.
#[derive(Debug, Default)]
pub(crate) struct Due {
    left: VecDeque<Token>,
    /// Bytes of the first token already received.
    begun: usize,
    /// Line feeds received.
    line_feeds: u64,
}

impl Due {
    pub(crate) fn line(&mut self, at: Range<usize>) {
        self.left.push_back(Token::Line(at));
    }

    pub(crate) fn own_line(&mut self, at: usize) {
        let is_behind = |token: &Token| matches!(token, Token::Line(line) if line.start > at);
        let index = self.left.iter().position(is_behind);
        let index = index.unwrap_or(self.left.len());
        self.left.insert(index, Token::Own(at));
    }

    /// Adds private bytes at a place in the log, or as soon after it as a line begins.
    pub(crate) fn private(&mut self, at: usize, private: Private) {
        self.insert(at, Token::Private(private));
    }

    /// Adds lines that are shown again, as private bytes are.
    pub(crate) fn span(&mut self, at: usize, span: Range<usize>) {
        self.insert(at, Token::Span(span));
    }

    /// Adds a gate, as private bytes are.
    pub(super) fn gate(&mut self, at: usize) {
        self.insert(at, Token::Gate);
    }

    /// Puts private bytes in the place of the first gate; tells whether there is one.
    pub(super) fn open(&mut self, private: Private) -> bool {
        let gate = self.left.iter_mut().find(|it| matches!(it, Token::Gate));
        gate.map(|gate| *gate = Token::Private(private)).is_some()
    }

    fn insert(&mut self, at: usize, token: Token) {
        let mut index = usize::from(self.begun > 0);
        while let Some(token) = self.left.get(index) {
            match token {
                Token::Line(Range { start: here, .. }) | Token::Own(here) if *here >= at => break,
                _ => index += 1,
            }
        }
        // A position inside a skip is the skip's end: nothing is read in between.
        while matches!(self.left.get(index), Some(Token::Own(_))) {
            index += 1;
        }
        while let Some(Token::Private(_) | Token::Span(_) | Token::Gate) = self.left.get(index) {
            index += 1;
        }
        self.left.insert(index, token);
    }

    /// Returns the place of the last own line that is yet to be passed.
    pub(super) fn last_own(&self) -> Option<usize> {
        self.left.iter().rev().find_map(|token| match token {
            Token::Own(at) => Some(*at),
            _ => None,
        })
    }

    /// Tells whether a line left begins before a place.
    pub(super) fn begins_before(&self, place: usize) -> bool {
        let mut begun = self.begun;
        self.left.iter().any(|token| {
            let begun = std::mem::take(&mut begun);
            match token {
                Token::Line(at) => at.start < place,
                Token::Span(span) => span.start + begun < place,
                Token::Own(at) => *at < place,
                Token::Private(_) | Token::Gate => false,
            }
        })
    }

    /// Returns the bytes that only this reader is to receive; replies aside.
    pub(crate) fn private_bytes(&self) -> usize {
        let bytes = |token: &Token| match token {
            Token::Private(Private::Reply(_))
            | Token::Line(_)
            | Token::Own(_)
            | Token::Span(_)
            | Token::Gate => 0,
            Token::Private(private) => private.bytes().len(),
        };
        self.left.iter().map(bytes).sum()
    }

    /// Returns the line feeds received.
    pub(crate) fn line_feeds(&self) -> u64 {
        self.line_feeds
    }

    pub(crate) fn is_empty(&mut self) -> bool {
        self.receive(&[], &[]);
        self.left.is_empty()
    }

    /// Takes received bytes, which must be the next ones. `said` is the whole log.
    pub(crate) fn receive(&mut self, said: &[u8], mut received: &[u8]) {
        loop {
            let whole = match self.left.front() {
                Some(Token::Line(at) | Token::Span(at)) if !received.is_empty() => {
                    &said[at.clone()]
                }
                Some(Token::Gate) => return assert!(received.is_empty(), "the gate is closed"),
                Some(Token::Private(private)) if !received.is_empty() => private.bytes(),
                Some(Token::Own(_)) => {
                    self.left.pop_front();
                    continue;
                }
                Some(_) => return,
                None => {
                    let more = String::from_utf8_lossy(received);
                    return assert!(received.is_empty(), "more than is due: {more}");
                }
            };
            let due = &whole[self.begun..];
            let (now, later) = received.split_at(received.len().min(due.len()));
            assert!(due.starts_with(now), "{}", wrong(now, due));
            self.line_feeds += line_feeds(now);
            received = later;
            self.begun += now.len();
            if self.begun == whole.len() {
                self.left.pop_front();
                self.begun = 0;
            }
        }
    }
}

fn wrong(received: &[u8], due: &[u8]) -> String {
    let [received, due] = [received, due].map(String::from_utf8_lossy);
    format!("received {received:?} of {due:?}")
}
