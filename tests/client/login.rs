//! Login: a name from the command line or a prompt; the prompt returns if the name is refused.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use wac_tests::Server;

use crate::stand_in::{greets, listener};
use crate::term::{Term, at};

#[test]
fn a_name_from_the_command_line_is_the_prompt() {
    let server = Server::start();
    let term = Term::chat(&server, "Ann");
    term.shows(&format!("✓ connected to {} as Ann", at(&server)));
}

#[test]
fn the_name_may_come_from_a_flag() {
    let server = Server::start();
    let mut term = Term::start(&["--name", "Zoë", &at(&server)]);
    term.shows_row("Zoë▸");
}

#[test]
fn a_unix_socket_works_like_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::setup()
        .listen_unix(&folder.path().join("wac"))
        .start();
    let term = Term::chat(&server, "Ann");
    term.shows("✓ connected to unix:");
}

#[test]
fn without_a_name_the_client_asks_for_one() {
    let server = Server::start();
    let mut term = Term::start(&[&at(&server)]);
    term.shows_row("name:");
    term.types("Ann\r");
    term.shows_row("Ann▸");
}

#[test]
fn keys_typed_after_the_name_are_not_lost() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start(&[&at(&server)]);
    term.shows_row("name:");
    term.types("Ann\rhello\r");
    term.shows_said("Ann", "hello");
    bob.expect("Ann: hello");
}

#[test]
fn a_name_that_is_taken_is_asked_for_again() {
    let server = Server::start();
    let _ann = server.user("ann");
    let mut term = Term::start(&[&format!("Ann@{}", at(&server))]);
    term.shows("# login refused: the name Ann is taken");
    term.shows_row("name:");
    term.types("admin\r");
    term.shows("# login refused: the name admin is reserved");
    term.types("a:b\r");
    term.shows("# not a name: a:b: : is no letter, digit, _, - or .");
    term.types("Ann2\r");
    term.shows_row("Ann2▸");
}

#[test]
fn a_name_that_is_taken_is_replaced_by_the_second() {
    let server = Server::start();
    let _ann = server.user("ann");
    let mut term = Term::start(&["--alt-name", "Annabel", &format!("Ann@{}", at(&server))]);
    term.shows("# the name Ann is taken; trying Annabel");
    term.shows_row("Annabel▸");
}

/// The prompt becomes longer and shorter; the cursor stays behind what is typed.
#[test]
fn another_name_leaves_the_half_typed_line_alone() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("before\r/name Annabel\rhalf");
    bob.expect("Ann: before");
    term.shows("✓ back as Annabel after ");
    term.shows_row("Annabel▸ half");
    term.types(" a line");
    term.shows_row("Annabel▸ half a line");
    term.shows_cursor_at(20);
    term.types("\r/name bob\r");
    bob.expect("Annabel: half a line");
    term.shows("# not renamed: the name bob is taken; you stay Annabel");
    term.shows_row("Annabel▸");
    term.types("/name Al\rwhole");
    term.shows_row("Al▸ whole");
    term.shows_cursor_at(9);
}

/// Waits until a client has sent this line.
#[track_caller]
fn sends(client: &TcpStream, wanted: &str) {
    let mut lines = BufReader::new(client).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == wanted), "{wanted}");
}

#[test]
fn ctrl_c_leaves_a_server_that_does_not_answer_the_login() {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    let mut term = Term::start(&[&format!("Ann@{address}")]);
    let client = greets(&listener);
    sends(&client, "LIN Ann");
    term.types("half\x03");
    sends(&client, "QUIT");
    term.types("\x03");
    term.ends(0);
}

#[test]
fn ctrl_c_leaves_when_the_connection_is_lost_before_the_login() {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    let mut term = Term::start(&[&format!("Ann@{address}")]);
    let client = greets(&listener);
    sends(&client, "LIN Ann");
    drop((client, listener));
    term.shows("✗ connection lost");
    term.types("\x03");
    term.ends(0);
}

#[test]
fn ctrl_d_at_the_name_prompt_leaves() {
    let server = Server::start();
    let mut term = Term::start(&[&at(&server)]);
    term.shows_row("name:");
    term.types("\x04");
    term.ends(0);
}
