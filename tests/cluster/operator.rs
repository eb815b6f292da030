//! What an operator of a node is told: which nodes there are, whether the room is served, which settings do not count.

use std::process::Command;

use tempfile::TempDir;
use wac_tests::{Brokers, Daemon, Program, Said, Server, Setup, Signal, binary, wait_until};

use crate::{CUT_OFF, SILENT};

/// A node with a control socket and an address for metrics.
struct Watched {
    node: Server,
    control: String,
    _folder: TempDir,
}

impl Watched {
    #[track_caller]
    fn start(setup: &Setup) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let control = format!("unix:{}/control", folder.path().display());
        let setup = setup.clone().with("--control", &control);
        let node = setup.with("--metrics", "127.0.0.1:0").start();
        Self {
            node,
            control,
            _folder: folder,
        }
    }

    /// Returns what `wacd status` says.
    #[track_caller]
    fn status(&self) -> String {
        let mut command = Command::new(binary("wacd"));
        Said::of(command.args(["status", "--control", &self.control])).text
    }

    #[track_caller]
    fn wait_for_status(&self, text: &str) {
        wait_until(text, || self.status().contains(text));
    }
}

fn logs(node: &Server, text: &str) {
    node.log().wait_for(text, |line| line.contains(text));
}

#[test]
fn status_log_and_metrics_tell_of_the_nodes_and_of_silent_brokers() {
    let mut brokers = Brokers::one();
    let watched = Watched::start(&brokers.node());
    let other = brokers.node().start();
    let pid = other.pid();
    let joined = watched
        .node
        .log()
        .wait_for("the other", |line| line.contains("a node has joined"));
    assert!(joined.contains(&format!("/{pid}")), "{joined}");
    let status = watched.status();
    let me = format!("/{} (here)", watched.node.pid());
    assert!(status.contains(&me), "{status}");
    assert!(status.contains(&format!("/{pid}")), "{status}");
    assert_eq!(watched.node.metrics()["wacd_cluster_nodes"], 2.0);
    assert_eq!(watched.node.get("/readyz").status, 200);

    assert_eq!(other.stop().code, Some(0));
    logs(&watched.node, "a node has left");
    wait_until("it is alone", || {
        watched.node.metrics()["wacd_cluster_nodes"] == 1.0
    });
    brokers.end(0, Signal::SIGKILL);
    watched.wait_for_status("the brokers have been silent for 2 s");
    watched.wait_for_status("cut off for");
    assert!(watched.status().contains("joining"), "{}", watched.status());
    let phase =
        |name: &str| watched.node.metrics()[format!("wacd_phase{{phase=\"{name}\"}}").as_str()];
    assert_eq!((phase("joining"), phase("serving")), (1.0, 0.0));
    assert_eq!(watched.node.get("/readyz").status, 503);
    brokers.start(0);
    watched.wait_for_status(&me);
    wait_until("it is ready", || watched.node.get("/readyz").status == 200);
}

#[test]
fn a_stop_without_brokers_says_what_it_waits_for_and_people_why_they_are_closed() {
    let mut brokers = Brokers::one();
    let node = brokers.node().with("--grace", "5s").start();
    let mut ann = node.user("ann");
    brokers.end(0, Signal::SIGKILL);
    ann.send("MSG hello");
    // By then it has been read, and waits.
    ann.expect(SILENT);
    node.signal(Signal::SIGTERM);
    logs(&node, "the stop waits for brokers");
    assert_eq!(ann.read_to_end().lines.pop().as_deref(), Some(CUT_OFF));
    let stopped = node.wait_for_exit();
    assert_eq!(stopped.code, Some(3), "she was cut short");
}

#[test]
fn a_stop_without_brokers_of_a_node_on_which_nothing_waits_is_like_any_other() {
    let mut brokers = Brokers::one();
    let node = brokers.node().with("--grace", "4s").start();
    let mut ann = node.user("ann");
    ann.fence();
    brokers.end(0, Signal::SIGKILL);
    node.signal(Signal::SIGTERM);
    let last = ann.read_to_end().lines.pop();
    assert_eq!(last.as_deref(), Some("* closing: the server is stopping"));
    assert_eq!(node.wait_for_exit().code, Some(0));
}

#[test]
fn settings_that_do_not_count_are_named() {
    let brokers = Brokers::one();
    let _first = brokers.node().start();
    let second = brokers
        .node()
        .with_notices()
        .with("--cluster-storage", "memory")
        .start();
    logs(&second, "--cluster-storage do not count here");
    logs(&second, "--notices does not count here: they are off");
}

#[test]
fn who_starts_a_daemon_is_told_that_it_waits_for_brokers_and_a_signal_ends_it() {
    let mut brokers = Brokers::one();
    brokers.end(0, Signal::SIGKILL);
    let daemon = Daemon::folder();
    let url = format!("nats://{}", brokers.address());
    let start = daemon.start_command(&["--cluster", &url, "--secret", "x"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 2>&1"]);
    shell.arg(start.get_program()).args(start.get_args());
    let mut starter = Program::start("sh", shell.env("WACD_CONFIG", "/dev/null"));
    starter.line_with("still starting");
    starter.signal(Signal::SIGTERM);
    wait_until("the daemon has ended", || daemon.status().code == Some(3));
}
