//! Closed loop: keeps a fixed number of messages in flight, checks all of them, and reports no latency.

use crate::fake::{Fake, Script};
use serde_json::Value;
use wac_tests::Server;

use crate::tester::{Told, run};

/// Runs against a server that delivers nothing before it has read a number of messages.
#[track_caller]
fn withheld(messages: usize, flags: &str) -> Told {
    let fake = Fake::start(Script {
        withhold: messages,
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    run(fake.address(), flags)
}

/// Checks that all messages reached everybody else, and that their number is reported but no latency.
#[track_caller]
fn sound(told: &Told, readers: u64) {
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    assert_eq!(
        told.number("/delivery/expected"),
        told.number("/sent") * readers
    );
    assert_eq!(
        told.number("/delivery/received"),
        told.number("/delivery/expected")
    );
    assert_ne!(told.words("/verdict/trust"), "INVALID", "{}", told.text);
    assert!(rate(told, "/throughput/deliveries_per_s") > 0.0);
    assert_eq!(told.json["latency_ns"], Value::Null);
    told.shows("closed loop: latencies are left out");
}

#[track_caller]
fn rate(told: &Told, pointer: &str) -> f64 {
    let value = told.json.pointer(pointer).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("{pointer} is a number in:\n{}", told.text))
}

#[test]
fn no_more_messages_are_sent_than_may_be_in_flight() {
    let flags = "--users 3 --senders 1 --rate 1000/s --arrival even --duration 1s --in-flight 4 --drain 100ms";
    // It waits for a fifth message that must not come.
    let told = withheld(5, flags);
    assert_eq!(told.number("/sent"), 4, "{}", told.text);
    // Sent messages are expected, as always.
    assert_eq!(told.faults(), [2 * 4, 0, 0, 0, 0, 0]);
    told.ended_with(5);
}

#[test]
fn delivered_messages_make_room_for_more() {
    let flags = "--users 3 --senders 1 --rate 1000/s --arrival even --duration 1s --in-flight 4";
    let told = withheld(4, flags);
    sound(&told, 2);
    assert!(told.number("/sent") > 4, "{}", told.text);
}

/// Checks that lines read by other threads also let a thread send on.
#[test]
fn the_loop_goes_on_with_several_threads_and_one_message_in_flight() {
    let server = Server::start();
    for (limit, threads) in [(1, 1), (1, 3), (64, 3)] {
        let flags = format!(
            "--users 20 --senders 5 --rate 100000/s --warmup 200ms --duration 500ms --in-flight {limit} --threads {threads}"
        );
        let told = run(server.address().tcp(), &flags);
        sound(&told, 19);
        // A thread that never checked again would send only one message.
        assert!(told.number("/sent") > 20, "{}", told.text);
        assert_eq!(told.number("/throughput/in_flight"), limit);
    }
}

#[test]
fn each_half_reports_its_own_throughput() {
    let server = Server::start();
    let told = run(
        server.address().tcp(),
        "--users 20 --senders 4 --rate 100000/s --duration 1s --in-flight 16 --slow n=2,stopped=1",
    );
    sound(&told, 19);
    for (stage, name) in ["without", "with"].into_iter().enumerate() {
        assert_eq!(told.words(&format!("/stages/{stage}/name")), name);
        assert!(rate(&told, &format!("/stages/{stage}/deliveries_per_s")) > 0.0);
        let latency = told.json.pointer(&format!("/stages/{stage}/latency_ns"));
        assert_eq!(latency, Some(&Value::Null));
    }
    told.shows("STAGE     without");
}
