//! Promise 8, nothing is missed: `HIST`, `MARK` and `SINCE`.

use wac_tests::{Peer, Server, numbered};

/// Returns the lines of the replay that is answered to a command: the first line, the room's, without times, and the last.
#[track_caller]
fn replay(peer: &mut Peer, command: &str) -> Vec<String> {
    peer.send(command);
    let mut lines = vec![peer.line()];
    assert!(
        lines[0].starts_with("* history: "),
        "a replay begins: {lines:?}"
    );
    if lines[0].starts_with("* history: nothing since ") {
        return lines;
    }
    while lines.last().expect("it has one") != "* history ends" {
        let line = peer.line();
        if !is_time(&line) {
            lines.push(line);
        }
    }
    lines
}

fn is_time(line: &str) -> bool {
    let time = line.strip_prefix("* at ");
    time.is_some_and(|time| time.len() == "2026-11-29 13:02 UTC".len() && time.ends_with(" UTC"))
}

/// Returns the room's lines of a replay.
#[track_caller]
fn past(peer: &mut Peer, command: &str) -> Vec<String> {
    let mut lines = replay(peer, command);
    let count = match &lines[..] {
        [_] => "nothing".to_owned(),
        [_, _, _] => "1 line".to_owned(),
        more => format!("{} lines", more.len() - 2),
    };
    let first = lines.remove(0);
    let begins = format!("* history: {count} since ");
    assert!(first.starts_with(&begins), "{first} counts {count}");
    let time = first[begins.len()..].split(';').next();
    let time = time.expect("a split has a first part");
    assert_eq!(time.len(), "2026-11-29 13:01:17 UTC".len(), "{first}");
    assert!(time.starts_with("20") && time.ends_with(" UTC"), "{first}");
    lines.pop();
    lines
}

#[track_caller]
fn mark(peer: &mut Peer) -> String {
    peer.send("MARK");
    let line = peer.line();
    let token = line.strip_prefix("MARK ").expect("a mark is answered");
    assert!((1..=64).contains(&token.len()), "{token}");
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    assert!(token.bytes().all(is_of_it), "{token}");
    token.to_owned()
}

/// Has somebody say lines that are numbered, and everybody read them.
#[track_caller]
fn say(from: &mut Peer, readers: &mut [&mut Peer], numbers: std::ops::Range<usize>) {
    for number in numbers {
        from.send(&format!("MSG {}", numbered(number, 0)));
        for reader in &mut *readers {
            assert!(reader.line().ends_with(&numbered(number, 0)));
        }
    }
    from.silent_until_fence();
}

fn lines_of(name: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    let line = |number| format!("{name}: {}", numbered(number, 0));
    numbers.map(line).collect()
}

#[test]
fn hist_shows_the_rooms_last_lines_to_anybody() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    say(&mut ann, &mut [&mut bob], 0..30);
    let mut visitor = server.connect();
    assert_eq!(past(&mut visitor, "HIST"), lines_of("ann", 10..30));
    assert_eq!(past(&mut visitor, "hist 3"), lines_of("ann", 27..30));
    assert_eq!(past(&mut visitor, "HIST 1000"), lines_of("ann", 0..30));
}

#[test]
fn hist_refuses_what_is_no_number_of_lines() {
    let server = Server::start();
    let mut peer = server.connect();
    for count in ["0", "1001", "-1", "all", "18446744073709551616"] {
        peer.send(&format!("HIST {count}"));
        peer.expect("! how many lines? HIST <1 to 1000>");
    }
}

#[test]
fn an_empty_past_is_one_line() {
    let server = Server::start();
    let mut peer = server.connect();
    assert_eq!(past(&mut peer, "HIST"), [""; 0]);
    let token = mark(&mut peer);
    assert_eq!(past(&mut peer, &format!("SINCE {token}")), [""; 0]);
    peer.silent_until_fence();
}

#[test]
fn a_replay_shows_the_room_as_everyone_read_it_with_the_askers_own_lines() {
    let server = Server::setup().with("--notices", "on").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.expect("* bob joined");
    bob.send("MSG mine, \"quoted\"");
    ann.expect("bob: mine, \"quoted\"");
    ann.send("MSG yours");
    bob.expect("ann: yours");
    let wanted = [
        "* ann joined",
        "* bob joined",
        "bob: mine, \"quoted\"",
        "ann: yours",
    ];
    for peer in [&mut ann, &mut bob] {
        assert_eq!(past(peer, "HIST"), wanted);
    }
}

