//! Attackers for `scripts/bench abuse` and the tests of the server: strangers who do one bad thing each, as often as they are let.
//!
//! ```text
//! attack list                             the attacks, one a line: name, connections at once, description
//! attack NAME HOST:PORT [CONNECTIONS]     attacks until standard input ends, then prints what was done as JSON
//! ```
//!
//! `begun` is printed once each attacker has done its thing for the first time. The attackers come from 127.1.0.0/16, so a
//! server that trusts 127.0.0.1 alone takes them for strangers.

mod attackers;
mod lives;
mod words;

use std::env;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::oneshot;

use attackers::{Attack, Attackers};

/// Files that are no connections.
const OTHER_FILES: u64 = 200;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let asked = match words[..] {
        ["list"] => {
            list();
            return ExitCode::SUCCESS;
        }
        [name, server] => Attack::named(name).zip(server.parse().ok()),
        [name, server, connections] => {
            let connections = connections.parse().ok();
            let kind = Attack::named(name).zip(connections);
            let kind = kind.map(|(kind, connections)| Attack {
                connections,
                ..kind
            });
            kind.zip(server.parse().ok())
        }
        _ => None,
    };
    let Some((kind, server)) = asked else {
        eprintln!("usage: attack list, or attack NAME HOST:PORT [CONNECTIONS]");
        return ExitCode::from(2);
    };
    attack(kind, server);
    ExitCode::SUCCESS
}

fn list() {
    for kind in attackers::KINDS {
        println!("{}\t{}\t{}", kind.name, kind.connections, kind.about);
    }
}

fn attack(kind: Attack, server: SocketAddr) {
    let files = raise_open_files().saturating_sub(OTHER_FILES);
    let connections = kind
        .connections
        .min(u32::try_from(files).unwrap_or(u32::MAX));
    let began = Instant::now();
    let attackers = Arc::new(Attackers::new(server));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there are descriptors for a reactor");
    runtime.block_on(async {
        attackers.clone().begin(Attack {
            connections,
            ..kind
        });
        until_input_ends().await;
    });
    println!("{}", attackers.told(began.elapsed()));
}

/// Waits for the end of standard input: whoever started this is done, or gone.
async fn until_input_ends() {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let _ = stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    let _ = told.await;
}

fn raise_open_files() -> u64 {
    let files = Resource::RLIMIT_NOFILE;
    let (_, hard) = getrlimit(files).expect("the limit of open files can be read");
    setrlimit(files, hard, hard).expect("a soft limit may be raised to the hard one");
    hard
}
