//! Dialogues with the scripts.

use std::time::Duration;

use wac_core::name::Name;

use super::filter::Filter;
use super::format::Format;
use super::{Names, Script, listen, send, who};
use crate::app::event::{Action, Event, First, InputError};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::protocol::catch_up::{Place, Progress};
use crate::protocol::clock::Now;
use crate::protocol::password::{self, Login, Passwords, Secrecy};
use crate::protocol::session::Farewell;

/// A script and the time it is.
struct Dialogue<S> {
    script: S,
    now: Duration,
}

impl<S: Script> Dialogue<S> {
    /// Begins one: the connection stands.
    #[track_caller]
    fn begin(script: S, actions: &[Action]) -> Self {
        let now = Duration::ZERO;
        let mut dialogue = Self { script, now };
        dialogue.on(Event::connected(), actions);
        dialogue
    }

    /// Begins one that has logged in as ann.
    #[track_caller]
    fn logged_in(script: S, then: &[Action]) -> Self {
        let mut dialogue = Self::begin(script, &logs_in("ann", None));
        dialogue.hears("* WAC chat; welcome, all", &[]);
        dialogue.hears("PONG wac greeted", &[]);
        dialogue.hears("* welcome, ann", then);
        dialogue
    }

    /// The event leads to these actions.
    #[track_caller]
    fn on(&mut self, event: Event, actions: &[Action]) {
        let now = Now {
            elapsed: self.now,
            ..Now::default()
        };
        let done = self.script.on(event.clone(), now);
        assert_eq!(done, actions, "on {event:?}");
    }

    #[track_caller]
    fn hears(&mut self, line: &str, actions: &[Action]) {
        self.on(Event::Line(line.to_owned()), actions);
    }

    #[track_caller]
    fn reads(&mut self, line: &str, actions: &[Action]) {
        self.on(Event::Entered(line.to_owned()), actions);
    }

    /// Lets time pass; then a tick is due.
    #[track_caller]
    fn wakes_after(&mut self, wait: Duration, actions: &[Action]) {
        self.now += wait;
        self.on(Event::Tick, actions);
    }
}

fn said(line: &str) -> Action {
    Action::Send(line.to_owned())
}

fn logs_in(as_name: &str, password: Option<&str>) -> [Action; 2] {
    let login = Login {
        name: name(as_name),
        password: password.and_then(password::typed),
    };
    [said("PING wac greeted"), Action::LogIn(login)]
}

fn printed(line: &str) -> Action {
    Action::Show(Line::Output(line.to_owned()))
}

fn told(line: &str) -> Action {
    Action::Tell(line.to_owned())
}

fn ends(reason: ExitReason) -> Action {
    Action::End(reason)
}

fn loses(why: Option<&str>) -> Event {
    Event::Lost {
        why: why.map(str::to_owned),
        unsent: Vec::new(),
    }
}

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// ann, or else this name.
fn names(alternative: Option<&str>) -> Names {
    Names {
        name: name("ann"),
        alternative: alternative.map(name),
        passwords: Passwords::new(None, Secrecy::Kept),
    }
}

fn sender() -> send::SendPlan {
    send::SendPlan {
        names: names(None),
        to: None,
        farewell: Farewell::Quit,
        rate: None,
        timeout: None,
    }
}

fn confirming() -> send::SendPlan {
    send::SendPlan {
        farewell: Farewell::Fence,
        ..sender()
    }
}

/// Sends to a server without history.
fn sending(plan: send::SendPlan) -> Dialogue<send::SendScript> {
    if plan.farewell == Farewell::Quit || plan.to.is_some() {
        return Dialogue::logged_in(send::SendScript::new(plan), &[Action::Read]);
    }
    let mut send = Dialogue::logged_in(send::SendScript::new(plan), &[said("MARK")]);
    send.hears("! unknown command MARK; HELP lists them", &[Action::Read]);
    send
}

