//! Tests of what is read back from the files of a history, and of what is deleted.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use wac_core::journal::{Block, Head};
use wac_core::log::{Place, Position, View};
use wac_core::mark::RoomId;
use wac_core::unix_time::UnixSeconds;

use super::folder::Folder;
use super::{HistoryError, Past};
use crate::config::history::Keep;

const ROOM: RoomId = RoomId(7);
const WINDOW: usize = 64 * 1024;

/// A folder with a history.
struct Written(TempDir);

impl Written {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a segment with lines at positions; returns the position after the last.
    fn segment(&self, room: RoomId, from: u64, said: &[(u64, &str)]) -> u64 {
        let from = Position(from);
        let (mut text, mut end) = (Head { room, from }.to_line().into_bytes(), from);
        for &(at, line) in said {
            let block = Block {
                at: Position(at),
                second: UnixSeconds(at),
                lines: &[line.as_bytes(), b"\r\n"].concat(),
            };
            block.write(&mut text);
            end = block.end();
        }
        fs::write(self.path(from.0), text).unwrap();
        end.0
    }

    fn path(&self, from: u64) -> std::path::PathBuf {
        self.0.path().join(format!("history-{from:020}.txt"))
    }

    fn open(&self) -> Result<Past, HistoryError> {
        Past::open(self.0.path(), WINDOW, RoomId(1), None)
    }

    /// Restores the room; returns its id, its first position, its lines and its last position.
    #[track_caller]
    fn restored(&self) -> (RoomId, u64, String, u64) {
        let past = self.open().unwrap();
        let mut view = View::default();
        view.catch_up(&past.log);
        let (start, head) = (view.start(), view.head());
        let (mut at, mut lines) = (start, Vec::new());
        while at < head {
            let bytes = view.bytes(at, head);
            lines.extend_from_slice(bytes);
            at = at.plus(bytes.len());
        }
        let lines = String::from_utf8(lines).unwrap().replace("\r\n", "\n");
        (past.room, start.0, lines, head.0)
    }

    /// Tells where the history is damaged.
    #[track_caller]
    fn damage(&self) -> (std::path::PathBuf, usize) {
        match self.open().unwrap_err() {
            HistoryError::Damaged { path, line } => (path, line),
            error => panic!("{error}"),
        }
    }
}

#[test]
fn a_new_room_begins_with_the_given_id_and_keeps_it() {
    let written = Written::new();
    for _ in 0..2 {
        assert_eq!(written.restored(), (RoomId(1), 0, String::new(), 0));
    }
}

#[test]
fn lines_of_several_files_are_one_log() {
    let written = Written::new();
    let end = written.segment(ROOM, 40, &[(40, "Ann: one"), (50, "Ann: two")]);
    let end = written.segment(ROOM, end, &[(end, "Bob: three")]);
    let lines = "Ann: one\nAnn: two\nBob: three\n".to_owned();
    assert_eq!(written.restored(), (ROOM, 40, lines, end));
}

#[test]
fn files_before_the_last_window_are_not_even_read() {
    let written = Written::new();
    let mut at = written.segment(ROOM, 0, &[(0, "Ann: one")]);
    fs::write(written.path(0), "damaged\n").unwrap();
    for _ in 0..3 {
        at = written.segment(ROOM, at, &[(at, &"x".repeat(WINDOW))]);
    }
    let (_, start, _, end) = written.restored();
    assert!(end == at && start + WINDOW as u64 <= end);
}

#[test]
fn of_a_history_with_a_hole_the_lines_behind_it_are_restored() {
    for second_file in [false, true] {
        let written = Written::new();
        let end = if second_file {
            written.segment(ROOM, 0, &[(0, "Ann: one")]);
            written.segment(ROOM, 500, &[(500, "Ann: three")])
        } else {
            written.segment(ROOM, 0, &[(0, "Ann: one"), (500, "Ann: three")])
        };
        let lines = "Ann: three\n".to_owned();
        assert_eq!(written.restored(), (ROOM, 500, lines, end));
    }
    // Nothing was said behind it yet.
    let written = Written::new();
    written.segment(ROOM, 0, &[(0, "Ann: one")]);
    written.segment(ROOM, 500, &[]);
    assert_eq!(written.restored(), (ROOM, 500, String::new(), 500));
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let written = Written::new();
    let end = written.segment(ROOM, 0, &[(0, "Ann: one")]);
    written.segment(RoomId(8), end, &[]);
    assert_eq!(written.damage(), (written.path(end), 1));
    // It begins before the other ends.
    fs::rename(written.path(end), written.path(end - 1)).unwrap();
    assert_eq!(written.damage(), (written.path(end - 1), 1));
    written.segment(ROOM, end - 1, &[]);
    assert_eq!(written.damage(), (written.path(end - 1), 1));
}

