//! Tests of one session alone: the items it hands out for its input.

use super::*;
use crate::flood::HELD_LIMIT;
use crate::log::{CHUNK_BYTES, RoomLog};
use crate::mark::RoomId;
use crate::unix_time::UnixSeconds;

const START: Duration = Duration::from_secs(3);

/// A session whose items are shown as text, and which gets only the events that a test sends.
struct Solo {
    session: Session,
    items: Items,
    rules: Rules,
    now: Duration,
    view: View,
}

impl Solo {
    fn new(flood: Option<FloodLimits>) -> Self {
        let view = View::default();
        let session = Session::begin(&view, Arc::from(*b"* hello\r\n"), Some(Flood::default()));
        let rules = Rules {
            flood,
            secret: "s3cret".into(),
            room: RoomId(0xa5),
            logins: Logins::WithoutPasswords,
            audience: Audience::Anyone,
        };
        let mut solo = Self {
            session,
            items: Items::default(),
            rules,
            now: START,
            view,
        };
        solo.read_all();
        solo
    }

    /// Begins where names are registered.
    fn with_accounts(logins: Logins) -> Self {
        let mut solo = Self::new(None);
        solo.rules.logins = logins;
        solo
    }

    /// Returns the bytes of the room that are written to the session next.
    fn heard(&mut self) -> String {
        let mut slices = [std::io::IoSlice::new(&[]); 4];
        let filled = self
            .session
            .cursor()
            .gather(&self.view, &mut slices, usize::MAX);
        let bytes: Vec<u8> = slices[..filled].iter().flat_map(|it| it.to_vec()).collect();
        self.session.written(bytes.len(), &self.view);
        String::from_utf8(bytes).unwrap()
    }

    /// Logs in as Ann and discards the resulting items.
    fn logged_in() -> Self {
        let mut solo = Self::new(None);
        assert_eq!(solo.say("LIN Ann\n"), ["claim Ann"]);
        assert_eq!(
            solo.hear(Event::Claimed(Arc::default())),
            ["* welcome, Ann", "joined"]
        );
        solo
    }

    fn say(&mut self, input: &str) -> Vec<String> {
        self.feed(input.as_bytes());
        self.advance();
        self.shown()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.session.feed(bytes, bytes.len(), &self.rules, self.now);
    }

    fn advance(&mut self) -> InputState {
        self.session.advance(&mut Context {
            rules: &self.rules,
            now: self.now,
            room: &|_, _| self.now,
            items: &mut self.items,
        })
    }

    fn hear(&mut self, event: Event) -> Vec<String> {
        self.session.on(event, &mut self.items);
        self.advance();
        self.shown()
    }

    fn appetite(&mut self) -> Appetite {
        self.session
            .appetite(&self.rules, self.now, &mut self.items)
    }

    /// Reads everything that was inserted.
    fn read_all(&mut self) {
        let mut slices = [std::io::IoSlice::new(&[]); 1];
        while self
            .session
            .cursor()
            .gather(&self.view, &mut slices, usize::MAX)
            > 0
        {
            let bytes = slices[0].len();
            self.session.written(bytes, &self.view);
            slices = [std::io::IoSlice::new(&[]); 1];
        }
    }

    /// Inserts the private bytes that were handed out, as a shard does, and shows them.
    fn shown(&mut self) -> Vec<String> {
        let mut shown = Vec::new();
        while let Some((_, item)) = self.items.front() {
            if matches!(item, Item::Line { .. }) {
                let line = String::from_utf8(self.items.lines(0).to_vec()).unwrap();
                self.items.pop_line();
                shown.push(format!("room {}", line.trim_end()));
                continue;
            }
            shown.push(match self.items.pop().unwrap().1 {
                Item::Line { .. } => unreachable!(),
                Item::Claim(name) => format!("claim {name}"),
                Item::Prove(proof) => {
                    let password = proof.password.as_str();
                    format!("prove {} by {password:?}", proof.name)
                }
                Item::Joined => "joined".to_owned(),
                Item::Whisper(whisper) => {
                    format!(
                        "to {}: {}",
                        whisper.to,
                        String::from_utf8_lossy(&whisper.line).trim_end()
                    )
                }
                Item::Answer(private) | Item::Fence(private) => {
                    let Private::Own(bytes) = &private else {
                        panic!("an answer is the session's own")
                    };
                    let line = String::from_utf8_lossy(bytes).trim_end().to_owned();
                    self.session.insert(self.view.head(), private, &self.view);
                    line
                }
                Item::Show(text) => format!("{text:?}"),
                Item::Replay(recall) => format!("{recall:?}"),
                Item::Mark => "mark".to_owned(),
                Item::HeldBack => continue,
                Item::End(reason) => format!("end {reason}"),
            });
        }
        shown
    }
}

