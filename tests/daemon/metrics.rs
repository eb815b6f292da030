//! Metrics and health: what a monitor asks over HTTP, and that no such client hurts the room.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;
use wac_tests::{Daemon, Peer, Server, Setup, Signal, converse, wait_until};

use crate::systemd::Held;

const README: &str = include_str!("../../server/README.md");
const DASHBOARD: &str = include_str!("../../scripts/grafana/wacd.json");
/// Clients that one listener answers at a time (`network/metrics`).
const PLACES: usize = 8;

fn watched() -> Setup {
    Server::setup().with("--metrics", "127.0.0.1:0")
}

/// Returns the name and the type of each metric that is served.
fn served(server: &Server) -> BTreeSet<(String, String)> {
    let answer = server.get("/metrics");
    let types = answer.body.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some((name.to_owned(), kind.to_owned()))
    });
    types.collect()
}

/// Waits until some samples have these values.
#[track_caller]
fn shows(server: &Server, expected: &[(&str, f64)]) {
    let mut found = BTreeMap::new();
    let agrees = |found: &BTreeMap<String, f64>| {
        let agrees = |(name, value): &(&str, f64)| found.get(*name) == Some(value);
        expected.iter().all(agrees)
    };
    wait_until(&format!("{expected:?}"), || {
        found = server.metrics();
        agrees(&found)
    });
}

/// Returns the bytes of lines, with their endings.
fn bytes(lines: &[&str]) -> f64 {
    let bytes: usize = lines.iter().map(|line| line.len() + "\r\n".len()).sum();
    bytes as f64
}

#[test]
fn the_readme_lists_every_metric() {
    let documented = README.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.split(['`', '{']).next()?;
        let is_metric = name.starts_with("wacd_") || name.starts_with("process_");
        is_metric.then(|| Some((name.to_owned(), cells.next()?.to_owned())))?
    });
    let documented: BTreeSet<_> = documented.collect();
    assert_eq!(served(&watched().start()), documented);
}

#[test]
fn promtool_has_no_remark() {
    let promtool = env::var_os("WAC_PROMTOOL").expect(
        "WAC_PROMTOOL names a promtool, of Debian's package prometheus; scripts/test gets one",
    );
    let server = watched().start();
    let mut ann = server.user("ann");
    let mut bob = server.user("bob");
    converse(&mut ann, "ann", &mut bob, 0..100, 20);
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool can be run");
    let answer = server.get("/metrics");
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(answer.body.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(
        (output.status.code(), &*String::from_utf8_lossy(&said)),
        (Some(0), "")
    );
    let format = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(answer.head.contains(format), "{answer:?}");
}

#[test]
fn every_metric_of_the_dashboard_exists() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let server = watched().start();
    let served: BTreeSet<String> = served(&server).into_iter().map(|(name, _)| name).collect();
    let mut queries = Vec::new();
    collect_queries(&dashboard, &mut queries);
    assert!(queries.len() >= 10, "{queries:?}");
    for query in queries {
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let of_ours = words.filter(|it| it.starts_with("wacd_") || it.starts_with("process_"));
        for word in of_ours {
            let base = ["_bucket", "_sum", "_count"].map(|end| word.strip_suffix(end));
            let base = base.into_iter().flatten().next().unwrap_or(word);
            assert!(served.contains(base), "{word} of {query}");
        }
    }
}

/// Collects the queries of all panels.
fn collect_queries<'a>(value: &'a Value, queries: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            queries.extend(fields.get("expr").and_then(Value::as_str));
            fields.values().for_each(|it| collect_queries(it, queries));
        }
        Value::Array(values) => values.iter().for_each(|it| collect_queries(it, queries)),
        _ => {}
    }
}

