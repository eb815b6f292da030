//! No escape byte goes to a file or a pipe, whatever the environment asks for.

use wac_tests::Server;

use crate::run::{Ran, Running, wac};
use crate::term::at;

#[track_caller]
fn run(words: &[&str], input: &str) -> Ran {
    let mut command = wac(words);
    command.env("TERM", "xterm-256color");
    let mut running = Running::start(command);
    running.types(input);
    running.ends()
}

#[test]
fn no_escape_byte_goes_to_a_pipe() {
    let server = Server::start();
    let _bob = server.user("bob");
    let (host, ann) = (at(&server), format!("ann@{}", at(&server)));
    for (words, input) in [
        (&[&*ann][..], "hello\n/who\n/help\n/nonsense\n"),
        (&["send", &*ann, "hello"], ""),
        (&["send", &*ann, "--to", "nobody", "hello"], ""),
        (&["listen", &*host, "--timeout", "1ms"], ""),
        (&["who", &*host], ""),
        (&["config"], ""),
        (&["man"], ""),
        (&["--help"], ""),
        (&["send", "--help"], ""),
        (&["--nonsense"], ""),
        (&["--config", "/no/such/file"], ""),
    ] {
        let ran = run(words, input);
        assert!(ran.code.is_some(), "{words:?}: {ran:?}");
        assert!(!(ran.out + &ran.err).contains('\x1b'), "{words:?}");
    }
}
