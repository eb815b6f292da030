//! Telnet and ncat, as people chat with them.

use wac_tests::{Program, SECRET, Server, wait_until};

/// Two people with telnet and one with ncat, all logged in, after the greeting and the joins.
struct TerminalChat {
    ann: Program,
    bob: Program,
    cat: Program,
    _server: Server,
}

impl TerminalChat {
    fn new() -> TerminalChat {
        let server = Server::setup().with_flood_control().with_notices().start();
        let address = server.plain_address().tcp();
        let mut ann = logged_in(Program::telnet(address), "ann");
        let mut bob = logged_in(Program::telnet(address), "bob");
        let cat = logged_in(Program::ncat(address), "cat");
        ann.shows("* bob joined");
        ann.shows("* cat joined");
        bob.shows("* cat joined");
        TerminalChat {
            ann,
            bob,
            cat,
            _server: server,
        }
    }
}

fn logged_in(mut program: Program, name: &str) -> Program {
    let greeting = program.line();
    assert!(
        greeting.starts_with("* ") && greeting.contains("LIN"),
        "{greeting}"
    );
    program.types(&format!("LIN {name}"));
    program.shows(&format!("* welcome, {name}"));
    program
}

#[test]
fn everyone_else_sees_a_message_with_the_name_in_front_and_nobody_sees_an_echo() {
    let mut room = TerminalChat::new();
    room.ann.types("MSG hello, all");
    room.bob.shows("ann: hello, all");
    room.cat.shows("ann: hello, all");
    room.cat.types("MSG grüezi 🙂");
    room.ann.shows("cat: grüezi 🙂");
    room.bob.shows("cat: grüezi 🙂");
    for person in [&mut room.ann, &mut room.bob, &mut room.cat] {
        person.silent_until_fence();
    }
}

#[test]
fn a_whisper_is_seen_only_by_its_addressee() {
    let mut room = TerminalChat::new();
    room.ann.types("W cat Hi, How are you?");
    room.cat.shows("ann whispers, \"Hi, How are you?\"");
    room.cat.types("W bob psst");
    room.bob.shows("cat whispers, \"psst\"");
    for person in [&mut room.ann, &mut room.bob, &mut room.cat] {
        person.silent_until_fence();
    }
}

#[test]
fn who_is_complete_and_sec_shows_the_secret() {
    let mut room = TerminalChat::new();
    for person in [&mut room.ann, &mut room.cat] {
        person.types("WHO");
        person.shows("* online (3): ann, bob, cat");
        person.types("SEC");
        person.shows(SECRET);
    }
}

#[test]
fn closing_the_program_leaves_the_room() {
    let mut room = TerminalChat::new();
    drop(room.bob);
    room.ann.shows("* bob left");
    room.cat.ends_input();
    room.ann.shows("* cat left");
    assert_eq!(room.cat.lines_to_end(), ["* bob left"]);
}

#[test]
fn ncat_fed_from_a_pipe_is_answered_and_ends() {
    let server = Server::start();
    let mut ncat = Program::ncat(server.plain_address().tcp());
    ncat.types("WHO");
    ncat.ends_input();
    assert_eq!(ncat.lines_to_end()[1..], ["* online (0)"]);
}

/// After Ctrl-C telnet discards all output before the answer to its timing mark.
#[test]
fn telnet_shows_new_messages_after_each_ctrl_c() {
    let server = Server::start();
    let mut ann = Program::telnet_on_terminal(server.plain_address().tcp());
    ann.types("LIN ann");
    ann.shows_before("* welcome, ann");
    let mut bob = server.user("bob");
    for time in 1..=3 {
        ann.types_ctrl_c();
        let said = format!("bob: still there, {time}?");
        wait_until(&said, || {
            bob.send(&format!("MSG still there, {time}?"));
            ann.has_shown(&said)
        });
    }
}

#[test]
fn quit_ends_telnet() {
    let server = Server::start();
    let mut ann = logged_in(Program::telnet(server.plain_address().tcp()), "ann");
    ann.types("QUIT");
    assert_eq!(ann.lines_to_end(), ["* closing: goodbye"]);
}