/// Sends one and two for sure to a server with a history, and loses the connection.
fn losing(plan: send::SendPlan) -> Dialogue<send::SendScript> {
    let mut send = Dialogue::logged_in(send::SendScript::new(plan), &[said("MARK")]);
    send.hears("MARK a-1", &[Action::Read]);
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.hears("bob: hello", &[]);
    send.reads("two", &[said("MSG two"), Action::Read]);
    send.on(loses(Some("reset")), &[Action::Dial(First::Next)]);
    send
}

/// It is connected again, and shown so much of the room.
fn is_shown(send: &mut Dialogue<send::SendScript>, lines: &[&str], then: &[Action]) {
    send.on(Event::connected(), &logs_in("ann", None));
    send.hears("PONG wac greeted", &[]);
    send.hears("! the name ann is taken", &[]);
    send.wakes_after(seconds(2), &logs_in("ann", None));
    send.hears("PONG wac greeted", &[]);
    send.hears("* welcome, ann", &[]);
    send.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
    let begins = format!(
        "* history: {} lines since 2026-11-29 13:01:17 UTC",
        lines.len()
    );
    send.hears(&begins, &[]);
    lines.iter().for_each(|line| send.hears(line, &[]));
    send.hears("* history ends", then);
}

#[test]
fn send_goes_on_over_another_connection_if_all_is_in_the_room() {
    let mut send = losing(confirming());
    let told = told("connection lost: reset; connected again, and all is in the room (2 sent)");
    is_shown(&mut send, &["ann: one", "bob: hello", "ann: two"], &[told]);
    send.reads("three", &[said("MSG three"), Action::Read]);
    send.on(Event::InputEnded, &[said("MARK")]);
    send.hears("MARK a-2", &[ends(ExitReason::Done)]);
}

#[test]
fn send_takes_up_the_input_that_came_while_it_asked() {
    let all = || told("connection lost: reset; connected again, and all is in the room (2 sent)");
    let shown = ["ann: one", "bob: hello", "ann: two"];
    let mut send = losing(confirming());
    send.reads("three", &[]);
    is_shown(&mut send, &shown, &[all(), said("MSG three"), Action::Read]);
    let mut send = losing(confirming());
    send.on(Event::InputEnded, &[]);
    is_shown(&mut send, &shown, &[all(), said("MARK")]);
    send.hears("MARK a-2", &[ends(ExitReason::Done)]);
}

#[test]
fn send_tells_how_much_is_in_the_room() {
    let part = told("not confirmed: 1 of 2 in the room: connection lost: reset");
    is_shown(
        &mut losing(confirming()),
        &["ann: one", "bob: hello"],
        &[part, ends(ExitReason::NotConfirmed)],
    );
    let nothing = told("nothing of it is in the room (2 sent): connection lost: reset");
    is_shown(
        &mut losing(confirming()),
        &["bob: hello", "bob: one"],
        &[nothing, ends(ExitReason::Lost)],
    );
}

#[test]
fn send_tries_to_connect_for_some_seconds_and_asks_once() {
    let unknown = || {
        let lost = "not confirmed (2 sent): connection lost: reset";
        [told(lost), ends(ExitReason::NotConfirmed)]
    };
    let refused = || Event::Unreachable("refused".into());
    let wait = Duration::from_millis(500);
    let mut send = losing(confirming());
    send.on(refused(), &[]);
    send.wakes_after(wait, &[Action::Dial(First::Next)]);
    send.on(Event::connected(), &logs_in("ann", None));
    send.on(loses(None), &[]);
    for _ in 0..18 {
        send.wakes_after(wait, &[Action::Dial(First::Next)]);
        send.on(refused(), &[]);
    }
    send.wakes_after(wait, &[Action::Dial(First::Next)]);
    send.on(refused(), &unknown());
    let mut send = losing(confirming());
    send.on(Event::connected(), &logs_in("ann", None));
    send.hears("PONG wac greeted", &[]);
    send.hears("* welcome, ann", &[]);
    send.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
    send.hears("! not a mark of this room", &unknown());
}

