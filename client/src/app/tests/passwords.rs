//! Names that are registered.

use super::names::RENAMED;
use super::*;

const ASKED: &str = "
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < ! the name Ann needs its password: LIN <name> <password>
    mark Password
    tell type the password of Ann, and Enter; it is not shown
    ask password
";

const IN: &str = "
    $ two words
    mark Here
    send PING wac greeted
    send LIN Ann two words
    < PONG wac greeted
    < * welcome, Ann
    chat Ann
    send WHO
    < * online (1): Ann
    back connected to 127.0.0.1:4700 as Ann · plaintext · 1 here · /help
";

const OUTAGE: &str = "
    gone
    mark Away
    lost connection lost: the server has closed it · try 1…
    > 
    dial
";

const AGAIN: &str = "
    connected
    send PING wac greeted
    send LIN Ann two words
";

fn ann(host: &str) -> Config {
    Config {
        name: Some("Ann".parse().unwrap()),
        hosts: vec![host.parse().unwrap()],
        ..Config::default()
    }
}

#[track_caller]
fn plays_ann(script: &str) {
    plays_configured(&ann("127.0.0.1"), Mode::Screen, script);
}

#[test]
fn a_password_is_asked_for_when_the_server_wants_one_and_sent_again_from_then_on() {
    plays_ann(&format!(
        "{ASKED}{IN}
         {OUTAGE}{AGAIN}"
    ));
}

#[test]
fn a_wrong_password_is_asked_for_again_and_a_blank_row_is_none() {
    plays_ann(&format!(
        "{ASKED}
         $ wrong
         mark Here
         send PING wac greeted
         send LIN Ann wrong
         < PONG wac greeted
         < ! wrong name or password
         mark Password
         tell login refused: wrong name or password
         tell type the password of Ann, and Enter; it is not shown
         ask password
         $
         ask password
         {IN}"
    ));
}

#[test]
fn ctrl_c_instead_of_a_password_leaves() {
    for key in ["^C", "^D"] {
        plays_ann(&format!("{ASKED}\n{key}\nmark Here\nsend QUIT"));
    }
}

#[test]
fn somebody_who_chats_keeps_their_name_without_the_password_of_another() {
    let renamed = RENAMED.replace("Bea", "bob");
    plays_ann(&format!(
        "{ASKED}{IN}
         {renamed}
         < ! the name bob needs its password: LIN <name> <password>
         mark Password
         tell type the password of bob, and Enter; it is not shown
         ask password
         ^C
         mark Away
         tell not renamed: no password; you stay Ann
         send PING wac greeted
         send LIN Ann two words"
    ));
}

#[test]
fn the_password_of_a_name_outlives_a_wrong_one_for_another() {
    let renamed = RENAMED.replace("Bea", "bob");
    plays_ann(&format!(
        "{ASKED}{IN}
         {renamed}
         < ! the name bob needs its password: LIN <name> <password>
         mark Password
         tell type the password of bob, and Enter; it is not shown
         ask password
         $ wrong
         mark Away
         send PING wac greeted
         send LIN bob wrong
         < PONG wac greeted
         < ! wrong name or password
         mark Password
         tell login refused: wrong name or password
         tell type the password of bob, and Enter; it is not shown
         ask password
         ^C
         mark Away
         tell not renamed: no password; you stay Ann
         send PING wac greeted
         send LIN Ann two words"
    ));
}

#[test]
fn a_password_is_not_asked_for_where_others_could_read_it() {
    plays_configured(
        &ann("far"),
        Mode::Screen,
        "send PING wac greeted
         send LIN Ann
         < PONG wac greeted
         < ! log in with your password: LIN <name> <password>
         tell login refused: the password is not sent, as others on the way could read it: …
         ask",
    );
    let allowed = Config {
        insecure_password: true,
        ..ann("far")
    };
    plays_configured(&allowed, Mode::Screen, ASKED);
    plays_configured(&ann("tls:far"), Mode::Screen, ASKED);
}

#[test]
fn a_program_has_its_password_or_ends() {
    let refused = "
        send PING wac greeted
        send LIN Ann
        < PONG wac greeted
        < ! the name Ann needs its password: LIN <name> <password>";
    let end = "tell login refused: the name Ann needs its password: LIN <name> <password> (--password-file FILE has it)
        end LoginRefused";
    plays_configured(&ann("tls:far"), Mode::Pipe, &format!("{refused}\n{end}"));
    let knows = Config {
        password: password::typed("two words"),
        ..ann("tls:far")
    };
    let sent = "
        send PING wac greeted
        send LIN Ann two words
        < PONG wac greeted
        < ! wrong name or password
        tell login refused: wrong name or password
        end LoginRefused";
    plays_configured(&knows, Mode::Pipe, &format!("{refused}{sent}"));
}

#[test]
fn the_password_of_a_name_takes_it_back_from_a_lost_connection_at_once() {
    plays_ann(&format!(
        "{ASKED}{IN}
         {OUTAGE}{AGAIN}
         < PONG wac greeted
         < * welcome, Ann
         mark Here
         back back as Ann…
         send WHO"
    ));
}

#[test]
fn a_client_whose_user_logged_in_elsewhere_does_not_take_the_name_back() {
    plays_ann(&format!(
        "{ASKED}{IN}
         < * closing: you logged in elsewhere
         show * closing: you logged in elsewhere
         gone
         lost connection lost: you logged in elsewhere
         end Lost"
    ));
}

#[test]
fn a_server_in_the_place_of_the_one_that_is_meant_ends_the_chat() {
    plays_ann(&format!(
        "{ASKED}{IN}
         {OUTAGE}
         untrusted
         lost not connected: its key has changed
         end Untrusted"
    ));
}
