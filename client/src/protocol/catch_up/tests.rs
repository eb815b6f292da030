//! The recipe against a model of the server: whatever is cut off when, each line of the room is shown once, in order.

use proptest::prelude::*;

use super::*;

const T: Duration = Duration::ZERO;

fn ann() -> Name {
    "Ann".parse().unwrap()
}

fn say(text: &str) -> OutgoingMessage {
    OutgoingMessage::to_all(text).unwrap()
}

/// Hears lines of the server, one after the other; returns the meaning of the last.
fn hear(catch_up: &mut CatchUp, lines: &str) -> Heard {
    let mut heard = Heard::Other;
    for line in lines.split('|') {
        heard = catch_up.on(line, &ServerLine::parse(line), Some(&ann()), T);
    }
    heard
}

/// Starts after a login, with a mark.
fn marked() -> CatchUp {
    let mut catch_up = CatchUp::new(0);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("MARK"));
    assert_eq!(hear(&mut catch_up, "MARK a-1"), Heard::Marked("a-1".into()));
    catch_up
}

/// Loses the connection, and asks for what was missed over the next.
fn comes_back(catch_up: &mut CatchUp, unsent: &[OutgoingMessage]) {
    catch_up.lost(unsent);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("SINCE a-1"));
}

fn texts(lines: &[PastLine]) -> Vec<&str> {
    lines.iter().map(|past| past.line.as_str()).collect()
}

#[track_caller]
fn missed(heard: Heard) -> Missed {
    let Heard::Missed(missed) = heard else {
        panic!("{heard:?}");
    };
    missed
}

#[test]
fn a_mark_is_asked_for_after_the_login_and_while_lines_come_and_not_while_nothing_happens() {
    let mut catch_up = marked();
    assert_eq!(catch_up.due(), None);
    hear(&mut catch_up, "bob: one|bob: two");
    assert_eq!(catch_up.due(), Some(AFTER_LOGIN + PAUSE));
    assert_eq!(catch_up.tick(AFTER_LOGIN), None);
    assert_eq!(catch_up.tick(AFTER_LOGIN + PAUSE).as_deref(), Some("MARK"));
    hear(&mut catch_up, "bob: three");
    assert_eq!(catch_up.due(), None, "one is under way");
    hear(
        &mut catch_up,
        "MARK a-2|bob whispers, \"psst\"|* online (1): Ann",
    );
    assert_eq!(catch_up.due(), None, "nothing came of the room");
}

#[test]
fn what_came_before_an_outage_is_left_out_and_the_rest_was_missed() {
    let mut catch_up = marked();
    hear(&mut catch_up, "bob: ok|* zoe joined|bob: ok");
    comes_back(&mut catch_up, &[]);
    assert_eq!(hear(&mut catch_up, "bob: late"), Heard::Held);
    let replay = "* history: 6 lines since 2026-11-29 13:01:17 UTC|bob: ok|* zoe joined|bob: ok|bob: ok\
                  |* at 2026-11-29 13:02 UTC|* Ann left|bob: late|* history ends";
    let told = missed(hear(&mut catch_up, replay));
    assert_eq!(texts(&told.lines), ["bob: ok", "bob: late"]);
    assert_eq!(told.lines[0].at.to_string(), "2026-11-29 13:01:17 UTC");
    assert_eq!(told.lines[1].at.to_string(), "2026-11-29 13:02:00 UTC");
    assert!(told.begins && told.ends && told.kept_since.is_none());
    assert_eq!(hear(&mut catch_up, "bob: now"), Heard::Room);
}

#[test]
fn nothing_missed_is_told_too() {
    let mut catch_up = marked();
    comes_back(&mut catch_up, &[]);
    let nothing = "* history: nothing since 2026-11-29 13:01:17 UTC";
    assert_eq!(missed(hear(&mut catch_up, nothing)).lines, []);
}

