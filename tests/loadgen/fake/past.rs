//! The past of the room: what was said to all, its marks and its replays, right or with one fault.

/// What is wrong with a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplayFault {
    LeavesOutFirst,
    LeavesOutLast,
    ShowsLastTwice,
}

/// A message to all.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// As its readers get it.
    pub(super) line: String,
    /// As the load tester names it: `message 2 of u0`
    pub(super) name: String,
}

/// All that was said, and where something was done wrong with a replay.
#[derive(Debug, Default)]
pub(super) struct Past {
    said: Vec<Shown>,
    wrong: Option<String>,
}

impl Past {
    pub(super) fn push(&mut self, message: Shown) {
        self.said.push(message);
    }

    /// Names the place behind all that was said.
    pub(super) fn mark(&self) -> String {
        format!("fake-{}", self.said.len())
    }

    /// The lines of a replay for a reader, with a fault, if it has any of the room's.
    pub(super) fn since(
        &mut self,
        mark: &str,
        reader: &str,
        fault: Option<ReplayFault>,
    ) -> Vec<String> {
        let from = mark
            .strip_prefix("fake-")
            .and_then(|from| from.parse().ok());
        let Some(from) = from.filter(|&from: &usize| from <= self.said.len()) else {
            return vec!["! not a mark of this room".to_owned()];
        };
        let mut shown = self.said[from..].to_vec();
        if let Some(fault) = fault {
            self.wrong = spoil(&mut shown, fault).map(|name| format!("at u{reader}, {name}"));
        }
        framed(shown)
    }

    /// Where something was done wrong: `at u3, message 2 of u0`.
    pub(super) fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }
}

/// Does a fault; returns with which message.
fn spoil(shown: &mut Vec<Shown>, fault: ReplayFault) -> Option<String> {
    let message = match fault {
        ReplayFault::LeavesOutFirst if !shown.is_empty() => shown.remove(0),
        ReplayFault::LeavesOutFirst => return None,
        ReplayFault::LeavesOutLast => shown.pop()?,
        ReplayFault::ShowsLastTwice => {
            let last = shown.last()?.clone();
            shown.push(last.clone());
            last
        }
    };
    Some(message.name)
}

fn framed(shown: Vec<Shown>) -> Vec<String> {
    let since = "since 2026-11-29 13:01:17 UTC";
    let first = match shown.len() {
        0 => return vec![format!("* history: nothing {since}")],
        1 => format!("* history: 1 line {since}"),
        // A comma would have to stand in a larger number.
        lines @ 2..1_000 => format!("* history: {lines} lines {since}"),
        lines => panic!("{lines} lines are more than this fake shows"),
    };
    let mut lines = vec![first];
    lines.extend(shown.into_iter().map(|message| message.line));
    lines.push("* history ends".to_owned());
    lines
}