#[test]
fn send_leaves_a_dead_connection_before_it_asks() {
    let mut send = Dialogue::logged_in(send::SendScript::new(confirming()), &[said("MARK")]);
    send.hears("MARK a-1", &[Action::Read]);
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.on(Event::InputEnded, &[said("MARK")]);
    send.wakes_after(seconds(30), &[said("PING wac alive")]);
    send.wakes_after(seconds(10), &[Action::HangUp]);
    send.on(loses(None), &[Action::Dial(First::Next)]);
    send.now += seconds(10);
    let lost = "not confirmed (1 sent): connection lost: no answer for 10 s";
    send.on(
        Event::Unreachable("refused".into()),
        &[told(lost), ends(ExitReason::NotConfirmed)],
    );
}

#[test]
fn send_ends_well_once_all_is_in_the_history() {
    const NO_MARK: &str = "! no mark now: the history is not being written; try later";
    let leaving = |first: &str, answer: &str, then: &[Action]| {
        let mut send = Dialogue::logged_in(send::SendScript::new(confirming()), &[said("MARK")]);
        send.hears(first, &[Action::Read]);
        send.reads("one", &[said("MSG one"), Action::Read]);
        send.on(Event::InputEnded, &[said("MARK")]);
        send.hears(answer, then);
    };
    let not_written =
        told("not confirmed (1 sent): in the room, but its history is not being written now");
    let forgotten = [not_written, ends(ExitReason::NotConfirmed)];
    for first in ["MARK a-1", NO_MARK] {
        leaving(first, "MARK a-2", &[ends(ExitReason::Done)]);
        leaving(first, NO_MARK, &forgotten);
    }
}

#[test]
fn send_says_each_line_and_leaves_in_order() {
    let mut send = sending(sender());
    send.reads("one\n", &[said("MSG one"), Action::Read]);
    send.reads(" \t\n", &[Action::Read]);
    send.reads("QUIT\u{1b}", &[said("MSG QUIT"), Action::Read]);
    send.on(Event::InputEnded, &[said("QUIT")]);
    send.hears("bob: hello", &[]);
    send.hears("* closing: goodbye", &[ends(ExitReason::Done)]);
}

#[test]
fn send_whispers_to_one_person() {
    let mut send = sending(send::SendPlan {
        to: Some(name("bob")),
        ..sender()
    });
    send.reads("psst", &[said("W bob psst"), Action::Read]);
}

#[test]
fn send_ends_well_if_confirmed_only_with_the_fence() {
    let mut send = sending(confirming());
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.hears("PONG wac taken", &[]);
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    send.hears("PONG wac greeted", &[]);
    send.hears("PONG wac taken", &[ends(ExitReason::Done)]);
}

#[test]
fn send_knows_what_was_surely_not_taken() {
    let mut send = sending(confirming());
    let lost = "connection lost: the server is stopping";
    send.hears("* closing: the server is stopping", &[]);
    send.on(loses(None), &[told(lost), ends(ExitReason::Lost)]);
}

#[test]
fn send_knows_what_may_have_been_taken() {
    let mut send = sending(confirming());
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    let lost = "not confirmed (1 sent): connection lost: reset";
    send.on(
        loses(Some("reset")),
        &[told(lost), ends(ExitReason::NotConfirmed)],
    );
}

#[test]
fn send_without_a_farewell_is_a_loss() {
    let mut send = sending(sender());
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.on(Event::InputEnded, &[said("QUIT")]);
    let lost = "connection lost: the server has closed it";
    send.on(loses(None), &[told(lost), ends(ExitReason::Lost)]);
}

#[test]
fn send_tells_what_was_refused_and_goes_on() {
    let mut send = sending(confirming());
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.hears(
        "! no user named \u{1b}",
        &[told("refused: no user named ^[")],
    );
    send.reads(
        &"x".repeat(4092),
        &[told("not sent: a line is 1 bytes too long"), Action::Read],
    );
    send.on(
        Event::InputError(InputError::NotUtf8),
        &[
            told("not sent: a line of the input is not UTF-8"),
            Action::Read,
        ],
    );
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    send.hears("PONG wac taken", &[ends(ExitReason::NotConfirmed)]);
}

