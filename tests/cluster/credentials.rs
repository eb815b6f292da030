//! Credentials: nodes prove themselves to brokers that want it, and say what is wrong if they can't.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use wac_tests::{Brokers, Setup, Signal, binary, wait_until};

use crate::chat::Chat;
use crate::start;
use crate::tokens::Operator;

/// What a node's user has to be allowed at the least: to publish to these subjects.
const PUBLISH: [&str; 5] = [
    "wac.main.>",
    "$JS.API.STREAM.INFO.WAC_main",
    "$JS.API.STREAM.CREATE.WAC_main",
    "$JS.API.CONSUMER.CREATE.WAC_main",
    FLOW_CONTROL,
];
/// To subscribe to these.
const SUBSCRIBE: [&str; 2] = ["wac.main.>", "_INBOX.>"];
/// It is needed when a node reads more slowly than others write.
const FLOW_CONTROL: &str = "$JS.FC.WAC_main.>";
/// Lines of 1,000 bytes that are too many for a broker to send at once.
const MANY_LINES: usize = 5_000;
/// What a node says while it has no broker.
const UNREACHED: &str = "no broker can be reached";

/// A file that its owner alone may read.
struct Private {
    folder: TempDir,
}

impl Private {
    #[track_caller]
    fn holding(text: &str) -> Private {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = Private { folder };
        file.write(text);
        file.allow(0o600);
        file
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).expect("a file can be written");
    }

    fn allow(&self, mode: u32) {
        let set = fs::set_permissions(self.path(), Permissions::from_mode(mode));
        set.expect("its permissions can be changed");
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("credentials")
    }
}

/// Returns a node that proves itself with a file.
fn node(brokers: &Brokers, file: &Path) -> Setup {
    let file = file.to_str().expect("it is text");
    brokers.node().with("--cluster-credentials", file)
}

/// Expects that two nodes that prove themselves with a text serve one room.
#[track_caller]
fn assert_serves(brokers: &Brokers, credentials: &str) {
    let file = Private::holding(credentials);
    let nodes: [_; 2] = start(&node(brokers, &file.path()));
    let mut chat = Chat::begin(&nodes);
    chat.goes_on(20);
    chat.end();
}

#[test]
fn nodes_with_a_users_jwt_and_seed_serve_one_room() {
    let operator = Operator::new();
    let brokers = Brokers::one_with(&operator.settings());
    assert_serves(&brokers, &operator.credentials(&[], &[]));
}

#[test]
fn a_user_needs_a_few_permissions_and_no_others() {
    let operator = Operator::new();
    let brokers = Brokers::one_with(&operator.settings());
    assert_serves(&brokers, &operator.credentials(&PUBLISH, &SUBSCRIBE));
    for subject in PUBLISH {
        assert_is_missed(subject, &operator, &without(subject, &PUBLISH), &SUBSCRIBE);
    }
    for subject in SUBSCRIBE {
        assert_is_missed(subject, &operator, &PUBLISH, &without(subject, &SUBSCRIBE));
    }
}

fn without<'a>(subject: &str, subjects: &[&'a str]) -> Vec<&'a str> {
    let others = subjects.iter().filter(|&&it| it != subject);
    others.copied().collect()
}

/// Expects that a node says that it may not use a subject.
#[track_caller]
fn assert_is_missed(subject: &str, operator: &Operator, publish: &[&str], subscribe: &[&str]) {
    let brokers = Brokers::one_with(&operator.settings());
    let file = Private::holding(&operator.credentials(publish, subscribe));
    let mut node = node(&brokers, &file.path()).launch();
    if subject == FLOW_CONTROL {
        node = node.ready();
        let talker = node.user("ann");
        let line = format!("MSG {}", "x".repeat(1000));
        for _ in 0..MANY_LINES {
            talker.writer().send(&line).expect("it is connected");
        }
    }
    let subject = subject.trim_end_matches('>');
    node.log().wait_for("it tells what it misses", |line| {
        line.contains("Permissions Violation for") && line.contains(subject)
    });
}

#[test]
fn nodes_with_a_users_password_serve_one_room() {
    let brokers = Brokers::one_with("authorization { user: node, password: \"s3: cret\" }\n");
    assert_serves(&brokers, "node:s3: cret\n");
}

