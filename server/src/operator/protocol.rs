//! Protocol of the control socket: a request is a JSON value on a line; the answer is lines that begin with what they
//! are.
//!
//! ```text
//!  {"kick":{"whom":"Ann","reason":"spam"}}
//!  say kicked Ann (192.0.2.7:40112)
//!  data …                       a JSON value: what is listed
//!  end 0                        the exit code of the subcommand
//! ```
//!
//! It is internal: a subcommand is meant for a server of its own version. Another one's request is refused in words,
//! and lines that a reader does not know are skipped.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use wac_core::admission::bans::{Ban, Banned};

use crate::config::args::LogLevel;
use crate::operator::text::{Reason, Saying};
use crate::process::exit;

/// A request of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "`wacd --help` describes them")]
pub enum Request {
    Reload {
        plan: bool,
    },
    Status,
    Who,
    Top,
    Say {
        text: Saying,
    },
    Kick {
        whom: String,
        reason: Option<Reason>,
    },
    Ban {
        network: String,
        lasting: Option<Duration>,
        reason: Option<Reason>,
    },
    Unban {
        network: String,
    },
    Bans,
    LogLevel {
        level: LogLevel,
    },
    Drain {
        after: Duration,
        reason: Option<Reason>,
    },
    CancelDrain,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Lines for the operator.
    pub messages: Vec<String>,
    /// What was asked for, if that is more than lines.
    pub data: Option<Value>,
    /// The exit code of the subcommand.
    pub code: u8,
}

/// A person who is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// The number of the session.
    pub id: u64,
    /// The name; none: a visitor.
    pub name: Option<String>,
    /// The address and port, or `unix`.
    pub address: String,
    /// Seconds since the connection was accepted.
    pub seconds: u64,
    /// Lines received from the person.
    pub lines: u64,
    /// Bytes of the room that the person has still to be given.
    pub lag_bytes: u64,
}

/// A ban, in an answer and in the file of bans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BanRow {
    /// The network.
    #[serde(serialize_with = "write_network", deserialize_with = "read_network")]
    pub network: IpNet,
    /// The time at which the ban ends; none: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// What those who are refused are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A time of the wall clock, written as in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub SystemTime);

/// The state of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// `serving`, `joining` while a node of a cluster has no room, or the phase of its stop.
    pub phase: String,
    /// Seconds until a planned stop, if there is one.
    pub stops_in_seconds: Option<u64>,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// People who are logged in.
    pub users: u64,
    /// Connections, visitors among them.
    pub connections: usize,
    /// Banned networks.
    pub bans: usize,
    /// The parts of the sandbox that are in force.
    pub sandbox: String,
    /// Whether the history is written, if there is one.
    #[serde(default)]
    pub history: Option<String>,
    /// How the server stands in its cluster, if it is a node of one.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The limits in force, by the name of their flag.
    pub limits: BTreeMap<String, String>,
}

/// What a server has done so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopReport {
    /// `serving`, `joining` while a node of a cluster has no room, or the phase of its stop.
    pub phase: String,
    /// Seconds since its start.
    pub seconds: f64,
    /// People who are logged in.
    pub users: u64,
    /// Connections, visitors among them.
    pub connections: u64,
    /// Threads that serve.
    pub shards: u16,
    /// Lines received.
    pub lines_in: u64,
    /// Lines sent.
    pub lines_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Turns of all shards.
    pub turns: u64,
    /// Seconds that the shards have spent in turns, all together.
    pub busy_seconds: f64,
    /// The people who are furthest behind, first the slowest.
    pub slowest: Vec<PersonRow>,
}

impl Request {
    /// Writes the request as its line, without the ending.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a request has no maps")
    }

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line)
    }
}

impl Answer {
    /// Says that a request is carried out.
    pub fn done(message: impl Into<String>) -> Self {
        Self {
            messages: vec![message.into()],
            data: None,
            code: exit::DONE,
        }
    }

    /// Says why a request is not carried out.
    pub fn failed(why: impl Into<String>) -> Self {
        Self {
            code: exit::FAILED,
            ..Self::done(why)
        }
    }

    /// Tells what was asked for.
    pub fn data(data: &impl Serialize) -> Self {
        Self {
            messages: Vec::new(),
            data: Some(serde_json::to_value(data).expect("its keys are texts")),
            code: exit::DONE,
        }
    }