#[test]
fn a_visitor_may_ask_but_not_speak() {
    let mut solo = Solo::new(None);
    assert_eq!(
        solo.say("MSG hi\nW bob x\nMSG\n"),
        vec!["! log in first: LIN <name>"; 3]
    );
    assert_eq!(
        solo.say("SEC\nPING\nping a  b\n"),
        ["s3cret", "PONG", "PONG a  b"]
    );
    assert_eq!(
        solo.say("nonsense x\n\n  \n"),
        ["! unknown command nonsense; HELP lists them"]
    );
}

#[test]
fn a_visitor_may_ask_for_the_past_and_for_a_mark() {
    for (command, wanted) in [
        ("HIST", "Last(20)"),
        ("hist 7", "Last(7)"),
        ("HIST 1000", "Last(1000)"),
        ("HIST 0", "! how many lines? HIST <1 to 1000>"),
        ("HIST 1001", "! how many lines? HIST <1 to 1000>"),
        ("HIST all", "! how many lines? HIST <1 to 1000>"),
        ("MARK", "mark"),
        (
            "SINCE 00000000000000a5-12-7",
            "Since(Place { at: Position(12), second: UnixSeconds(7) })",
        ),
        (
            "SINCE  00000000000000a5-12-7 ",
            "Since(Place { at: Position(12), second: UnixSeconds(7) })",
        ),
        ("SINCE 00000000000000a6-12", "! not a mark of this room"),
        ("SINCE yesterday", "! not a mark of this room"),
        ("SINCE", "! not a mark of this room"),
    ] {
        let mut solo = Solo::new(None);
        assert_eq!(solo.say(&format!("{command}\n")), [wanted], "{command}");
    }
}

#[test]
fn one_replay_waits_at_a_time_and_the_input_behind_it() {
    let mut solo = Solo::new(None);
    assert_eq!(solo.say("HIST\nHIST\nPING\n"), ["Last(20)"]);
    assert_eq!(solo.advance(), InputState::Waiting);
    let Solo { session, view, .. } = &mut solo;
    session.replay(view.head(), Recall::Last(20), view);
    solo.read_all();
    solo.advance();
    assert_eq!(solo.shown(), ["Last(20)"]);
}

#[test]
fn who_does_not_read_the_room_is_shown_nothing_of_its_past() {
    let mut solo = Solo::new(None);
    solo.rules.audience = Audience::LoggedIn;
    assert_eq!(
        solo.say("HIST\nMARK\nSINCE 00000000000000a5-12\n"),
        vec!["! log in first: LIN <name>"; 3]
    );
}

#[test]
fn a_user_says_whispers_and_keeps_the_first_name() {
    let mut solo = Solo::logged_in();
    assert_eq!(solo.say("MSG hi there\n"), ["room Ann: hi there"]);
    assert_eq!(solo.say("lin Bob\n"), ["! you are already Ann"]);
    assert_eq!(solo.say("W bob psst\n"), ["to bob: Ann whispers, \"psst\""]);
    assert_eq!(solo.hear(Event::Whispered), [""; 0]);
    assert_eq!(solo.say("MSG  \nW bob\n"), vec!["! nothing to send"; 2]);
}

#[test]
fn input_after_a_claim_waits_for_its_outcome() {
    let mut solo = Solo::new(None);
    assert_eq!(solo.say("LIN Ann\nMSG hi\nQUIT\n"), ["claim Ann"]);
    assert_eq!(solo.appetite(), Appetite::None);
    assert_eq!(
        solo.hear(Event::Claimed(Arc::default())),
        [
            "* welcome, Ann",
            "joined",
            "room Ann: hi",
            "* closing: goodbye",
            "end Quit"
        ]
    );
}

#[test]
fn another_name_may_be_claimed_after_a_refusal() {
    let mut solo = Solo::new(None);
    solo.say("LIN Ann\n");
    assert_eq!(
        solo.hear(Event::Unavailable(Unavailable::Taken)),
        ["! the name Ann is taken"]
    );
    solo.say("LIN root\n");
    assert_eq!(
        solo.hear(Event::Unavailable(Unavailable::Reserved)),
        ["! the name root is reserved"]
    );
    assert_eq!(
        solo.say("LIN\n"),
        ["! not a name: it is empty, say LIN <name>"]
    );
    assert_eq!(solo.say("LIN \"Ann\"\n"), ["claim Ann"]);
}