#[test]
fn send_keeps_to_its_rate() {
    let mut send = sending(send::SendPlan {
        rate: Some("2/s".parse().unwrap()),
        ..sender()
    });
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.reads("two", &[]);
    send.wakes_after(Duration::from_millis(500), &[said("MSG two"), Action::Read]);
    send.now += seconds(1);
    send.reads("three", &[said("MSG three"), Action::Read]);
}

#[test]
fn send_notices_a_dead_link_unless_it_is_held_back() {
    let asks = said("PING wac alive");
    let mut send = sending(confirming());
    send.wakes_after(seconds(100), &[]);
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    send.wakes_after(seconds(30), &[asks]);
    let lost = "not confirmed (1 sent): connection lost: no answer for 10 s";
    send.wakes_after(seconds(10), &[told(lost), ends(ExitReason::NotConfirmed)]);

    let mut send = sending(confirming());
    let slow = "slow down: your lines wait; --rate keeps within what the server takes";
    send.hears("* slow down: your lines wait", &[told(slow)]);
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    send.wakes_after(seconds(100), &[]);
}

#[test]
fn send_gives_up_in_time_whatever_it_waits_for() {
    let plan = || send::SendPlan {
        timeout: Some(seconds(60)),
        ..confirming()
    };
    let timed_out = |told_last: &str| [told(told_last), ends(ExitReason::TimedOut)];
    // For its input.
    let mut send = sending(plan());
    send.wakes_after(seconds(30), &[]);
    send.wakes_after(seconds(30), &timed_out("timed out: nothing was sent"));
    // For the time to send.
    let mut send = sending(send::SendPlan {
        rate: Some("1/h".parse().unwrap()),
        ..plan()
    });
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.reads("two", &[]);
    send.wakes_after(seconds(60), &timed_out("timed out: not confirmed (1 sent)"));
    // For the answer.
    let mut send = sending(plan());
    send.reads("one", &[said("MSG one"), Action::Read]);
    send.on(Event::InputEnded, &[said("PING wac taken")]);
    send.wakes_after(seconds(30), &[said("PING wac alive")]);
    send.hears("PONG wac alive", &[]);
    send.wakes_after(seconds(30), &timed_out("timed out: not confirmed (1 sent)"));
}

#[test]
fn send_tries_its_second_name_once() {
    let taken = |alternative, then: &[Action]| {
        let plan = send::SendPlan {
            names: names(Some(alternative)),
            ..sender()
        };
        let first = logs_in("ann", None);
        let mut send = Dialogue::begin(send::SendScript::new(plan), &first);
        send.hears("PONG wac greeted", &[]);
        send.hears("! the name ann is taken", then);
        send
    };
    let [fence, login] = logs_in("ann2", None);
    let second = [told("the name ann is taken; trying ann2"), fence, login];
    let refused = |name| {
        let told = told(&format!("login refused: the name {name} is taken"));
        [told, ends(ExitReason::LoginRefused)]
    };
    let mut send = taken("ann2", &second);
    send.hears("PONG wac greeted", &[]);
    send.hears("* welcome, ann2", &[Action::Read]);
    let mut send = taken("ann2", &second);
    send.hears("PONG wac greeted", &[]);
    send.hears("! the name ann2 is taken", &refused("ann2"));
    taken("ANN", &refused("ann"));
}

#[test]
fn send_ends_where_its_name_is_refused() {
    let script = send::SendScript::new(sender());
    let mut send = Dialogue::begin(script, &logs_in("ann", None));
    send.hears("PONG wac greeted", &[]);
    send.hears(
        "! the name ann is taken",
        &[
            told("login refused: the name ann is taken"),
            ends(ExitReason::LoginRefused),
        ],
    );
}

