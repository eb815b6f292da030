//! Restarts: after a stop and after a kill the room goes on where it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use wac_tests::{Server, wait_until};

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

/// Returns the place that a mark names, and the second in which the line before it was said.
fn place_of(mark: &str) -> (&str, u64) {
    let (place, second) = mark.rsplit_once('-').expect("a mark has a second");
    (place, second.parse().expect("it is a number"))
}

fn unix_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("it is after 1970").as_secs()
}

#[test]
fn a_mark_of_a_place_that_an_old_copy_of_the_folder_has_used_again_is_refused() {
    let kept = Kept::new();
    let copy = kept.0.path().join("copy");
    let server = kept.start();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| server.user(name));
    ann.send("MSG one");
    bob.expect("ann: one");
    let common = mark(&mut bob);
    fs::create_dir(&copy).expect("a folder");
    for segment in kept.segments() {
        let name = segment.file_name().expect("a file");
        fs::copy(&segment, copy.join(name)).expect("a copy");
    }
    ann.send("MSG lost");
    bob.expect("ann: lost");
    let lost = mark(&mut bob);
    kill(server);

    fs::remove_dir_all(kept.path()).expect("a folder");
    fs::rename(copy, kept.path()).expect("a folder");
    let server = kept.start();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| server.user(name));
    let (place, second) = place_of(&lost);
    wait_until("it is a later second", || unix_now() > second);
    // As long.
    ann.send("MSG said");
    bob.expect("ann: said");
    let again = mark(&mut bob);
    assert_eq!(place_of(&again).0, place);
    ann.send("MSG next");
    bob.expect("ann: next");
    bob.send(&format!("SINCE {lost}"));
    bob.expect("! not a mark of this room");
    assert_eq!(since(&mut bob, &again), ["ann: next"]);
    assert_eq!(since(&mut bob, &common), ["ann: said", "ann: next"]);
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
