//! Arguments of `wac send`, `wac listen` and `wac who`.

use std::path::PathBuf;

use clap::ValueHint;
use regex::Regex;
use wac_core::name::Name;

use crate::app::target::{Target, parse_name};
use crate::protocol::session::Farewell;
use crate::script::Names;
use crate::script::filter::Filter;
use crate::script::format::{Format, Template};
use crate::script::listen::{ListenPlan, Since};
use crate::script::rate::Rate;
use crate::script::send::SendPlan;

/// The syntax of a target.
pub(super) const TARGET: &str = "[NAME@]HOST[:PORT]";

/// Arguments of `wac send`.
#[derive(Debug, clap::Args)]
pub(crate) struct SendArgs {
    /// The server, and the name to use there
    #[arg(value_name = TARGET)]
    pub(crate) target: Target,

    /// The message; without it, each line of standard input is one
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    /// Whispers to one person instead of speaking to everyone
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(crate) to: Option<Name>,

    /// Ends with 0 only if the server has proved that it took everything, and wrote it to its history if it keeps one; over a
    /// second connection if the first is lost. With 4 it took nothing, with 7 it may have taken some
    #[arg(long)]
    pub(crate) confirm: bool,

    /// Sends no faster than this: 5/s, 30/m, 100/h. By default a server takes 5/s for any length of
    /// time
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,

    /// Gives up this long after it has connected, with exit code 5; the server may have taken what
    /// was sent: 90s, 10m, 8h
    #[arg(long, value_name = "D")]
    pub(crate) timeout: Option<humantime::Duration>,
}

impl SendArgs {
    /// Returns the message that was typed. Each of its lines is a message of its own.
    pub(crate) fn message(&self) -> Option<String> {
        (!self.text.is_empty()).then(|| self.text.join(" "))
    }

    /// Returns the task of the script, under a name.
    pub(crate) fn plan(&self, names: Names) -> SendPlan {
        SendPlan {
            names,
            to: self.to.clone(),
            farewell: if self.confirm {
                Farewell::Fence
            } else {
                Farewell::Quit
            },
            rate: self.rate,
            timeout: self.timeout.map(Into::into),
        }
    }
}

/// Arguments of `wac listen`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    /// The server, and the name to use there [default: the settings host and name]
    #[arg(value_name = TARGET)]
    pub(crate) target: Option<Target>,

    /// Prints one JSON object a line: time, kind (message or whisper), from, text
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Prints in this format, as in '{time} {from}: {text}'; also {kind}, and \t, \n, \\, {{, }}
    #[arg(long, value_name = "F")]
    pub(crate) format: Option<Template>,

    /// Prints only the messages of this person; may be given several times
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(crate) from: Vec<Name>,

    /// Prints only texts with a match of this regular expression; (?i) in front ignores case
    #[arg(long = "match", value_name = "RE")]
    pub(crate) pattern: Option<Regex>,

    /// Prints whispers too
    #[arg(long)]
    pub(crate) whispers: bool,

    /// Ends after this many lines
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) count: Option<u64>,

    /// Ends this long after it has connected, with exit code 5: 90s, 10m, 8h
    #[arg(long, value_name = "D")]
    pub(crate) timeout: Option<humantime::Duration>,

    /// Goes on where the last run with this file ended, and misses and doubles nothing; without the file it
    /// begins now
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) since: Option<PathBuf>,
}

impl ListenArgs {
    /// Returns the task of the script, under a name or without one.
    pub(crate) fn plan(&self, names: Option<Names>, since: Since) -> ListenPlan {
        let format = match &self.format {
            Some(template) => Format::Template(template.clone()),
            None if self.json => Format::Json,
            None => Format::Wire,
        };
        ListenPlan {
            names,
            filter: Filter {
                from: self.from.clone(),
                pattern: self.pattern.clone(),
                whispers: self.whispers,
            },
            format,
            count: self.count,
            timeout: self.timeout.map(Into::into),
            since,
        }
    }
}

/// Arguments of `wac who`.
#[derive(Debug, clap::Args)]
pub(crate) struct WhoArgs {
    /// The server [default: the setting host]
    #[arg(value_name = TARGET)]
    pub(crate) target: Option<Target>,
}

fn parse_count(text: &str) -> Result<u64, &'static str> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or("wanted a number, at least 1")
}
