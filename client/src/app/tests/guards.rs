//! Confirmations.

use super::*;

#[test]
fn what_looks_like_a_whisper_is_asked_about_once() {
    chats(
        "> W bob the key
         mark Asked
         keep
         tell not sent: it looks like a whisper (/w NAME TEXT); Enter again sends it to everyone
         > W bob the key
         keep
         tell not sent: …
         +1s
         > W bob the key
         mark Here
         send MSG W bob the key
         show Ann: W bob the key
         > w bob other
         mark Asked
         keep
         tell not sent: …
         +1s
         > /w bob other
         mark Here
         send W bob other
         show me ⇢ bob: other
         > w bob third
         mark Asked
         keep
         tell not sent: …
         cleared
         mark Here
         > /w bob x
         send W bob x
         show me ⇢ bob: x",
    );
}

#[test]
fn what_looks_like_a_login_is_asked_about_once() {
    chats(
        "> lin Ann two words
         mark Asked
         keep
         tell not sent: it looks like a login with its password, which everyone would read; Enter again sends it
         +1s
         > lin Ann
         mark Here
         send MSG lin Ann
         show Ann: lin Ann
         > LIN Ann two
         mark Asked
         keep
         tell not sent: …
         +1s
         > LIN Ann two
         mark Here
         send MSG LIN Ann two
         show Ann: LIN Ann two",
    );
}

const PASTE: &str = "one\r\n/quit\nW bob x\n\n\0LIN eve\nlast\n";

/// Pastes, answers, and returns the actions of the answer.
fn pasted(answer: Event) -> Vec<String> {
    let mut app = ann(Mode::Screen);
    let now = Clock::default().now();
    let asked = app.on(Event::Entered(PASTE.into()), now);
    let wanted = [
        "mark Asked",
        "tell 5 messages to everyone, from: one",
        "tell to: last",
        "tell y sends them, j joins them into one, n or Enter drops them",
    ];
    assert_eq!(asked.iter().map(written).collect::<Vec<_>>(), wanted);
    let done = app.on(answer, now);
    let (marked, done) = done.split_first().unwrap();
    assert_eq!(written(marked), "mark Here");
    done.iter().map(written).collect()
}

#[test]
fn a_paste_is_sent_only_when_asked_to() {
    let sent = pasted(Event::Entered("y".into()));
    let sent: Vec<_> = sent
        .iter()
        .filter(|done| done.starts_with("send"))
        .collect();
    let wanted =
        ["one", "/quit", "W bob x", "LIN eve", "last"].map(|text| format!("send MSG {text}"));
    assert_eq!(sent, wanted.iter().collect::<Vec<_>>());
}

#[test]
fn a_paste_may_become_one_message() {
    let text = "one /quit W bob x LIN eve last";
    let wanted = [format!("send MSG {text}"), format!("show Ann: {text}")];
    assert_eq!(pasted(Event::Entered("join".into())), wanted);
}

#[test]
fn a_paste_is_dropped_by_default() {
    let dropped = ["tell dropped; the Up key brings it back"];
    assert_eq!(pasted(Event::Entered("".into())), dropped);
    assert_eq!(pasted(Event::Entered("n".into())), dropped);
    assert_eq!(pasted(Event::Interrupted), dropped);
}

/// Enters texts, and returns the actions of the last.
fn done_for_last(entered: &[&str]) -> Vec<String> {
    let mut app = ann(Mode::Screen);
    let now = Clock::default().now();
    let done = entered
        .iter()
        .map(|text| app.on(Event::Entered((*text).into()), now));
    done.last().unwrap().iter().map(written).collect()
}

#[test]
fn what_is_no_answer_is_not_said_and_the_question_stays() {
    let unclear = ["tell not sent: answer y, j or n for the paste first"];
    assert_eq!(done_for_last(&["one\ntwo", "hello"]), unclear);
    let sent = ["mark Here", "send MSG one two", "show Ann: one two"];
    assert_eq!(done_for_last(&["one\ntwo", "hello", "j"]), sent);
}

#[test]
fn a_pasted_line_that_looks_private_is_shown_first() {
    for line in ["/w bob psst", " /who", "W bob psst"] {
        let asked = [
            "mark Asked".to_owned(),
            format!("tell 1 message to everyone: {line}"),
            "tell y sends it, n or Enter drops it".to_owned(),
        ];
        assert_eq!(done_for_last(&[&format!("{line}\n")]), asked);
        assert_eq!(done_for_last(&[&format!("\n\n{line}\r\n")]), asked);
    }
    let sent = ["send MSG hello", "show Ann: hello"];
    assert_eq!(done_for_last(&["hello\n"]), sent);
}
