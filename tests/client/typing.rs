//! What is being typed is never disturbed, however fast lines arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use wac_tests::{Server, Writer};

use crate::talk::say_at_rate;
use crate::term::Term;

/// Lines a second that arrive.
const RATE: u32 = 2000;
/// Keys between two looks at the screen: some come alone, some together.
const KEYS_AT_ONCE: [usize; 4] = [1, 3, 1, 7];
const TEXT: &str = "the quick brown fox, 0123456789; Zoë & 中文 jumps over lazy dogs - and again: \
                    the quick brown fox jumps over the lazy dog until two hundred keys are typed, \
                    which takes quite some more words than one.";

#[test]
fn every_key_arrives_in_order_while_2000_lines_a_second_do() {
    let server = Server::start();
    let mut carol = server.user("carol");
    let bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let talk = Talk::begin(bob.writer());
    term.shows_said("bob", "line ");
    let mut typed = String::new();
    let mut keys = TEXT.chars();
    for count in KEYS_AT_ONCE.into_iter().cycle() {
        let together: String = keys.by_ref().take(count).collect();
        if together.is_empty() {
            break;
        }
        term.types(&together);
        typed.push_str(&together);
        term.shows_input("Ann▸ ", typed.trim_end());
    }
    term.types("\x01");
    term.shows_cursor_at(5);
    term.types("(\x05)\r");
    carol.lines_until(&format!("Ann: ({TEXT})"));
    term.shows_row("Ann▸");
    talk.end();
}

/// Someone who talks at the rate until told to stop.
struct Talk {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Talk {
    fn begin(bob: Writer) -> Talk {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let lines = (0..).map(|number| format!("line {number} "));
            say_at_rate(
                &bob,
                RATE,
                lines.take_while(|_| !stopped.load(Ordering::Relaxed)),
            );
        });
        Talk { stop, thread }
    }

    #[track_caller]
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it talked to the end");
    }
}
