//! The answers to `WHO`: whose they are, and when one is complete.

use std::collections::VecDeque;
use std::mem;

use wac_core::wire::notice::Notice;

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// The person, who reads the answer.
    Person,
    /// The person, who is told whose name holds this.
    Seeker(String),
    /// The client, which wants to know whom Tab may mean.
    Client,
}

/// What has been asked, and what of the answer has come.
#[derive(Debug, Default)]
pub(super) struct Who {
    asked: VecDeque<Asker>,
    names: Vec<String>,
    /// How many names the answer under way has.
    announced: usize,
}

/// A line of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) asker: Asker,
    /// Everybody, once the list is complete.
    pub(super) whole: Option<Vec<String>>,
}

impl Who {
    pub(super) fn ask(&mut self, asker: Asker) {
        self.asked.push_back(asker);
    }

    /// Takes a notice in, if it is of an answer.
    pub(super) fn take(&mut self, notice: &Notice<'_>) -> Option<Listed> {
        let asker = self.asked.front()?.clone();
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
        Some(Listed { asker, whole })
    }

    /// Forgets what was asked of a connection that is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_whole_when_all_have_come() {
        let mut who = Who::default();
        assert_eq!(who.take(&Notice::parse("online (1): bob")), None);
        who.ask(Asker::Client);
        who.ask(Asker::Person);
        let part = |asker, whole| Some(Listed { asker, whole });
        assert_eq!(
            who.take(&Notice::parse("online (3): ann, bob")),
            part(Asker::Client, None)
        );
        assert_eq!(who.take(&Notice::parse("bob joined")), None);
        let all = ["ann", "bob", "zoe"].map(str::to_owned).to_vec();
        assert_eq!(
            who.take(&Notice::parse("online: zoe")),
            part(Asker::Client, Some(all))
        );
        assert_eq!(
            who.take(&Notice::parse("online (0)")),
            part(Asker::Person, Some(vec![]))
        );
        assert_eq!(who.take(&Notice::parse("online (0)")), None);
    }
}
