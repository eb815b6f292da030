//! Reason why the connection ended, as far as it is known.

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use crate::terminal::render::sanitize;

/// The server's own word for the end, once it has said it.
#[derive(Debug, Default)]
pub(super) struct Closing(Option<String>);

impl Closing {
    /// Looks whether the line is the server's last.
    pub(super) fn on(&mut self, line: &ServerLine<'_>) {
        if let ServerLine::Notice(Notice::Closing(why)) = line {
            self.0 = Some(sanitize(&why.to_string()));
        }
    }

    /// Says that the connection is lost, and why: what the server said goes before what the system
    /// says.
    pub(super) fn lost(&self, system: Option<String>) -> String {
        let why = self.0.clone().or(system);
        let why = why.as_deref().unwrap_or("the server has closed it");
        format!("connection lost: {why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_word_goes_before_the_systems() {
        let mut closing = Closing::default();
        assert_eq!(
            closing.lost(None),
            "connection lost: the server has closed it"
        );
        assert_eq!(closing.lost(Some("reset".into())), "connection lost: reset");
        closing.on(&ServerLine::parse("* closing: server full\u{1b}"));
        assert_eq!(
            closing.lost(Some("reset".into())),
            "connection lost: server full^["
        );
    }
}
