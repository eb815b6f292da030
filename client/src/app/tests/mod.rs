//! Dialogues with the app.

mod attention;
mod commands;
mod guards;
mod long_paste;
mod names;
mod outage;
mod passwords;
mod past;

use wac_core::MAX_CLIENT_LINE_BYTES;

use super::*;
use crate::app::event::First;
use crate::app::line::{Mention, PastKind};
use crate::app::settings::{LastLines, Reconnect, Settings};
use crate::protocol::password;

/// Plays a dialogue. `>` is entered, `$` is a password, `<` comes from the server, `+5s` lets time pass, tick by tick, and
/// `+100ms` a moment. The lines after it are the actions expected. `…` stands for any rest of a line.
#[track_caller]
fn plays(mode: Mode, name: Option<&str>, script: &str) {
    plays_with(&Settings::default(), mode, name, script);
}

#[track_caller]
fn plays_with(settings: &Settings, mode: Mode, name: Option<&str>, script: &str) {
    plays_configured(&configured(settings, name), mode, script);
}

#[track_caller]
fn plays_configured(config: &Config, mode: Mode, script: &str) {
    let mut app = App::new(mode, config, Rng::with_seed(1));
    let mut clock = Clock::default();
    let mut due = app.on(Event::connected(), clock.now()).into_iter();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let Some(happens) = Happens::read(line) else {
            let done = due.next().map(|action| written(&action));
            assert!(
                done.as_ref().is_some_and(|done| is_meant(line, done)),
                "wanted {line}, got {done:?}"
            );
            continue;
        };
        assert_eq!(due.next(), None, "before {line}");
        due = happens.to(&mut app, &mut clock).into_iter();
    }
    assert_eq!(due.next(), None, "at the end");
}

fn configured(settings: &Settings, name: Option<&str>) -> Config {
    Config {
        name: name.map(|name| name.parse().unwrap()),
        settings: settings.clone(),
        ..Config::default()
    }
}

fn app(settings: &Settings, mode: Mode, name: Option<&str>) -> App {
    App::new(mode, &configured(settings, name), Rng::with_seed(1))
}

fn is_meant(line: &str, done: &str) -> bool {
    match line.strip_suffix('…') {
        Some(beginning) => done.starts_with(beginning),
        None => done == line,
    }
}

/// The meaning of a line of a dialogue.
enum Happens {
    Event(Event),
    /// Ticks, one a second.
    Passes(u64),
    /// One tick, after so many milliseconds.
    Moment(u64),
    /// One tick, for the machine was asleep.
    Sleeps(u64),
}

impl Happens {
    fn read(line: &str) -> Option<Self> {
        let seconds = |text: &str| text.strip_suffix('s')?.parse().ok();
        let lost = |why: Option<&str>, unsent: &[&str]| Event::Lost {
            why: why.map(str::to_owned),
            unsent: unsent.iter().map(ToString::to_string).collect(),
        };
        Some(Self::Event(match (line.split_at(1), line) {
            ((">", typed), _) => Event::Entered(typed.strip_prefix(' ').unwrap_or(typed).into()),
            (("<", said), _) => Event::Line(said.trim_start().into()),
            (("$", typed), _) => Event::Password(password::typed(typed.trim_start())),
            (("+", time), _) => {
                let moment = time.strip_suffix("ms").and_then(|time| time.parse().ok());
                return moment.map(Self::Moment).or(seconds(time).map(Self::Passes));
            }
            (("z", time), _) => return seconds(time).map(Self::Sleeps),
            (_, "focus gained") => Event::Focus(Focus::Gained),
            (_, "focus lost") => Event::Focus(Focus::Lost),
            (_, "key") => Event::Key,
            (_, "^C") => Event::Interrupted,
            (_, "cleared") => Event::Cleared,
            (_, "^D") => Event::InputEnded,
            (_, "connected") => Event::connected(),
            (_, "connected to b of 3") => Event::connected_to("b", 2),
            (_, "untrusted") => Event::Untrusted("its key has changed".into()),
            (_, "unreachable") => Event::Unreachable("refused".into()),
            (_, "gone") => lost(None, &[]),
            (_, "reset") => lost(Some("reset"), &[]),
            (_, "gone, unsent") => lost(None, &["MSG last", "PING x", "W bob psst"]),
            _ => return None,
        }))
    }

    fn to(self, app: &mut App, clock: &mut Clock) -> Vec<Action> {
        match self {
            Self::Event(event) => app.on(event, clock.now()),
            Self::Sleeps(seconds) => {
                clock.pass(seconds);
                app.on(Event::Tick, clock.now())
            }
            Self::Moment(millis) => {
                clock.0 += Duration::from_millis(millis);
                app.on(Event::Tick, clock.now())
            }
            Self::Passes(seconds) => (0..seconds)
                .flat_map(|_| {
                    clock.pass(1);
                    app.on(Event::Tick, clock.now())
                })
                .collect(),
        }
    }
}

