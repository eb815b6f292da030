//! What was missed, what was said before, and what is read again.

use super::*;

/// Ann logs in to a server that has a history, and has a mark.
const MARKED: &str = "
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < * welcome, Ann
    chat Ann
    send WHO
    < * online (2): bob, Ann
    back connected to 127.0.0.1:4700 as Ann · plaintext · 2 here · /help
    tell here: bob, Ann
    +100ms
    send HIST 100
    < * history: nothing since 2025-11-22 10:40:00 UTC
    +300ms
    send MARK
    < MARK a-1
";

/// Nine seconds later she is back, and asks what she missed.
const BACK: &str = "
    gone
    mark Away
    lost …
    +9s
    dial
    connected
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < * welcome, Ann
    mark Here
    back back as Ann after 9 s
    +100ms
    send SINCE a-1
";

#[track_caller]
fn marked(script: &str) {
    plays(Mode::Screen, Some("Ann"), &format!("{MARKED}{script}"));
}

#[test]
fn what_was_missed_stands_between_two_rules_with_its_times() {
    marked(&format!(
        "< bob: one
         show bob: one
         {BACK}
         < bob: late, ann
         < * history: 6 lines since 2025-11-22 10:40:58 UTC
         < bob: one
         < zoe: two
         < * dave joined
         < * Ann left
         < * at 2025-11-22 10:41 UTC
         < bob: ann, three
         < * Ann joined
         < bob: late, ann
         < * history ends
         rule 4 lines missed 10:41:00–10:41:09
         missed 10:40 show zoe: two
         missed 10:40 show + dave
         ring and missed 10:41 show ▌bob: ann, three
         missed 10:41 show ▌bob: late, ann
         rule from now on
         < bob: now
         show bob: now"
    ));
}

#[test]
fn who_is_back_asks_who_is_here_once_the_server_takes_it() {
    marked(&format!(
        "{BACK}
         < * history: nothing since 2025-11-22 10:40:58 UTC
         back nothing missed
         +300ms
         send MARK
         < MARK a-2
         +2s
         send WHO
         < * online (1): Ann
         tell 1 here: Ann"
    ));
}

#[test]
fn a_mark_is_asked_for_every_few_seconds_while_lines_come() {
    marked(
        "< bob: one
         show bob: one
         +4s
         < bob: two
         show bob: two
         +1s
         send MARK
         < MARK a-2
         +29s
         < bob: three
         show bob: three
         +1s
         send MARK",
    );
}

#[test]
fn own_lines_that_were_not_accepted_wait_and_the_others_stand() {
    marked(&format!(
        "> one
         send MSG one
         show Ann: one
         > two
         send MSG two
         show Ann: two
         {BACK}
         > three
         < * history: 1 line since 2025-11-22 10:40:58 UTC
         < Ann: one
         < * history ends
         back nothing missed
         show ⟳ two
         tell 1 line of yours was not accepted before the connection was lost
         tell 1 line waits: /send sends it, /drop drops it
         send MSG three
         show Ann: three
         +1s
         send MARK
         > /send
         send MSG two
         show Ann: two"
    ));
}

#[test]
fn of_a_history_that_began_anew_all_is_shown() {
    marked(&format!(
        "> hi
         send MSG hi
         show Ann: hi
         {BACK}
         < bob: hello, ann
         < ! not a mark of this room
         +1ms
         send HIST 1000
         > there?
         < bob: late
         < * history: 5 lines since 2025-11-22 10:41:02 UTC
         < * bob joined
         < zoe: first
         < bob: hello, ann
         < * Ann joined
         < bob: late
         < * history ends
         rule the server's history began anew 10:41:00–10:41:09 · the last 4 lines
         missed 10:41 show + bob
         missed 10:41 show zoe: first
         ring and missed 10:41 show ▌bob: hello, ann
         missed 10:41 show bob: late
         rule from now on
         show ⟳ hi
         tell 1 line of yours may not have been accepted
         tell 1 line waits: /send sends it, /drop drops it
         +1s
         +1s
         send MSG there?
         show Ann: there?
         +1s
         send MARK
         < MARK b-1"
    ));
}

#[test]
fn a_history_that_began_anew_may_hold_nothing() {
    marked(&format!(
        "{BACK}
         < ! not a mark of this room
         +1ms
         send HIST 1000
         < * history: 1 line since 2025-11-22 10:41:09 UTC
         < * Ann joined
         < * history ends
         tell nothing received 10:41:00–10:41:09: the server's history began anew
         < bob: hi
         show bob: hi"
    ));
}

