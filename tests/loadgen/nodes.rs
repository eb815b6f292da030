//! Nodes: several servers of one room, with users on all of them.

use std::collections::HashSet;
use std::net::TcpListener;

use serde_json::Value;
use wac_tests::{Brokers, Relay, Server, Signal};

use crate::tester::{Tester, Told, run};

/// The addresses as the load tester takes them.
fn list(nodes: &[Server]) -> String {
    let addresses = nodes.iter().map(|node| node.address().tcp().to_string());
    addresses.collect::<Vec<_>>().join(",")
}

/// Checks that everybody got everything once, and in one order.
#[track_caller]
fn all_came_once(told: &Told, users: u64) {
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    assert_eq!(told.number("/sent"), told.number("/messages"));
    let expected = told.number("/delivery/expected");
    assert_eq!(expected, told.number("/sent") * (users - 1));
    assert_eq!(told.number("/delivery/received"), expected);
}

#[test]
fn whoever_reads_on_any_node_gets_every_line_of_every_sender_on_any_node() {
    let broker = Brokers::one();
    let nodes = [broker.node().start(), broker.node().start()];
    let told = run(
        list(&nodes),
        "--users 40 --senders 7 --rate 200/s --duration 2s",
    );
    all_came_once(&told, 40);
    assert_eq!(told.words("/server"), list(&nodes));
    told.shows(&format!(" SERVERS   {}", list(&nodes).replace(',', " ")));
    let used = &told.json["server_use"];
    let pids = [&used["pid"], &used["others"][0]].map(Value::as_u64);
    assert_eq!(pids, nodes.each_ref().map(|node| Some(node.pid().into())));
    // Half of them were on each node.
    assert_eq!(nodes.map(|node| names(node).len()), [20, 20]);
}

/// The names that were logged in on a node.
#[track_caller]
fn names(node: Server) -> HashSet<String> {
    let log = node.stop().log;
    let logins = log.iter().filter(|line| line.contains(" logged in "));
    let names = logins.filter_map(|line| line.split("user.name=").nth(1));
    names.map(str::to_owned).collect()
}

#[test]
fn whoever_comes_back_goes_to_the_next_node_and_its_mark_holds_there() {
    let broker = Brokers::one();
    let nodes = [broker.node().start(), broker.node().start()];
    let flags = "--users 40 --senders 7 --rate 200/s --duration 2s --storm at=500ms,frac=50%,back=500ms --resume";
    let told = run(list(&nodes), flags);
    all_came_once(&told, 40);
    assert_eq!(told.number("/resumed"), 20);
    assert_eq!(told.number("/marks_lost"), 0);
    assert!(told.number("/delivery/replayed") > 0, "{}", told.text);
    let [one, other] = nodes.map(names);
    assert_eq!(one.intersection(&other).count(), 20);
}

#[test]
fn whoever_finds_a_server_that_says_nothing_goes_on_with_the_next() {
    let server = Server::start();
    let relay = Relay::to(server.address().tcp());
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let addresses = format!("{},{}", server.address().tcp(), relay.address());
    let flags = "--users 20 --senders 2 --rate 50/s --duration 4s --drain 20s --storm at=2s,frac=50%,back=500ms --resume";
    let mut tester = Tester::start(addresses, flags);
    tester.shows_deliveries();
    relay.turn_to(silent.local_addr().expect("it is bound"));
    let told = tester.told();
    all_came_once(&told, 20);
    assert_eq!(told.number("/resumed"), 10);
    assert_eq!(told.number("/never_back"), 0);
}

/// A node's names become free half a minute after it was killed, at the latest.
#[test]
fn the_users_of_a_node_that_is_killed_are_back_on_others_and_nothing_is_lost_or_doubled() {
    let broker = Brokers::one();
    let nodes = [
        broker.node().start(),
        broker.node().start(),
        broker.node().start(),
    ];
    let flags = "--users 30 --senders 10 --rate 200/s --duration 4s --drain 40s --storm at=500ms,frac=50%,back=1s --resume";
    let mut tester = Tester::start(list(&nodes), flags);
    tester.shows_deliveries();
    nodes[1].signal(Signal::SIGKILL);
    let is_gone = |line: &str| line.contains("a node is dead");
    nodes[0].log().wait_for("the node is missed", is_gone);
    let told = tester.told();
    all_came_once(&told, 30);
    assert!(told.number("/cut_off") > 0, "{}", told.text);
    assert_eq!(told.number("/marks_lost"), 0);
    assert_eq!(told.number("/never_back"), 0);
    assert!(told.number("/names_taken") > 0, "{}", told.text);
    // The wait for the senders among them is no work.
    assert!(told.number("/trust/loop_lag_p99_ns") < 10_000_000_000);
}

#[test]
fn addresses_that_make_no_sense_are_refused() {
    let refused = |addresses: &str, wanted: &str| {
        let told = run(addresses, "");
        told.ended_with(2);
        told.shows(wanted);
    };
    refused("a:1,,b:2", "wanted HOST:PORT, or several of one room");
    refused(
        "tls:a:1,b:2",
        "wanted tls: before each address, or before none",
    );
    refused(
        "irc:a:6667,b:4700",
        "what all of them speak, --protocol says",
    );
    let server = Server::start();
    let at = server.address().tcp();
    let told = run(format!("{at},{at}"), "--server-pid 1");
    told.ended_with(2);
    told.shows("--server-pid: found with several addresses");
}

#[test]
fn a_run_does_not_begin_before_every_address_answers() {
    let server = Server::start();
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let nobody = free.local_addr().expect("it is bound");
    drop(free);
    let told = run(format!("{},{nobody}", server.address().tcp()), "");
    told.ended_with(6);
    told.shows(&format!("cannot connect to {nobody}"));
}
