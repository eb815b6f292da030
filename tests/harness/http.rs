//! HTTP as a program speaks it: one request, and everything that comes back.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::{DEADLINE, Server};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, from the status line to the last header.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Server {
    /// Returns the address for metrics, from the ready line.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn metrics_address(&self) -> SocketAddr {
        let lines = self.log().so_far();
        let words = lines.iter().flat_map(|line| line.split(' '));
        let address = words
            .filter_map(|word| word.strip_prefix("metrics="))
            .next();
        let address = address.and_then(|text| text.parse().ok());
        address.expect("the ready line has an address for metrics")
    }

    /// Asks for a path at the address for metrics.
    ///
    /// # Panics
    ///
    /// If no whole answer comes.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.metrics_address()).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: wacd\r\n\r\n").expect("it takes a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        Answer::parse(&text).unwrap_or_else(|| panic!("no answer: {text:?}"))
    }

    /// Returns the metrics: each sample's value, by its name and labels.
    ///
    /// # Panics
    ///
    /// If they do not come.
    #[must_use]
    #[track_caller]
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let answer = self.get("/metrics");
        let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        lines
            .map(|line| sample(line).unwrap_or_else(|| panic!("no sample: {line:?}")))
            .collect()
    }
}

impl Answer {
    fn parse(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
        Some(Answer {
            status: status.parse().ok()?,
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }
}
