//! Change of identity: root binds, another user serves.

use std::fs;

use wac_tests::Daemon;

/// Returns the words of a field of `/proc/PID/status`.
fn field(status: &str, name: &str) -> Vec<String> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.expect("the field is there")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[test]
fn as_another_user_the_server_keeps_no_privilege_and_no_group() {
    let daemon = Daemon::folder();
    let started = daemon.start(&["--user", "nobody", "--group", "nogroup"]);
    if !nix::unistd::Uid::effective().is_root() {
        assert_eq!(started.code, Some(2));
        assert!(
            started
                .text
                .contains("--user: only root can become another user"),
            "{started:?}"
        );
        return;
    }
    assert_eq!(started.code, Some(0), "{started:?}");
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("it runs");
    let uids = field(&status, "Uid:");
    assert!(
        uids.iter().all(|uid| uid == &uids[0] && uid != "0"),
        "{uids:?}"
    );
    let gids = field(&status, "Gid:");
    assert!(
        gids.iter().all(|gid| gid == &gids[0] && gid != "0"),
        "{gids:?}"
    );
    assert!(!field(&status, "Groups:").contains(&"0".to_owned()));
    assert_eq!(field(&status, "CapEff:"), ["0000000000000000"]);
}

#[test]
fn an_unknown_user_is_refused() {
    let daemon = Daemon::folder();
    let refused = daemon.start(&["--user", "no-such-user-here"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.text.contains("--user"), "{refused:?}");
}