fn listener() -> listen::ListenPlan {
    listen::ListenPlan {
        names: None,
        filter: Filter::default(),
        format: Format::Wire,
        count: None,
        timeout: None,
        since: listen::Since::Now,
    }
}

/// What a listener without a name asks, to learn whether it hears anything.
fn probes() -> [Action; 2] {
    [said("PING wac greeted"), said("MARK")]
}

fn keeps_line(line: &str) -> Action {
    Action::KeepPlace(Progress::Line(line.to_owned()))
}

fn keeps_mark(mark: &str) -> Action {
    Action::KeepPlace(Progress::Mark(Some(mark.to_owned())))
}

/// Listens to bob, from a place on.
fn listens_since(place: Option<Place>) -> Dialogue<listen::ListenScript> {
    let script = listen::ListenScript::new(listen::ListenPlan {
        since: listen::Since::Place(place),
        filter: Filter {
            from: vec![name("bob")],
            ..Filter::default()
        },
        ..listener()
    });
    Dialogue::begin(script, &[])
}

#[test]
fn listen_keeps_its_place_behind_what_it_has_printed() {
    let mut listen = listens_since(None);
    listen.hears(
        "bob: early",
        &[printed("bob: early"), keeps_line("bob: early")],
    );
    listen.wakes_after(Duration::from_millis(100), &[said("MARK")]);
    listen.hears("MARK a-1", &[keeps_mark("a-1")]);
    listen.hears("bob: one", &[printed("bob: one"), keeps_line("bob: one")]);
    listen.hears("eve: no", &[keeps_line("eve: no")]);
    listen.hears("* zoe joined", &[keeps_line("* zoe joined")]);
    listen.hears("* online (1): bob", &[]);
    listen.wakes_after(seconds(5), &[said("MARK")]);
    listen.hears("MARK a-2", &[keeps_mark("a-2")]);
}

#[test]
fn listen_goes_on_at_its_place() {
    let heard = ["bob: one".to_owned(), "eve: no".to_owned()];
    let mut listen = listens_since(Some(Place::with(Some("a-1"), heard)));
    listen.hears("bob: three", &[]);
    listen.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
    let lines = "bob: one|eve: no|bob: two|bob: three";
    listen.hears("* history: 4 lines since 2026-11-29 13:01:17 UTC", &[]);
    lines.split('|').for_each(|line| listen.hears(line, &[]));
    listen.hears(
        "* history ends",
        &[
            printed("bob: two"),
            keeps_line("bob: two"),
            printed("bob: three"),
            keeps_line("bob: three"),
        ],
    );
    listen.wakes_after(Duration::from_millis(300), &[said("MARK")]);
}

#[test]
fn listen_tells_what_it_cannot_print() {
    let since = || {
        let mut listen = listens_since(Some(Place::new("a-1")));
        listen.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
        listen
    };
    let mut listen = since();
    let none = told("the server keeps no history: what is missed stays missed");
    listen.hears("! unknown command SINCE; HELP lists them", &[none]);
    let mut listen = since();
    let cut = "1 line since 2026-11-29 13:01:17 UTC; what was said before is no longer kept";
    listen.hears(&format!("* history: {cut}"), &[]);
    listen.hears("bob: hi", &[]);
    let cut = told("what was said before 2026-11-29 13:01:17 UTC is no longer kept");
    let rest = [cut, printed("bob: hi"), keeps_line("bob: hi")];
    listen.hears("* history ends", &rest);
}

#[test]
fn listen_prints_what_a_history_that_began_anew_holds() {
    let mut listen = listens_since(Some(Place::new("a-1")));
    listen.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
    listen.hears("bob: two", &[]);
    let anew = told("the server's history began anew: the last lines of it follow, 1000 at most");
    let beginning = Action::KeepPlace(Progress::Mark(None));
    listen.hears("! not a mark of this room", &[beginning, anew]);
    listen.wakes_after(Duration::ZERO, &[said("HIST 1000")]);
    listen.hears("* history: 2 lines since 2026-11-29 13:01:17 UTC", &[]);
    listen.hears("bob: one", &[]);
    listen.hears("bob: two", &[]);
    let lines = ["bob: one", "bob: two"];
    let all = lines.map(|line| [printed(line), keeps_line(line)]).concat();
    listen.hears("* history ends", &all);
    listen.hears("bob: now", &[printed("bob: now"), keeps_line("bob: now")]);
}

