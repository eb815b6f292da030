//! Messages of the client to the user.

use std::fmt::Write;
use std::time::Duration;

use jiff::civil::DateTime;
use wac_core::name::{Name, NameError};
use wac_core::text::{clean, cut};

use super::commands::{SlashCommand, UnknownCommand};
use super::event::InputError;
use super::lifecycle::Gap;
use super::line::{Line, Mention};
use super::settings::{BellLevel, TimeDisplay};
use super::target::{Address, Node};
use super::{Mode, pacer};
use crate::protocol::clock::Now;
use crate::protocol::keepalive::Keepalive;
use crate::protocol::password::Demand;
use crate::protocol::text::bare;

pub(super) const KEYS: &str = "Tab completes a name, Up brings back the lines you entered, Ctrl-R searches them, Ctrl-X Ctrl-E opens an editor, Ctrl-D leaves";

pub(super) const NAME_FIRST: &str = "enter a name first; /quit or Ctrl-D leaves";
pub(super) const HOW_TO_LEAVE: &str = "Ctrl-D or /quit leaves";
pub(super) const NOT_CONNECTED: &str = "not connected; Enter tries now";
pub(super) const CONNECTING: &str = "connecting";
pub(super) const NOTHING_WAITS: &str = "no line waits to be sent";
pub(super) const LEAK: &str =
    "not sent: it looks like a whisper (/w NAME TEXT); Enter again sends it to everyone";
pub(super) const LEAKED_LOGIN: &str = "not sent: it looks like a login with its password, which everyone would read; \
     Enter again sends it";
pub(super) const PASTE_DROPPED: &str = "dropped; the Up key brings it back";
pub(super) const PASTE_UNCLEAR: &str = "not sent: answer y, j or n for the paste first";
pub(super) const LEAVING: &str =
    "leaving once the server has taken everything; /quit or Ctrl-D leaves now";
pub(super) const NOBODY_WHISPERED: &str =
    "not sent: nobody has whispered to you yet; use /w NAME TEXT";
pub(super) const NOTHING_SAID: &str = "no messages found";
pub(super) const NAME_HELD: &str =
    "the lost connection still holds the name, for at most 30 s; retrying until it is free";
pub(super) const NOTHING_MISSED: &str = "nothing missed";
const BEGAN_ANEW: &str = "the server's history began anew";
pub(super) const FROM_NOW_ON: &str = "from now on";
pub(super) const SINCE_LOOKED: &str = "since you looked";
pub(super) const SINCE_TYPED: &str = "since you typed";

/// Most people that are listed by name.
const FEW: usize = 8;

pub(crate) fn login_refused(why: &str) -> String {
    format!("login refused: {why}")
}

/// Reports a login that a program could not give the password for.
pub(crate) fn no_password(demand: Demand, why: &str) -> String {
    match demand {
        Demand::Missing => format!("{why} (--password-file FILE has it)"),
        Demand::Exposed => EXPOSED.to_owned(),
        Demand::Wrong | Demand::Known => why.to_owned(),
    }
}

pub(crate) fn no_name(why: &str) -> String {
    format!("{why} (give a name: NAME@HOST, or --name NAME)")
}

/// Refuses to send a password that others on the way could read.
pub(super) const EXPOSED: &str = "the password is not sent, as others on the way could read it: connect with tls:HOST, or allow it with --insecure-password";

/// Asks for the password of a name.
pub(super) fn password_of(name: &str) -> String {
    format!("type the password of {name}, and Enter; it is not shown")
}

pub(super) const PASSWORD_WITHHELD: &str = "no password";

pub(super) fn replying(to: &str) -> String {
    format!("whispering to {to}")
}

pub(super) fn not_a_name(text: &str, why: &NameError) -> String {
    format!("not a name: {text}: {why}")
}

pub(super) fn name_lost(why: &str) -> String {
    format!("not logged in: {why}; Enter tries again, /quit leaves")
}

pub(crate) fn trying_alternative(taken: &str, alternative: &Name) -> String {
    format!("the name {taken} is taken; trying {alternative}")
}

pub(super) fn named_already(name: &Name) -> String {
    format!("you are {name} already")
}

