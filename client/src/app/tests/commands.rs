//! Commands that need no server, and Tab completion.

use super::*;

#[test]
fn a_reply_goes_to_the_last_whisperer() {
    chats(
        "> /r hello
         tell not sent: nobody has whispered to you yet; use /w NAME TEXT
         < bob whispers, \"psst\"
         ring and show bob ⇢ me: psst
         > /r what?
         send W bob what?
         show me ⇢ bob: what?",
    );
}

#[test]
fn what_other_programs_call_a_whisper_is_one() {
    chats(
        "> /msg bob psst
         send W bob psst
         show me ⇢ bob: psst
         > /query bob are you there?
         send W bob are you there?
         show me ⇢ bob: are you there?
         > /query bob
         tell usage: /w NAME TEXT; every whisper names its reader, /r replies to the last
         > hello
         send MSG hello
         show Ann: hello",
    );
}

#[test]
fn the_space_behind_a_reply_freezes_its_addressee() {
    let mut app = ann(Mode::Screen);
    let now = Clock::default().now();
    assert_eq!(app.freeze("/r"), None);
    app.on(Event::Line("bob whispers, \"psst\"".into()), now);
    assert_eq!(app.freeze("/r").as_deref(), Some("/w bob "));
    assert_eq!(app.freeze("/rec"), None);
    assert_eq!(app.freeze("or /r"), None);
}

#[test]
fn tab_means_who_is_there_but_not_oneself() {
    let mut app = ann(Mode::Screen);
    let now = Clock::default().now();
    app.on(Event::Line("* online (4): Ann, ben, bob, bea".into()), now);
    assert_eq!(app.complete("a"), None);
    assert_eq!(app.complete("b").as_deref(), Some("bea: "));
    for line in ["ben: hi", "* bob joined", "* bea left"] {
        app.on(Event::Line(line.into()), now);
    }
    assert_eq!(app.complete("b").as_deref(), Some("ben: "));
    assert_eq!(app.complete("ben: ").as_deref(), Some("bob: "));
    assert_eq!(app.complete("bob: ").as_deref(), Some("ben: "));
}

#[test]
fn what_was_said_is_shown_again() {
    chats(
        "< bob: The KEY rotates
         show bob: The KEY rotates
         > fine
         send MSG fine
         show Ann: fine
         > /last 1
         tell 10:41 Ann: fine
         > /grep key
         tell 10:41 bob: The KEY rotates
         > /grep nothing
         tell no messages found",
    );
}

#[test]
fn who_is_muted_is_not_shown() {
    chats(
        "> /mute
         tell nobody is muted
         > /mute Bob
         tell muted: Bob; /mute NAME again unmutes
         < bob: loud
         < bob whispers, \"LOUD\"
         > /mute bob
         tell nobody is muted
         < bob: hi
         show bob: hi",
    );
}

#[test]
fn what_is_set_and_who_is_muted_is_saved() {
    let settings = Settings {
        mute: vec!["eve".parse().unwrap()],
        ..Settings::default()
    };
    let script = format!(
        "{LOGGED_IN}
         < eve: loud
         > /mute a:b
         tell not a name: a:b: : is no letter, digit, _, - or .
         > /mute Bob
         tell muted: Bob, eve; /mute NAME again unmutes
         > /bell off
         tell …
         > /time each
         time each
         tell …
         > /save
         save bell off, time each, mute [\"Bob\", \"eve\"]
         > /mute eve
         tell muted: Bob; /mute NAME again unmutes
         > /save
         save bell off, time each, mute [\"Bob\"]"
    );
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn the_bell_and_the_time_can_be_set() {
    chats(
        "> /bell
         tell the bell rings for: whisper (off, mention, whisper or all)
         > /bell off
         tell the bell rings for: off (off, mention, whisper or all)
         < bob: ann?
         show ▌bob: ann?
         > /time each
         time each
         tell the time is shown: each",
    );
}

#[test]
fn who_is_here_is_told_and_who_asks_reads_the_servers_list() {
    chats(
        "+2s
         > /who
         send WHO
         < * online (2): bob, Ann
         show * online (2): bob, Ann
         +1s
         > /who BO
         send WHO
         < * online (3): bob, Ann
         < * online: rambo
         tell 2 of 3 here: bob, rambo
         +1s
         > /who zoe
         send WHO
         < * online (1): Ann
         tell nobody here has zoe in their name",
    );
}

#[test]
fn a_plain_terminal_is_told_whom_a_reply_goes_to() {
    plays(
        Mode::Plain,
        Some("Ann"),
        &format!(
            "{LOGGED_IN}
             < bob whispers, \"psst\"
             ring and show bob ⇢ me: psst
             > /r yes
             tell whispering to bob
             send W bob yes
             log me ⇢ bob: yes"
        ),
    );
}

#[test]
fn a_plain_terminal_is_not_shown_what_was_typed_on_it() {
    plays(
        Mode::Plain,
        Some("Ann"),
        &format!(
            "{LOGGED_IN}
             > hello
             send MSG hello
             log Ann: hello
             < bob: ann?
             ring and show ▌bob: ann?
             reset
             mark Away
             lost …"
        ),
    );
}
