//! Order of the screen: every line once, in the order of arrival.

use wac_tests::{Server, numbered};

use crate::term::Term;

const LINES: usize = 3000;
const TYPED: usize = 50;

#[test]
fn lines_appear_once_and_in_order_however_often_the_user_talks() {
    let server = Server::start();
    let (mut bob, mut carol) = (server.user("bob"), server.user("carol"));
    let mut term = Term::chat(&server, "Ann");
    for said in 0..LINES {
        bob.send(&format!("MSG {}", numbered(said, 20)));
        if said % (LINES / TYPED) == 0 {
            term.types(&format!("typed {said}\r"));
        }
    }
    let (mut of_bob, mut of_ann) = (Vec::new(), Vec::new());
    while of_bob.len() < LINES || of_ann.len() < TYPED {
        let line = carol.line();
        if line.starts_with("Ann: ") {
            of_ann.push(line)
        } else {
            of_bob.push(line)
        }
    }
    // Checked only now: text typed later would push it off the screen.
    bob.send("MSG the end");
    of_bob.push(carol.line());
    term.shows_said("bob", "the end");
    assert_eq!(of("bob", term.said("bob")), of_bob);
    assert_eq!(of("Ann", term.said("Ann")), of_ann);
}

fn of(name: &str, texts: Vec<String>) -> Vec<String> {
    let lines = texts.iter().map(|text| format!("{name}: {text}"));
    lines.collect()
}
