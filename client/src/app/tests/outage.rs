//! Outages and reconnection.

use super::*;

const BACK: &str = "
    connected
    send PING wac greeted
    send LIN Ann
    < * WAC chat; log in with LIN <name>, HELP lists the commands
    < PONG wac greeted
    < * welcome, Ann
    mark Here
    back back as Ann after …
    send WHO
";

#[test]
fn a_lost_connection_is_made_again_under_the_same_name() {
    chats(
        "reset
         mark Away
         lost connection lost: reset · try 1 at once · Enter = now
         +9s
         dial
         connected
         send PING wac greeted
         send LIN Ann
         < * WAC chat; log in with LIN <name>, HELP lists the commands
         < * the notice of the day
         < * bob joined
                  < PONG wac greeted
         < * welcome, Ann
         mark Here
         show + bob
         back back as Ann after 9 s · nothing received 10:41:00–10:41:09
         send WHO
         > hello
         send MSG hello
         show Ann: hello",
    );
}

#[test]
fn enter_tries_at_once_before_the_first_login_too_and_ctrl_c_leaves() {
    plays(
        Mode::Screen,
        Some("Ann"),
        "send PING wac greeted
         send LIN Ann
         gone
         lost connection lost: the server has closed it · …
         >
         dial
         ^C
         end Done",
    );
}

#[test]
fn who_leaves_and_is_back_at_once_has_a_line_for_each() {
    chats(
        "< * bob left
         < * bob joined
         show - bob
         < * bob left
         < bob: hi
         show + bob - bob
         show bob: hi",
    );
}

#[test]
fn a_reconnection_within_a_second_tells_no_times() {
    chats(
        "gone
         mark Away
         lost connection lost: the server has closed it · …
         >
         dial
         connected
         send PING wac greeted
         send LIN Ann
         < PONG wac greeted
         < * welcome, Ann
         mark Here
         back back as Ann after less than 1 s · nothing received meanwhile
         send WHO",
    );
}

#[test]
fn enter_tries_at_once() {
    chats(
        "gone
         mark Away
         lost connection lost: the server has closed it · …
         >
         dial
         >
         unreachable
         lost connection lost: refused · try 2 …
         >
         dial",
    );
}

#[test]
fn a_reason_is_told_once_however_often_it_is_tried() {
    let mut app = ann(Mode::Screen);
    let mut clock = Clock::default();
    let lost = Event::Lost {
        why: None,
        unsent: Vec::new(),
    };
    app.on(lost, clock.now());
    let (mut told, mut dials) = (0, 0);
    for _ in 0..3600 {
        clock.pass(1);
        for action in app.on(Event::Tick, clock.now()) {
            assert_eq!(action, Action::Dial(First::Next));
            dials += 1;
            let then = app.on(Event::Unreachable("refused".into()), clock.now());
            told += then
                .iter()
                .filter(|action| matches!(action, Action::Show(Line::Lost(_))))
                .count();
        }
    }
    assert_eq!(told, 1);
    // 15 s each on average, and half a second more for a tick.
    assert!((180..320).contains(&dials), "{dials}");
}

#[test]
fn the_waits_begin_anew_soon_after_a_connection_that_was_good() {
    let failed = "unreachable\n lost connection lost: refused · try 2 …\n >\n dial";
    let lost = |age: &str, next: u8| {
        chats(&format!(
            "gone
             mark Away
             lost connection lost: the server has closed it · try 1 …
             >
             dial
             {failed}
             {BACK}
             {age}
             gone
             mark Away
             lost connection lost: the server has closed it · try {next} …"
        ));
    };
    lost("+3s\n send MARK\n +1s", 3);
    lost("+3s\n send MARK\n +2s", 1);
}

