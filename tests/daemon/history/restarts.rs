//! Restarts: after a stop and after a kill the room goes on where it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use wac_tests::Server;

use super::{Kept, kill, mark, shown, since};

/// Ends a server in the middle of a talk by `end`, and starts another.
fn goes_on(end: impl Fn(Server), last: &[&str]) {
    let kept = Kept::new();
    let server = kept.start();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| server.user(name));
    ann.send("MSG one");
    bob.expect("ann: one");
    let before = mark(&mut ann);
    bob.send("MSG two");
    ann.expect("bob: two");
    let behind = mark(&mut ann);
    end(server);

    let server = kept.start();
    let mut ann = server.user("ann");
    assert_eq!(
        shown(&mut ann, "HIST"),
        [&["ann: one", "bob: two"], last].concat()
    );
    assert_eq!(since(&mut ann, &before), [&["bob: two"], last].concat());
    assert_eq!(since(&mut ann, &behind), last);
    let mut bob = server.user("bob");
    bob.send("MSG three");
    ann.expect("bob: three");
    assert_eq!(since(&mut ann, &behind), [last, &["bob: three"]].concat());
    let room = |mark: &str| mark.split_once('-').map(|(room, _)| room.to_owned());
    assert_eq!(room(&mark(&mut ann)), room(&before));
}

#[test]
fn after_a_stop_the_room_goes_on_with_the_same_lines_and_marks() {
    let stop = |server: Server| assert_eq!(server.stop().code, Some(0));
    goes_on(stop, &["* closing: the server is stopping"]);
}

#[test]
fn after_a_kill_the_room_goes_on_with_all_lines_before_the_last_mark() {
    goes_on(kill, &[]);
}

#[test]
fn a_stop_writes_to_the_end_whoever_asked_for_no_mark() {
    let kept = Kept::new();
    let server = kept.start();
    let mut ann = server.user("ann");
    let said: Vec<String> = (0..1000).map(|number| format!("ann: {number}")).collect();
    let sent: String = (0..1000).map(|number| format!("MSG {number}\n")).collect();
    ann.send_bytes(sent.as_bytes());
    ann.silent_until_fence();
    assert_eq!(server.stop().code, Some(0));
    let server = kept.start();
    let shown = shown(&mut server.connect(), "HIST 1000");
    assert_eq!(shown[..999], said[1..]);
    assert!(
        server
            .log()
            .count(|line| line.contains("1001 lines of the history"))
            == 1
    );
}

#[test]
fn the_files_are_text_that_holds_the_rooms_lines_and_no_whisper() {
    let kept = Kept::new();
    let server = kept.start();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| server.user(name));
    ann.send("MSG hello");
    ann.send("W bob between us");
    bob.expect("ann: hello");
    assert!(bob.line().contains("between us"));
    mark(&mut bob);
    let text = kept.text();
    assert!(text.contains("\r\nann: hello\r\n"), "{text}");
    assert_eq!(server.stop().code, Some(0));
    assert!(!kept.text().contains("between us"));
    let mode = |path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode(kept.newest()), mode(kept.path())), (0o600, 0o700));
}

#[test]
fn without_a_history_no_mark_holds_over_a_restart() {
    let server = Server::start();
    let before = mark(&mut server.user("ann"));
    assert_eq!(server.stop().code, Some(0));
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send(&format!("SINCE {before}"));
    ann.expect("! not a mark of this room");
}