#[test]
fn who_comes_sees_as_many_messages_as_they_want() {
    let settings = Settings {
        last: LastLines(1),
        ..Settings::default()
    };
    let script = MARKED.replace("send HIST 100", "send HIST 5").replace(
        "< * history: nothing since 2025-11-22 10:40:00 UTC",
        "< * history: 4 lines since 2025-11-22 10:39:58 UTC
         < bob: one
         < bob: two
         < * zoe joined
         < * Ann joined
         < * history ends
         rule the last line
         history 10:39 show bob: two
         rule from now on",
    );
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn what_may_not_have_been_accepted_is_shown_and_waits() {
    marked(&format!(
        "> hi
         send MSG hi
         show Ann: hi
         {BACK}
         < ! unknown command SINCE; HELP lists them
         tell nothing received 10:41:00–10:41:09: the server keeps no history
         show ⟳ hi
         tell 1 line of yours may not have been accepted
         tell 1 line waits: /send sends it, /drop drops it"
    ));
}

#[test]
fn a_server_that_has_unlearned_its_history_is_left_alone() {
    marked(&format!(
        "{BACK}
         < ! unknown command SINCE; HELP lists them
         tell nothing received 10:41:00–10:41:09: the server keeps no history
         < bob: hi
         show bob: hi
         +1s
         +1s
         send WHO
         +8s"
    ));
}

#[test]
fn a_past_that_is_no_longer_kept_is_told() {
    marked(&format!(
        "{BACK}
         < * history: 1 line since 2025-11-22 10:41:07 UTC; what was said before is no longer kept
         < bob: hi
         < * history ends
         rule 1 line missed 10:41:00–10:41:09; what was said before 10:41:07 is no longer kept
         missed 10:41 show bob: hi
         rule from now on"
    ));
}

#[test]
fn an_outage_in_the_middle_of_a_replay_doubles_nothing() {
    marked(&format!(
        "{BACK}
         < * history: 2 lines since 2025-11-22 10:41:01 UTC
         < bob: one
         {}
         < * history: 2 lines since 2025-11-22 10:41:01 UTC
         < bob: one
         < bob: two
         < * history ends
         rule 2 lines missed 10:41:00–10:41:18
         missed 10:41 show bob: one
         missed 10:41 show bob: two
         rule from now on",
        BACK
    ));
}

#[test]
fn who_comes_sees_the_last_lines_and_nothing_rings() {
    let script = MARKED.replace(
        "< * history: nothing since 2025-11-22 10:40:00 UTC",
        "< bob: now, ann
         ring and show ▌bob: now, ann
         < * history: 6 lines since 2025-11-22 09:59:58 UTC
         < bob: ann?
         < * dave joined
         < * at 2025-11-22 10:30 UTC
         < * server: hello
         < eve: loud
         < bob: now, ann
         < * Ann joined
         < * history ends
         rule the last 2 lines
         history 09:59 show bob: ann?
         history 10:30 show * server: hello
         rule from now on",
    );
    let settings = Settings {
        mute: vec!["eve".parse().unwrap()],
        ..Settings::default()
    };
    let script = format!("{script} < bob: hi\n show bob: hi");
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn who_wants_no_last_lines_is_only_marked() {
    let settings = Settings {
        last: LastLines(0),
        ..Settings::default()
    };
    let script = MARKED
        .replace("send HIST 100", "send MARK")
        .replace(
            "< * history: nothing since 2025-11-22 10:40:00 UTC",
            "< MARK a-1",
        )
        .replace("+300ms\n    send MARK\n    < MARK a-1", "");
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn a_program_is_shown_nothing_of_the_past() {
    let script = format!("{PIPED_IN} +1s\n > /last 3\n tell no messages found");
    plays(Mode::Pipe, Some("Ann"), &script);
}

#[test]
fn what_is_read_again_reaches_into_the_servers_history() {
    marked(
        "< bob: two
         show bob: two
         > three
         send MSG three
         show Ann: three
         < bob whispers, \"psst\"
         ring and show bob ⇢ me: psst
         > /last 3
         tell 10:41 bob: two
         tell 10:41 Ann: three
         tell 10:41 bob ⇢ (me) psst
         > /last 50
         send HIST 1000
         < * history: 5 lines since 2025-11-21 10:40:58 UTC
         < bob: zero
         < * dave joined
         < * at 2025-11-22 10:40 UTC
         < bob: one
         < bob: two
         < Ann: three
         < * history ends
         tell Fri 21 Nov 10:40 bob: zero
         tell 10:40 bob: one
         tell 10:41 bob: two
         tell 10:41 Ann: three
         tell 10:41 bob ⇢ (me) psst",
    );
}

#[test]
fn what_cannot_be_recalled_is_shown_as_far_as_it_is_remembered() {
    marked(
        "< bob: one
         show bob: one
         > /last
         send HIST 1000
         gone
         mark Away
         tell 10:41 bob: one
         lost …",
    );
}

#[test]
fn that_the_recipe_is_held_back_is_not_told() {
    let slow = "< * slow down: your lines wait";
    let script = MARKED.replace("send HIST 100", &format!("send HIST 100\n {slow}"));
    let script = format!("{script} {slow}\n show * slow down: your lines wait");
    plays(Mode::Screen, Some("Ann"), &script);
}

#[test]
fn who_has_another_name_now_did_not_miss_their_own_leave() {
    let renamed = super::names::RENAMED;
    marked(&format!(
        "{renamed}
         < * Ann left
         < * welcome, Bea
         mark Here
         chat Bea
         back back as Bea after …
         +100ms
         send SINCE a-1
         < * history: 2 lines since 2025-11-22 10:40:58 UTC
         < * Ann left
         < * Bea joined
         < * history ends
         back nothing missed"
    ));
}