pub(super) fn renaming(to: &Name) -> String {
    format!("reconnecting as {to}: a connection has one name")
}

pub(super) fn not_renamed(why: &str, name: &Name) -> String {
    format!("not renamed: {why}; you stay {name}")
}

/// Reports a command that a program cannot use: its connection is the only one.
pub(super) fn not_in_a_pipe(command: &str) -> String {
    format!("/{command} works only on a terminal; the connection stays")
}

pub(super) fn usage(command: &SlashCommand) -> String {
    let hint = if command.word == "w" {
        "; every whisper names its reader, /r replies to the last"
    } else {
        ""
    };
    format!("usage: {}{hint}", command.usage())
}

pub(super) fn unknown(word: &str, why: &UnknownCommand) -> String {
    match why {
        UnknownCommand::Ambiguous(words) => {
            format!("/{word} may be /{}", words.join(" or /"))
        }
        UnknownCommand::Misspelled(meant) => {
            format!("no command /{word}, did you mean /{meant}?")
        }
        UnknownCommand::Nothing => format!("no command /{word}; /help lists them"),
    }
}

/// Reports a line that begins like a command, and may have been meant as a message.
pub(super) fn not_sent(word: &str, why: &UnknownCommand) -> String {
    let unknown = unknown(word, why);
    match why {
        UnknownCommand::Ambiguous(_) => format!("{unknown}; not sent"),
        UnknownCommand::Misspelled(_) => format!("{unknown} Not sent; //{word} says it"),
        UnknownCommand::Nothing => format!("{unknown}. Not sent; //{word} says it"),
    }
}

/// Reports the server, the name, the transport and the number of people online.
pub(super) fn introduction(node: &Node, me: &Name, here: &[String]) -> String {
    let (connected, transport) = (connected(node), transport(&node.address));
    let here = here.len();
    format!("{connected} as {me} · {transport} · {here} here · /help")
}

pub(super) fn connected_unnamed(node: &Node) -> String {
    format!("{} · {}", connected(node), transport(&node.address))
}

pub(super) fn connected(node: &Node) -> String {
    format!("connected to {node}")
}

fn transport(host: &Address) -> &'static str {
    match host {
        Address::Tcp { .. } => "plaintext",
        Address::Tls { .. } => "encrypted",
        Address::Unix(_) => "on this machine",
    }
}

/// Warns of a transport that others can read.
pub(super) fn readable(host: &Address) -> Option<String> {
    let tls = host.over_tls();
    let warning =
        format!("not encrypted: others on the way can read it; {tls} is, where the server has TLS");
    (!host.is_private()).then_some(warning)
}

/// Reports a server that is not the one that is meant.
pub(super) fn untrusted(why: &str) -> String {
    format!("not connected: {why}")
}

/// Lists the people online if they are few.
pub(super) fn here(names: &[String]) -> String {
    if names.len() <= FEW {
        return format!("{} here: {}", names.len(), names.join(", "));
    }
    format!("{} here; /who lists them", names.len())
}

/// Lists the people online, unless the user is alone or they are many. Their number has been reported.
pub(super) fn company(names: &[String]) -> Option<String> {
    let worth_telling = (2..=FEW).contains(&names.len());
    worth_telling.then(|| format!("here: {}", names.join(", ")))
}

/// Lists the people online whose name contains a part.
pub(super) fn found(names: &[String], part: &str) -> String {
    let wanted = bare(part);
    let found = names.iter().map(String::as_str);
    let found: Vec<&str> = found.filter(|name| bare(name).contains(&wanted)).collect();
    if found.is_empty() {
        return format!("nobody here has {part} in their name");
    }
    format!(
        "{} of {} here: {}",
        found.len(),
        names.len(),
        found.join(", ")
    )
}

/// Notifies of a mention or a whisper, whose text is not for everyone who sees the screen.
pub(super) fn notification(line: &Line) -> Option<String> {
    match line {
        Line::Said {
            name,
            text,
            mention,
        } => {
            let what = match mention {
                Mention::OfMe => "mention",
                Mention::OfWord => "highlight",
                Mention::None => return None,
            };
            Some(clean(&format!("{what} by {name}: {text}")).into_owned())
        }
        Line::WhisperFrom { from, .. } => Some(clean(&format!("whisper from {from}")).into_owned()),
        _ => None,
    }
}

