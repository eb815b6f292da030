//! Somebody who talks, as fast as wanted.

use std::thread;
use std::time::{Duration, Instant};

use wac_tests::Writer;

/// Says the texts, so many a second.
#[track_caller]
pub(crate) fn say_at_rate(who: &Writer, rate: u32, texts: impl Iterator<Item = String>) {
    let begun = Instant::now();
    for (said, text) in (0u32..).zip(texts) {
        who.send(&format!("MSG {text}"))
            .expect("the server takes it");
        let due = Duration::from_secs(1) * said / rate;
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
}
