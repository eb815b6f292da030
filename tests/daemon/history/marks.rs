//! Marks under load: none points behind what is in the files when the server is killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use wac_tests::{Peer, Writer, wait_until};

use super::{Kept, kill, since};

/// A mark, and the number of the lines before it.
type Placed = (String, usize);

/// Says `0`, `1` and so on, until the server is gone.
fn talk(ann: &Writer) {
    let mut numbers = 0..;
    while numbers
        .next()
        .is_some_and(|it: usize| ann.send(&format!("MSG {it}")).is_ok())
    {}
}

/// Reads what Ann says, and asks for marks all the time, until the server is gone.
fn collect(mut bob: Peer, has_many: &AtomicBool) -> Vec<Placed> {
    let (asks, mut lines, mut marks) = (bob.writer(), 0, Vec::new());
    let ask = || drop(asks.send("MARK"));
    ask();
    while let Ok(line) = bob.line_or_end() {
        match line.strip_prefix("MARK ") {
            None => lines += 1,
            Some(mark) => {
                marks.push((mark.to_owned(), lines));
                has_many.fetch_or(marks.len() > 50 && lines > 1000, Ordering::Relaxed);
                ask();
            }
        }
    }
    marks
}

#[test]
fn no_mark_that_was_given_before_a_kill_points_behind_the_history() {
    for sync in ["1s", "always", "off"] {
        let kept = Kept::new();
        let server = kept.setup().with("--history-sync", sync).start();
        let [ann, bob] = ["ann", "bob"].map(|name| server.user(name));
        let (ann, has_many) = (ann.writer(), AtomicBool::new(false));
        let marks = thread::scope(|scope| {
            scope.spawn(|| talk(&ann));
            let marks = scope.spawn(|| collect(bob, &has_many));
            wait_until("there are many marks", || has_many.load(Ordering::Relaxed));
            kill(server);
            marks.join().expect("it read")
        });
        let server = kept.start();
        let mut eve = server.user("eve");
        let (_, newest) = marks.last().expect("there are many");
        for (mark, before) in marks.iter().rev().step_by(5).take(10) {
            let lines = since(&mut eve, mark);
            let numbers = *before..before + lines.len();
            let said: Vec<_> = numbers.map(|number| format!("ann: {number}")).collect();
            assert_eq!(lines, said);
            assert!(before + lines.len() >= *newest);
        }
    }
}