#[test]
fn without_accounts_two_words_are_no_name() {
    let mut solo = Solo::new(None);
    assert_eq!(
        solo.say("LIN two words\n"),
        ["! not a name: it is more than one word"]
    );
}

#[test]
fn a_password_is_checked_before_the_name_is_claimed() {
    let mut solo = Solo::with_accounts(Logins::Anyone);
    assert_eq!(
        solo.say("LIN Ann  my pass \nMSG hi\n"),
        ["prove Ann by \" my pass \""]
    );
    assert!(solo.session.is_proving() && solo.session.is_visitor());
    assert_eq!(solo.appetite(), Appetite::None);
    let account = Arc::default();
    assert_eq!(
        solo.hear(Event::Claimed(account)),
        ["* welcome, Ann", "joined", "room Ann: hi"]
    );
}

#[test]
fn a_wrong_password_and_a_missing_one_are_refused_and_another_login_may_follow() {
    let mut solo = Solo::with_accounts(Logins::Anyone);
    solo.say("LIN Ann pw\n");
    assert_eq!(
        solo.hear(Event::WrongPassword),
        ["! wrong name or password"]
    );
    assert!(!solo.session.is_proving());
    assert_eq!(solo.say("LIN Ann\n"), ["claim Ann"]);
    assert_eq!(
        solo.hear(Event::Unavailable(Unavailable::Registered)),
        ["! the name Ann needs its password: LIN <name> <password>"]
    );
    assert_eq!(solo.say("LIN Bob \n"), ["claim Bob"]);
}

#[test]
fn where_only_registered_names_log_in_every_login_without_a_password_has_one_answer() {
    let mut solo = Solo::with_accounts(Logins::Registered);
    let answer = "! log in with your password: LIN <name> <password>";
    let answers = solo.say("LIN Ann\nLIN\nLIN a:b\nLIN root  \n");
    assert_eq!(answers, [answer; 4]);
    assert_eq!(solo.say("LIN Ann pw\n"), ["prove Ann by \"pw\""]);
}

#[test]
fn a_password_appears_in_no_debug_output() {
    let mut solo = Solo::with_accounts(Logins::Anyone);
    solo.feed(b"LIN Ann hunter2\nLIN Ann hunter");
    solo.advance();
    for shown in [format!("{:?}", solo.items), format!("{:?}", solo.session)] {
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(
            !shown.contains("104, 117"),
            "not as numbers either: {shown}"
        );
    }
}

#[test]
fn a_session_to_which_the_room_is_hidden_reads_its_answers_and_from_its_login_on_the_room() {
    let mut log = RoomLog::new(1 << 16);
    let mut solo = Solo::new(None);
    solo.rules.audience = Audience::LoggedIn;
    solo.session.hide_room(&solo.view);
    // More than the window holds.
    for _ in 0..3 {
        log.append(
            &[&b"x".repeat(CHUNK_BYTES - 1)[..], b"\n"].concat(),
            UnixSeconds::default(),
        )
        .unwrap();
        solo.view.catch_up(&log);
        assert_eq!(solo.say("WHO\n"), ["! log in first: LIN <name>"]);
        assert_eq!(solo.heard(), "! log in first: LIN <name>\r\n");
        assert_eq!(solo.say("SEC\n"), ["s3cret"]);
        assert_eq!(solo.heard(), "s3cret\r\n");
        assert_eq!(solo.session.note_lag(&solo.view), 0);
        assert!(!solo.session.cursor().has_lost(&solo.view));
    }
    solo.say("LIN Ann\n");
    solo.session.show_room(solo.view.head());
    solo.hear(Event::Claimed(Arc::default()));
    log.append(b"Bob: hi\r\n", UnixSeconds::default()).unwrap();
    solo.view.catch_up(&log);
    assert_eq!(solo.heard(), "* welcome, Ann\r\nBob: hi\r\n");
    assert_eq!(solo.say("WHO\n"), ["Who"]);
}

#[test]
fn a_room_that_is_hidden_is_not_shown_by_the_end_of_the_session_which_is_told_of_a_stop() {
    let mut log = RoomLog::new(1 << 20);
    let mut solo = Solo::new(None);
    solo.session.hide_room(&solo.view);
    log.append(b"Bob: hi\r\n", UnixSeconds::default()).unwrap();
    solo.view.catch_up(&log);
    solo.session.end(CloseReason::Stopping, &mut solo.items);
    assert_eq!(
        solo.shown(),
        ["* closing: the server is stopping", "end Stopping"]
    );
    solo.session.end_at(solo.view.head());
    assert_eq!(solo.heard(), "* closing: the server is stopping\r\n");
    assert!(solo.session.cursor().is_done(&solo.view));
}