    /// Adds a line.
    #[must_use]
    pub fn and(mut self, message: impl Into<String>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// Writes the answer.
    pub fn to_text(&self) -> String {
        let said = self.messages.iter().flat_map(|text| text.lines());
        let mut text: String = said.map(|line| format!("say {line}\n")).collect();
        if let Some(data) = &self.data {
            text.push_str(&format!("data {data}\n"));
        }
        text.push_str(&format!("end {}\n", self.code));
        text
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// An I/O error, or that the server ended before it had answered.
    pub fn read(from: impl BufRead) -> io::Result<Self> {
        let (mut messages, mut data) = (Vec::new(), None);
        for line in from.lines() {
            match line?.split_once(' ') {
                Some(("say", text)) => messages.push(text.to_owned()),
                Some(("data", text)) => data = Some(serde_json::from_str(text)?),
                Some(("end", code)) => {
                    let code = code.parse().map_err(io::Error::other)?;
                    return Ok(Self {
                        messages,
                        data,
                        code,
                    });
                }
                // Another version may say more.
                _ => {}
            }
        }
        Err(io::Error::other("the server ended before it had answered"))
    }

    /// Returns what was asked for.
    ///
    /// # Errors
    /// That the server, perhaps of another version, told something else.
    pub fn into_data<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.data.unwrap_or_default())
    }
}

impl From<(IpNet, &Ban)> for BanRow {
    fn from((network, ban): (IpNet, &Ban)) -> Self {
        Self {
            network,
            until: ban.until.map(Moment),
            reason: ban.reason.as_ref().and_then(|reason| reason.parse().ok()),
        }
    }
}

impl From<BanRow> for (IpNet, Ban) {
    fn from(row: BanRow) -> Self {
        let ban = Ban {
            until: row.until.map(|Moment(until)| until),
            reason: row.reason.map(|reason| reason.shared()),
        };
        (row.network, ban)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        humantime::parse_rfc3339_weak(&text)
            .map(Self)
            .map_err(|_| "expected a time of UTC, as in \"2026-11-29T13:01:17Z\"".to_owned())
    }
}

impl From<Moment> for String {
    fn from(Moment(time): Moment) -> Self {
        humantime::format_rfc3339_seconds(time).to_string()
    }
}

fn write_network<S: Serializer>(network: &IpNet, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(network)
}

fn read_network<'de, D: Deserializer<'de>>(from: D) -> Result<IpNet, D::Error> {
    let text = String::deserialize(from)?;
    let Banned(network) = text.parse().map_err(D::Error::custom)?;
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_whatever_its_texts_hold() {
        let kick = Request::Kick {
            whom: "Ann\n{\"say\"".to_owned(),
            reason: Some("\"so\" it, goes".parse().unwrap()),
        };
        let line = kick.to_line();
        assert!(!line.contains('\n'));
        assert_eq!(Request::parse(&line).unwrap(), kick);
        let ban = Request::Ban {
            network: "192.0.2.0/24".to_owned(),
            lasting: Some(Duration::from_secs(60)),
            reason: None,
        };
        assert_eq!(Request::parse(&ban.to_line()).unwrap(), ban);
    }

    #[test]
    fn a_request_of_another_version_is_refused() {
        for line in [
            "",
            "reload",
            "who --json",
            r#"{"dance":{}}"#,
            r#"{"kick":{}}"#,
            r#"{"kick":{"whom":"Ann","reason":null,"softly":true}}"#,
            r#"{"say":{"text":"\u0007"}}"#,
        ] {
            assert!(Request::parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written_and_unknown_lines_are_skipped() {
        let answer = Answer {
            messages: vec!["one".to_owned(), "two".to_owned()],
            data: Some(serde_json::json!([{"name": "Ann\nBob"}])),
            code: 3,
        };
        let text = answer.to_text();
        assert_eq!(Answer::read(text.as_bytes()).unwrap(), answer);
        let newer = format!("progress 7\n{text}");
        assert_eq!(Answer::read(newer.as_bytes()).unwrap(), answer);
        let cut = text.replace("end 3\n", "");
        assert!(Answer::read(cut.as_bytes()).is_err());
    }

    #[test]
    fn no_text_can_end_an_answer() {
        let answer = Answer::failed("no\nend 0");
        assert_eq!(Answer::read(answer.to_text().as_bytes()).unwrap().code, 1);
    }

    #[test]
    fn a_ban_keeps_its_time_to_the_second() {
        let row: BanRow = serde_json::from_str(
            r#"{"network":"2001:db8::1","until":"2026-11-29T13:01:17Z","reason":"x"}"#,
        )
        .unwrap();
        assert_eq!(row.network.to_string(), "2001:db8::/64");
        let (network, ban) = row.clone().into();
        assert_eq!(BanRow::from((network, &ban)), row);
    }
}
