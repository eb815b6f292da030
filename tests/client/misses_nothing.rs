//! Outages: whoever comes back sees what was said meanwhile, once and in order, and none of their own lines is lost or said
//! twice.

use tempfile::TempDir;
use wac_tests::{Server, Signal, wait_until};

use crate::proxy::{Cut, Proxy};
use crate::run::{Running, run, wac};
use crate::term::{Term, at};

fn server() -> Server {
    Server::setup().listen("127.0.0.1:0").start()
}

/// Ann behind a proxy, once she has a mark.
#[track_caller]
fn ann(proxy: &Proxy, flags: &[&str]) -> Term {
    let target = proxy.at("Ann");
    let mut term = Term::start(&[&[&*target], flags].concat());
    term.shows_row("Ann▸");
    proxy.passes("MARK ", 1);
    term
}

#[test]
fn what_was_said_in_an_outage_is_shown_once_and_in_order() {
    let server = server();
    let proxy = Proxy::to(&server);
    let mut bob = server.user("bob");
    let mut term = ann(&proxy, &[]);
    bob.send("MSG one");
    term.shows_said("bob", "one");
    proxy.close();
    term.shows_row("Ann⟳");
    bob.send("MSG two");
    bob.send("MSG Ann: three");
    bob.fence();
    proxy.open(&server);
    term.shows("✓ back as Ann after ");
    term.shows("── 2 lines missed");
    term.shows_said("bob", "Ann: three");
    term.shows("── from now on ──");
    bob.send("MSG four");
    term.shows_said("bob", "four");
    assert_eq!(term.said("bob"), ["one", "two", "Ann: three", "four"]);
    term.shows_in_lines("MARK", 0);
    term.shows_in_lines("history", 0);
}

#[test]
fn an_outage_in_which_nothing_was_said_is_told_as_one() {
    let server = server();
    let proxy = Proxy::to(&server);
    let mut term = ann(&proxy, &[]);
    proxy.close();
    term.shows_row("Ann⟳");
    proxy.open(&server);
    term.shows("✓ nothing missed");
    term.shows_row("Ann▸");
}

#[test]
fn an_own_line_that_was_lost_waits_and_one_that_was_accepted_stands() {
    let server = server();
    let proxy = Proxy::to(&server);
    let mut bob = server.user("bob");
    let mut term = ann(&proxy, &[]);
    term.types("one\r");
    bob.expect("Ann: one");
    proxy.cut_at(Cut::ForGood, "MSG two");
    term.types("two\r");
    term.shows_row("Ann⟳");
    proxy.open(&server);
    term.shows("# 1 line of yours was not accepted");
    term.shows("⟳ two");
    bob.silent_until_fence();
    term.types("/send\r");
    bob.expect("Ann: two");
    bob.silent_until_fence();
}

#[test]
fn a_line_whose_connection_ended_behind_it_is_not_said_twice() {
    let server = server();
    let proxy = Proxy::to(&server);
    let mut bob = server.user("bob");
    let mut term = ann(&proxy, &[]);
    term.types("one\r");
    bob.expect("Ann: one");
    proxy.close();
    term.shows_row("Ann⟳");
    proxy.open(&server);
    term.shows("✓ nothing missed");
    term.types("/send\r");
    term.shows("# no line waits to be sent");
    bob.silent_until_fence();
}

#[test]
fn of_a_server_that_began_anew_all_is_shown_once() {
    let first = server();
    let proxy = Proxy::to(&first);
    let mut term = ann(&proxy, &[]);
    term.types("may be lost\r");
    term.shows_said("Ann", "may be lost");
    let _stopped = first.stop();
    term.shows_row("Ann⟳");
    let second = server();
    let mut bob = second.user("bob");
    bob.send("MSG Ann: are you back?");
    bob.send("MSG hello?");
    bob.fence();
    proxy.open(&second);
    term.shows("── the server's history began anew");
    term.shows("── from now on ──");
    term.shows("# 1 line of yours may not have been accepted");
    term.shows("⟳ may be lost");
    term.shows_row("Ann▸");
    bob.send("MSG hi");
    term.shows_said("bob", "hi");
    assert_eq!(term.said("bob"), ["Ann: are you back?", "hello?", "hi"]);
}

#[test]
fn who_comes_sees_the_last_lines_unless_they_want_none() {
    let server = server();
    let mut bob = server.user("bob");
    for text in ["one", "two", "three"] {
        bob.send(&format!("MSG {text}"));
    }
    bob.fence();
    let term = Term::start(&["--last", "2", &format!("Ann@{}", at(&server))]);
    term.shows("── the last 2 lines ──");
    term.shows("── from now on ──");
    assert_eq!(term.said("bob"), ["two", "three"]);
    let proxy = Proxy::to(&server);
    let target = proxy.at("Zoe");
    let term = Term::start(&["--last", "0", &target]);
    proxy.passes("MARK ", 1);
    assert_eq!(term.said("bob"), [""; 0]);
}

