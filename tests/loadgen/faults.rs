//! Faults of delivery: counted exactly, and reported with the place of the first.

use crate::fake::{Fake, Fault, Script};

use crate::tester::{Told, run};

/// Flags for four users, two of whom send 25 messages each, with a short wait for lost ones.
const LOAD: &str =
    "--users 4 --senders 2 --rate 200/s --arrival even --duration 250ms --drain 300ms";
/// The last of the 50 messages.
const LAST: usize = 49;

/// The place of a fault, as the load tester should report it.
#[track_caller]
fn place(fake: &Fake, fault: Fault) -> String {
    fake.place(fault).expect("the fault was done")
}

#[track_caller]
fn tell(script: &[(usize, Fault)]) -> (Fake, Told) {
    let fake = Fake::start(Script {
        faults: script.to_vec(),
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let told = run(fake.address(), LOAD);
    (fake, told)
}

/// Checks a single fault: its count is 1, all others are 0, and its place is reported.
#[track_caller]
fn one(at: usize, fault: Fault, word: &str, counts: [u64; 6], received: u64) {
    let (fake, told) = tell(&[(at, fault)]);
    told.ended_with(5);
    assert_eq!(told.faults(), counts, "{}", told.text);
    assert_eq!(told.number("/delivery/expected"), 150);
    assert_eq!(told.number("/delivery/received"), received);
    let place = place(&fake, fault);
    assert_eq!(told.words(&format!("/delivery/first/{word}")), place);
    told.shows(&format!("first {word}: {place}"));
}

#[test]
fn a_faultless_fake_passes() {
    let (_fake, told) = tell(&[]);
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6]);
    assert_eq!(told.number("/delivery/received"), 150);
}

#[test]
fn a_dropped_message_is_lost() {
    one(10, Fault::Drop, "lost", [1, 0, 0, 0, 0, 0], 149);
}

#[test]
fn what_never_came_meets_no_objective() {
    let drops: Vec<_> = (0..=LAST).map(|at| (at, Fault::Drop)).collect();
    let fake = Fake::start(Script {
        faults: drops,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let objectives = "--slo deliver.p50<1h --slo deliver.p90<1h --slo fan-out.p50<1h";
    let told = run(fake.address(), &format!("{LOAD} {objectives}"));
    told.ended_with(5);
    assert_eq!(told.faults(), [50, 0, 0, 0, 0, 0], "{}", told.text);
    let kept = [0, 1, 2].map(|at| told.json["slo"][at]["ok"].as_bool());
    assert_eq!(
        kept,
        [Some(true), Some(false), Some(false)],
        "{}",
        told.text
    );
    told.shows("deliver.p90 < 1h  –  FAILED: 50 never came");
    told.shows("fan-out.p50 < 1h  –  FAILED: 50 never came");
}

#[test]
fn the_last_message_is_lost_if_dropped() {
    one(LAST, Fault::Drop, "lost", [1, 0, 0, 0, 0, 0], 149);
}

#[test]
fn a_message_delivered_twice_is_duplicated() {
    one(10, Fault::Double, "duplicated", [0, 1, 0, 0, 0, 0], 150);
}

#[test]
fn the_last_message_delivered_twice_is_duplicated() {
    one(LAST, Fault::Double, "duplicated", [0, 1, 0, 0, 0, 0], 150);
}

#[test]
fn a_message_delivered_late_is_reordered() {
    one(10, Fault::Swap, "reordered", [0, 0, 1, 0, 0, 0], 150);
}

#[test]
fn a_message_that_one_reader_reads_behind_anothers_next_is_reordered_though_each_senders_are_in_order()
 {
    let (_fake, told) = tell(&[(10, Fault::Overtake)]);
    told.ended_with(5);
    let [lost, duplicated, reordered, others @ ..] = told.faults();
    assert_eq!((lost, duplicated, others), (0, 0, [0; 3]), "{}", told.text);
    assert!(reordered > 0, "{}", told.text);
    told.shows("first reordered: at u");
}

#[test]
fn a_message_returned_to_its_sender_is_echoed() {
    one(10, Fault::Echo, "echoed", [0, 0, 0, 1, 0, 0], 150);
}

#[test]
fn a_changed_letter_is_corrupt() {
    one(10, Fault::Corrupt, "corrupt", [0, 0, 0, 0, 1, 0], 149);
}

#[test]
fn one_fault_of_each_kind_counts_once_each() {
    let faults = [
        (10, Fault::Drop),
        (14, Fault::Double),
        (18, Fault::Swap),
        (22, Fault::Echo),
        (26, Fault::Corrupt),
    ];
    let (fake, told) = tell(&faults);
    told.ended_with(5);
    assert_eq!(told.faults(), [1, 1, 1, 1, 1, 0], "{}", told.text);
    let words = ["lost", "duplicated", "reordered", "echoed", "corrupt"];
    for ((_, fault), word) in faults.into_iter().zip(words) {
        told.shows(&format!("first {word}: {}", place(&fake, fault)));
    }
}

#[test]
fn equally_many_doubles_do_not_hide_losses() {
    let (_fake, told) = tell(&[
        (10, Fault::Drop),
        (12, Fault::Double),
        (20, Fault::Drop),
        (22, Fault::Double),
    ]);
    told.ended_with(5);
    assert_eq!(told.faults(), [2, 2, 0, 0, 0, 0], "{}", told.text);
}

#[test]
fn a_connection_cut_in_the_middle_of_a_line_is_invalid_and_its_rest_is_lost() {
    let (fake, told) = tell(&[(10, Fault::Cut)]);
    told.ended_with(5);
    told.shows("INVALID   1 connections ended without a reason");
    assert!(told.json["latency_ns"].is_null(), "{:#}", told.json);
    // Messages 10 to 49 were expected at a reader who only reads; half a line is no line.
    assert_eq!(told.faults(), [40, 0, 0, 0, 0, 0], "{}", told.text);
    told.shows(&format!("first lost: {}", place(&fake, Fault::Cut)));
}

#[test]
fn a_server_that_answers_no_ping_is_told() {
    let fake = Fake::start(Script {
        answers_no_ping: true,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let told = run(fake.address(), LOAD);
    told.ended_with(0);
    told.shows("SUSPECT   the last ping of 4 users was not answered within --drain");
}

#[test]
fn a_whisper_that_somebody_else_reads_is_leaked() {
    let fake = Fake::start(Script {
        faults: vec![(10, Fault::Leak)],
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let told = run(fake.address(), &format!("{LOAD} --whispers 50%"));
    told.ended_with(5);
    assert_eq!(told.faults(), [0, 0, 0, 0, 0, 1], "{}", told.text);
    // A leak is named by its reader; the rest of the place is the load tester's own way to count whispers.
    let reader = |place: &str| place.split(',').next().map(str::to_owned);
    let place = place(&fake, Fault::Leak);
    assert_eq!(reader(told.words("/delivery/first/leaked")), reader(&place));
}
