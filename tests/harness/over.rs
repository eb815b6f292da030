//! Transport that the tests run over: plain text, or TLS if `WAC_TESTS_OVER=tls` is set.
//!
//! Then a server that a test gives no address listens for TLS first and for plain text second, so whoever connects to
//! "the server" does so over TLS. What only plain text has is asked for by name, as [`Server::plain_address`](crate::Server::plain_address):
//! programs that speak no TLS, urgent data. A server with addresses of the test's choice has just these.
//!
//! `WAC_TESTS_REPORT` names a file to which each connection of a test adds a line, `tls NAME` or `plain NAME`.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// The addresses of a server that was given none.
pub(crate) fn usual_addresses() -> &'static [&'static str] {
    if is_tls() {
        &["tls:127.0.0.1:0", "127.0.0.1:0"]
    } else {
        &["127.0.0.1:0"]
    }
}

fn is_tls() -> bool {
    match env::var("WAC_TESTS_OVER").as_deref() {
        Ok("tls") => true,
        Ok(other) => panic!("WAC_TESTS_OVER={other:?}: wanted tls, or nothing"),
        Err(_) => false,
    }
}

/// Adds a connection to the report. The threads of a test, which have no name, are left out.
pub(crate) fn report(transport: &str) {
    if let Some(path) = env::var_os("WAC_TESTS_REPORT")
        && let Some(test) = thread::current().name()
    {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut file = file.expect("the report can be opened");
        file.write_all(format!("{transport} {test}\n").as_bytes())
            .expect("the report can be written");
    }
}
