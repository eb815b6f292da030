//! Faults: ends that were torn off, damage, and folders that somebody removes.

use std::fs::{self, OpenOptions};
use std::path::Path;

use wac_tests::wait_until;

use super::{Kept, kill, mark, shown, since};

/// Keeps a history of three lines in one block, of a server that was killed.
fn three_lines() -> Kept {
    let kept = Kept::new();
    let server = kept.start();
    let mut ann = server.user("ann");
    ann.send_bytes(b"MSG one\nMSG two\nMSG three\n");
    mark(&mut ann);
    kill(server);
    kept
}

fn cut(path: &Path, bytes: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("a file");
    let length = file.metadata().expect("it is open").len();
    file.set_len(length - bytes).expect("it can be cut");
}

#[test]
fn a_line_that_was_torn_off_is_cut_off_and_the_lines_before_it_are_there() {
    let kept = three_lines();
    cut(&kept.newest(), "e\r\n".len() as u64);
    let mut behind: Option<String> = None;
    for lines in [
        ["ann: one", "ann: two"].as_slice(),
        &["ann: one", "ann: two", "ann: on"],
    ] {
        let server = kept.start();
        let mut ann = server.user("ann");
        if let Some(place) = &behind {
            assert_eq!(since(&mut ann, place), ["ann: on"]);
        }
        let told = |line: &str| line.contains("ended within a line");
        assert_eq!(server.log().count(told), usize::from(lines.len() == 2));
        assert_eq!(shown(&mut ann, "HIST"), lines);
        if lines.len() == 2 {
            behind = Some(mark(&mut ann));
            ann.send("MSG on");
            mark(&mut ann);
        }
        kill(server);
    }
}

#[test]
fn a_file_that_was_hardly_begun_is_begun_anew() {
    for begin in ["", "WAC history 1, ro"] {
        let kept = three_lines();
        let name = "history-00000000000000000500.txt";
        fs::write(kept.path().join(name), begin).expect("a file");
        let server = kept.start();
        let mut ann = server.user("ann");
        assert_eq!(kept.segments().len(), 1);
        assert_eq!(shown(&mut ann, "HIST").len(), 3);

        let kept = Kept::new();
        fs::create_dir(kept.path()).expect("a folder");
        fs::write(kept.path().join(name), begin).expect("a file");
        mark(&mut kept.start().user("ann"));
        assert_eq!(kept.segments().len(), 1);
    }
}

#[test]
fn a_changed_byte_is_refused_with_its_place_and_a_way_on() {
    let kept = three_lines();
    let path = kept.newest();
    let text = fs::read_to_string(&path).expect("it is text");
    fs::write(&path, text.replace("ann: two", "ann: twx")).expect("a file");
    let stopped = kept.setup().refused();
    let said = stopped.text();
    assert_eq!(stopped.code, Some(1), "{said}");
    let place = format!("wacd: {}:2: the history is damaged here", path.display());
    assert!(said.contains(&place), "{said}");
    let hint = format!("move {} away", kept.path().display());
    assert!(said.contains(&hint), "{said}");
    fs::rename(kept.path(), kept.0.path().join("away")).expect("a folder");
    assert_eq!(shown(&mut kept.start().user("ann"), "HIST"), [""; 0]);
}

#[test]
fn a_removed_folder_is_made_again_with_what_the_room_still_knows() {
    let kept = Kept::new();
    let server = kept.start();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| server.user(name));
    ann.send("MSG one");
    bob.expect("ann: one");
    let before = mark(&mut bob);
    fs::remove_dir_all(kept.path()).expect("a folder");
    ann.send("MSG two");
    bob.expect("ann: two");
    wait_until("it is there again", || {
        kept.path().exists() && kept.text().contains("ann: two")
    });
    mark(&mut bob);
    kill(server);
    let server = kept.start();
    let mut eve = server.user("eve");
    assert_eq!(shown(&mut eve, "HIST"), ["ann: one", "ann: two"]);
    assert_eq!(since(&mut eve, &before), ["ann: two"]);
}

#[test]
fn a_removed_file_is_written_again_and_marks_still_hold() {
    let kept = Kept::new();
    let server = kept.start();
    let mut ann = server.user("ann");
    ann.send("MSG one");
    mark(&mut ann);
    fs::remove_file(kept.newest()).expect("a file");
    ann.send("MSG two");
    let behind = mark(&mut ann);
    ann.send("MSG three");
    mark(&mut ann);
    kill(server);
    let server = kept.start();
    let mut eve = server.user("eve");
    assert_eq!(shown(&mut eve, "HIST").len(), 3);
    assert_eq!(since(&mut eve, &behind), ["ann: three"]);
}
