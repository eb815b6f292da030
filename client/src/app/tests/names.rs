//! A second name to fall back on, and another name at will.

use super::*;

/// Plays a dialogue of Ann, who has a second name.
#[track_caller]
fn plays_second(mode: Mode, script: &str) {
    let config = Config {
        name: Some("Ann".parse().unwrap()),
        alt_name: Some("Ann2".parse().unwrap()),
        ..Config::default()
    };
    plays_configured(&config, mode, script);
}

const TAKEN: &str = "
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < ! the name Ann is taken
";

const SECOND_IN: &str = "
    tell the name Ann is taken; trying Ann2
    send PING wac greeted
    send LIN Ann2
    < PONG wac greeted
    < * welcome, Ann2
";

pub(super) const RENAMED: &str = "
    > /name Bea
    mark Away
    tell reconnecting as Bea: a connection has one name
    send QUIT
    < * closing: goodbye
    gone
    dial the same
    connected
    send PING wac greeted
    send LIN Bea
    < PONG wac greeted
";

#[test]
fn a_name_that_is_taken_is_replaced_by_the_second() {
    plays_second(
        Mode::Screen,
        &format!("{TAKEN}{SECOND_IN} chat Ann2\n send WHO"),
    );
    plays_second(
        Mode::Pipe,
        &format!("{TAKEN}{SECOND_IN} show * welcome, Ann2\n chat Ann2"),
    );
}

#[test]
fn if_the_second_name_is_taken_too_the_user_is_asked() {
    let both = format!(
        "{TAKEN}
         tell the name Ann is taken; trying Ann2
         send PING wac greeted
         send LIN Ann2
         < PONG wac greeted
         < ! the name Ann2 is taken
         tell login refused: the name Ann2 is taken"
    );
    plays_second(Mode::Screen, &format!("{both}\n ask"));
    plays_second(Mode::Pipe, &format!("{both}\n end LoginRefused"));
}

#[test]
fn only_a_taken_name_is_replaced() {
    plays_second(
        Mode::Screen,
        "send PING wac greeted
         send LIN Ann
         < PONG wac greeted
         < ! the name Ann is reserved
         tell login refused: the name Ann is reserved
         ask",
    );
}

/// Ann's own dead connection holds it for 30 s at most; then it is somebody else's.
#[test]
fn after_an_outage_the_second_name_is_tried_once_the_first_is_taken_for_good() {
    let lost = format!(
        "{LOGGED_IN}
         gone
         mark Away
         lost …
         >
         dial
         connected
         {TAKEN}
         tell the lost connection still holds the name, …
         {}",
        format!("+2s\n{TAKEN}").repeat(20)
    );
    plays_second(
        Mode::Screen,
        &format!(
            "{lost}{SECOND_IN}
             mark Here
             chat Ann2
             back back as Ann2 after …
             send WHO
             +1s
             send MARK
             +28s"
        ),
    );
    plays_second(
        Mode::Screen,
        &format!(
            "{lost}
             tell the name Ann is taken; trying Ann2
             send PING wac greeted
             send LIN Ann2
             < PONG wac greeted
             < ! the name Ann2 is taken
             tell not logged in: the name Ann2 is taken; Enter tries again, /quit leaves
             +60s
             >
             send PING wac greeted
             send LIN Ann"
        ),
    );
}

#[test]
fn another_name_is_another_login() {
    chats(&format!(
        "> before
         send MSG before
         show Ann: before
         {RENAMED}
         < * welcome, Bea
         mark Here
         chat Bea
         back back as Bea after …
         send WHO
         > after
         send MSG after
         show Bea: after
         < bob: bea?
         ring and show ▌bob: bea?
         > /name Bea
         tell you are Bea already"
    ));
}

#[test]
fn whoever_is_refused_another_name_keeps_the_one_they_have() {
    for why in ["the name Bea is taken", "the name Bea is reserved"] {
        chats(&format!(
            "{RENAMED}
             < ! {why}
             tell not renamed: {why}; you stay Ann
             send PING wac greeted
             send LIN Ann
             < PONG wac greeted
             < * welcome, Ann
             mark Here
             back back as Ann after …
             send WHO"
        ));
    }
}

#[test]
fn what_is_no_name_is_not_tried() {
    chats(
        "> /name a:b
         tell not a name: a:b: : is no letter, digit, _, - or .
         > /name
         tell usage: /name NAME",
    );
}

#[test]
fn a_name_that_the_lost_connection_holds_need_not_be_waited_for() {
    chats(&format!(
        "gone
         mark Away
         lost …
         >
         dial
         connected
         {TAKEN}
         tell the lost connection still holds the name, …
         > /name Bea
         tell reconnecting as Bea: a connection has one name
         send PING wac greeted
         send LIN Bea
         < PONG wac greeted
         < * welcome, Bea
         mark Here
         chat Bea
         back back as Bea after …
         send WHO"
    ));
}

#[test]
fn a_wish_for_a_name_outlives_a_server_that_is_gone() {
    chats(
        "gone
         mark Away
         lost …
         > /name Bea
         tell reconnecting as Bea: a connection has one name
         dial
         unreachable
         lost …
         >
         dial
         connected
         send PING wac greeted
         send LIN Bea",
    );
}

#[test]
fn a_server_that_does_not_say_goodbye_is_left() {
    chats(
        "> /name Bea
         mark Away
         tell reconnecting as Bea: a connection has one name
         send QUIT
         +9s
         +1s
         hang up
         gone
         lost connection lost: no answer for 10 s · try 1 …
         >
         dial
         connected
         send PING wac greeted
         send LIN Bea",
    );
}

#[test]
fn a_program_keeps_its_name() {
    let script = format!(
        "{PIPED_IN} > /name Bea\n tell /name works only on a terminal; the connection stays"
    );
    plays(Mode::Pipe, Some("Ann"), &script);
}
