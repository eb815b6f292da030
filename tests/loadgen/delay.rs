//! Delays of a server, which the load tester measures in full.

use std::thread;
use std::time::Duration;

use wac_tests::wait_until;

use crate::fake::{Fake, Pause, Script};
use crate::tester::{Tester, run};

/// A server that delays each delivery, and a load tester that measures it.
#[track_caller]
fn measure(delay: Duration) -> (Fake, Tester) {
    let fake = Fake::start(Script {
        delay,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let load = "--users 4 --senders 2 --rate 200/s --arrival even --duration 1s";
    let tester = Tester::start(fake.address(), load);
    (fake, tester)
}

/// The median of 600 deliveries, in ms.
#[track_caller]
fn median((_fake, tester): (Fake, Tester)) -> f64 {
    let told = tester.told();
    told.ended_with(0);
    assert_eq!(told.number("/latency_ns/deliver/samples"), 600);
    told.number("/latency_ns/deliver/p50") as f64 / 1e6
}

#[test]
fn a_delay_of_50_ms_is_50_ms_in_the_median() {
    // Both run at the same time, so that other work of the machine affects both, by half a millisecond or so.
    let both = [Duration::ZERO, Duration::from_millis(50)].map(measure);
    let [at_once, later] = both.map(median);
    let difference = later - at_once;
    assert!(
        (45.0..=55.0).contains(&difference),
        "{later} ms - {at_once} ms = {difference} ms"
    );
}

/// The load tester stands still from before the only delivery is written until long after.
#[test]
fn a_delivery_that_waits_for_the_load_tester_to_read_it_is_not_late() {
    let delay = Duration::from_millis(300);
    let fake = Fake::start(Script {
        delay,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let load = "--users 2 --senders 1 --rate 1/s --arrival even --duration 1s";
    let tester = Tester::start(fake.address(), load);
    wait_until("the message has been read", || fake.dealt() == 1);
    tester.while_stopped(|| thread::sleep(10 * delay));
    let told = tester.told();
    for word in ["deliver", "service", "fan-out"] {
        let late = told.histogram(word).max() as f64 / 1e6;
        assert!((295.0..600.0).contains(&late), "{word}: {late} ms");
    }
}

#[test]
fn a_pause_of_300_ms_is_in_every_message_that_fell_due_in_it() {
    let lasts = Duration::from_millis(300);
    let fake = Fake::start(Script {
        pause: Some(Pause { at: 30, lasts }),
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let load = "--users 4 --senders 2 --rate 200/s --arrival even --duration 750ms";
    let told = run(fake.address(), load);
    told.ended_with(0);
    let fanout = told.histogram("fan-out");
    // Message 30 waits 300 ms, each further one 5 ms less: 30 to 70 wait 100 ms or longer.
    let waited = fanout.count_between(100_000_000, u64::MAX);
    assert!((37..=45).contains(&waited), "{waited}: {}", told.text);
    let longest = fanout.max() as f64 / 1e6;
    assert!((270.0..=330.0).contains(&longest), "{longest} ms");
}