#[test]
fn own_lines_in_the_replay_were_accepted_and_the_others_were_not() {
    let mut catch_up = marked();
    for text in ["one", "two", "three", "four"] {
        catch_up.said(&ann(), &say(text), T);
    }
    let whisper = OutgoingMessage::to_one("bob", "psst").unwrap();
    comes_back(&mut catch_up, &[whisper, say("four")]);
    let replay = "* history: 3 lines since 2026-11-29 13:01:17 UTC|Ann: one|Ann: an impostor|Ann: two|* history ends";
    let told = missed(hear(&mut catch_up, replay));
    assert_eq!(texts(&told.lines), ["Ann: an impostor"]);
    assert_eq!(told.unaccepted, [say("three")]);
}

#[test]
fn a_mark_that_own_words_blur_is_asked_for_again() {
    let mut catch_up = marked();
    hear(&mut catch_up, "bob: one");
    assert!(catch_up.tick(2 * PAUSE).is_some());
    catch_up.said(&ann(), &say("hi"), 2 * PAUSE);
    assert_eq!(hear(&mut catch_up, "MARK a-2"), Heard::Internal);
    assert_eq!(catch_up.due(), Some(3 * PAUSE));
    comes_back(&mut catch_up, &[]);
}

#[test]
fn of_a_past_that_is_no_longer_kept_what_came_is_left_out_nevertheless() {
    let mut catch_up = marked();
    hear(&mut catch_up, "bob: one|bob: two|bob: three");
    catch_up.said(&ann(), &say("hi"), T);
    comes_back(&mut catch_up, &[]);
    let replay = "* history: 3 lines since 2026-11-29 13:01:17 UTC; what was said before is no longer kept\
                  |bob: two|bob: three|bob: four|* history ends";
    let told = missed(hear(&mut catch_up, replay));
    assert_eq!(texts(&told.lines), ["bob: four"]);
    assert!(told.kept_since.is_some());
    assert_eq!((told.unaccepted, told.in_doubt), (vec![], vec![say("hi")]));
}

#[test]
fn of_a_history_that_began_anew_all_is_shown_once() {
    let mut catch_up = marked();
    hear(&mut catch_up, "* bob joined");
    catch_up.said(&ann(), &say("hi"), T);
    comes_back(&mut catch_up, &[]);
    let refused = "bob: early|! not a mark of this room";
    assert_eq!(hear(&mut catch_up, refused), Heard::Anew);
    assert_eq!(hear(&mut catch_up, "bob: late"), Heard::Held);
    assert_eq!(catch_up.tick(T).as_deref(), Some("HIST 1000"));
    let replay = "* history: 4 lines since 2026-11-29 13:01:17 UTC|* bob joined|bob: early|* Ann joined|bob: late|* history ends";
    let told = missed(hear(&mut catch_up, replay));
    assert_eq!(
        texts(&told.lines),
        ["* bob joined", "bob: early", "bob: late"]
    );
    assert!(told.is_anew && told.begins && told.ends);
    assert_eq!((told.unaccepted, told.in_doubt), (vec![], vec![say("hi")]));
    assert_eq!(hear(&mut catch_up, "bob: now"), Heard::Room);
    assert_eq!(catch_up.tick(AFTER_REPLAY).as_deref(), Some("MARK"));
    catch_up.lost(&[]);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("HIST 1000"));
    let replay =
        "* history: 2 lines since 2026-11-29 13:01:17 UTC|bob: now|bob: then|* history ends";
    let told = missed(hear(&mut catch_up, replay));
    assert_eq!(texts(&told.lines), ["bob: then"]);
}

#[test]
fn a_server_without_history_is_not_asked_again_on_its_connection() {
    let mut catch_up = CatchUp::new(20);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("HIST 100"));
    assert_eq!(
        hear(&mut catch_up, "! unknown command WAT; HELP lists them"),
        Heard::Other
    );
    let refused = hear(&mut catch_up, "! unknown command HIST; HELP lists them");
    assert!(matches!(refused, Heard::Refused(_)));
    assert_eq!(hear(&mut catch_up, "bob: hi"), Heard::Room);
    assert_eq!((catch_up.due(), catch_up.recall()), (None, None));
    catch_up.lost(&[]);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("MARK"));
}