#[test]
fn listen_prints_no_more_of_the_past_than_it_is_to() {
    let script = listen::ListenScript::new(listen::ListenPlan {
        since: listen::Since::Place(Some(Place::new("a-1"))),
        count: Some(1),
        ..listener()
    });
    let mut listen = Dialogue::begin(script, &[]);
    listen.wakes_after(Duration::from_millis(100), &[said("SINCE a-1")]);
    listen.hears("* history: 2 lines since 2026-11-29 13:01:17 UTC", &[]);
    listen.hears("bob: one", &[]);
    listen.hears("bob: two", &[]);
    let one = [
        printed("bob: one"),
        keeps_line("bob: one"),
        ends(ExitReason::Done),
    ];
    listen.hears("* history ends", &one);
}

#[test]
fn listen_prints_what_is_said_and_nothing_else() {
    let mut listen = Dialogue::begin(listen::ListenScript::new(listener()), &probes());
    listen.hears("* WAC chat", &[]);
    listen.hears("* bob joined", &[]);
    listen.hears("bob: hi\u{7}", &[printed("bob: hi^G")]);
    listen.hears("bob whispers, \"psst\"", &[]);
    let lost = "connection lost: you read too slowly";
    listen.hears("* closing: you read too slowly", &[]);
    listen.on(loses(None), &[told(lost), ends(ExitReason::Lost)]);
}

#[test]
fn listen_counts_what_it_prints() {
    let mut listen = Dialogue::logged_in(
        listen::ListenScript::new(listen::ListenPlan {
            names: Some(names(None)),
            filter: Filter {
                whispers: true,
                from: vec![name("bob")],
                ..Filter::default()
            },
            count: Some(2),
            ..listener()
        }),
        &[],
    );
    listen.hears("bob: one", &[printed("bob: one")]);
    listen.hears("eve: no", &[]);
    let whisper = "bob whispers, \"two\"";
    listen.hears(whisper, &[printed(whisper), ends(ExitReason::Done)]);
}

#[test]
fn listen_gives_up_in_time_however_much_is_said() {
    let mut listen = Dialogue::begin(
        listen::ListenScript::new(listen::ListenPlan {
            timeout: Some(seconds(60)),
            ..listener()
        }),
        &probes(),
    );
    listen.wakes_after(seconds(29), &[]);
    listen.hears("bob: hi", &[printed("bob: hi")]);
    listen.wakes_after(seconds(30), &[said("PING wac alive")]);
    listen.hears("PONG wac alive", &[]);
    listen.wakes_after(seconds(1), &[ends(ExitReason::TimedOut)]);
}

#[test]
fn listen_notices_a_dead_link() {
    let mut listen = Dialogue::begin(listen::ListenScript::new(listener()), &probes());
    listen.wakes_after(seconds(30), &[said("PING wac alive")]);
    let lost = "connection lost: no answer for 10 s";
    listen.wakes_after(seconds(10), &[told(lost), ends(ExitReason::Lost)]);
}

fn asking() -> Dialogue<who::WhoScript> {
    Dialogue::begin(
        who::WhoScript::new(None),
        &[said("PING wac greeted"), said("WHO")],
    )
}

#[test]
fn who_prints_one_name_a_line() {
    let mut who = asking();
    who.hears("* online (1): nobody", &[]);
    who.hears("PONG wac greeted", &[]);
    who.hears("* bob joined", &[]);
    who.hears("* online (3): bob, ann", &[printed("bob"), printed("ann")]);
    who.hears("bob: online: eve", &[]);
    who.hears("* online: Zoë", &[printed("Zoë"), ends(ExitReason::Done)]);
}