#[test]
fn who_comes_sees_as_many_messages_as_they_want_whoever_came_and_went() {
    let server = Server::setup().with_notices().listen("127.0.0.1:0").start();
    let mut bob = server.user("bob");
    for text in ["one", "two"] {
        bob.send(&format!("MSG {text}"));
    }
    for name in ["dave", "erin", "zoe"] {
        drop(server.user(name));
        bob.expect(&format!("* {name} joined"));
        bob.expect(&format!("* {name} left"));
    }
    let term = Term::start(&["--last", "1", &format!("Ann@{}", at(&server))]);
    term.shows("── the last line ──");
    term.shows("── from now on ──");
    assert_eq!(term.said("bob"), ["two"]);
}

#[test]
fn who_is_cut_off_while_they_come_sees_the_last_lines_when_they_are_back() {
    let server = server();
    let mut bob = server.user("bob");
    bob.send("MSG one");
    bob.fence();
    let proxy = Proxy::to(&server);
    proxy.cut_at(Cut::Once, "* history: ");
    let term = Term::start(&[&proxy.at("Ann")]);
    term.shows("✓ back as Ann after ");
    term.shows("── the last line ──");
    assert_eq!(term.said("bob"), ["one"]);
}

#[test]
fn what_was_said_long_ago_can_be_read_again() {
    let server = server();
    let mut bob = server.user("bob");
    for text in ["one", "two", "three"] {
        bob.send(&format!("MSG {text}"));
    }
    bob.fence();
    let proxy = Proxy::to(&server);
    let mut term = ann(&proxy, &["--last", "0"]);
    assert_eq!(term.said("bob"), [""; 0]);
    term.types("/last 2\r");
    term.shows(" bob: two");
    term.shows(" bob: three");
    term.shows_in_lines("bob: one", 0);
}

#[test]
fn a_reader_of_words_is_told_in_words() {
    let server = server();
    let proxy = Proxy::to(&server);
    let mut bob = server.user("bob");
    let term = Term::start_with(&[("TERM", "dumb")], &[&proxy.at("Ann")]);
    proxy.passes("MARK ", 1);
    proxy.close();
    term.shows("connection lost");
    bob.send("MSG two");
    bob.fence();
    proxy.open(&server);
    term.shows("1 line missed");
    term.shows("bob says: two");
    term.shows("from now on");
}

/// Listens to bob through a proxy, with its place in a file.
fn listens(proxy: &Proxy, place: &str, flags: &[&str]) -> Running {
    let target = proxy.at("bot");
    Running::start(wac(
        &[&["listen", &*target, "--since", place], flags].concat()
    ))
}

#[test]
fn a_listener_that_is_killed_and_started_again_misses_nothing_and_doubles_nothing() {
    let server = server();
    let mut bob = server.user("bob");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let place = folder.path().join("place");
    let place = place.to_str().expect("it is UTF-8");
    bob.send("MSG before");
    bob.fence();
    let proxy = Proxy::to(&server);
    let mut listening = listens(&proxy, place, &[]);
    proxy.passes("MARK ", 1);
    let (mut heard, mut said) = (Vec::new(), 0);
    for round in 1..4 {
        for _ in 0..5 {
            said += 1;
            bob.send(&format!("MSG {said}"));
            heard.push(listening.line());
        }
        wait_until("the place is kept", || {
            std::fs::read_to_string(place).is_ok_and(|kept| kept == proxy.since_mark())
        });
        listening.signal(Signal::SIGKILL);
        heard.extend(listening.ends().out.lines().map(str::to_owned));
        for _ in 0..3 {
            said += 1;
            bob.send(&format!("MSG {said}"));
        }
        bob.fence();
        listening = listens(&proxy, place, &[]);
        (0..3).for_each(|_| heard.push(listening.line()));
        proxy.passes("SINCE ", round);
    }
    let wanted: Vec<String> = (1..=said).map(|n| format!("bob: {n}")).collect();
    assert_eq!(heard, wanted);
}