#[test]
fn a_newcomer_is_shown_what_was_said_before_they_read() {
    let mut catch_up = CatchUp::new(20);
    hear(&mut catch_up, "bob: two");
    catch_up.logged_in(T);
    catch_up.said(&ann(), &say("hi"), T);
    catch_up.tick(AFTER_LOGIN);
    let replay = "* history: 5 lines since 2026-11-29 13:01:17 UTC|Ann: one|bob: one|bob: two|* Ann joined|Ann: hi|* history ends";
    let Heard::Newcomer(lines) = hear(&mut catch_up, replay) else {
        panic!("the last lines");
    };
    assert_eq!(texts(&lines), ["Ann: one", "bob: one"]);
}

#[test]
fn a_newcomer_whose_connection_is_lost_is_shown_what_was_said_before_over_the_next() {
    let mut catch_up = CatchUp::new(20);
    catch_up.logged_in(T);
    catch_up.tick(AFTER_LOGIN);
    hear(&mut catch_up, "bob: seen");
    let begun = "* history: 5 lines since 2026-11-29 13:01:17 UTC|bob: one";
    hear(&mut catch_up, begun);
    catch_up.lost(&[]);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("HIST 100"));
    let replay = "* history: 4 lines since 2026-11-29 13:01:17 UTC|bob: one|* Ann joined|bob: seen|bob: missed|* history ends";
    let Heard::Newcomer(lines) = hear(&mut catch_up, replay) else {
        panic!("the last lines");
    };
    assert_eq!(texts(&lines), ["bob: one", "bob: missed"]);
}

#[test]
fn a_newcomer_for_whom_too_little_was_said_is_shown_more() {
    let mut catch_up = CatchUp::new(2);
    catch_up.logged_in(T);
    assert_eq!(catch_up.tick(AFTER_LOGIN).as_deref(), Some("HIST 10"));
    let replay = |begins: &str, lines: usize| {
        let joined = ["* zoe joined"; 9].join("|");
        let since = "since 2026-11-29 13:01:17 UTC";
        format!("* history: {lines} lines {since}|{begins}{joined}|bob: two|* history ends")
    };
    assert_eq!(hear(&mut catch_up, &replay("", 10)), Heard::Internal);
    assert_eq!(catch_up.tick(T).as_deref(), Some("HIST 1000"));
    let Heard::Newcomer(lines) = hear(&mut catch_up, &replay("bob: one|", 11)) else {
        panic!("the last lines");
    };
    let said = texts(&lines);
    assert_eq!(
        (said.len(), said[0], said[10]),
        (11, "bob: one", "bob: two")
    );
}

/// Returns what a newcomer is shown who hears some lines before the login, and others before the replay.
#[track_caller]
fn before(greeting: &str, says: &str, replay: &str) -> Vec<String> {
    let mut catch_up = CatchUp::new(20);
    hear(&mut catch_up, greeting);
    catch_up.logged_in(T);
    catch_up.tick(AFTER_LOGIN);
    catch_up.said(&ann(), &say(says), T);
    let begins = "* history: 5 lines since 2026-11-29 13:01:17 UTC";
    let replay = format!("{begins}|{replay}|* history ends");
    let Heard::Newcomer(lines) = hear(&mut catch_up, &replay) else {
        panic!("the last lines");
    };
    lines.into_iter().map(|past| past.line).collect()
}

#[test]
fn a_newcomer_who_takes_the_name_back_misses_nothing_that_was_said_under_it() {
    let replay = "Ann: one|Ann: two|* Ann left|* Ann joined";
    assert_eq!(before("* Ann left", "hi", replay), ["Ann: one", "Ann: two"]);
}

#[test]
fn a_greeting_that_looks_like_the_room_hides_nothing_from_a_newcomer() {
    let replay = "bob: one|* Ann joined";
    assert_eq!(before("rules: be kind", "hi", replay), ["bob: one"]);
}

#[test]
fn what_a_newcomer_says_too_late_for_the_replay_doubles_nothing() {
    let replay = "bob: one|bob: two|* Ann joined";
    assert_eq!(before("bob: two", "hi", replay), ["bob: one"]);
    let mut catch_up = CatchUp::new(20);
    catch_up.logged_in(T);
    catch_up.said(&ann(), &say("early"), T);
    catch_up.tick(AFTER_LOGIN);
    catch_up.said(&ann(), &say("late"), T);
    let replay = "* history: 3 lines since 2026-11-29 13:01:17 UTC|bob: one|* Ann joined|Ann: early|* history ends";
    let Heard::Newcomer(lines) = hear(&mut catch_up, replay) else {
        panic!("the last lines");
    };
    assert_eq!(texts(&lines), ["bob: one"]);
}

