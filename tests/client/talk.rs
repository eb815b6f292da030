//! Talker: sends messages at a given rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wac_tests::Writer;

/// The beginning of each counted line, which no other line contains.
pub(crate) const MARK: &str = "line no. ";

/// Sends the texts at a rate; returns their number.
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

    /// Stops the talker; returns the number of its lines.
    #[track_caller]
    pub(crate) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it talked to the end")
    }
}
