//! Wrong delivery is counted exactly, and shown where it was seen first.

use crate::fake::{Fake, Fault};
use crate::tester::{Told, run};

/// Four users of whom two send 25 messages each; what is lost is waited for only briefly.
const LOAD: &str = "--users 4 --senders 2 --rate 50/s --arrival even --duration 1s --drain 300ms";
/// The last of the 50 messages.
const LAST: usize = 49;

#[track_caller]
fn tell(script: &[(usize, Fault)]) -> (Fake, Told) {
    let fake = Fake::start(4, script);
    let told = run(fake.address(), LOAD);
    (fake, told)
}

/// One fault alone: its count is 1, all others are 0, and its place is told.
#[track_caller]
fn one(at: usize, fault: Fault, word: &str, counts: [u64; 5], received: u64) {
    let (fake, told) = tell(&[(at, fault)]);
    told.ended_with(5);
    assert_eq!(told.faults(), counts, "{}", told.text);
    assert_eq!(told.number("/delivery/owed"), 150);
    assert_eq!(told.number("/delivery/in"), received);
    let place = fake.place(fault);
    assert_eq!(told.words(&format!("/delivery/first/{word}")), place);
    told.shows(&format!("first {word}: {place}"));
}

#[test]
fn a_fake_that_does_nothing_wrong_passes() {
    let (_fake, told) = tell(&[]);
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 5]);
    assert_eq!(told.number("/delivery/in"), 150);
}

#[test]
fn a_message_dropped_is_lost() {
    one(10, Fault::Drop, "lost", [1, 0, 0, 0, 0], 149);
}

#[test]
fn the_last_message_dropped_is_lost() {
    one(LAST, Fault::Drop, "lost", [1, 0, 0, 0, 0], 149);
}

#[test]
fn a_message_delivered_twice_is_doubled() {
    one(10, Fault::Double, "doubled", [0, 1, 0, 0, 0], 150);
}

#[test]
fn the_last_message_delivered_twice_is_doubled() {
    one(LAST, Fault::Double, "doubled", [0, 1, 0, 0, 0], 150);
}

#[test]
fn a_message_delivered_late_is_swapped() {
    one(10, Fault::Swap, "swapped", [0, 0, 1, 0, 0], 150);
}

#[test]
fn a_message_back_at_its_sender_is_echoed() {
    one(10, Fault::Echo, "echoed", [0, 0, 0, 1, 0], 150);
}

#[test]
fn a_changed_letter_is_corrupt() {
    one(10, Fault::Corrupt, "corrupt", [0, 0, 0, 0, 1], 149);
}

#[test]
fn one_of_each_is_one_of_each() {
    let faults = [
        (10, Fault::Drop),
        (14, Fault::Double),
        (18, Fault::Swap),
        (22, Fault::Echo),
        (26, Fault::Corrupt),
    ];
    let (fake, told) = tell(&faults);
    told.ended_with(5);
    assert_eq!(told.faults(), [1; 5], "{}", told.text);
    let words = ["lost", "doubled", "swapped", "echoed", "corrupt"];
    for ((_, fault), word) in faults.into_iter().zip(words) {
        told.shows(&format!("first {word}: {}", fake.place(fault)));
    }
}

#[test]
fn doubles_do_not_hide_as_many_losses() {
    let (_fake, told) = tell(&[
        (10, Fault::Drop),
        (12, Fault::Double),
        (20, Fault::Drop),
        (22, Fault::Double),
    ]);
    told.ended_with(5);
    assert_eq!(told.faults(), [2, 2, 0, 0, 0], "{}", told.text);
}
