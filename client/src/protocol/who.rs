//! Assembly of `WHO` answers: the lines of one answer are gathered, and matched to the request they
//! answer.

use std::collections::VecDeque;

use wac_core::wire::notice::Notice;

/// The purpose of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WhoPurpose {
    /// The user reads the answer as it is.
    List,
    /// The user is told the names that contain this text.
    Search(String),
    /// The client learns the names for Tab completion.
    Refresh,
}

/// The pending requests, and the answer being received.
#[derive(Debug, Default)]
pub(crate) struct WhoAssembly {
    pending: VecDeque<WhoPurpose>,
    answer: Option<WhoAnswer>,
}

#[derive(Debug)]
struct WhoAnswer {
    /// Number of names that its first line announced.
    announced: usize,
    names: Vec<String>,
}

/// One line of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WhoReply {
    pub(crate) purpose: WhoPurpose,
    /// The names on this line.
    pub(crate) names: Vec<String>,
    /// All names, once the answer is complete.
    pub(crate) whole: Option<Vec<String>>,
}

impl WhoAssembly {
    /// Notes a request that is being sent.
    pub(crate) fn ask(&mut self, purpose: WhoPurpose) {
        self.pending.push_back(purpose);
    }

    /// Takes a notice that belongs to an answer; returns `None` for others.
    pub(crate) fn take(&mut self, notice: &Notice<'_>) -> Option<WhoReply> {
        let purpose = self.pending.front()?.clone();
        let Notice::Online(online) = notice else {
            return None;
        };
        if let Some(announced) = online.announced {
            let names = Vec::new();
            self.answer = Some(WhoAnswer { announced, names });
        }
        let answer = self.answer.as_mut()?;
        let names: Vec<String> = online.names().map(str::to_owned).collect();
        answer.names.extend_from_slice(&names);
        let is_complete = answer.names.len() >= answer.announced;
        let whole = self.answer.take_if(|_| is_complete);
        if whole.is_some() {
            self.pending.pop_front();
        }
        Some(WhoReply {
            purpose,
            names,
            whole: whole.map(|answer| answer.names),
        })
    }

    /// Drops the requests of a connection that is gone.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_whole_when_all_have_come() {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let reply = |purpose, names: &[&str], whole: Option<&[&str]>| {
            let (names, whole) = (owned(names), whole.map(owned));
            Some(WhoReply {
                purpose,
                names,
                whole,
            })
        };
        let mut who = WhoAssembly::default();
        let take = |who: &mut WhoAssembly, line| who.take(&Notice::parse(line));
        assert_eq!(take(&mut who, "online (1): bob"), None);
        who.ask(WhoPurpose::Refresh);
        who.ask(WhoPurpose::List);
        assert_eq!(
            take(&mut who, "online (3): ann, bob"),
            reply(WhoPurpose::Refresh, &["ann", "bob"], None)
        );
        assert_eq!(take(&mut who, "bob joined"), None);
        assert_eq!(
            take(&mut who, "online: zoe"),
            reply(WhoPurpose::Refresh, &["zoe"], Some(&["ann", "bob", "zoe"]))
        );
        assert_eq!(
            take(&mut who, "online (0)"),
            reply(WhoPurpose::List, &[], Some(&[]))
        );
        assert_eq!(take(&mut who, "online (0)"), None);
    }
}