#[derive(Default)]
struct Clock(Duration);

impl Clock {
    /// It is 10:41 when the client starts, and the machine has been up for a day.
    fn now(&self) -> Now {
        let local = jiff::civil::date(2025, 11, 22).at(10, 41, 0, 0) + self.0;
        Now {
            elapsed: Duration::from_secs(24 * 3600) + self.0,
            local,
            utc: jiff::tz::TimeZone::UTC.to_timestamp(local).unwrap(),
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.0 += Duration::from_secs(seconds);
    }
}

fn written(action: &Action) -> String {
    match action {
        Action::Send(line) => format!("send {line}"),
        Action::Show(line) => shown(line),
        Action::Ring(line) => format!("ring and {}", shown(line)),
        Action::Log(line) => shown(line).replacen("show", "log", 1),
        Action::Tell(line) => format!("tell {line}"),
        Action::LogIn(login) => format!("send {}", login.line()),
        Action::Ask => "ask".into(),
        Action::AskPassword => "ask password".into(),
        Action::Chat(name) => format!("chat {name}"),
        Action::Mark(prompt_state) => format!("mark {prompt_state:?}"),
        Action::CountUnread(unread) => {
            let sign = if unread.for_user { "!" } else { "" };
            format!("unread {}{sign}", unread.lines)
        }
        Action::Notify(text) => format!("notify {text}"),
        Action::Time(time) => format!("time {time}"),
        Action::Save(settings) => {
            let Settings {
                bell, time, mute, ..
            } = settings;
            format!("save bell {bell}, time {time}, mute {mute:?}")
        }
        Action::Keep => "keep".into(),
        Action::Read => "read".into(),
        Action::KeepPlace(progress) => format!("keep {progress:?}"),
        Action::Dial(First::Next) => "dial".into(),
        Action::Dial(First::Same) => "dial the same".into(),
        Action::HangUp => "hang up".into(),
        Action::End(reason) => format!("end {reason:?}"),
    }
}

fn shown(line: &Line) -> String {
    match line {
        Line::Wire(text) | Line::Output(text) => format!("show {text}"),
        Line::Said {
            name,
            text,
            mention: Mention::None,
        } => format!("show {name}: {text}"),
        Line::Said { name, text, .. } => format!("show ▌{name}: {text}"),
        Line::Help(entry) => format!("help {entry}"),
        Line::WhisperFrom { from, text } => format!("show {from} ⇢ me: {text}"),
        Line::WhisperTo { to, text } => format!("show me ⇢ {to}: {text}"),
        Line::Waiting { to: None, text } => format!("show ⟳ {text}"),
        Line::Waiting { to: Some(to), text } => format!("show ⟳ me ⇢ {to}: {text}"),
        Line::Presence(changes) => {
            let joined = changes.joined.iter().map(|name| format!(" + {name}"));
            let left = changes.left.iter().map(|name| format!(" - {name}"));
            format!("show{}", joined.chain(left).collect::<String>())
        }
        Line::Notice(text) => format!("show * {text}"),
        Line::Refusal(text) => format!("show ! {text}"),
        Line::Secret(text) => format!("show = {text}"),
        Line::Note(text) => format!("tell {text}"),
        Line::Lost(text) => format!("lost {text}"),
        Line::Back(text) => format!("back {text}"),
        Line::Rule(text) => format!("rule {text}"),
        Line::Past(past) => {
            let kind = match past.kind {
                PastKind::Missed => "missed",
                PastKind::History => "history",
            };
            format!("{kind} {} {}", past.at.strftime("%H:%M"), shown(&past.line))
        }
    }
}

const LOGGED_IN: &str = "
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < * welcome, Ann
    chat Ann
    send WHO
    < * online (2): bob, Ann
    back connected to 127.0.0.1:4700 as Ann · plaintext · 2 here · /help
    tell here: bob, Ann
    +100ms
    send HIST 100
    < ! unknown command HIST; HELP lists them
";

/// The same for a program, which does not ask who is here.
const PIPED_IN: &str = "
    send PING wac greeted
    send LIN Ann
    < PONG wac greeted
    < * welcome, Ann
    show * welcome, Ann
    chat Ann
";

/// The same, once Ann is logged in.
#[track_caller]
fn chats(script: &str) {
    plays(Mode::Screen, Some("Ann"), &format!("{LOGGED_IN}{script}"));
}

#[test]
fn a_name_that_was_typed_logs_in() {
    chats("");
}

#[test]
fn without_a_name_it_asks_for_one() {
    plays(
        Mode::Screen,
        None,
        "back connected to 127.0.0.1:4700 · plaintext
         ask
         >
         ask
         > a b
         tell not a name: a b: it is more than one word
         ask
         > Zoë
         send PING wac greeted
         send LIN Zoë",
    );
}

#[test]
fn what_is_for_telnet_is_not_shown_to_a_person() {
    let greeting = "* WAC chat; log in with LIN <name>, HELP lists the commands";
    let begin = "send PING wac greeted\n send LIN Ann";
    let person = format!("{begin}\n < {greeting}\n < * be nice\n show * be nice");
    plays(Mode::Screen, Some("Ann"), &person);
    let program = format!("{begin}\n < {greeting}\n show {greeting}");
    plays(Mode::Pipe, Some("Ann"), &program);
}

#[test]
fn a_name_that_is_taken_is_asked_for_again() {
    plays(
        Mode::Screen,
        Some("ann"),
        "send PING wac greeted
         send LIN ann
         < PONG wac greeted
         < ! the name ann is taken
         tell login refused: the name ann is taken
         ask
         > ann2
         send PING wac greeted
         send LIN ann2",
    );
}

#[test]
fn a_pipe_ends_when_its_name_is_taken() {
    plays(
        Mode::Pipe,
        Some("ann"),
        "send PING wac greeted
         send LIN ann
         < PONG wac greeted
         < ! the name ann is taken
         tell login refused: the name ann is taken
         end LoginRefused",
    );
}

#[test]
fn a_greeting_that_looks_like_an_answer_is_none() {
    plays(
        Mode::Screen,
        Some("ann"),
        "send PING wac greeted
         send LIN ann
         < * welcome, Ann
         show * welcome, Ann
         < ! the name ann is taken
         show ! the name ann is taken",
    );
}

#[test]
fn what_is_said_is_sent_and_shown_like_everyones() {
    chats(
        "> hello
         send MSG hello
         show Ann: hello
         < Bob: hi
         show Bob: hi",
    );
}

#[test]
fn a_pipe_shows_only_what_the_server_says() {
    let script =
        format!("{PIPED_IN} > hello\n send MSG hello\n log Ann: hello\n < Bob: hi\n show Bob: hi");
    plays(Mode::Pipe, Some("Ann"), &script);
}

#[test]
fn commands_are_sent_in_the_protocols_words() {
    chats(
        "+2s
         > /w bob psst, you
         send W bob psst, you
         show me ⇢ bob: psst, you
         > /who
         send WHO
         > /sec
         send SEC
         > //who
         send MSG /who
         show Ann: /who
         > /help sec
         help /sec                             asks for the server's secret
         > /help zzz
         tell no command /zzz; /help lists them",
    );
}

#[test]
fn an_unknown_command_is_never_sent() {
    chats(
        "> /quti
         tell no command /quti, did you mean /quit? Not sent; //quti says it
         > /etc/passwd
         tell no command /etc/passwd; /help lists them. Not sent; //etc/passwd says it
         > /w bob
         tell usage: /w NAME TEXT; …",
    );
}

/// A client that chats.
fn ann(mode: Mode) -> App {
    let mut app = app(&Settings::default(), mode, Some("Ann"));
    // Long enough ago for the server to be ready for everything.
    let clock = Clock::default();
    let before = |seconds| Now {
        elapsed: clock.now().elapsed - Duration::from_secs(seconds),
        ..clock.now()
    };
    for event in [
        Event::connected(),
        Event::Line("PONG wac greeted".into()),
        Event::Line("* welcome, Ann".into()),
    ] {
        app.on(event, before(8));
    }
    app.on(Event::Tick, before(4));
    let refusal = "! unknown command HIST; HELP lists them";
    app.on(Event::Line(refusal.into()), before(4));
    app.on(Event::Tick, clock.now());
    app
}

#[test]
fn no_paste_becomes_a_command_of_the_protocol() {
    let mut app = ann(Mode::Pipe);
    let paste = "one\r\n/quit\nW bob x\n\n\u{1b}[2J\0\n\u{2028}LIN eve\r\u{85}SEC";
    let mut sent = app.on(Event::Entered(paste.into()), Clock::default().now());
    sent.retain(|action| matches!(action, Action::Send(_)));
    let wanted = ["one", "/quit", "W bob x", "LIN eve", "SEC"];
    let wanted = wanted.map(|text| Action::Send(format!("MSG {text}")));
    assert_eq!(sent, wanted);
}

#[test]
fn no_line_that_is_sent_holds_a_control_character() {
    for typed in ["a\u{1b}b", "/w b\u{7}ob x\u{85}y", "//\u{202e}x"] {
        let mut app = ann(Mode::Screen);
        let actions = app.on(Event::Entered(typed.into()), Clock::default().now());
        let Some(Action::Send(line)) = actions.into_iter().next() else {
            panic!("sent: {typed:?}");
        };
        assert!(!line.chars().any(wac_core::text::is_removed), "{line:?}");
    }
}

#[test]
fn the_longest_line_is_sent_and_a_longer_one_kept() {
    let longest = "x".repeat(MAX_CLIENT_LINE_BYTES - "MSG \n".len());
    chats(&format!(
        "> {longest}\n send MSG {longest}\n show Ann: {longest}"
    ));
    chats(&format!(
        "> {longest}x\n tell {}",
        messages::too_long(1, Mode::Screen)
    ));
}

#[test]
fn who_comes_and_goes_is_told_in_one_line() {
    chats(
        "< * dave joined
         < * erin joined
         < * frank left
         +1s
         show + dave + erin - frank
         < * gina joined
         < gina: hi
         show + gina
         show gina: hi
         < * 3 more joined
         < * slow down: your lines wait
         show
         show * slow down: your lines wait",
    );
}

#[test]
fn a_pipe_is_told_who_comes_in_the_servers_words() {
    let script = format!("{PIPED_IN} < * dave joined\n show * dave joined");
    plays(Mode::Pipe, Some("Ann"), &script);
}

#[test]
fn a_mention_is_marked_and_rings_with_a_whisper_at_most_once_in_three_seconds() {
    chats(
        "< bob: ann, look
         ring and show ▌bob: ann, look
         < bob: ANN!
         show ▌bob: ANN!
         +3s
         < bob whispers, \"psst\"
         ring and show bob ⇢ me: psst
         +3s
         < bob: hanna, annual, ann-marie
         show bob: hanna, annual, ann-marie
         > ann talks
         send MSG ann talks
         show Ann: ann talks",
    );
}

#[test]
fn a_highlighted_word_is_marked_and_rings_as_a_mention_does() {
    let settings = Settings {
        highlight: vec!["Deploy".parse().unwrap(), "v1.2".parse().unwrap()],
        ..Settings::default()
    };
    let script = format!(
        "{LOGGED_IN}
         < bob: does the deploy work?
         ring and show ▌bob: does the deploy work?
         < bob: (V1.2)
         show ▌bob: (V1.2)
         +3s
         < bob: deployed, v1.2.1
         show bob: deployed, v1.2.1
         > we deploy
         send MSG we deploy
         show Ann: we deploy
         focus lost
         < bob: deploy!
         unread 1!
         rule since you looked
         ring and show ▌bob: deploy!
         notify highlight by bob: deploy!"
    );
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn leaving_waits_for_the_servers_farewell() {
    chats("^D\n send QUIT\n < * closing: goodbye\n show * closing: goodbye\n gone\n end Done");
}

#[test]
fn a_pipe_ends_well_only_with_the_servers_goodbye() {
    let script = format!("{PIPED_IN} ^D\n send QUIT\n");
    let end = "< * closing: goodbye\n show * closing: goodbye\n gone\n end Done";
    plays(Mode::Pipe, Some("Ann"), &format!("{script}{end}"));
    let end = "gone\n lost connection lost: the server has closed it\n end Lost";
    plays(Mode::Pipe, Some("Ann"), &format!("{script}{end}"));
}

#[test]
fn asked_twice_it_leaves_at_once() {
    chats("> /quit\n send QUIT\n ^C\n end Done");
}

#[test]
fn an_interrupt_says_how_to_leave() {
    chats("^C\n tell Ctrl-D or /quit leaves");
}

#[test]
fn where_nothing_is_tried_again_a_lost_connection_is_the_end() {
    let lost = "gone\n lost connection lost: the server has closed it\n end Lost";
    plays(Mode::Pipe, Some("Ann"), &format!("{PIPED_IN}{lost}"));
    let settings = Settings {
        reconnect: Reconnect::Times(0),
        ..Settings::default()
    };
    let script = format!("{LOGGED_IN}{lost}");
    plays_with(&settings, Mode::Screen, Some("Ann"), &script);
}

#[test]
fn one_may_leave_before_having_a_name() {
    plays(
        Mode::Screen,
        None,
        "back …\n ask\n > /quit\n send QUIT\n gone\n end Done",
    );
    plays(
        Mode::Screen,
        None,
        "back …\n ask\n ^C\n send QUIT\n gone\n end Done",
    );
}