#[test]
fn a_listener_prints_what_a_server_that_began_anew_holds_and_goes_on() {
    let first = server();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let place = folder.path().join("place");
    let place = place.to_str().expect("it is UTF-8");
    let proxy = Proxy::to(&first);
    let listening = listens(&proxy, place, &[]);
    proxy.passes("MARK ", 1);
    wait_until("the place is kept", || std::fs::metadata(place).is_ok());
    let _stopped = first.stop();
    assert_eq!(listening.ends().code, Some(4));
    let second = server();
    let mut bob = second.user("bob");
    bob.send("MSG early");
    bob.fence();
    proxy.cut_at(Cut::Once, "MARK");
    proxy.open(&second);
    let ran = listens(&proxy, place, &[]).ends_by_itself();
    assert_eq!((ran.code, &*ran.out), (Some(4), "bob: early\n"));
    let told = "wac: the server's history began anew: the last lines of it follow, 1000 at most\n";
    assert!(ran.err.starts_with(told), "{}", ran.err);
    bob.send("MSG late");
    bob.fence();
    let ran = listens(&proxy, place, &["--count", "1"]).ends_by_itself();
    assert_eq!(
        (ran.code, &*ran.out, &*ran.err),
        (Some(0), "bob: late\n", "")
    );
}

#[test]
fn a_file_that_is_no_place_is_a_usage_error() {
    let ran = run(&["listen", "--since", "/dev/null", "127.0.0.1:1"], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err
            .starts_with("wac: cannot use /dev/null as the file of a place: "),
        "{}",
        ran.err
    );
}

/// Sends a message for sure; the connection is cut at a line.
fn confirms(cut: Cut, cut_at: &str) -> (Option<i32>, String, Vec<String>) {
    let server = server();
    let mut bob = server.user("bob");
    let proxy = Proxy::to(&server);
    let mut sending = Running::start(wac(&["send", "--confirm", &proxy.at("ann")]));
    proxy.passes("MARK ", 1);
    proxy.cut_at(cut, cut_at);
    sending.types("hello\n");
    let ran = sending.ends();
    (ran.code, ran.err, bob.fence())
}

#[test]
fn a_lost_confirmation_is_asked_for_over_another_connection() {
    let (code, told, heard) = confirms(Cut::Once, "MARK ");
    assert_eq!(heard, ["ann: hello"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("connected again, and all is in the room (1 sent)"),
        "{told}"
    );
}

#[test]
fn a_message_that_the_connection_lost_may_be_sent_again() {
    let (code, told, heard) = confirms(Cut::Once, "MSG hello");
    assert_eq!(heard, [""; 0]);
    assert_eq!(code, Some(4), "{told}");
    assert!(
        told.contains("nothing of it is in the room (1 sent)"),
        "{told}"
    );
}

#[test]
fn without_another_connection_nothing_is_confirmed() {
    let (code, told, heard) = confirms(Cut::ForGood, "MARK ");
    assert_eq!(heard, ["ann: hello"]);
    assert_eq!(code, Some(7), "{told}");
    assert!(told.starts_with("wac: not confirmed (1 sent): "), "{told}");
}

/// A server that can be started again at the same address, with its history.
struct Restartable(TempDir);

impl Restartable {
    #[track_caller]
    fn start(&self) -> Server {
        let history = self.0.path().join("history");
        let history = history.to_str().expect("it is UTF-8");
        Server::setup()
            .with("--history", history)
            .listen_unix(&self.0.path().join("wac"))
            .start()
    }

    fn at(&self, name: &str) -> String {
        format!("{name}@unix:{}", self.0.path().join("wac").display())
    }
}

#[test]
fn a_message_is_asked_for_once_the_server_is_started_again() {
    let place = Restartable(tempfile::tempdir().expect("a temporary folder can be made"));
    let server = place.start();
    let mut bob = server.user("bob");
    let mut sending = Running::start(wac(&["send", "--confirm", &place.at("ann")]));
    sending.types("hello\n");
    bob.expect("ann: hello");
    // It is in the history then.
    bob.send("MARK");
    bob.expect_starting("MARK ");
    server.signal(Signal::SIGKILL);
    bob.expect_end(&[]);
    drop(server);
    let server = place.start();
    let ran = sending.ends();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err
            .contains("connected again, and all is in the room (1 sent)"),
        "{}",
        ran.err
    );
    let mut zoe = server.user("zoe");
    zoe.send("HIST");
    zoe.expect_starting("* history: 1 line since ");
    zoe.expect("ann: hello");
}

#[test]
fn what_is_confirmed_outlives_a_server_that_is_killed_at_once() {
    let place = Restartable(tempfile::tempdir().expect("a temporary folder can be made"));
    let server = place.start();
    let ran = run(&["send", "--confirm", &place.at("ann"), "hello"], "");
    server.signal(Signal::SIGKILL);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    drop(server);
    let server = place.start();
    let mut zoe = server.user("zoe");
    zoe.send("HIST");
    zoe.expect_starting("* history: 1 line since ");
    zoe.expect("ann: hello");
}
