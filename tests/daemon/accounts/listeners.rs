//! A room that only those read who have logged in.

use wac_tests::{Peer, Server};

#[test]
fn the_room_is_kept_from_those_who_have_not_logged_in() {
    let server = Server::setup()
        .with("--listeners", "logged-in")
        .with("--shards", "2")
        .with_notices()
        .start();
    let (mut ann, mut stranger) = (server.user("Ann"), server.connect());
    ann.send("MSG secret");
    ann.fence();
    stranger.silent_until_fence();
    stranger.send("WHO");
    stranger.expect("! log in first: LIN <name>");
    stranger.send("SEC");
    stranger.expect(wac_tests::SECRET);
    stranger.send("LIN Bob");
    stranger.lines_until("* welcome, Bob");
    ann.expect("* Bob joined");
    ann.send("MSG hello");
    stranger.expect("Ann: hello");
    let reader = server.connect();
    assert_eq!(server.stop().code, Some(0));
    reader.expect_end(&["* closing: the server is stopping"]);
}

#[test]
fn who_does_not_log_in_in_time_is_closed_with_a_reason() {
    let server = Server::setup()
        .with("--listeners", "logged-in")
        .with("--login-timeout", "1s")
        .start();
    let mut ann = server.user("Ann");
    let late = Peer::dial(server.address()).read_to_end();
    late.whole();
    assert_eq!(
        late.lines.last().map(String::as_str),
        Some("* closing: you did not log in in time")
    );
    ann.silent_until_fence();
    server.wait_for_ends(1, "LoginTimeout");
}