#[test]
fn it_gives_up_when_it_is_told_to() {
    let settings = Settings {
        reconnect: Reconnect::Times(1),
        ..Settings::default()
    };
    let script = "gone
        mark Away
        lost connection lost: the server has closed it · …
        >
        dial
        unreachable
        lost connection lost: refused
        end Lost";
    let script = format!("{LOGGED_IN}{script}");
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn silence_is_looked_into() {
    chats(
        "+29s
         < bob: hi
         show bob: hi
         +29s
         +1s
         send PING wac alive
         +5s
         < PONG wac alive
         +29s
         +1s
         send PING wac alive
         +9s
         < bob: still here
         show bob: still here",
    );
}

#[test]
fn a_dead_link_is_left_after_forty_seconds_to_the_moment() {
    let mut app = app(&Settings::default(), Mode::Screen, Some("Ann"));
    let mut clock = Clock::default();
    app.on(Event::connected(), clock.now());
    for line in ["PONG wac greeted", "* welcome, Ann"] {
        app.on(Event::Line(line.into()), clock.now());
    }
    app.on(Event::Tick, clock.now());
    clock.0 += Duration::from_millis(300);
    app.on(Event::Line("bob: hi".into()), clock.now());
    let heard = clock.0;
    let mut hung_up = false;
    while !hung_up {
        clock.0 += app.due().saturating_sub(clock.now().elapsed);
        hung_up = app.on(Event::Tick, clock.now()).contains(&Action::HangUp);
    }
    assert_eq!(clock.0 - heard, Duration::from_secs(40));
}

#[test]
fn a_dead_link_is_left_after_ten_seconds_without_an_answer() {
    chats(
        "< bob: hi
         show bob: hi
         +30s
         send PING wac alive
         +9s
         +1s
         mark Away
         hang up
         > too late
         show ⟳ too late
         tell not connected: 1 line waits for /send
         gone
         lost connection lost: no answer for 10 s · try 1 at once · Enter = now
         >
         dial
         connected
         send PING wac greeted
         send LIN Ann
         < PONG wac greeted
         < * welcome, Ann
         mark Here
         back back as Ann after 40 s · nothing received 10:41:00–10:41:40
         send WHO
         tell 1 line waits: /send sends it, /drop drops it",
    );
}

#[test]
fn whom_the_server_holds_back_is_patient() {
    chats(
        "< * slow down: your lines wait
         show * slow down: your lines wait
         +30s
         send PING wac alive
         +100s
         < PONG wac alive
         +30s
         send PING wac alive
         +10s
         mark Away
         hang up",
    );
}

#[test]
fn after_a_suspend_it_asks_at_once() {
    chats(
        "+3s
         z7s
         send PING wac alive
         z3600s
         +9s
         < PONG wac alive
         gone
         mark Away
         lost …
         z600s
         dial",
    );
}

#[test]
fn a_login_without_an_answer_is_tried_again() {
    chats(
        "gone
         mark Away
         lost …
         >
         dial
         connected
         send PING wac greeted
         send LIN Ann
         +10s
         hang up
         gone
         lost connection lost: no answer for 10 s · try 2 …",
    );
}

#[test]
fn a_full_server_is_tried_again_and_told_once() {
    let full = "
        connected
        send PING wac greeted
        send LIN Ann
        < * closing: server full
        gone
    ";
    chats(&format!(
        "gone
         mark Away
         lost …
         +1s
         dial
         {full}
         lost connection lost: server full · try 2 …
         +2s
         dial
         {full}
         +3s
         dial
         {BACK}"
    ));
}

#[test]
fn whom_the_server_kicks_stays_away() {
    chats(
        "< * closing: kicked: too loud
         show * closing: kicked: too loud
         gone
         lost connection lost: kicked: too loud
         end Lost",
    );
}

#[test]
fn whom_the_server_bans_stays_away_also_if_the_next_try_finds_it_out() {
    chats(
        "< * closing: banned
         show * closing: banned
         gone
         lost connection lost: banned
         end Lost",
    );
    chats(
        "gone
         mark Away
         lost …
         +1s
         dial
         connected
         send PING wac greeted
         send LIN Ann
         < * closing: banned: flooding
         gone
         lost connection lost: banned: flooding
         end Lost",
    );
}

#[test]
fn a_name_held_by_the_dead_connection_is_tried_for_forty_seconds() {
    let taken = "
        send PING wac greeted
        send LIN Ann
        < PONG wac greeted
        < ! the name Ann is taken
    ";
    let lost = format!(
        "gone
         mark Away
         lost …
         >
         dial
         connected
         {taken}
         tell the lost connection still holds the name, for at most 30 s; retrying until it is free"
    );
    chats(&format!(
        "{lost}
         > hello
         show ⟳ hello
         tell not connected: 1 line waits for /send
         +1s
         +1s
         send PING wac greeted
         send LIN Ann
         < PONG wac greeted
         < * welcome, Ann
         mark Here
         back back as Ann after …
         send WHO
         tell 1 line waits: /send sends it, /drop drops it"
    ));
    let tries = format!("+2s\n{taken}").repeat(19);
    chats(&format!(
        "{lost}
         {tries}
         +2s\n{taken}
         tell not logged in: the name Ann is taken; Enter tries again, /quit leaves
         +60s
         >
         send PING wac greeted
         send LIN Ann"
    ));
}

#[test]
fn what_is_entered_while_away_waits_until_it_is_sent_or_dropped() {
    chats(&format!(
        "> first
         send MSG first
         show Ann: first
         gone, unsent
         mark Away
         lost …
         show ⟳ last
         show ⟳ me ⇢ bob: psst
         > one
         show ⟳ one
         tell not connected: 3 lines wait for /send
         > /w bob two
         show ⟳ me ⇢ bob: two
         tell not connected: 4 lines wait for /send
         > /who
         tell not connected; Enter tries now
         > /send
         tell not connected; Enter tries now
         >
         dial
         {BACK}
         tell 4 lines wait: /send sends them, /drop drops them
         +1s
         send MARK
         > /send
         send MSG last
         show Ann: last
         send W bob psst
         show me ⇢ bob: psst
         send MSG one
         show Ann: one
         send W bob two
         show me ⇢ bob: two
         > /send
         tell no line waits to be sent
         > /drop
         tell no line waits to be sent"
    ));
}

#[test]
fn one_may_leave_while_away() {
    chats("gone\n mark Away\n lost …\n ^C\n tell Ctrl-D or /quit leaves\n > /quit\n end Done");
}

#[test]
fn whoever_leaves_while_lines_wait_is_warned_once() {
    let away = "
        gone
        mark Away
        lost …
        > one
        show ⟳ one
        tell not connected: 1 line waits for /send
        > /w bob two
        show ⟳ me ⇢ bob: two
        tell not connected: 2 lines wait for /send
    ";
    let warned = "tell 2 lines wait: /send sends them, /drop drops them; leaving again loses them";
    chats(&format!(
        "{away} > /quit\n {warned}\n +1s\n dial\n > /q\n end Done"
    ));
    chats(&format!("{away} ^D\n {warned}\n keep\n ^D\n end Done"));
    chats(&format!(
        "{away}
         > /quit
         {warned}
         > /status
         tell not connected · …
         ^D
         {warned}
         keep
         > /drop
         tell 2 lines dropped
         > /quit
         end Done"
    ));
}

#[test]
fn what_was_never_sent_is_told_at_the_end() {
    let mut app = ann(Mode::Screen);
    assert_eq!(app.left_behind(&["WHO".into()]), None);
    let unsent = ["MSG one".into(), "QUIT".into()];
    let told = app.left_behind(&unsent);
    assert_eq!(told.as_deref(), Some("1 line was not sent"));
    let why = None;
    let unsent = unsent.to_vec();
    app.on(Event::Lost { why, unsent }, Clock::default().now());
    app.on(Event::Entered("two".into()), Clock::default().now());
    let told = app.left_behind(&[]);
    assert_eq!(told.as_deref(), Some("2 lines were not sent"));
}

#[test]
fn one_may_leave_a_server_that_does_not_answer() {
    let leaving = "tell leaving once the server has taken everything; /quit or Ctrl-D leaves now";
    chats(&format!(
        "^D\n send QUIT\n +1s\n {leaving}\n +8s\n +1s\n end Done"
    ));
    chats(&format!(
        "^D\n send QUIT\n +1s\n {leaving}\n > /q\n end Done"
    ));
    chats(&format!(
        "^D\n send QUIT\n > wait\n keep\n {leaving}\n ^D\n end Done"
    ));
}

#[test]
fn a_program_is_told_that_the_server_does_not_answer() {
    let dead = "lost connection lost: no answer for 10 s\n end Lost";
    let plays = |script: &str| {
        let script = format!("{PIPED_IN} {script}\n {dead}");
        plays(Mode::Pipe, Some("Ann"), &script);
    };
    plays("^D\n send QUIT\n +9s\n +1s");
    plays("+30s\n send PING wac alive\n +10s\n mark Away\n hang up\n ^D\n gone");
    plays(
        "> /reconnect\n tell /reconnect works only on a terminal; the connection stays\n ^D\n send QUIT\n +9s\n +1s",
    );
}

#[test]
fn one_may_connect_again_when_one_likes() {
    chats(&format!(
        "> /reconnect\n mark Away\n hang up\n gone\n dial\n {BACK}"
    ));
}

#[test]
fn a_connection_lost_while_a_name_is_asked_for_is_made_again() {
    plays(
        Mode::Screen,
        None,
        "back …
         ask
         gone
         lost …
         +1s
         dial
         connected
         back …
         > ann
         send PING wac greeted
         send LIN ann",
    );
}

#[test]
fn the_next_server_is_tried_at_once_and_told_once_the_user_is_back() {
    let back_at_b = BACK
        .replace("connected", "connected to b of 3")
        .replace("send WHO", "tell connected to b:4700\n send WHO");
    let again = BACK.replace("connected", "connected to b of 3");
    chats(&format!(
        "gone
         mark Away
         lost …
         +1s
         dial
         {back_at_b}
         > /status
         tell online as Ann at b:4700 · the server was heard 0 s ago
         +6s
         send MARK
         gone
         mark Away
         lost connection lost: the server has closed it · try 1 at once · Enter = now
         +0ms
         dial
         {again}
         gone
         mark Away
         lost connection lost: the server has closed it · try 2 at once · Enter = now
         +0ms
         dial
         unreachable
         lost connection lost: refused · try 3 …
         +0ms"
    ));
}

#[test]
fn status_tells_how_the_connection_is() {
    chats(
        "+5s
         > /status
         tell online as Ann at 127.0.0.1:4700 · the server was heard 5 s ago
         gone
         mark Away
         lost …
         > hello
         show ⟳ hello
         tell …
         > /status
         tell not connected · try 1 at once · Enter = now · 1 line waits: /send sends it, /drop drops it",
    );
}