#[test]
fn a_whisper_that_fails_is_answered_in_its_turn() {
    let mut solo = Solo::logged_in();
    assert_eq!(
        solo.say("W bob x\nPING 1\n"),
        ["to bob: Ann whispers, \"x\""]
    );
    assert_eq!(
        solo.hear(Event::NoSuchUser("bob".into())),
        ["! no user named bob", "PONG 1"]
    );
    solo.say("W bob x\n");
    assert_eq!(
        solo.hear(Event::NotReading("bob".into())),
        ["! bob is not reading, try later"]
    );
}

#[test]
fn texts_are_cleaned_before_anyone_sees_them() {
    let mut solo = Solo::logged_in();
    assert_eq!(solo.say("MSG a\u{1b}[2Jb\u{202e}c\n"), ["room Ann: a[2Jbc"]);
    assert_eq!(solo.say("MSG \u{202e}\u{7}\n"), ["! nothing to send"]);
    solo.feed(b"MSG \xc3\x28\n");
    solo.advance();
    assert_eq!(solo.shown(), ["! not valid UTF-8"]);
}

#[test]
fn a_client_that_asks_without_reading_delays_only_itself() {
    let mut solo = Solo::new(None);
    let asked = format!("PING {}\n", "x".repeat(2000)).repeat(2);
    for _ in 0..3 {
        if let Appetite::Bytes(free) = solo.appetite() {
            solo.feed(&asked.as_bytes()[..free.min(asked.len())]);
        }
        solo.advance();
        solo.shown();
    }
    assert_eq!(
        (solo.advance(), solo.appetite()),
        (InputState::Waiting, Appetite::None)
    );
    assert!(
        solo.session.conversation.own_waiting <= OWN_WAITING_BYTES + 2100,
        "at most one answer more"
    );
    solo.read_all();
    assert_eq!(
        (solo.advance(), solo.session.conversation.own_waiting == 0),
        (InputState::Drained, false)
    );
}

#[test]
fn one_reply_of_the_shards_waits_at_a_time() {
    let mut solo = Solo::new(None);
    assert_eq!(solo.say("HELP\nWHO\n"), ["Help"]);
    solo.session.insert(
        solo.view.head(),
        Private::Reply(Arc::from(*b"help\r\n")),
        &solo.view,
    );
    assert_eq!(solo.appetite(), Appetite::None);
    solo.read_all();
    solo.advance();
    assert_eq!(solo.shown(), ["Who"]);
}

#[test]
fn at_the_end_of_input_complete_lines_are_answered_and_half_a_line_is_dropped() {
    let mut solo = Solo::new(None);
    solo.feed(b"PING 1\nPING 2");
    solo.session.end_input();
    solo.advance();
    assert_eq!(solo.shown(), ["PONG 1", "end PeerClosed"]);
}

#[test]
fn a_web_client_gets_a_notice_and_is_closed_however_its_bytes_are_split() {
    for hello in [&b"GET / HTTP/1.1\r\n"[..], b"POST /x", &[0x16, 0x03, 0x01]] {
        for cut in 1..hello.len() {
            let mut solo = Solo::new(None);
            for part in [&hello[..cut], &hello[cut..]] {
                solo.feed(part);
                solo.advance();
            }
            let told = "* closing: this is a chat server, not a web server";
            assert_eq!(solo.shown(), [told, "end NotOurProtocol"]);
        }
    }
    let mut solo = Solo::new(None);
    assert_eq!(
        solo.say("PING\nGET / HTTP\n"),
        ["PONG", "! unknown command GET; HELP lists them"]
    );
}

#[test]
fn a_connection_with_a_foreign_first_line_is_closed_and_nothing_after_it_is_obeyed() {
    let path = "x".repeat(5000);
    let hello = format!("\u{16}\u{3}\u{1}{path}");
    for first in [
        &format!("POST /{path} HTTP/1.1\r\n"),
        &format!("PURGE /{path} HTTP/1.1\r\n"),
        "\r\nTRACE / HTTP/1.1\r\n",
        "\u{feff}PRI * HTTP/2.0\r\n",
        &hello,
        &path,
    ] {
        let mut solo = Solo::new(None);
        let stream = format!("{first}\nLIN Evil\nMSG hi\n");
        solo.feed(&stream.as_bytes()[..stream.len().min(4096)]);
        solo.advance();
        let told = "* closing: this is a chat server, not a web server";
        assert_eq!(solo.shown(), [told, "end NotOurProtocol"]);
    }
}

