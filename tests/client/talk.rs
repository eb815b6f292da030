//! Somebody who talks, as fast as wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wac_tests::Writer;

/// What a line that is counted begins with; no other has it in it.
pub(crate) const MARK: &str = "line no. ";

/// Says the texts, so many a second; returns how many there were.
#[track_caller]
pub(crate) fn say_at_rate(who: &Writer, rate: u32, texts: impl Iterator<Item = String>) -> usize {
    let begun = Instant::now();
    let mut count = 0;
    for (said, text) in (0u32..).zip(texts) {
        who.send(&format!("MSG {text}"))
            .expect("the server takes it");
        count += 1;
        let due = Duration::from_secs(1) * said / rate;
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    count
}

/// Somebody who talks at the rate until told to stop.
pub(crate) struct Talk {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<usize>,
}

impl Talk {
    pub(crate) fn begin(who: Writer, rate: u32) -> Talk {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let lines = (0..).map(|number| format!("{MARK}{number}"));
            let until_told = lines.take_while(|_| !stopped.load(Ordering::Relaxed));
            say_at_rate(&who, rate, until_told)
        });
        Talk { stop, thread }
    }

    /// Stops it; returns how many lines it has said.
    #[track_caller]
    pub(crate) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it talked to the end")
    }
}
