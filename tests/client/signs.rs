//! Signs of the client: no name looks like them.

use std::fs;

use wac_tests::{Server, Setup};

use crate::term::{Term, at};

#[test]
fn a_user_named_me_is_not_oneself() {
    let server = Server::start();
    let mut me = server.user("me");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let log = folder.path().join("log");
    let path = log.to_str().expect("it is called in UTF-8");
    let mut term = Term::start(&["--log", path, &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    me.send("W Ann psst");
    term.shows("me ⇢ (me) psst");
    term.types("/w me what?\r");
    me.expect("Ann whispers, \"what?\"");
    term.shows("(me) ⇢ me what?");
    term.types("/last 2\r");
    term.shows("# ");
    term.types("/quit\r");
    term.ends(0);
    let shown = term.history().join("\n");
    assert_eq!(shown.matches("me ⇢ (me) psst").count(), 2, "{shown}");
    assert_eq!(shown.matches("(me) ⇢ me what?").count(), 2, "{shown}");
    let log = fs::read_to_string(&log).expect("there is a log");
    assert!(log.contains(" me ⇢ (me) psst\n"), "{log}");
    assert!(log.contains(" (me) ⇢ me what?\n"), "{log}");
}

/// People may be called `and`, `3` and `more`.
#[test]
fn a_count_of_people_is_not_a_list_of_names() {
    let server = Setup::default().with_notices().start();
    let term = Term::chat(&server, "Ann");
    let _crowd: Vec<_> = (0..30).map(|n| server.user(&format!("u{n}"))).collect();
    term.shows(" more)");
}