#[test]
fn a_replay_that_was_not_asked_for_is_none() {
    let mut catch_up = marked();
    let begins = "* history: 3 lines since 2026-11-29 13:01:17 UTC";
    assert_eq!(hear(&mut catch_up, begins), Heard::Other);
    assert_eq!(hear(&mut catch_up, "MARK a-3"), Heard::Other);
    assert_eq!(hear(&mut catch_up, "bob: hi"), Heard::Room);
}

#[test]
fn a_long_replay_is_told_in_parts() {
    let mut catch_up = marked();
    comes_back(&mut catch_up, &[]);
    hear(
        &mut catch_up,
        "* history: 10,001 lines since 2026-11-29 13:01:17 UTC",
    );
    let many = vec!["bob: hi"; PIECE_LINES].join("|");
    let first = missed(hear(&mut catch_up, &many));
    assert!(first.begins && !first.ends && first.lines.len() == PIECE_LINES);
    let last = missed(hear(&mut catch_up, "bob: hi|* history ends"));
    assert!(!last.begins && last.ends && last.lines.len() == 1);
}

/// A step of the model. The numbers choose a text of few, so that many are the same.
#[derive(Debug, Clone, Copy)]
enum Step {
    OtherSays(u8),
    UserSays(u8),
    /// The server takes this many lines of the user in one turn.
    ServerTurns(usize),
    /// The client reads this many lines of the server.
    ClientReads(usize),
    TimePasses(u16),
    /// The connection is lost, with what is under way either way, and made again.
    Cut,
    /// The same, and the room is another one afterwards.
    Anew,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..3).prop_map(Step::OtherSays),
        2 => (0u8..3).prop_map(Step::UserSays),
        4 => (0usize..4).prop_map(Step::ServerTurns),
        4 => (0usize..6).prop_map(Step::ClientReads),
        3 => (0u16..6000).prop_map(Step::TimePasses),
        2 => Just(Step::Cut),
        1 => Just(Step::Anew),
    ]
}