#[test]
fn every_count_of_a_dialogue_is_exact() {
    let server = watched().start();
    shows(
        &server,
        &[("wacd_connections", 0.0), ("wacd_room_lines_total", 0.0)],
    );
    let mut sent = Vec::new();
    let people = ["ann", "bob"].map(|name| {
        let mut peer = Peer::dial(server.address());
        sent.push(peer.line());
        peer.send(&format!("LIN {name}"));
        sent.push(peer.line());
        peer
    });
    let [mut ann, mut bob] = people;
    for word in ["one", "two", "three"] {
        ann.send(&format!("MSG {word}"));
        bob.expect(&format!("ann: {word}"));
    }
    bob.send("W ann hi");
    ann.expect("bob whispers, \"hi\"");
    let answers: Vec<&str> = sent.iter().map(String::as_str).collect();
    let room = ["ann: one", "ann: two", "ann: three"];
    let whisper = ["bob whispers, \"hi\""];
    shows(
        &server,
        &[
            ("wacd_users", 2.0),
            ("wacd_visitors", 0.0),
            ("wacd_connections_accepted_total", 2.0),
            ("wacd_received_lines_total", 6.0),
            ("wacd_received_bytes_total", 8.0 * 4.0 + 10.0 + 9.0),
            ("wacd_sent_lines_total", 8.0),
            (
                "wacd_sent_bytes_total",
                bytes(&answers) + bytes(&room) + bytes(&whisper),
            ),
            ("wacd_deliveries_total", 3.0),
            ("wacd_room_lines_total", 3.0),
            ("wacd_room_bytes_total", bytes(&room)),
            ("wacd_room_window_bytes", bytes(&room)),
            ("wacd_room_furthest_lag_bytes", 0.0),
            ("wacd_phase{phase=\"serving\"}", 1.0),
        ],
    );
    let visitor = server.connect();
    ann.send("QUIT");
    ann.expect_end(&["* closing: goodbye"]);
    shows(
        &server,
        &[
            ("wacd_users", 1.0),
            ("wacd_visitors", 1.0),
            ("wacd_connections", 2.0),
            ("wacd_connections_closed_total{reason=\"Quit\"}", 1.0),
            ("wacd_connections_closed_total{reason=\"TooSlow\"}", 0.0),
            (
                "wacd_connections_refused_total{reason=\"AddressLimit\"}",
                0.0,
            ),
        ],
    );
    drop(visitor);
    shows(
        &server,
        &[
            ("wacd_visitors", 0.0),
            ("wacd_connections_closed_total{reason=\"PeerClosed\"}", 1.0),
        ],
    );
}

#[test]
fn batches_and_fan_outs_are_counted_once_for_each_shard() {
    let server = watched().with("--shards", "2").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for word in ["one", "two", "three"] {
        ann.send(&format!("MSG {word}"));
        bob.expect(&format!("ann: {word}"));
        ann.silent_until_fence();
    }
    shows(
        &server,
        &[
            ("wacd_room_batch_lines_count", 6.0),
            ("wacd_room_batch_lines_sum", 6.0),
            ("wacd_room_batch_lines_bucket{le=\"1\"}", 6.0),
            ("wacd_room_fan_out_seconds_count", 6.0),
        ],
    );
    let found = server.metrics();
    let of = |name: &str| found[name];
    assert!(of("wacd_room_fan_out_seconds_sum") > 0.0);
    let turns = of("wacd_shard_turn_seconds_count");
    assert!(turns >= 6.0 && of("wacd_shard_turn_seconds_sum") > 0.0);
    let busy = ["0", "1"].map(|id| of(&format!("wacd_shard_busy_seconds_total{{shard=\"{id}\"}}")));
    assert!((busy[0] + busy[1] - of("wacd_shard_turn_seconds_sum")).abs() < 1e-6);
}

#[test]
fn limits_slow_readers_and_throttles_are_counted() {
    let setup = watched()
        .with_flood_control()
        .with("--trusted", "none")
        .with("--max-per-ip", "2");
    let server = setup.start();
    let mut ann = server.user("ann");
    let bob = server.connect_narrow();
    let refused = Peer::dial(server.address());
    assert_eq!(refused.read_to_end().lines.len(), 1);
    ann.send_bytes("PING x\n".repeat(100).as_bytes());
    ann.lines_until("* slow down: your lines wait");
    shows(
        &server,
        &[
            (
                "wacd_connections_refused_total{reason=\"AddressLimit\"}",
                1.0,
            ),
            ("wacd_connections_refused_total{reason=\"ServerFull\"}", 0.0),
            ("wacd_throttled_total", 1.0),
        ],
    );
    drop(bob);
}

