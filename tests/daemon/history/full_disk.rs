//! Full disks under a history: the chat goes on, nobody gets a mark that would not hold, and the history takes up again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use wac_tests::{Peer, Server};

use super::{Kept, NO_MARK, mark, numbers, say, segments, shown, since};
use crate::users::is_root;

/// A server whose history has a disk of its own, for 4 MiB.
struct OnDisk {
    server: Server,
    disk: PathBuf,
}

impl OnDisk {
    /// Starts it; `None` if that takes root.
    fn start(kept: &Kept) -> Option<Self> {
        if !is_root() {
            return None;
        }
        fs::create_dir(kept.path()).expect("a folder");
        let path = kept.path();
        let path = path.to_str().expect("a path of text");
        let script = format!("mount -t tmpfs -o size=4m none {path} && exec \"$@\"");
        let server = kept
            .setup()
            .with("--window", "2MiB")
            .with("--metrics", "127.0.0.1:0")
            .through(&["unshare", "--mount", "sh", "-c", &script, "sh"])
            .start();
        // The server alone sees the disk; this is the way into its view.
        let disk = PathBuf::from(format!("/proc/{}/root{path}", server.pid()));
        Some(Self { server, disk })
    }

    /// Leaves no room on the disk.
    fn fill(&self) {
        let mut filler = File::create(self.disk.join("filler")).expect("a file");
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn clear(&self) {
        fs::remove_file(self.disk.join("filler")).expect("a file");
        self.server
            .log()
            .wait_for("that it goes on", |line| line.contains("is written again"));
    }

    /// Has people talk until the log says that the disk is full; returns how many lines they said.
    #[track_caller]
    fn talk_until_full(&self, ann: &mut Peer, bob: &mut Peer) -> usize {
        // What is left of a page still takes some.
        for number in 0..20 {
            say(ann, bob, number, 1000);
            ann.send("MARK");
            if ann.line() == NO_MARK {
                return number + 1;
            }
        }
        panic!("marks are given although the disk is full")
    }

    /// Copies the history to where a server without a disk of its own finds it.
    fn copy(&self, to: &Path) {
        fs::create_dir(to).expect("a folder");
        for segment in segments(&self.disk) {
            let name = segment.file_name().expect("a file").to_owned();
            fs::copy(segment, to.join(name)).expect("there is room");
        }
    }
}

#[test]
fn the_chat_goes_on_without_marks_and_the_history_takes_up_where_it_was() {
    let kept = Kept::new();
    let Some(town) = OnDisk::start(&kept) else {
        return;
    };
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| town.server.user(name));
    let before = mark(&mut ann);
    town.fill();
    let said = town.talk_until_full(&mut ann, &mut bob);
    say(&mut ann, &mut bob, said, 1000);
    let is_told = |line: &str| {
        line.contains("the history can't be written") && line.contains("No space left")
    };
    town.server.log().wait_for("that it is full", is_told);
    let figure = |name: &str| town.server.metrics()[name];
    assert_eq!(figure("wacd_history_fails"), 1.0);
    assert!(figure("wacd_history_errors_total") >= 1.0);
    town.clear();
    let behind = mark(&mut ann);
    assert_eq!(figure("wacd_history_fails"), 0.0);
    assert_eq!(figure("wacd_history_lag_bytes"), 0.0);
    assert_eq!(town.server.log().count(is_told), 1);

    let moved = Kept::new();
    town.copy(&moved.path());
    let server = moved.start();
    let mut eve = server.user("eve");
    let all: Vec<usize> = (0..=said).collect();
    assert_eq!(numbers(&since(&mut eve, &before)), all);
    assert_eq!(since(&mut eve, &behind), [""; 0]);
}

#[test]
fn what_left_the_window_meanwhile_is_a_hole_on_record() {
    let kept = Kept::new();
    let Some(town) = OnDisk::start(&kept) else {
        return;
    };
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| town.server.user(name));
    town.fill();
    let full = town.talk_until_full(&mut ann, &mut bob);
    // More than the window, which is kept by whole chunks.
    let said = full + 600;
    (full..said).for_each(|number| say(&mut ann, &mut bob, number, 4000));
    town.clear();
    town.server
        .log()
        .wait_for("the hole", |line| line.contains("the history has a hole"));
    let behind = mark(&mut ann);
    assert!(town.server.metrics()["wacd_history_lost_bytes_total"] > 0.0);
    say(&mut ann, &mut bob, said, 1000);
    mark(&mut ann);

    let moved = Kept::new();
    town.copy(&moved.path());
    let server = moved.start();
    let mut eve = server.user("eve");
    let kept = numbers(&shown(&mut eve, "HIST 1000"));
    assert!(kept[0] > full, "{kept:?}");
    assert_eq!(kept, (kept[0]..=said).collect::<Vec<_>>());
    assert_eq!(numbers(&since(&mut eve, &behind)), [said]);
}
