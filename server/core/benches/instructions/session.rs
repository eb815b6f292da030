//! Session: one line through it.

use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use gungraun::library_benchmark;
use wac_core::flood::{Flood, FloodLimits};
use wac_core::log::View;
use wac_core::mark::RoomId;
use wac_core::session::{Audience, Context, Event, Items, Logins, Rules, Session};

use crate::LINE;

const NOW: Duration = Duration::from_secs(3);

/// A user's session, and the state that its shard keeps for it.
pub struct BenchedSession {
    session: Session,
    rules: Rules,
    items: Items,
}

// The whole path of a line, from the bytes read to the line to be appended to the room log.
#[library_benchmark]
#[bench::a_message(BenchedSession::logged_in())]
pub fn session_hands_out(mut user: BenchedSession) -> BenchedSession {
    user.say(LINE);
    user
}

impl BenchedSession {
    /// Logs in, reads the greeting and sends a message, so that the shard's buffers have their final size.
    fn logged_in() -> Self {
        let view = View::default();
        let mut user = Self {
            session: Session::begin(&view, Arc::from(*b"* hello\r\n"), Some(Flood::default())),
            rules: Rules {
                room: RoomId(0),
                flood: Some(FloodLimits::new(5, 20)),
                secret: "s3cret".into(),
                logins: Logins::WithoutPasswords,
                audience: Audience::Anyone,
            },
            items: Items::default(),
        };
        user.read_all(&view);
        user.feed(b"LIN Ann\n");
        user.session
            .on(Event::Claimed(Arc::default()), &mut user.items);
        user.items = Items::default();
        user.say(LINE);
        user
    }

    fn say(&mut self, line: &[u8]) {
        self.feed(line);
        std::hint::black_box(self.items.lines(usize::MAX));
        self.items.pop_line().expect("it goes into the room");
    }

    fn feed(&mut self, line: &[u8]) {
        self.session.feed(line, line.len(), &self.rules, NOW);
        self.session.advance(&mut Context {
            rules: &self.rules,
            now: NOW,
            room: &|_, _| NOW,
            items: &mut self.items,
        });
    }

    fn read_all(&mut self, view: &View) {
        let mut slices = [IoSlice::new(&[]); 1];
        self.session.cursor().gather(view, &mut slices, usize::MAX);
        let bytes = slices[0].len();
        self.session.written(bytes, view);
    }
}
