//! A paste that is longer than a server takes at once.

use super::*;

/// Pastes so many lines and answers yes.
fn pasted(app: &mut App, clock: &Clock, lines: usize) -> Vec<String> {
    let paste: String = (0..lines).map(|n| format!("no. {n}\n")).collect();
    app.on(Event::Entered(paste), clock.now());
    written_all(&app.on(Event::Entered("y".into()), clock.now()))
}

fn written_all(actions: &[Action]) -> Vec<String> {
    actions.iter().map(written).collect()
}

fn told(app: &mut App, clock: &Clock, event: Event) -> Vec<String> {
    let mut told = written_all(&app.on(event, clock.now()));
    told.retain(|done| done.starts_with("tell"));
    told
}

/// Lets time pass until so many lines have been sent, the server taking each at once, also those
/// before; returns what was shown.
fn shown_until(app: &mut App, clock: &mut Clock, lines: usize) -> Vec<String> {
    let (mut shown, mut asked) = (Vec::new(), true);
    while shown.len() < lines {
        clock.0 += Duration::from_millis(50);
        let event = if asked {
            Event::Line("PONG wac taken so far".into())
        } else {
            Event::Tick
        };
        let done = written_all(&app.on(event, clock.now()));
        assert!(!done.contains(&"hang up".to_owned()), "no line was due");
        asked = done.contains(&"send PING wac taken so far".to_owned());
        shown.extend(done.into_iter().filter(|done| done.starts_with("show")));
    }
    shown
}

#[test]
fn the_question_says_how_long_it_takes() {
    let (mut app, clock) = (ann(Mode::Screen), Clock::default());
    let paste = "x\n".repeat(1500);
    let asked = told(&mut app, &clock, Event::Entered(paste));
    let last = "tell y sends them (in 6 min), j joins them into one, n or Enter drops them";
    assert_eq!(asked.last().map(String::as_str), Some(last));
}

#[test]
fn a_long_paste_goes_out_line_by_line_each_shown_when_it_is_sent() {
    let (mut app, mut clock) = (ann(Mode::Screen), Clock::default());
    let at_once = pasted(&mut app, &clock, 20);
    let wanted: Vec<String> = ["mark Here".into()]
        .into_iter()
        .chain((0..8).flat_map(|n| [format!("send MSG no. {n}"), format!("show Ann: no. {n}")]))
        .chain(["send PING wac taken so far".into()])
        .collect();
    assert_eq!(at_once, wanted);
    clock.pass(3);
    assert_eq!(
        app.on(Event::Tick, clock.now()),
        [],
        "the server has not taken it"
    );
    let shown = shown_until(&mut app, &mut clock, 12);
    assert_eq!(shown.last().map(String::as_str), Some("show Ann: no. 19"));
}

#[test]
fn what_is_left_can_be_dropped_and_is_counted() {
    let (mut app, clock) = (ann(Mode::Screen), Clock::default());
    pasted(&mut app, &clock, 100);
    let status = told(&mut app, &clock, Event::Entered("/status".into()));
    assert!(status[0].ends_with(" · 92 lines are being sent: /drop drops them"));
    assert_eq!(
        told(&mut app, &clock, Event::Entered("/quit".into())),
        ["tell 92 lines are being sent: /drop drops them; leaving again loses them"]
    );
    assert_eq!(
        app.left_behind(&[]).as_deref(),
        Some("92 lines were not sent")
    );
    let dropped = ["tell 92 lines dropped"];
    assert_eq!(
        told(&mut app, &clock, Event::Entered("/drop".into())),
        dropped
    );
    assert_eq!(app.left_behind(&[]), None);
}

#[test]
fn ctrl_c_and_a_lost_connection_keep_what_is_left() {
    let waits = ["tell 12 lines wait: /send sends them, /drop drops them"];
    let (mut app, clock) = (ann(Mode::Screen), Clock::default());
    pasted(&mut app, &clock, 20);
    assert_eq!(told(&mut app, &clock, Event::Interrupted), waits);
    app.on(Event::Line("PONG wac taken so far".into()), clock.now());
    assert_eq!(
        told(&mut app, &clock, Event::Entered("/send".into())),
        [""; 0]
    );
    let (why, unsent) = (None, vec!["MSG no. 7".to_owned()]);
    let lost = written_all(&app.on(Event::Lost { why, unsent }, clock.now()));
    let waits = "tell 13 lines wait: /send sends them, /drop drops them";
    assert_eq!(lost[lost.len() - 2..], ["show ⟳ no. 7", waits]);
}

#[test]
fn a_long_paste_that_finds_no_connection_is_kept_as_far_as_it_may_and_counted() {
    let (mut app, clock) = (ann(Mode::Screen), Clock::default());
    let (why, unsent) = (None, Vec::new());
    app.on(Event::Lost { why, unsent }, clock.now());
    let done = pasted(&mut app, &clock, 1500);
    let shown = done
        .iter()
        .filter(|done| done.starts_with("show ⟳"))
        .count();
    assert_eq!(shown, 1000);
    assert_eq!(
        done[done.len() - 2..],
        [
            "tell not connected: 1000 lines wait for /send",
            "tell not kept: 500 lines, for 1000 lines wait already"
        ]
    );
}

#[test]
fn who_right_after_the_login_waits_until_the_server_takes_it() {
    chats(
        "> /who
         > /who bo
         +2s
         send WHO
         < * online (2): bob, Ann
         show * online (2): bob, Ann
         +1s
         send WHO
         < * online (2): bob, Ann
         tell 1 of 2 here: bob",
    );
}

#[test]
fn what_was_said_on_another_day_has_its_day() {
    let (mut app, mut clock) = (ann(Mode::Screen), Clock::default());
    app.on(Event::Line("bob: hi".into()), clock.now());
    clock.pass(24 * 3600);
    app.on(Event::Line("bob: ho".into()), clock.now());
    let last = ["tell Sat 22 Nov 10:41 bob: hi", "tell 10:41 bob: ho"];
    assert_eq!(told(&mut app, &clock, Event::Entered("/last".into())), last);
    assert_eq!(
        told(&mut app, &clock, Event::Entered("/grep bob".into())),
        last
    );
}