pub(super) fn muted<'a>(names: impl Iterator<Item = &'a Name>) -> String {
    let names: Vec<&str> = names.map(Name::as_str).collect();
    if names.is_empty() {
        return "nobody is muted".into();
    }
    format!("muted: {}; /mute NAME again unmutes", names.join(", "))
}

pub(super) fn bell(rings_for: BellLevel) -> String {
    format!("the bell rings for: {rings_for} (off, mention, whisper or all)")
}

pub(super) fn time(shown: TimeDisplay) -> String {
    format!("the time is shown: {shown}")
}

pub(super) fn unusable(why: InputError) -> String {
    format!("not sent: {why}")
}

pub(super) fn too_long(excess_bytes: usize, mode: Mode) -> String {
    let back = match mode {
        Mode::Screen => "; the Up key brings it back",
        Mode::Plain | Mode::Pipe => "",
    };
    format!("not sent: {excess_bytes} bytes too long{back}")
}

pub(crate) fn no_answer(after: Duration) -> String {
    format!("no answer for {}", duration(after))
}

/// Reports a loss after which nothing is tried again.
pub(crate) fn lost(why: &str) -> String {
    format!("connection lost: {why}")
}

pub(super) fn away(why: &str, tries: u32, wait: Duration) -> String {
    format!(
        "connection lost: {why} · try {tries} {} · Enter = now",
        in_time(wait)
    )
}

/// Reports the end of an outage, and the time for which the user could not speak.
pub(super) fn back(name: &Name, after: Duration) -> String {
    match after {
        length if length < Duration::from_secs(1) => {
            format!("back as {name} after less than 1 s")
        }
        length => format!("back as {name} after {}", duration(length)),
    }
}

/// Reports the end of an outage of which nothing more will be known.
pub(super) fn back_without(name: &Name, after: Duration, gap: Gap) -> String {
    format!("{} · {}", back(name, after), nothing_received(gap))
}

fn nothing_received(gap: Gap) -> String {
    let times = times(gap);
    format!(
        "nothing received {}",
        times.as_deref().unwrap_or("meanwhile")
    )
}

/// Writes when an outage began and ended, if it was long enough for that.
fn times(gap: Gap) -> Option<String> {
    let is_long = gap.length() >= Duration::from_secs(1);
    let time = |now: Now| now.local.strftime("%T").to_string();
    is_long.then(|| format!("{}–{}", time(gap.from), time(gap.to)))
}

/// Introduces what was missed: `14 lines missed 13:01:17–13:01:24`. The number is the least if it is not the whole.
pub(super) fn missed(
    lines: usize,
    is_whole: bool,
    gap: Option<Gap>,
    kept_since: Option<DateTime>,
) -> String {
    let least = if is_whole { "" } else { "more than " };
    let mut told = format!("{least}{} missed", count(lines));
    if let Some(times) = gap.and_then(times) {
        let _ = write!(told, " {times}");
    }
    if let Some(since) = kept_since {
        let since = since.strftime("%T");
        let _ = write!(told, "; what was said before {since} is no longer kept");
    }
    told
}

/// Introduces what was said before the user came.
pub(super) fn last_lines(lines: usize) -> String {
    match lines {
        1 => "the last line".to_owned(),
        _ => format!("the last {lines} lines"),
    }
}

/// Introduces what is in a history that began anew.
pub(super) fn anew(lines: usize, gap: Option<Gap>) -> String {
    let times = gap.and_then(times).map(|times| format!(" {times}"));
    let (times, last) = (times.unwrap_or_default(), last_lines(lines));
    format!("{BEGAN_ANEW}{times} · {last}")
}

/// Reports an outage after which the history began anew, and holds nothing yet.
pub(super) fn nothing_anew(gap: Gap) -> String {
    format!("{}: {BEGAN_ANEW}", nothing_received(gap))
}

/// Reports an outage of which the server tells nothing.
pub(super) fn not_caught_up(gap: Gap) -> String {
    format!("{}: the server keeps no history", nothing_received(gap))
}