#[test]
fn nodes_with_a_token_serve_one_room() {
    let brokers = Brokers::one_with("authorization { token: t0ken }\n");
    assert_serves(&brokers, "t0ken\n");
}

#[test]
fn the_file_is_read_before_root_becomes_another_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let brokers = Brokers::one_with("authorization { token: t0ken }\n");
    let file = Private::holding("t0ken\n");
    let node = node(&brokers, &file.path()).with("--user", "nobody");
    let ready = node.start();
    ready.log().wait_for("what it means", |line| {
        line.contains("reloads will be refused")
    });
}

#[test]
fn a_node_that_no_broker_lets_in_says_once_what_to_do() {
    let by_jwt = Brokers::one_with(&Operator::new().settings());
    let by_password = Brokers::one_with("authorization { user: node, password: s3cret }\n");
    let files = [
        &*Operator::new().credentials(&[], &[]),
        "node:wrong",
        "t0ken",
    ];
    let files = files.map(Private::holding);
    let nodes = [&by_jwt, &by_password, &by_password]
        .into_iter()
        .zip(&files);
    let nodes = nodes.map(|(brokers, file)| {
        let path = file.path();
        let told = format!("does not accept the credentials in {}; ", path.display());
        (node(brokers, &path).launch(), told)
    });
    let mut nodes: Vec<_> = nodes.collect();
    let told = "a broker wants credentials; name a file that holds them with --cluster-credentials";
    nodes.push((by_password.node().launch(), told.to_owned()));
    for (node, told) in &nodes {
        node.log().wait_for(told, |line| line.contains(told));
    }
    for brokers in [&by_jwt, &by_password] {
        let refused = || brokers.logged("authentication error");
        let enough = refused() + 20;
        wait_until("the broker to refuse more", || refused() > enough);
    }
    for (node, told) in &nodes {
        let count = |what: &str| node.log().count(|line| line.contains(what));
        assert_eq!((count(told), count(UNREACHED)), (1, 0));
    }
}

#[test]
fn a_file_that_is_missing_or_holds_no_credentials_or_that_others_may_read_is_refused() {
    let good = Private::holding("node:s3cret\n");
    let bad = Private::holding("no credentials\n");
    let public = Private::holding("t0ken\n");
    public.allow(0o640);
    let missing = good.folder.path().join("missing");
    for (path, why) in [
        (missing, "No such file"),
        (bad.path(), "expected one line, user:password or a token"),
        (public.path(), "others may read or write it; run chmod 600"),
    ] {
        let setup = Setup::default()
            .with("--cluster", "127.0.0.1:1")
            .with("--cluster-credentials", path.to_str().expect("it is text"));
        let stopped = setup.refused();
        assert_eq!(stopped.code, Some(2));
        let problem = format!("--cluster-credentials: {}: ", path.display());
        let text = stopped.text();
        assert!(text.contains(&problem) && text.contains(why), "{text}");
        let mut check = Command::new(binary("wacd"));
        check
            .args([
                "check",
                "--cluster",
                "127.0.0.1:1",
                "--secret",
                "x",
                "--cluster-credentials",
            ])
            .arg(&path)
            .env("WACD_CONFIG", "/dev/null");
        let checked = check.output().expect("it can be started");
        assert_eq!(checked.status.code(), Some(2));
        let text = String::from_utf8_lossy(&checked.stderr);
        assert!(text.contains(&problem) && text.contains(why), "{text}");
    }
}

#[test]
fn a_reload_says_that_new_credentials_need_a_restart() {
    let brokers = Brokers::one_with("authorization { token: t0ken }\n");
    let file = Private::holding("t0ken\n");
    let server = node(&brokers, &file.path()).start();
    file.write("an0ther\n");
    for count in 1..=2 {
        server.signal(Signal::SIGHUP);
        server.log().wait_for_count(count, "it tells", |line| {
            line.contains("the text of cluster-credentials: needs a restart")
        });
    }
    let log = server.stop().text();
    assert!(!log.contains("t0ken") && !log.contains("an0ther"), "{log}");
}