#[test]
fn the_lag_of_the_slowest_reader_is_seen_before_it_is_closed() {
    let server = watched().with("--window", "1MiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let stopped = server.connect_narrow();
    let mut said = 0;
    let lag = || server.metrics()["wacd_room_furthest_lag_bytes"];
    wait_until("a lag", || {
        converse(&mut ann, "ann", &mut bob, said..said + 50, 1000);
        said += 50;
        lag() > 0.0
    });
    wait_until("its end", || {
        converse(&mut ann, "ann", &mut bob, said..said + 50, 1000);
        said += 50;
        server.metrics()["wacd_connections_closed_total{reason=\"TooSlow\"}"] > 0.0
    });
    shows(&server, &[("wacd_room_furthest_lag_bytes", 0.0)]);
    let held = server.metrics()["wacd_room_window_bytes"];
    let limit = server.metrics()["wacd_room_window_limit_bytes"];
    assert!(
        held >= limit && held < limit + 128.0 * 1024.0,
        "{held} of {limit}"
    );
    drop(stopped);
}

#[test]
fn the_server_is_ready_until_it_stops_and_watched_to_the_end() {
    let server = watched().with("--grace", "60s").start();
    assert_eq!(
        (server.get("/readyz").status, server.get("/healthz").status),
        (200, 200)
    );
    assert_eq!(server.get("/nothing").status, 404);
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    // A reader that does not read holds up the stop.
    let stopped = server.connect_narrow();
    let mut said = 0;
    wait_until("a full socket", || {
        converse(&mut ann, "ann", &mut bob, said..said + 50, 1000);
        said += 50;
        server.metrics()["wacd_room_furthest_lag_bytes"] > 0.0
    });
    server.signal(Signal::SIGINT);
    wait_until("503", || server.get("/readyz").status == 503);
    assert_eq!(server.get("/readyz").body, "stopping\n");
    shows(
        &server,
        &[
            ("wacd_phase{phase=\"sealed\"}", 1.0),
            ("wacd_phase{phase=\"serving\"}", 0.0),
        ],
    );
    shows(
        &server,
        &[("wacd_connections_closed_total{reason=\"Stopping\"}", 2.0)],
    );
    assert_eq!(server.get("/healthz").status, 200);
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait_for_exit().code, Some(3));
    drop(stopped);
}

#[test]
fn a_shard_that_hangs_is_told_until_it_goes_on() {
    // The watchdog looks more often than once a second.
    let setup = watched()
        .with("--shards", "2")
        .env("WATCHDOG_USEC", "400000");
    let server = setup.start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let held = Held::shard(&server, "shard-0");
    ann.send("MSG is anyone there?");
    bob.send("MSG is anyone there?");
    wait_until("503", || server.get("/healthz").status == 503);
    let answer = server.get("/healthz");
    assert_eq!(answer.body, "shard 0 does not come back from its turn\n");
    shows(
        &server,
        &[
            ("wacd_shard_hangs{shard=\"0\"}", 1.0),
            ("wacd_shard_hangs{shard=\"1\"}", 0.0),
        ],
    );
    assert_eq!(server.get("/readyz").status, 200);
    drop(held);
    wait_until("200", || server.get("/healthz").status == 200);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn clients_that_stall_or_talk_nonsense_hold_up_nobody() {
    let server = watched().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let address = server.metrics_address();
    let begun = || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost")
            .expect("it takes a beginning");
        stream
    };
    let before = server.open_descriptors();
    let mut stalled: Vec<TcpStream> = (1..PLACES).map(|_| begun()).collect();
    converse(&mut ann, "ann", &mut bob, 0..100, 100);
    assert_eq!(server.get("/metrics").status, 200);
    stalled.extend((0..3 * PLACES).map(|_| begun()));
    converse(&mut ann, "ann", &mut bob, 100..200, 100);
    let open = server.open_descriptors() - before;
    assert!(
        open <= PLACES,
        "{open} descriptors for {} clients",
        stalled.len()
    );
    drop(stalled);
    for nonsense in [&b"LIN eve\r\n\r\n"[..], &[0; 100], &[b'x'; 100_000]] {
        let mut stream = TcpStream::connect(address).expect("it listens");
        // It may have closed before it has everything.
        let _ = stream.write_all(nonsense);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(server.get("/metrics").status, 200);
    ann.silent_until_fence();
}

#[test]
fn an_address_that_is_taken_refuses_the_start_and_names_the_flag() {
    let first = watched().start();
    let taken = first.metrics_address().to_string();
    let refused = Server::setup().with("--metrics", &taken).refused();
    assert_eq!(refused.code, Some(1));
    let told = format!("--metrics: cannot listen on {taken}: Address already in use");
    assert!(refused.text().contains(&told), "{refused:?}");
    assert!(
        refused
            .text()
            .contains("hint: --metrics takes a free address"),
        "{refused:?}"
    );
    let unix = Server::setup().with("--metrics", "unix:/x").refused();
    assert_eq!(unix.code, Some(2));
    assert!(
        unix.text().contains("expected an address and a port"),
        "{unix:?}"
    );
}

#[test]
fn another_address_needs_a_restart() {
    let daemon = Daemon::folder();
    let file = |metrics: &str| {
        let folder = daemon.path("");
        let log = format!("log-file = '{}/wacd.log'\n", folder.display());
        daemon.configure(&format!(
            "{log}listen = '127.0.0.1:0'\nmetrics = '{metrics}'\n"
        ));
    };
    file("127.0.0.1:0");
    let started = daemon.start_configured();
    assert!(started.text.contains(" metrics=127.0.0.1:"), "{started:?}");
    file("[::1]:0");
    let said = daemon.reload(&[]);
    assert!(
        said.text.contains("metrics = \"[::1]:0\": needs a restart"),
        "{said:?}"
    );
    assert_eq!(daemon.stop(&[]).code, Some(0));
}