#[test]
fn who_prints_nothing_where_nobody_is() {
    let mut who = asking();
    who.hears("PONG wac greeted", &[]);
    who.hears("* online (0)", &[ends(ExitReason::Done)]);
}

const WANTS_NAME: &str = "! log in first: LIN <name>";

/// What a script without a name does where the server wants one.
fn lacks_name() -> [Action; 2] {
    let told_so =
        "login refused: log in first: LIN <name> (give a name: NAME@HOST, or --name NAME)";
    [told(told_so), ends(ExitReason::LoginRefused)]
}

#[test]
fn who_without_a_name_ends_where_the_server_wants_one() {
    let mut who = asking();
    who.hears(WANTS_NAME, &[]);
    who.hears("PONG wac greeted", &[]);
    who.hears(WANTS_NAME, &lacks_name());
}

#[test]
fn who_logs_in_only_where_the_server_wants_it() {
    let script = who::WhoScript::new(Some(names(None)));
    let asks = [said("PING wac greeted"), said("WHO")];
    let mut who = Dialogue::begin(script, &asks);
    who.hears("PONG wac greeted", &[]);
    who.hears(WANTS_NAME, &logs_in("ann", None));
    who.hears("PONG wac greeted", &[]);
    who.hears("* welcome, ann", &asks);
    who.hears("PONG wac greeted", &[]);
    who.hears(
        "* online (1): ann",
        &[printed("ann"), ends(ExitReason::Done)],
    );
}

#[test]
fn listen_without_a_name_ends_where_the_server_wants_one() {
    let mut listen = Dialogue::begin(listen::ListenScript::new(listener()), &probes());
    listen.hears(WANTS_NAME, &[]);
    listen.hears("PONG wac greeted", &[]);
    listen.hears(WANTS_NAME, &lacks_name());
}

#[test]
fn listen_since_without_a_name_ends_where_the_server_wants_one() {
    let mut listen = listens_since(None);
    listen.hears(WANTS_NAME, &[]);
    listen.wakes_after(Duration::from_millis(100), &[said("MARK")]);
    listen.hears(WANTS_NAME, &lacks_name());
}

#[test]
fn who_gives_up_a_server_that_does_not_answer() {
    let mut who = asking();
    who.wakes_after(seconds(30), &[said("PING wac alive")]);
    let lost = "connection lost: no answer for 10 s";
    who.wakes_after(seconds(10), &[told(lost), ends(ExitReason::Lost)]);
}

const NEEDS: &str = "! the name ann needs its password: LIN <name> <password>";

#[test]
fn a_script_sends_its_password_once_the_server_asks_for_it() {
    let plan = send::SendPlan {
        names: Names {
            passwords: Passwords::new(password::typed("secret"), Secrecy::Kept),
            ..names(None)
        },
        ..sender()
    };
    let mut dialogue = Dialogue::begin(send::SendScript::new(plan), &logs_in("ann", None));
    dialogue.hears("PONG wac greeted", &[]);
    dialogue.hears(NEEDS, &logs_in("ann", Some("secret")));
    dialogue.hears("PONG wac greeted", &[]);
    dialogue.hears("* welcome, ann", &[Action::Read]);
}

#[test]
fn a_script_without_a_password_says_where_it_wants_one_from() {
    for (secrecy, wanted) in [
        (Secrecy::Kept, "(--password-file FILE has it)"),
        (Secrecy::Exposed, "connect with tls:HOST"),
    ] {
        let plan = send::SendPlan {
            names: Names {
                passwords: Passwords::new(None, secrecy),
                ..names(None)
            },
            ..sender()
        };
        let mut script = send::SendScript::new(plan);
        let now = Now::default();
        script.on(Event::connected(), now);
        script.on(Event::Line("PONG wac greeted".into()), now);
        let done = script.on(Event::Line(NEEDS.into()), now);
        let [Action::Tell(told), Action::End(ExitReason::LoginRefused)] = &*done else {
            panic!("{done:?}");
        };
        assert!(told.contains(wanted), "{told}");
    }
}
