//! Commands, and their refusals word for word.

use wac_tests::{Peer, SECRET, Server};

fn pair(server: &Server) -> (Peer, Peer) {
    (server.user("ann"), server.user("bob"))
}

#[test]
fn lin_welcomes() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("LIN Jack");
    peer.expect("* welcome, Jack");
}

#[test]
fn msg_reaches_others_with_the_name_in_front() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send("MSG hello, all");
    bob.expect("ann: hello, all");
}

#[test]
fn sec_is_answered_whether_logged_in_or_not() {
    let server = Server::start();
    for mut peer in [server.connect(), server.user("ann")] {
        peer.send("SEC");
        peer.expect(SECRET);
    }
}

#[test]
fn w_reaches_its_addressee_in_quotes_and_is_not_confirmed() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send("W bob Hi, How are you?");
    bob.expect("ann whispers, \"Hi, How are you?\"");
    ann.silent_until_fence();
}

#[test]
fn w_to_oneself_is_delivered() {
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send("W ann note to self");
    ann.expect("ann whispers, \"note to self\"");
    ann.silent_until_fence();
}

#[test]
fn w_finds_its_addressee_in_any_case() {
    let server = Server::start();
    let mut ann = server.user("Ann");
    let mut zoe = server.user("Zoë");
    ann.send_bytes("W ZOË one\nW zoë two\n".as_bytes());
    zoe.expect("Ann whispers, \"one\"");
    zoe.expect("Ann whispers, \"two\"");
}

#[test]
fn help_lists_every_command_in_a_notice_of_its_own() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("HELP");
    let help = peer.fence();
    assert!(help.iter().all(|line| line.starts_with("* ")), "{help:?}");
    for word in ["LIN", "MSG", "SEC", "W", "WHO", "HELP", "PING", "QUIT"] {
        let explains = |line: &String| {
            line.split(|c: char| !c.is_alphanumeric())
                .any(|part| part == word)
        };
        assert!(
            help.iter().any(explains),
            "HELP says nothing of {word}: {help:?}"
        );
    }
}

#[test]
fn ping_is_answered_with_its_text() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send_bytes("PING\nPING x\nPING two  words, é\n".as_bytes());
    peer.expect("PONG");
    peer.expect("PONG x");
    peer.expect("PONG two  words, é");
}

#[test]
fn quit_says_goodbye_and_closes() {
    let server = Server::start();
    for mut peer in [server.connect(), server.user("ann")] {
        peer.send("QUIT");
        peer.expect_end(&["* closing: goodbye"]);
    }
    server.wait_for_ends(2, "Quit");
}

#[test]
fn commands_after_quit_are_not_obeyed() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send_bytes(b"MSG bye\nQUIT\nMSG still here\nPING x\n");
    ann.expect_end(&["* closing: goodbye"]);
    assert_eq!(bob.fence(), ["ann: bye"]);
}

#[test]
fn command_words_are_recognised_in_any_case() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.connect(), server.user("bob"));
    ann.send_bytes(b"lin Ann\nmsg one\nMsg two\nw bob three\nsec\nwHO\nping Four\nquit\n");
    ann.expect_end(&[
        "* welcome, Ann",
        SECRET,
        "* online (2): bob, Ann",
        "PONG Four",
        "* closing: goodbye",
    ]);
    bob.expect("Ann: one");
    bob.expect("Ann: two");
    bob.expect("Ann whispers, \"three\"");
}

#[test]
fn quotes_around_a_name_are_removed() {
    let server = Server::start();
    let (mut jack, mut ann) = (server.connect(), server.user("ann"));
    jack.send("LIN \"Jack\"");
    jack.expect("* welcome, Jack");
    ann.send("W \"Jack\" hello");
    jack.expect("ann whispers, \"hello\"");
}

#[test]
fn quotes_in_a_text_are_ordinary_characters() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send("MSG \"hello\"");
    bob.expect("ann: \"hello\"");
    ann.send("W bob \"hello\"");
    bob.expect("ann whispers, \"\"hello\"\"");
}

#[test]
fn blanks_around_a_name_are_removed() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("LIN   Jack  ");
    peer.expect("* welcome, Jack");
}

#[test]
fn talking_needs_a_login() {
    let server = Server::start();
    let (mut stranger, mut bob) = (server.connect(), server.user("bob"));
    stranger.send_bytes(b"MSG hello\nW bob hello\n");
    stranger.expect("! log in first: LIN <name>");
    stranger.expect("! log in first: LIN <name>");
    bob.silent_until_fence();
}

#[test]
fn a_second_login_is_refused_whatever_the_name() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    for name in ["ann", "Anna", "bob", "server", "-", ""] {
        ann.send(&format!("LIN {name}"));
        ann.expect("! you are already ann");
    }
    ann.send("MSG still me");
    bob.expect("ann: still me");
}

#[test]
fn a_refused_login_can_be_tried_again() {
    let server = Server::start();
    let (_ann, mut peer) = (server.user("ann"), server.connect());
    peer.send_bytes(b"LIN ann\nLIN admin\nLIN -\nLIN Jack\n");
    peer.expect("! the name ann is taken");
    peer.expect("! the name admin is reserved");
    peer.expect_starting("! not a name: ");
    peer.expect("* welcome, Jack");
}

#[test]
fn a_whisper_to_nobody_is_refused() {
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send("W Nobody hi");
    ann.expect("! no user named Nobody");
}

#[test]
fn a_message_without_a_text_is_refused() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    for line in [
        "MSG",
        "MSG ",
        "MSG    ",
        "MSG \t",
        "W bob",
        "W bob ",
        "W bob    ",
    ] {
        ann.send(line);
        ann.expect("! nothing to send");
    }
    bob.silent_until_fence();
}

#[test]
fn an_unknown_command_is_refused_and_named() {
    let server = Server::start();
    let mut peer = server.connect();
    for (line, word) in [
        ("NICK Jack", "NICK"),
        ("Hello", "Hello"),
        ("MSGS x", "MSGS"),
        ("/quit", "/quit"),
    ] {
        peer.send(line);
        peer.expect(&format!("! unknown command {word}; HELP lists them"));
    }
}
