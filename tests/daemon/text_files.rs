//! Text files as people leave them: read as they were meant, or refused with the place of the mistake.

use std::fs;

use wac_tests::{Daemon, Peer, Said};

/// Starts a daemon with a file that a flag names.
fn start(daemon: &Daemon, flag: &str, bytes: &[u8]) -> Said {
    let file = daemon.path("file");
    fs::write(&file, bytes).expect("a file can be written");
    daemon.start(&[flag, file.to_str().expect("a plain path")])
}

#[test]
fn a_motd_from_any_editor_is_shown_as_it_was_meant() {
    let meant = "wörld\n\nsecond";
    let windows = format!("\u{feff}{}", meant.replace('\n', "\r\n"));
    for file in [
        meant.to_owned(),
        format!("{meant}\n"),
        windows.clone(),
        windows + "\r",
    ] {
        let daemon = Daemon::folder();
        let mut peer = Peer::dial(&start(&daemon, "--motd", file.as_bytes()).address());
        peer.greeted();
        for line in ["* wörld", "* ", "* second"] {
            peer.expect(line);
        }
        peer.silent_until_fence();
    }
}

#[test]
fn a_secret_from_any_editor_is_the_one_that_was_meant() {
    for file in ["\u{feff}open sesame\r\n", "open sesame\r", "open sesame"] {
        let daemon = Daemon::folder();
        let mut peer = Peer::dial(&start(&daemon, "--secret-file", file.as_bytes()).address());
        peer.greeted();
        peer.send("SEC");
        peer.expect("open sesame");
    }
}

#[test]
fn a_file_in_another_encoding_is_refused_with_the_place_and_the_remedy() {
    let cases: [(&[u8], &str); 3] = [
        (
            b"\xef\xbb\xbfone\r\ncaf\xe9 ol\xe9\n",
            "line 2, byte 4 is not UTF-8; save it as UTF-8",
        ),
        (b"\xff\xfeh\0i\0", "it is UTF-16; save it as UTF-8"),
        (&[b'x'; 2 << 20], "it holds more than 1.0 MiB"),
    ];
    for (bytes, told) in cases {
        for flag in ["--motd", "--secret-file"] {
            let daemon = Daemon::folder();
            let refused = start(&daemon, flag, bytes);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            let told = format!("{flag}: {}: {told}", daemon.path("file").display());
            assert!(refused.text.contains(&told), "{refused:?}");
        }
    }
}

#[test]
fn a_motd_line_that_is_too_long_is_named() {
    let daemon = Daemon::folder();
    let text = format!("one\n{}\n", "x".repeat(5000));
    let refused = start(&daemon, "--motd", text.as_bytes());
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.text.contains(": line 2 is longer than "),
        "{refused:?}"
    );
}
