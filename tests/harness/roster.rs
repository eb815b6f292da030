//! Reader of the answer to `WHO`.

use crate::Peer;

impl Peer {
    /// Sends `WHO`, and returns the names in the order of the answer. Lines of the room
    /// meanwhile are skipped.
    ///
    /// # Panics
    ///
    /// If the answer violates the protocol.
    #[must_use]
    #[track_caller]
    pub fn online(&mut self) -> Vec<String> {
        self.send("WHO");
        let first = self.online_line("* online (");
        let (count, names) = first
            .split_once(')')
            .expect("the number of names is in parentheses");
        let count: usize = count.parse().expect("the number of names is a number");
        let mut online = Vec::with_capacity(count);
        collect(names, &mut online);
        while online.len() < count {
            let more = self.online_line("* online");
            collect(&more, &mut online);
        }
        assert_eq!(online.len(), count, "as many names as announced");
        online
    }

    /// Returns the rest of the next line with this beginning.
    #[track_caller]
    fn online_line(&mut self, beginning: &str) -> String {
        loop {
            if let Some(rest) = self.line().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }
}

/// Parses `: Jack, Jane, Zoe` or nothing.
fn collect(names: &str, online: &mut Vec<String>) {
    let names = names.strip_prefix(": ").unwrap_or_default();
    let names = names.split(", ").map(|name| name.trim_end_matches(','));
    online.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
}
