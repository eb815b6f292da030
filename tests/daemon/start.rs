//! Start-up errors: each reaches the terminal before the prompt comes back.

use std::fs;
use std::process::Command;

use wac_tests::{Daemon, Peer, SECRET, Said, Server, binary};

#[test]
fn a_daemon_serves_when_the_prompt_comes_back() {
    let daemon = Daemon::folder();
    let started = daemon.start(&["--secret", SECRET]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let mut ann = Peer::dial(&started.address());
    ann.greeted();
    ann.send("SEC");
    ann.expect(SECRET);
    assert!(started.text.contains(&format!("pid={}", daemon.pid())));
}

#[test]
fn a_daemon_detaches_from_the_terminal_and_works_in_the_root_folder() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let proc = format!("/proc/{}", daemon.pid());
    assert_eq!(
        fs::read_link(format!("{proc}/cwd"))
            .expect("it runs")
            .to_str(),
        Some("/")
    );
    for descriptor in ["0", "1"] {
        let target = fs::read_link(format!("{proc}/fd/{descriptor}")).expect("it is open");
        assert_eq!(target.to_str(), Some("/dev/null"));
    }
    let stderr = fs::read_link(format!("{proc}/fd/2")).expect("it is open");
    assert_eq!(
        stderr,
        fs::canonicalize(daemon.path("wacd.log")).expect("there is a log")
    );
}

#[test]
fn a_second_start_is_refused_and_names_the_first() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let pid = daemon.pid();
    let second = daemon.start(&[]);
    assert_eq!(second.code, Some(1));
    assert!(second.text.contains("already running"), "{second:?}");
    assert!(
        second.text.contains(&format!("process {pid}")),
        "{second:?}"
    );
    assert_eq!(daemon.pid(), pid);
    assert_eq!(daemon.status().code, Some(0));
}

/// Runs ten starts at once, of which one must serve; the others must say why they don't.
#[track_caller]
fn one_of_ten_serves(command: impl Fn(usize) -> Command, why_not: &str) {
    let starts: Vec<_> = (0..10)
        .map(command)
        .map(|mut command| std::thread::spawn(move || Said::of(&mut command)))
        .collect();
    let said: Vec<Said> = starts
        .into_iter()
        .map(|start| start.join().expect("it ran"))
        .collect();
    let (served, refused): (Vec<&Said>, Vec<&Said>) =
        said.iter().partition(|said| said.code == Some(0));
    assert_eq!(served.len(), 1, "{said:?}");
    for refused in refused {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.text.contains(why_not), "{refused:?}");
    }
    Peer::dial(&served[0].address()).greeted();
}

#[test]
fn of_ten_started_at_once_with_one_pidfile_one_serves() {
    let daemon = Daemon::folder();
    one_of_ten_serves(|_| daemon.start_command(&[]), "already running");
    assert_eq!(daemon.status().code, Some(0));
}

#[test]
fn of_ten_started_at_once_on_one_port_one_serves() {
    let daemons: Vec<Daemon> = (0..10).map(|_| Daemon::folder()).collect();
    // A port that the kernel chose, and that is free again.
    let server = Server::start();
    let address = server.address().tcp().to_string();
    drop(server);
    one_of_ten_serves(
        |number| daemons[number].start_command(&["--listen", &address]),
        &format!("cannot listen on {address}: Address already in use"),
    );
    let left = daemons.iter().filter(|it| it.path("wacd.pid").exists());
    assert_eq!(left.count(), 1, "a start that failed leaves a pidfile");
}

#[test]
fn an_address_in_use_fails_and_leaves_no_pidfile() {
    let server = Server::start();
    let daemon = Daemon::folder();
    let address = server.address().tcp().to_string();
    let refused = daemon.start(&["--listen", &address]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .text
            .contains(&format!("cannot listen on {address}")),
        "{refused:?}"
    );
    assert!(refused.text.contains("hint: "), "{refused:?}");
    assert!(!daemon.path("wacd.pid").exists());
}

#[test]
fn a_log_that_cannot_be_written_fails() {
    let daemon = Daemon::folder();
    fs::create_dir(daemon.path("wacd.log")).expect("a folder in the log's place");
    let refused = daemon.start(&[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.text.contains("cannot write the log"), "{refused:?}");
}

#[test]
fn all_bad_flags_are_reported_at_once() {
    let daemon = Daemon::folder();
    let refused = daemon.start(&["--motd", "/none", "--secret", "* x"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.text.contains("--motd: /none") && refused.text.contains("the secret"),
        "{refused:?}"
    );
}

#[test]
fn errors_after_the_fork_reach_the_terminal_too() {
    let daemon = Daemon::folder();
    let mut short_of_files = Command::new("sh");
    short_of_files
        .args(["-c", "ulimit -n 40; exec \"$@\"", "sh"])
        .arg(binary("wacd"))
        .args([
            "--daemon",
            "--listen",
            "127.0.0.1:0",
            "--shards",
            "64",
            "--pid-file",
        ])
        .arg(daemon.path("wacd.pid"))
        .arg("--log-file")
        .arg(daemon.path("wacd.log"));
    let refused = Said::of(&mut short_of_files);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused
            .text
            .contains("cannot start the shards: Too many open files"),
        "{refused:?}"
    );
    assert!(!daemon.path("wacd.pid").exists());
}