/// Reports messages that were lost with a connection.
pub(super) fn not_accepted(lines: usize) -> String {
    let was = if lines == 1 { "was" } else { "were" };
    let of_yours = count(lines);
    format!("{of_yours} of yours {was} not accepted before the connection was lost")
}

pub(super) fn in_doubt(lines: usize) -> String {
    format!("{} of yours may not have been accepted", count(lines))
}

pub(super) fn waits(lines: usize) -> String {
    format!("not connected: {} for /send", waiting(lines))
}

pub(super) fn still_waiting(lines: usize) -> String {
    let (waiting, it) = (waiting(lines), it(lines));
    format!("{waiting}: /send sends {it}, /drop drops {it}")
}

fn still_sending(lines: usize) -> String {
    let (are, it) = (if lines == 1 { "is" } else { "are" }, it(lines));
    format!("{} {are} being sent: /drop drops {it}", count(lines))
}

/// The messages that were not sent: those that wait, and those on their way.
pub(super) fn unsent(waiting: usize, sending: usize) -> Option<String> {
    let waiting = (waiting > 0).then(|| still_waiting(waiting));
    let sending = (sending > 0).then(|| still_sending(sending));
    let parts: Vec<String> = waiting.into_iter().chain(sending).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

pub(super) fn would_be_lost(waiting: usize, sending: usize) -> String {
    let lost = unsent(waiting, sending).unwrap_or_default();
    format!("{lost}; leaving again loses {}", it(waiting + sending))
}

pub(super) fn left_behind(lines: usize) -> String {
    let was = if lines == 1 { "was" } else { "were" };
    format!("{} {was} not sent", count(lines))
}

pub(super) fn too_many_wait(excess: usize, most: usize) -> String {
    format!(
        "not kept: {}, for {} wait already",
        count(excess),
        count(most)
    )
}

pub(super) fn dropped(lines: usize) -> String {
    format!("{} dropped", count(lines))
}

pub(super) fn online(name: &str, node: Option<&Node>, keepalive: &Keepalive, now: Now) -> String {
    let silence = duration(keepalive.silence(now));
    let at = node.map_or(String::new(), |node| format!(" at {node}"));
    if keepalive.is_probing() {
        format!("online as {name}{at} · probing the server, which has been silent for {silence}")
    } else {
        format!("online as {name}{at} · the server was heard {silence} ago")
    }
}

pub(super) fn trying(tries: u32, wait: Duration) -> String {
    format!(
        "not connected · try {tries} {} · Enter = now",
        in_time(wait)
    )
}

pub(super) fn name_taken(name: &str) -> String {
    format!("not logged in: the name {name} is taken; Enter tries again")
}

/// Asks about a paste, with its first and its last message.
pub(super) fn paste(lines: &[String]) -> Vec<String> {
    if let [line] = lines {
        let told = format!("1 message to everyone: {}", cut(line));
        return vec![told, "y sends it, n or Enter drops it".into()];
    }
    let first = lines.first().map_or("", |line| cut(line));
    let last = lines.last().map_or("", |line| cut(line));
    vec![
        format!("{} messages to everyone, from: {first}", lines.len()),
        format!("to: {last}"),
        format!(
            "y sends them{}, j joins them into one, n or Enter drops them",
            taking(pacer::time_for(lines.len()))
        ),
    ]
}

/// The time that sending takes, if it is worth telling.
fn taking(time: Duration) -> String {
    if time < Duration::from_secs(2) {
        return String::new();
    }
    format!(" (in {})", duration(time))
}

fn waiting(lines: usize) -> String {
    let wait = if lines == 1 { "waits" } else { "wait" };
    format!("{} {wait}", count(lines))
}

fn it(lines: usize) -> &'static str {
    if lines == 1 { "it" } else { "them" }
}

fn count(lines: usize) -> String {
    match lines {
        1 => "1 line".into(),
        _ => format!("{lines} lines"),
    }
}

fn in_time(wait: Duration) -> String {
    if wait < Duration::from_secs(1) {
        return "at once".into();
    }
    format!("in {}", duration(wait))
}

/// Writes a duration in seconds, minutes or hours, as exact as a person needs it.
fn duration(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