#[test]
fn whispers_and_answers_are_in_no_replay() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send("W bob psst");
    bob.expect("ann whispers, \"psst\"");
    ann.send("SEC");
    ann.line();
    say(&mut ann, &mut [&mut bob], 0..1);
    assert_eq!(past(&mut bob, "HIST 1000"), lines_of("ann", 0..1));
}

#[test]
fn a_mark_stands_between_what_was_sent_before_and_after_it() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    // While the room talks: each mark is where its answer stands among the lines.
    for number in 0..200 {
        ann.send(&format!("MSG {}", numbered(number, 0)));
    }
    let (mut seen, mut marks) = (0, Vec::new());
    while seen < 200 {
        bob.send("MARK");
        loop {
            let line = bob.line();
            match line.strip_prefix("MARK ") {
                Some(token) => break marks.push((seen, token.to_owned())),
                None => seen += 1,
            }
        }
    }
    for (seen, token) in marks {
        let missed = past(&mut bob, &format!("SINCE {token}"));
        assert_eq!(missed, lines_of("ann", seen..200));
    }
}

#[test]
fn a_mark_holds_on_any_connection_and_listener() {
    let server = Server::setup()
        .listen("127.0.0.1:0")
        .listen("127.0.0.1:0")
        .start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    say(&mut ann, &mut [&mut bob], 0..2);
    let token = mark(&mut bob);
    bob.reset();
    server.wait_for_ends(1, "PeerReset");
    say(&mut ann, &mut [], 2..5);
    for listener in 0..2 {
        let mut bob = server.connect_at(listener);
        let missed = past(&mut bob, &format!("SINCE {token}"));
        assert_eq!(missed, lines_of("ann", 2..5));
    }
}

#[test]
fn what_is_said_after_a_replay_follows_it() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let token = mark(&mut bob);
    for number in 0..500 {
        ann.send(&format!("MSG {}", numbered(number, 0)));
        if number == 250 {
            bob.send(&format!("SINCE {token}"));
        }
    }
    let (mut live, mut shown) = (Vec::new(), Vec::new());
    let mut before = 0;
    while live.len() < 500 {
        let line = bob.line();
        if line.starts_with("* history: ") {
            before = live.len();
            // Before anything was said, this line is alone.
            while !line.starts_with("* history: nothing ") {
                match bob.line() {
                    line if line == "* history ends" => break,
                    line if is_time(&line) => {}
                    line => shown.push(line),
                }
            }
        } else {
            live.push(line);
        }
    }
    assert_eq!(live, lines_of("ann", 0..500));
    assert_eq!(shown, live[..before]);
}

#[test]
fn since_refuses_what_is_no_mark_of_this_room() {
    let server = Server::start();
    let other = Server::start();
    let mut peer = server.user("ann");
    let token = mark(&mut peer);
    let (room, _) = token.split_once('-').expect("a mark has a room");
    let of_room = |at: u64, of: &str| {
        let second = of.rsplit_once('-').expect("a mark has a second").1;
        format!("{room}-{at}-{second}")
    };
    let foreign = mark(&mut other.connect());
    for token in [
        "",
        "yesterday",
        "-",
        &foreign,
        &of_room(99_999_999, &token),
        &format!("{token}0"),
        &"a".repeat(4000),
    ] {
        peer.send(&format!("SINCE {token}"));
        peer.expect("! not a mark of this room");
    }
    let (mut ann, mut bob) = (peer, server.user("bob"));
    say(&mut ann, &mut [&mut bob], 0..1);
    let behind = mark(&mut bob);
    bob.send(&format!("SINCE {}", of_room(3, &behind)));
    bob.expect("! not a mark of this room");
}

