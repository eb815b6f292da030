//! Search for the maximum: it ends with an answer, or says why there is none.

use wac_tests::Server;

use crate::command::{Ended, command};

#[track_caller]
fn find_max(server: &Server, flags: &str) -> Ended {
    let at = server.address().tcp().to_string();
    let words = [
        "find-max",
        &at,
        "--users",
        "5",
        "--duration",
        "300ms",
        "--warmup",
        "0s",
    ];
    command(words.into_iter().chain(flags.split_whitespace()))
}

#[test]
fn a_search_without_an_objective_is_refused_with_an_example() {
    find_max(&Server::start(), "")
        .with(2)
        .tells("--slo 'deliver.p99<50ms'");
}

#[test]
fn an_impossible_objective_is_reported_at_a_64th_of_the_rate() {
    // Nothing is delivered within a nanosecond. 640/s is the first rate, 10/s the last.
    find_max(
        &Server::start(),
        "--rate 640/s --arrival even --senders 1 --slo deliver.max<1ns",
    )
    .with(3)
    .tells("TRY  14")
    .tells("even 10/s misses an objective");
}

#[test]
fn flood_control_ends_the_search_with_its_flag() {
    let server = Server::setup().with_flood_control().start();
    find_max(
        &server,
        "--rate 1000/s --senders 1 --drain 300ms --slo deliver.p50<10s",
    )
    .with(4)
    .tells("--flood-rate 0");
}
