//! Typing: the input row is never disturbed, however fast lines arrive.

use std::thread;
use std::time::Instant;

use wac_tests::Server;

use crate::length;
use crate::talk::{MARK, Talk};
use crate::term::Term;

/// Lines that arrive each second.
const RATE: u32 = 2000;
/// Keys between two checks of the screen: some come alone, some together.
const KEYS_AT_ONCE: [usize; 4] = [1, 3, 1, 7];
const TEXT: &str = "the quick brown fox, 0123456789; Zoë & 中文 jumps over lazy dogs - and again: \
                    the quick brown fox jumps over the lazy dog until two hundred keys are typed, \
                    which takes quite some more words than just one.";

#[test]
fn every_key_arrives_in_order_while_2000_lines_arrive_each_second() {
    let server = Server::start();
    let mut carol = server.user("carol");
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let talk = Talk::begin(bob.writer(), RATE);
    term.shows_said("bob", MARK);
    let (lasts, begun) = (length::seconds(2, 30), Instant::now());
    let (mut typed, mut pressed, mut keys) = (String::new(), 0, TEXT.chars());
    for count in KEYS_AT_ONCE.into_iter().cycle() {
        let together: String = keys.by_ref().take(count).collect();
        if together.is_empty() {
            break;
        }
        term.types(&together);
        typed.push_str(&together);
        pressed += together.chars().count() as u32;
        term.shows_input("Ann▸ ", typed.trim_end());
        let due = lasts * pressed / TEXT.chars().count() as u32;
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    term.types("\x01");
    term.shows_cursor_at(5);
    term.types("(\x05)\r");
    carol.lines_until(&format!("Ann: ({TEXT})"));
    term.shows_row("Ann▸");
    let said = talk.end();
    bob.send("MSG the end");
    term.shows_said("bob", "the end");
    assert_eq!(term.count(MARK) + term.dropped(), said);
    length::tell("lines", said);
    length::tell("keys", pressed);
}
