//! Messages of the client to the user.

use std::time::Duration;

use wac_core::name::{Folded, Name, NameError};
use wac_core::text::cut;

use super::Mode;
use crate::app::commands::{self, SlashCommand, UnknownCommand};
use crate::app::input::InputError;
use crate::app::settings::{BellLevel, TimeDisplay};
use crate::app::target::Address;
use crate::protocol::clock::Now;

const KEYS: &str =
    "Tab guesses a name, Up brings back what was entered, Ctrl-R searches in it, Ctrl-D leaves";

pub(super) const NAME_FIRST: &str = "the chat begins with a name; /quit or Ctrl-D leaves";
pub(super) const HOW_TO_LEAVE: &str = "Ctrl-D or /quit leaves";
pub(super) const NOT_CONNECTED: &str = "not connected; Enter tries now";
pub(super) const CONNECTING: &str = "connecting";
pub(super) const NOTHING_WAITS: &str = "no line waits to be sent";
pub(super) const LEAK: &str =
    "not sent: it looks like a whisper (/w NAME TEXT); entered once more, it goes to everyone";
pub(super) const PASTE_DROPPED: &str = "dropped; the Up key brings it back";
pub(super) const PASTE_UNCLEAR: &str = "not sent: first y, j or n is wanted for the paste";
pub(super) const NOT_IN_A_PIPE: &str = "/reconnect is for a terminal; the connection stays";
pub(super) const LEAVING: &str =
    "leaving as soon as the server has taken everything; /quit or Ctrl-D leaves now";
pub(super) const NOBODY_WHISPERED: &str = "not sent: nobody has whispered to you; /w NAME TEXT";
pub(super) const NOTHING_SAID: &str = "nothing of the kind was said";
pub(super) const NAME_HELD: &str =
    "the lost connection still holds the name, for 30 s at most; trying until it is free";

/// So many people are told by name.
const FEW: usize = 8;

pub(super) fn login_refused(why: &str) -> String {
    format!("login refused: {why}")
}

pub(super) fn not_a_name(text: &str, why: &NameError) -> String {
    format!("not a name: {text}: {why}")
}

pub(super) fn name_lost(why: &str) -> String {
    format!("not logged in: {why}; Enter tries again, /quit leaves")
}

pub(super) fn usage(command: &SlashCommand) -> String {
    format!("wanted: {}", command.usage())
}

/// The whole help and the keys, or one command's line of it.
pub(super) fn help(command: Option<&SlashCommand>) -> impl Iterator<Item = String> {
    let lines = match command {
        Some(command) => vec![command.explained()],
        None => commands::overview()
            .into_iter()
            .chain([KEYS.into()])
            .collect(),
    };
    lines.into_iter()
}

pub(super) fn unknown(word: &str, why: &UnknownCommand) -> String {
    match why {
        UnknownCommand::Ambiguous(words) => {
            format!("/{word} may be /{}; not sent", words.join(" or /"))
        }
        UnknownCommand::Misspelled(meant) => {
            format!("no command /{word}, did you mean /{meant}? Not sent; //{word} says it")
        }
        UnknownCommand::Nothing => {
            format!("no command /{word}; /help lists them. Not sent; //{word} says it")
        }
    }
}

/// Where one is, as whom and with how many; whether others may read along on the way.
pub(super) fn connected(host: &Address, me: &Name, here: &[String]) -> String {
    let (transport, here) = (transport(host), here.len());
    format!("connected to {host} as {me} · {transport} · {here} here · /help")
}

pub(super) fn connected_unnamed(host: &Address) -> String {
    format!("connected to {host} · {}", transport(host))
}

/// There is no encryption: what goes over a network can be read there.
fn transport(host: &Address) -> &'static str {
    match host {
        Address::Tcp { .. } => "plaintext",
        Address::Unix(_) => "on this machine",
    }
}

/// Who is here: by name, where they are few.
pub(super) fn here(names: &[String]) -> String {
    if names.len() <= FEW {
        return format!("{} here: {}", names.len(), names.join(", "));
    }
    format!("{} here; /who lists them", names.len())
}

/// Who is here, where how many has been said: nobody is told of oneself alone, or of a crowd.
pub(super) fn company(names: &[String]) -> Option<String> {
    let worth_telling = (2..=FEW).contains(&names.len());
    worth_telling.then(|| format!("here: {}", names.join(", ")))
}

/// Who is here whose name holds a part.
pub(super) fn found(names: &[String], part: &str) -> String {
    let part = Folded::of(part);
    let found = names.iter().map(String::as_str);
    let found: Vec<&str> = found
        .filter(|name| Folded::of(name).as_str().contains(part.as_str()))
        .collect();
    if found.is_empty() {
        return format!("none of {} here has that in the name", names.len());
    }
    format!(
        "{} of {} here: {}",
        found.len(),
        names.len(),
        found.join(", ")
    )
}

pub(super) fn muted<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() {
        return "nobody is muted".into();
    }
    format!("muted: {}; /mute NAME again listens", names.join(", "))
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

pub(super) fn closed(why: Option<&str>) -> String {
    why.unwrap_or("the server has closed it").to_owned()
}

pub(super) fn no_answer(after: Duration) -> String {
    format!("no answer for {}", duration(after))
}

/// The end, where nothing is tried again.
pub(super) fn lost(why: &str) -> String {
    format!("link lost: {why}")
}

pub(super) fn away(why: &str, tries: u32, wait: Duration) -> String {
    format!(
        "link lost: {why} · try {tries} {} · Enter = now",
        in_time(wait)
    )
}

/// What has been missed: from when to when nothing could be received.
pub(super) fn back(name: &Name, from: Now, to: Now) -> String {
    format!(
        "back as {name} after {} · nothing could be received {}–{}",
        duration(to.elapsed.saturating_sub(from.elapsed)),
        from.local.strftime("%T"),
        to.local.strftime("%T"),
    )
}

pub(super) fn waits(lines: usize) -> String {
    format!("not connected: {} when you say /send", will_wait(lines))
}

pub(super) fn still_waiting(lines: usize) -> String {
    let (wait, it) = (if lines == 1 { "waits" } else { "wait" }, it(lines));
    format!(
        "{} {wait}: /send sends {it}, /drop drops {it}",
        count(lines)
    )
}

pub(super) fn would_be_lost(lines: usize) -> String {
    format!(
        "{}; leaving again loses {}",
        still_waiting(lines),
        it(lines)
    )
}

pub(super) fn left_behind(lines: usize) -> String {
    let was = if lines == 1 { "was" } else { "were" };
    format!("{} {was} not sent", count(lines))
}

pub(super) fn too_many_wait(lines: usize) -> String {
    format!("not kept: {} wait already", count(lines))
}

pub(super) fn dropped(lines: usize) -> String {
    format!("{} dropped", count(lines))
}

pub(super) fn online(name: &str, silence: Duration) -> String {
    format!(
        "online as {name} · the server was heard {} ago",
        duration(silence)
    )
}

pub(super) fn probing(silence: Duration) -> String {
    format!(
        "asking the server, which was silent for {}",
        duration(silence)
    )
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

/// What a paste would become: how it begins, and how it ends.
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
        "y sends them, j joins them into one, n or Enter drops them".into(),
    ]
}

fn will_wait(lines: usize) -> String {
    match lines {
        1 => "the line waits, and is sent".into(),
        _ => format!("{lines} lines wait, and are sent"),
    }
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

/// In seconds, or minutes, or hours: as exact as a person wants to know.
fn duration(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