/// A room, its server, and a client that is connected to it.
struct Model {
    catch_up: CatchUp,
    now: Duration,
    room: usize,
    /// The room's lines, and whether they are the user's.
    log: Vec<(String, bool)>,
    /// The part of the log that the connection has been sent.
    sent: usize,
    /// The lines under way to the client and to the server.
    to_client: VecDeque<String>,
    to_server: VecDeque<String>,
    /// The lines of others that the client has shown.
    shown: Vec<String>,
    /// The user's messages that were not sent yet.
    typed: VecDeque<String>,
    /// Those that the client takes to be accepted, or does not know about yet.
    said: Vec<String>,
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            catch_up: CatchUp::new(0),
            now: T,
            room: 0,
            log: Vec::new(),
            sent: 0,
            to_client: VecDeque::new(),
            to_server: VecDeque::new(),
            shown: Vec::new(),
            typed: VecDeque::new(),
            said: Vec::new(),
        };
        model.catch_up.logged_in(T);
        model.settles();
        assert!(model.catch_up.has_place());
        model
    }

    fn does(&mut self, step: Step) {
        match step {
            // The same words of another room, right after a change of rooms, nobody could tell from these.
            Step::OtherSays(text) => self.log.push((format!("bob: {}.{text}", self.room), false)),
            Step::UserSays(text) => self.typed.push_back(text.to_string()),
            Step::ServerTurns(lines) => self.turns(lines),
            Step::ClientReads(lines) => (0..lines).for_each(|_| self.reads()),
            Step::TimePasses(millis) => {
                self.now += Duration::from_millis(millis.into());
                self.to_server.extend(self.catch_up.tick(self.now));
            }
            Step::Cut => self.cut(),
            Step::Anew => {
                self.room += 1;
                self.log.clear();
                self.cut();
                // What becomes of the old room's lines nobody knows.
                self.shown.clear();
                self.said.clear();
            }
        }
        self.sends();
    }

    fn cut(&mut self) {
        self.to_client.clear();
        self.to_server.clear();
        self.catch_up.lost(&[]);
        self.sent = self.log.len();
        self.catch_up.logged_in(self.now);
    }

    fn sends(&mut self) {
        while !self.catch_up.is_catching_up()
            && let Some(text) = self.typed.pop_front()
        {
            self.catch_up.said(&ann(), &say(&text), self.now);
            self.to_server.push_back(format!("MSG {text}"));
            self.said.push(text);
        }
    }

    /// Appends what the user says, and only then gives the answers their place, as the server does.
    fn turns(&mut self, lines: usize) {
        let lines = lines.min(self.to_server.len());
        let taken: Vec<String> = self.to_server.drain(..lines).collect();
        for text in taken.iter().filter_map(|line| line.strip_prefix("MSG ")) {
            self.log.push((format!("Ann: {text}"), true));
        }
        let news = self.log[self.sent..].iter().filter(|(_, is_own)| !is_own);
        self.to_client.extend(news.map(|(line, _)| line.clone()));
        self.sent = self.log.len();
        for line in taken {
            if line == "MARK" {
                self.to_client
                    .push_back(format!("MARK {}-{}", self.room, self.sent));
            } else if let Some(mark) = line.strip_prefix("SINCE ") {
                self.since(mark);
            } else if line == "HIST 1000" {
                self.replays(0);
            }
        }
    }

    fn since(&mut self, mark: &str) {
        let (room, at) = mark.split_once('-').unwrap();
        if room == self.room.to_string() {
            return self.replays(at.parse().unwrap());
        }
        self.to_client
            .push_back("! not a mark of this room".to_owned());
    }

    fn replays(&mut self, from: usize) {
        let since = "since 2026-11-29 13:01:17 UTC";
        let lines = &self.log[from..];
        self.to_client.push_back(match lines.len() {
            0 => format!("* history: nothing {since}"),
            1 => format!("* history: 1 line {since}"),
            count => format!("* history: {count} lines {since}"),
        });
        if !lines.is_empty() {
            let shown = lines.iter().map(|(line, _)| line.clone());
            self.to_client.extend(shown);
            self.to_client.push_back("* history ends".to_owned());
        }
    }

    fn reads(&mut self) {
        let Some(line) = self.to_client.pop_front() else {
            return;
        };
        let parsed = ServerLine::parse(&line);
        match self.catch_up.on(&line, &parsed, Some(&ann()), self.now) {
            Heard::Room => self.shown.push(line),
            Heard::Missed(missed) => {
                self.shown
                    .extend(missed.lines.into_iter().map(|past| past.line));
                for message in missed.unaccepted {
                    let last = self.said.iter().rposition(|said| *said == message.text);
                    self.said.remove(last.expect("it was said"));
                }
                for message in missed.in_doubt {
                    // It may have been said in a room of before.
                    if let Some(last) = self.said.iter().rposition(|said| *said == message.text) {
                        self.said.remove(last);
                    }
                }
            }
            Heard::Held | Heard::Internal | Heard::Marked(_) | Heard::Anew => {}
            other => panic!("{other:?}"),
        }
    }

    /// Lets everything that is under way arrive.
    fn settles(&mut self) {
        for _ in 0..8 {
            self.does(Step::TimePasses(6000));
            self.turns(usize::MAX);
            while !self.to_client.is_empty() {
                self.reads();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_cut_off_each_line_is_shown_once_and_in_order(
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut model = Model::new();
        for step in steps {
            model.does(step);
        }
        model.does(Step::Cut);
        model.settles();
        let of = |own: bool| {
            let lines = model.log.iter().filter(move |(_, is_own)| *is_own == own);
            lines.map(|(line, _)| line.as_str()).collect::<Vec<_>>()
        };
        prop_assert_eq!(&model.shown, &of(false));
        let mut said: Vec<String> = model.said.iter().map(|text| format!("Ann: {text}")).collect();
        let mut accepted = of(true);
        // Which of several same texts was not accepted, nobody can tell.
        said.sort_unstable();
        accepted.sort_unstable();
        prop_assert_eq!(said, accepted);
    }
}
