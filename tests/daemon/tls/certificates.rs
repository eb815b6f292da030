//! Certificates: made, swapped while people talk, and refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use wac_tests::{Daemon, Identity, Peer, Said};

use super::{TlsDaemon, cert, files, setup};
use crate::users::{NOBODY, is_root};

fn fingerprint(said: &Said) -> String {
    let mut lines = said.text.lines();
    let line = lines.find_map(|line| line.strip_prefix("fingerprint: "));
    line.unwrap_or_else(|| panic!("{said:?}")).to_owned()
}

#[test]
fn a_certificate_is_swapped_under_talk_and_nobody_is_closed() {
    let (old, new) = (Identity::new(), Identity::new());
    let server = setup().identity(&old).start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    assert_eq!(ann.fingerprint(), old.fingerprint());
    ann.send("MSG before");
    server.becomes(&new);
    ann.send("MSG behind");
    bob.expect("ann: before");
    bob.expect("ann: behind");
    let mut cat = server.user("cat");
    assert_eq!(cat.fingerprint(), new.fingerprint());
    cat.send("MSG hello");
    ann.expect("cat: hello");
    bob.expect("cat: hello");
    ann.silent_until_fence();
}

#[test]
fn a_broken_pair_refuses_the_reload_and_names_the_file() {
    let TlsDaemon {
        daemon, address, ..
    } = TlsDaemon::start(&["--notices", "off"]);
    let (mut ann, other) = (Peer::user(&address, "ann"), Daemon::folder());
    let before = ann.fingerprint();
    assert_eq!(cert(&other, &[]).code, Some(0));
    let texts =
        ["cert.pem", "key.pem"].map(|name| fs::read(daemon.path(name)).expect("it is there"));
    let others =
        ["cert.pem", "key.pem"].map(|name| fs::read(other.path(name)).expect("it is there"));
    let not_der = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    for (name, text) in [
        ("cert.pem", b"nonsense\n".to_vec()),
        ("cert.pem", not_der),
        ("cert.pem", Vec::new()),
        ("key.pem", b"nonsense\n".to_vec()),
        ("key.pem", others[1].clone()),
    ] {
        fs::write(daemon.path(name), &text).expect("it can be written");
        let said = daemon.reload(&[]);
        assert_eq!(said.code, Some(2), "{said:?}");
        let named = daemon.path(name).display().to_string();
        assert!(said.text.contains(&named), "{named}: {said:?}");
        for (name, text) in ["cert.pem", "key.pem"].iter().zip(&texts) {
            fs::write(daemon.path(name), text).expect("it can be written");
        }
    }
    fs::remove_file(daemon.path("cert.pem")).expect("it is there");
    let said = daemon.reload(&[]);
    assert!(said.text.contains("`wacd cert` makes one"), "{said:?}");
    ann.silent_until_fence();
    assert_eq!(Peer::user(&address, "bob").fingerprint(), before);
}

#[test]
fn wacd_cert_makes_a_pair_and_keeps_it() {
    let daemon = Daemon::folder();
    let made = cert(&daemon, &["chat.example"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.text.contains("made: key"), "{made:?}");
    let mode = |name| {
        fs::metadata(daemon.path(name))
            .expect("it is there")
            .permissions()
            .mode()
    };
    assert_eq!(mode("key.pem") & 0o777, 0o600);
    assert_eq!(mode("cert.pem") & 0o777, 0o644);
    let text = fs::read(daemon.path("key.pem")).expect("it is there");
    let kept = cert(&daemon, &[]);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert!(kept.text.contains("kept: key"), "{kept:?}");
    assert_eq!(fingerprint(&kept), fingerprint(&made));
    assert_eq!(fs::read(daemon.path("key.pem")).expect("it is there"), text);
}

#[test]
fn wacd_cert_refuses_half_a_pair_and_leaves_it() {
    for (there, missing) in [("cert.pem", "key.pem"), ("key.pem", "cert.pem")] {
        let daemon = Daemon::folder();
        assert_eq!(cert(&daemon, &[]).code, Some(0));
        fs::remove_file(daemon.path(missing)).expect("it is there");
        let said = cert(&daemon, &[]);
        assert_eq!(said.code, Some(1), "{said:?}");
        let named = daemon.path(there).display().to_string();
        assert!(said.text.contains(&named), "{said:?}");
        assert!(daemon.path(there).exists() && !daemon.path(missing).exists());
    }
}

#[test]
fn wacd_cert_gives_the_key_to_the_user_who_serves() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let said = cert(&daemon, &["--user", "nobody"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let key = fs::metadata(daemon.path("key.pem")).expect("it is there");
    assert_eq!(
        (key.uid(), key.permissions().mode() & 0o777),
        (NOBODY, 0o600)
    );
}

#[test]
fn the_fingerprint_that_is_told_is_the_one_that_is_shown() {
    let TlsDaemon {
        daemon, address, ..
    } = TlsDaemon::start(&[]);
    let told = fingerprint(&cert(&daemon, &[]));
    assert_eq!(Peer::user(&address, "ann").fingerprint(), told);
}

#[test]
fn wacd_check_says_what_makes_a_missing_certificate() {
    let daemon = Daemon::folder();
    let words = [
        &["check", "--listen", "tls:127.0.0.1:0"][..],
        &files(&daemon),
    ]
    .concat();
    let said = daemon.run(&words);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.text.contains("`wacd cert` makes one"), "{said:?}");
}