#[test]
fn an_overlong_first_line_of_our_protocol_is_only_refused() {
    let mut solo = Solo::new(None);
    solo.feed(format!("MSG {}", "x".repeat(4092)).as_bytes());
    solo.advance();
    assert_eq!(solo.shown(), ["! line too long (limit 4096 bytes)"]);
    assert_eq!(solo.say("tail\nPING\n"), ["PONG"]);
}

#[test]
fn a_byte_order_mark_before_the_first_command_is_ignored() {
    let mut solo = Solo::new(None);
    assert_eq!(solo.say("\u{feff}LIN Ann\r\n"), ["claim Ann"]);
    let mut solo = Solo::new(None);
    assert_eq!(solo.say("\u{feff}\n\u{feff}PING\n"), ["PONG"]);
    assert_eq!(
        solo.say("\u{feff}PING\n"),
        ["! unknown command \u{feff}PING; HELP lists them"]
    );
}

#[test]
fn flood_control_holds_lines_back_and_loses_none() {
    let mut solo = Solo::new(Some(FloodLimits::new(5, 2)));
    solo.feed("SEC\n".repeat(5).as_bytes());
    let InputState::Held(until) = solo.advance() else {
        panic!("the third line waits")
    };
    assert_eq!(
        solo.shown(),
        ["s3cret", "s3cret", "* slow down: your lines wait"]
    );
    solo.now = until;
    let mut lines = Vec::new();
    while let InputState::Held(until) = solo.advance() {
        lines.append(&mut solo.shown());
        solo.now = until;
    }
    lines.append(&mut solo.shown());
    assert_eq!(lines, ["s3cret", "s3cret", "s3cret"]);
}

#[test]
fn a_session_held_back_for_two_minutes_without_a_break_is_closed() {
    let mut solo = Solo::new(Some(FloodLimits::new(5, 2)));
    let mut shown = Vec::new();
    while solo.session.ended().is_none() {
        if let Appetite::Bytes(free) = solo.appetite() {
            solo.feed(&b"SEC\n".repeat(1024)[..free]);
        }
        if let InputState::Held(until) = solo.advance() {
            solo.now = until;
        }
        shown.append(&mut solo.shown());
        solo.read_all();
        assert!(solo.now <= START + HELD_LIMIT);
    }
    assert_eq!(
        shown[shown.len() - 2..],
        [
            "* closing: you sent more than the room takes",
            "end HeldTooLong"
        ]
    );
    assert_eq!(
        shown
            .iter()
            .filter(|line| line.contains("slow down"))
            .count(),
        1,
        "told once"
    );
}

#[test]
fn a_refused_line_changes_nothing_and_the_session_goes_on() {
    let mut solo = Solo::logged_in();
    let long = "x".repeat(4096);
    solo.feed(long.as_bytes());
    solo.advance();
    assert_eq!(solo.shown(), ["! line too long (limit 4096 bytes)"]);
    assert_eq!(solo.say("tail\nMSG on\n"), ["room Ann: on"]);
}

#[test]
fn private_texts_appear_in_no_debug_output() {
    let mut solo = Solo::logged_in();
    solo.feed(b"W bob hush-hush\n");
    solo.advance();
    assert!(!format!("{:?}", solo.items.front()).contains("hush"));
    let private = Private::Whisper(b"hush-hush".to_vec().into());
    solo.session.insert(Position(0), private, &solo.view);
    let shown = format!("{:?}", solo.session.cursor());
    assert!(
        shown.contains("whisper(9 bytes)")
            && !shown.contains("hush")
            && !shown.contains("104, 117")
    );
}

#[test]
fn a_session_skips_its_own_lines_and_reads_the_others() {
    let mut log = RoomLog::new(1 << 20);
    let mut solo = Solo::logged_in();
    solo.read_all();
    let at = log
        .append(b"Ann: mine\r\n", UnixSeconds::default())
        .unwrap();
    solo.session.appended(at, 11);
    log.append(b"Bob: yours\r\n", UnixSeconds::default())
        .unwrap();
    solo.view.catch_up(&log);
    let mut slices = [std::io::IoSlice::new(&[]); 4];
    assert_eq!(
        solo.session
            .cursor()
            .gather(&solo.view, &mut slices, usize::MAX),
        1
    );
    assert_eq!(&*slices[0], b"Bob: yours\r\n");
}
