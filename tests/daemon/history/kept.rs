//! What is kept: the newest files, as far as the size goes.

use std::fs;
use std::path::PathBuf;

use wac_tests::{Peer, Server, wait_until};

use super::{Kept, mark, shown, since};

const LINE_BYTES: usize = 1000;
const LINES: usize = 300;

/// Says more than is kept.
fn say_much(server: &Server) -> Peer {
    let mut ann = server.user("ann");
    for number in 0..LINES {
        let text = "x".repeat(LINE_BYTES);
        ann.send(&format!("MSG {number} {text}"));
        if number % 10 == 0 {
            mark(&mut ann);
        }
    }
    mark(&mut ann);
    ann
}

fn bytes(files: &[PathBuf]) -> u64 {
    let lengths = files
        .iter()
        .map(|path| fs::metadata(path).map_or(0, |it| it.len()));
    lengths.sum()
}

#[test]
fn the_oldest_files_beyond_the_size_are_deleted_whole() {
    let kept = Kept::new();
    let setup = kept.setup().with("--history-keep", "64KiB");
    let server = setup.start();
    let first = mark(&mut server.user("bob"));
    say_much(&server);
    wait_until("no more is left", || bytes(&kept.segments()) <= 96 << 10);
    let files = kept.segments();
    assert!(files.len() >= 4 && bytes(&files) > 40 << 10, "{files:?}");
    assert!(!files[0].ends_with("history-00000000000000000000.txt"));
    assert_eq!(server.stop().code, Some(0));

    let server = setup.start();
    let mut ann = server.user("ann");
    let shown = shown(&mut ann, "HIST 1000");
    assert!((35..95).contains(&shown.len()), "{}", shown.len());
    let last = format!("ann: {} ", LINES - 1);
    assert!(shown[shown.len() - 2].starts_with(&last));
    // The place is no longer kept.
    assert_eq!(since(&mut ann, &first), shown);
}

#[test]
fn a_reload_deletes_what_is_no_longer_to_be_kept_and_leaves_the_folder() {
    let kept = Kept::new();
    let config = kept.0.path().join("wacd.toml");
    let path = config.to_str().expect("a path of text");
    fs::write(&config, "history-keep = '1MiB'\n").expect("a file");
    let server = kept.setup().env("WACD_CONFIG", path).start();
    say_much(&server);
    assert!(bytes(&kept.segments()) > 300_000);
    fs::write(&config, "history-keep = '128KiB'\n").expect("a file");
    server.signal(wac_tests::Signal::SIGHUP);
    wait_until("the newest alone is left", || kept.segments().len() == 1);
}
