//! Assembly of `WHO` answers: the lines of one answer are gathered, and matched to the request they
//! answer.

use std::collections::VecDeque;
use std::mem;

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
    asked: VecDeque<WhoPurpose>,
    names: Vec<String>,
    /// Number of names that the answer announced.
    announced: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WhoReply {
    pub(crate) purpose: WhoPurpose,
    /// All names, once the list is complete.
    pub(crate) whole: Option<Vec<String>>,
}

impl WhoAssembly {
    pub(crate) fn ask(&mut self, purpose: WhoPurpose) {
        self.asked.push_back(purpose);
    }

    /// Takes a notice that belongs to an answer; returns `None` for others.
    pub(crate) fn take(&mut self, notice: &Notice<'_>) -> Option<WhoReply> {
        let purpose = self.asked.front()?.clone();
        let Notice::Online(online) = notice else {
            return None;
        };
        if let Some(announced) = online.announced {
            self.announced = announced;
            self.names.clear();
        }
        self.names.extend(online.names().map(str::to_owned));
        let whole = (self.names.len() >= self.announced).then(|| {
            self.asked.pop_front();
            mem::take(&mut self.names)
        });
        Some(WhoReply { purpose, whole })
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
        let mut who = WhoAssembly::default();
        assert_eq!(who.take(&Notice::parse("online (1): bob")), None);
        who.ask(WhoPurpose::Refresh);
        who.ask(WhoPurpose::List);
        let part = |purpose, whole| Some(WhoReply { purpose, whole });
        assert_eq!(
            who.take(&Notice::parse("online (3): ann, bob")),
            part(WhoPurpose::Refresh, None)
        );
        assert_eq!(who.take(&Notice::parse("bob joined")), None);
        let all = ["ann", "bob", "zoe"].map(str::to_owned).to_vec();
        assert_eq!(
            who.take(&Notice::parse("online: zoe")),
            part(WhoPurpose::Refresh, Some(all))
        );
        assert_eq!(
            who.take(&Notice::parse("online (0)")),
            part(WhoPurpose::List, Some(vec![]))
        );
        assert_eq!(who.take(&Notice::parse("online (0)")), None);
    }
}