#[test]
fn a_mark_that_is_no_longer_kept_is_answered_with_all_that_is() {
    let server = Server::setup().with("--window", "64KiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let token = mark(&mut bob);
    let text = |number| numbered(number, 1000);
    for number in 0..300 {
        ann.send(&format!("MSG {}", text(number)));
        bob.expect(&format!("ann: {}", text(number)));
    }
    let lines = replay(&mut bob, &format!("SINCE {token}"));
    let (first, kept) = (&lines[0], &lines[1..lines.len() - 1]);
    assert!(
        first.ends_with(" UTC; what was said before is no longer kept"),
        "{first}"
    );
    assert!(
        first.starts_with(&format!("* history: {} lines since ", kept.len())),
        "{first}"
    );
    let wanted = (300 - kept.len()..300).map(|number| format!("ann: {}", text(number)));
    assert!(kept.iter().eq(&wanted.collect::<Vec<_>>()));
    let bytes = kept.len() * (kept[0].len() + 2);
    assert!(bytes > 63 * 1024, "the window is kept: {bytes}");
}

#[test]
fn a_time_stands_before_the_first_line_of_another_minute_only() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    say(&mut ann, &mut [&mut bob], 0..50);
    bob.send("HIST 50");
    let first = bob.line();
    let minute = &first[first.find("since ").expect("it has a time") + 6..][..16];
    let mut times = Vec::new();
    loop {
        match bob.line() {
            line if line == "* history ends" => break,
            line if is_time(&line) => times.push(line),
            _ => {}
        }
    }
    assert!(times.len() <= 2, "{times:?} in the time of a test");
    assert!(times.iter().all(|time| !time.contains(minute)));
}

#[test]
fn a_replay_costs_as_much_as_a_list_and_since_a_whole_burst() {
    let server = Server::setup().with_flood_control().start();
    let mut peer = server.user("ann");
    let token = mark(&mut peer);
    // The burst is 20 lines, then 5 a second.
    for (command, times) in [(format!("SINCE {token}"), 2), ("HIST".to_owned(), 12)] {
        let mut peer = server.connect();
        peer.send_bytes(format!("{command}\n").repeat(times).as_bytes());
        let mut shown = 0;
        while peer.line().starts_with("* history: nothing") {
            shown += 1;
            assert!(shown < times, "{command} is held back");
        }
    }
}

#[test]
fn who_may_not_read_the_room_is_shown_nothing_of_its_past() {
    let server = Server::setup().with("--listeners", "logged-in").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let token = mark(&mut bob);
    say(&mut ann, &mut [&mut bob], 0..3);
    let mut visitor = server.connect();
    for command in ["HIST", "MARK", &format!("SINCE {token}")] {
        visitor.send(command);
        visitor.expect("! log in first: LIN <name>");
    }
    visitor.log_in("cat");
    assert_eq!(past(&mut visitor, "HIST"), lines_of("ann", 0..3));
}

#[test]
fn answers_come_in_the_order_of_the_commands() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    say(&mut ann, &mut [&mut bob], 0..2);
    bob.send_bytes(b"PING a\nHIST 1\nPING b\nMARK\nPING c\nHIST 1\nSEC\n");
    bob.expect("PONG a");
    assert!(bob.line().starts_with("* history: 1 line since"));
    bob.expect("ann: 000001");
    bob.expect("* history ends");
    bob.expect("PONG b");
    assert!(bob.line().starts_with("MARK "));
    bob.expect("PONG c");
    assert!(bob.line().starts_with("* history: 1 line since"));
    bob.expect("ann: 000001");
    bob.expect("* history ends");
    bob.expect(wac_tests::SECRET);
}

#[test]
fn a_slow_reader_of_the_past_is_closed_without_delaying_others() {
    let server = Server::setup().with("--window", "1MiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let text = |number| numbered(number, 1000);
    let mut talk = |numbers: std::ops::Range<usize>| {
        for number in numbers {
            ann.send(&format!("MSG {}", text(number)));
            bob.expect(&format!("ann: {}", text(number)));
        }
    };
    talk(0..900);
    let mut stuck = server.connect_narrow();
    stuck.send_bytes(b"HIST 900\n");
    stuck.wait_for_unread();
    talk(900..2900);
    server.wait_for_ends(1, "TooSlow");
    assert_eq!(server.ends("TooSlow"), 1);
    drop(stuck);
}
