//! Open loop: the schedule waits for nobody, and latency counts from the due time.

use crate::fake::{Fake, Script};

use crate::tester::run;

#[test]
fn a_stall_is_in_the_latency_of_everything_that_fell_due_in_it() {
    // Nothing comes back before message 30 was sent; a tester that waits for answers never sends it.
    let fake = Fake::start(Script {
        withhold: 30,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let told = run(
        fake.address(),
        "--users 2 --senders 1 --rate 100/s --arrival even --duration 400ms",
    );
    told.ended_with(0);
    assert_eq!(told.number("/delivery/received"), 40);
    // Message 1 was due 290 ms before message 30, so before anything was delivered: no faster clock or
    // machine can make this shorter. The histogram keeps three digits.
    assert!(
        told.number("/latency_ns/deliver/max") >= 289_000_000,
        "{}",
        told.text
    );
    // 21 of the 40 were each due 90 ms or more before message 30: the median shows the stall.
    assert!(
        told.number("/latency_ns/deliver/p50") >= 89_000_000,
        "{}",
        told.text
    );
}