#[test]
fn a_file_that_is_torn_although_another_follows_is_refused() {
    let written = Written::new();
    let end = written.segment(ROOM, 0, &[(0, "Ann: one"), (10, "Ann: two")]);
    written.segment(ROOM, end, &[]);
    let file = File::options().write(true).open(written.path(0)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 2).unwrap();
    assert_eq!(written.damage(), (written.path(0), 4));
    // As the newest one it is mended, and whole from then on.
    fs::remove_file(written.path(end)).unwrap();
    for _ in 0..2 {
        assert_eq!(written.restored(), (ROOM, 0, "Ann: one\n".to_owned(), 10));
    }
}

#[test]
fn places_are_known_again_with_their_seconds_behind_a_torn_end_too() {
    let written = Written::new();
    let end = written.segment(
        ROOM,
        40,
        &[(40, "Ann: one"), (50, "Ann: two\r\nAnn: three")],
    );
    let file = File::options().write(true).open(written.path(40)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 2).unwrap();
    for _ in 0..2 {
        let past = written.open().unwrap();
        let mut view = View::default();
        view.catch_up(&past.log);
        for (at, second, is_known) in [
            (50, 40, true),
            (50, 50, false),
            (60, 50, true),
            (60, 51, false),
            (end, 50, false),
        ] {
            let (at, second) = (Position(at), UnixSeconds(second));
            assert_eq!(
                view.has(Place { at, second }),
                is_known,
                "{at:?} {second:?}"
            );
        }
    }
}

#[test]
fn files_beyond_the_age_are_deleted_but_for_the_newest() {
    let written = Written::new();
    for from in [0, 10, 20] {
        written.segment(ROOM, from, &[(from, "Ann: hi!")]);
    }
    let hour = Duration::from_secs(60 * 60);
    for (from, hours) in [(0, 3), (10, 1), (20, 9)] {
        let file = File::options()
            .write(true)
            .open(written.path(from))
            .unwrap();
        file.set_modified(SystemTime::now() - hours * hour).unwrap();
    }
    let folder: &mut Folder = &mut written.open().unwrap().folder;
    let left = |folder: &Folder| {
        folder
            .segments()
            .unwrap()
            .iter()
            .map(|it| it.0)
            .collect::<Vec<_>>()
    };
    folder.prune(Keep::Age(2 * hour)).unwrap();
    assert_eq!(left(folder), [10, 20]);
    folder.prune(Keep::Age(hour / 2)).unwrap();
    assert_eq!(left(folder), [20]);
}

#[test]
fn a_write_that_fails_leaves_whole_blocks_behind() {
    let written = Written::new();
    let past = written.open().unwrap();
    let mut folder = past.folder;
    let block = Block {
        at: Position(0),
        second: UnixSeconds(0),
        lines: b"Ann: one\r\n",
    };
    let mut text = Vec::new();
    block.write(&mut text);
    folder.append(&text).unwrap();
    folder.tear(b"@ 10 half of a bl");
    folder.begin(Position(10)).unwrap();
    drop(folder);
    assert_eq!(
        written.restored(),
        (RoomId(1), 0, "Ann: one\n".to_owned(), 10)
    );
}

#[test]
fn a_file_that_holds_nothing_is_removed_and_that_is_told() {
    for text in ["", "WAC history 1, room"] {
        let written = Written::new();
        let end = written.segment(ROOM, 0, &[(0, "Ann: hi")]);
        fs::write(written.path(end), text).unwrap();
        let past = written.open().unwrap();
        let told = past.remarks.join("\n");
        let name = written.path(end).display().to_string();
        assert!(told.contains(&format!("{name} held nothing")), "{told}");
        assert!(!written.path(end).exists());
    }
}
