//! Load run: the load tester beside a test, and a listener that hears how far it is.

use std::process::{Child, Command, Stdio};

use wac_tests::{Address, Peer, binary};

/// A run of twelve seconds, in which 50 of the users talk.
pub(crate) struct LoadRun {
    load: Child,
    /// A visitor who hears every message.
    pub(crate) watching: Peer,
}

impl LoadRun {
    /// Begins a run with further flags.
    #[track_caller]
    pub(crate) fn begin(address: &Address, users: &str, rate: &str, flags: &[&str]) -> LoadRun {
        let load = Command::new(binary("wac-loadgen"))
            .args(["run", &address.tcp().to_string()])
            .args(["--users", users, "--senders", "50"])
            .args(["--rate", rate, "--duration", "12s"])
            .args(flags)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the load tester can be started");
        let mut watching = Peer::dial(address);
        watching.greeted();
        LoadRun { load, watching }
    }

    /// Waits for lines of the room.
    #[track_caller]
    pub(crate) fn hear(&mut self, lines: usize) {
        for _ in 0..lines {
            self.watching.line();
        }
    }

    /// Expects that the run is not over: what has been done came under load.
    #[track_caller]
    pub(crate) fn is_under_way(&mut self) {
        let is_over = self.load.try_wait().expect("a child can be waited for");
        assert!(is_over.is_none(), "the last round came under load");
    }

    /// Waits for the end of the run; returns the listener.
    #[track_caller]
    pub(crate) fn ends_clean(mut self) -> Peer {
        let code = self.load.wait().expect("a child can be waited for").code();
        assert_eq!(code, Some(0), "its ledger is clean");
        self.watching
    }
}
