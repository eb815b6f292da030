//! Prometheus' text format, version 0.0.4: one table, a row for each metric.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::room::figures::{ClusterFigures, Figures, Histogram, HistoryFigures, ShardState};
use crate::room::stop_phase::{JOINING, Phase};

/// A row of the table.
struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    read: fn(&Figures) -> Reading<'_>,
}

/// What a metric reads.
enum Reading<'a> {
    /// Values, each with its labels, if it has any.
    Samples(Vec<(String, f64)>),
    Histogram(&'a Histogram),
}

type Read = fn(&Figures) -> Reading<'_>;

const fn counter(name: &'static str, help: &'static str, read: Read) -> Metric {
    metric("counter", name, help, read)
}

const fn gauge(name: &'static str, help: &'static str, read: Read) -> Metric {
    metric("gauge", name, help, read)
}

const fn histogram(name: &'static str, help: &'static str, read: Read) -> Metric {
    metric("histogram", name, help, read)
}

const fn metric(kind: &'static str, name: &'static str, help: &'static str, read: Read) -> Metric {
    Metric {
        name,
        kind,
        help,
        read,
    }
}

#[rustfmt::skip] // A table is read by its columns.
const METRICS: &[Metric] = &[
    gauge("wacd_build_info", "The version that runs; always 1.", build),
    gauge("wacd_phase", "1 for the phase of the server's life, 0 for the others.", phases),
    gauge("wacd_sandbox", "1 for a part of the sandbox that is in force, else 0.", sandbox),
    gauge("wacd_users", "People logged in.", |it| one(it.users)),
    gauge("wacd_visitors", "Connections without a name, those being closed included.", |it| one(it.visitors)),
    gauge("wacd_connections", "Connections.", |it| one(it.connections)),
    counter("wacd_connections_accepted_total", "Connections let in.", |it| one(it.accepted)),
    counter("wacd_connections_refused_total", "Connections refused at the door.", |it| by_reason(&it.refused)),
    counter("wacd_connections_closed_total", "Connections ended, by the reason that the log gives.", |it| by_reason(&it.closed)),
    counter("wacd_accept_errors_total", "Connections that could not be accepted for lack of resources.", |it| one(it.accept_errors)),
    counter("wacd_received_lines_total", "Lines received.", |it| one(it.received.lines)),
    counter("wacd_received_bytes_total", "Bytes received.", |it| one(it.received.bytes)),
    counter("wacd_sent_lines_total", "Lines written to sockets.", |it| one(it.sent.lines)),
    counter("wacd_sent_bytes_total", "Bytes written to sockets.", |it| one(it.sent.bytes)),
    counter("wacd_deliveries_total", "Lines of the room written to sockets, once for each reader.", |it| one(it.deliveries)),
    counter("wacd_handshakes_failed_total", "TLS handshakes that failed.", |it| one(it.failed_handshakes)),
    counter("wacd_throttled_total", "Times that flood control began to hold a sender back.", |it| one(it.held_back)),
    counter("wacd_failed_logins_total", "Logins with a wrong password, or with a name that is not registered.", |it| one(it.failed_logins)),
    counter("wacd_undelivered_whispers_total", "Whispers dropped because their addressee had gone.", |it| one(it.undelivered_whispers)),
    counter("wacd_room_lines_total", "Lines appended to the room log.", |it| one(it.room.lines)),
    counter("wacd_room_bytes_total", "Bytes appended to the room log.", |it| one(it.room.bytes)),
    gauge("wacd_room_window_bytes", "Bytes of the room log kept for slow readers.", |it| one(it.room.window_bytes)),
    gauge("wacd_room_window_limit_bytes", "Bytes of the room log that a reader may lack (--window).", |it| one(it.room.window_limit_bytes)),
    gauge("wacd_room_furthest_lag_bytes", "Bytes of the room log that the slowest reader lacks.", |it| one(it.room.furthest_lag_bytes)),
    histogram("wacd_room_batch_lines", "Lines that came to a shard's readers at once.", |it| Reading::Histogram(&it.room.batches)),
    histogram("wacd_room_fan_out_seconds", "Time from an append until a shard had tried every reader.", |it| Reading::Histogram(&it.room.fan_outs)),
    gauge("wacd_history_fails", "1 while the history can't be written, else 0.", |it| of_history(it, |it| it.fails.into())),
    counter("wacd_history_errors_total", "Attempts to write the history that failed.", |it| of_history(it, |it| it.errors)),
    gauge("wacd_history_lag_bytes", "Bytes of the room log that are not in the history yet.", |it| of_history(it, |it| it.lag_bytes)),
    counter("wacd_history_lost_bytes_total", "Bytes of the room log that are missing from the history.", |it| of_history(it, |it| it.lost_bytes)),
    gauge("wacd_cluster_member", "1 while the room of the cluster is served, else 0.", |it| of_cluster(it, |it| f64::from(u8::from(it.is_member)))),
    gauge("wacd_cluster_nodes", "Nodes of the room, this one included.", |it| of_cluster(it, |it| it.members as f64)),
    counter("wacd_cluster_read_messages_total", "Number of the last message read from the stream.", |it| of_cluster(it, |it| it.read_to as f64)),
    gauge("wacd_cluster_pieces_in_flight", "Messages of this node that have not come back from the stream.", |it| of_cluster(it, |it| it.in_flight as f64)),
    gauge("wacd_cluster_silent_seconds", "Time for which nothing has come back from the stream, or there has been no room.", |it| of_cluster(it, |it| it.silent_seconds)),
    counter("wacd_cluster_cuts_total", "Times that the node was cut off from the room and closed everybody.", |it| of_cluster(it, |it| it.cuts as f64)),
    histogram("wacd_shard_turn_seconds", "Time of a shard's turn.", |it| Reading::Histogram(&it.turns)),
    counter("wacd_shard_busy_seconds_total", "Time that a shard has spent in turns.", |it| by_shard(it, |shard| shard.busy_seconds)),
    gauge("wacd_shard_turn_age_seconds", "Age of the turn that a shard is in; 0 between turns.", |it| by_shard(it, |shard| shard.turn_age_seconds)),
    gauge("wacd_shard_hangs", "1 for a shard that does not come back from its turn.", |it| by_shard(it, |shard| f64::from(u8::from(shard.hangs)))),
    gauge("wacd_shard_connections", "Connections of a shard.", |it| by_shard(it, |shard| shard.connections as f64)),
    counter("wacd_log_lines_lost_total", "Log lines that were not written.", |it| one(it.lost_log_lines)),
    counter("process_cpu_seconds_total", "User and system CPU time.", |it| known(it.process.cpu_seconds)),
    gauge("process_resident_memory_bytes", "Resident memory.", |it| known(it.process.resident_bytes.map(float))),
    gauge("process_open_fds", "Open file descriptors.", |it| known(it.process.open_files.map(float))),
    gauge("process_max_fds", "File descriptors that may be open.", |it| known(it.process.open_files_limit.map(float))),
    gauge("process_start_time_seconds", "Time of the start, in seconds since 1970.", |it| known(Some(it.process.start_seconds))),
];

/// Returns the figures as text.
pub(super) fn encode(figures: &Figures) -> String {
    let mut text = String::new();
    for metric in METRICS {
        write_metric(&mut text, metric, figures).expect("a string takes everything");
    }
    text
}

fn write_metric(text: &mut String, metric: &Metric, figures: &Figures) -> fmt::Result {
    let Metric {
        name,
        kind,
        help,
        read,
    } = metric;
    let reading = read(figures);
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
    match reading {
        Reading::Samples(samples) => samples
            .iter()
            .try_for_each(|(labels, value)| writeln!(text, "{name}{labels} {value}")),
        Reading::Histogram(histogram) => write_histogram(text, name, histogram),
    }
}

/// Writes a histogram, whose buckets each include the ones before.
fn write_histogram(text: &mut String, name: &str, histogram: &Histogram) -> fmt::Result {
    let bounds = histogram.bounds.iter().map(f64::to_string);
    let bounds = bounds.chain(["+Inf".to_owned()]);
    let mut sum = 0;
    for (bound, count) in bounds.zip(&histogram.counts) {
        sum += count;
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {sum}")?;
    }
    writeln!(text, "{name}_sum {}\n{name}_count {sum}", histogram.sum)
}

/// A `u64` below 2⁵³ is exact; beyond, Prometheus rounds it too.
fn float(number: u64) -> f64 {
    number as f64
}

fn one(number: u64) -> Reading<'static> {
    known(Some(float(number)))
}

/// Returns a value that may be missing.
fn known(number: Option<f64>) -> Reading<'static> {
    let sample = number.map(|number| (String::new(), number));
    Reading::Samples(sample.into_iter().collect())
}

/// Returns a value that there is in a cluster alone.
fn of_cluster(figures: &Figures, read: fn(&ClusterFigures) -> f64) -> Reading<'static> {
    known(figures.cluster.as_ref().map(read))
}

/// Returns a value that there is with a history alone.
fn of_history(figures: &Figures, read: fn(&HistoryFigures) -> u64) -> Reading<'static> {
    known(figures.history.as_ref().map(read).map(float))
}

fn build(figures: &Figures) -> Reading<'static> {
    let labels = labels(&[("version", figures.version), ("commit", figures.commit)]);
    Reading::Samples(vec![(labels, 1.0)])
}

fn phases(figures: &Figures) -> Reading<'static> {
    let sample = |name| {
        let is_now = name == figures.phase;
        (labels(&[("phase", name)]), f64::from(u8::from(is_now)))
    };
    let names = [JOINING].into_iter().chain(Phase::ALL.map(Phase::name));
    Reading::Samples(names.map(sample).collect())
}

fn sandbox(figures: &Figures) -> Reading<'static> {
    let sample = |(part, in_force)| (labels(&[("part", part)]), f64::from(u8::from(in_force)));
    Reading::Samples(figures.sandbox.map(sample).into())
}

fn by_reason(counts: &BTreeMap<String, u64>) -> Reading<'static> {
    let sample = |(reason, count): (&String, &u64)| (labels(&[("reason", reason)]), float(*count));
    Reading::Samples(counts.iter().map(sample).collect())
}

fn by_shard(figures: &Figures, read: fn(&ShardState) -> f64) -> Reading<'static> {
    let sample = |(id, shard): (usize, _)| (labels(&[("shard", &id.to_string())]), read(shard));
    Reading::Samples(figures.shards.iter().enumerate().map(sample).collect())
}

/// Returns labels in their braces, each value quoted.
fn labels(labels: &[(&str, &str)]) -> String {
    let quoted = |text: &str| {
        let text = text.replace('\\', r"\\").replace('"', "\\\"");
        text.replace('\n', r"\n")
    };
    let label = |(name, value): &(&str, &str)| format!("{name}=\"{}\"", quoted(value));
    let list: Vec<String> = labels.iter().map(label).collect();
    format!("{{{}}}", list.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let histogram = Histogram {
            bounds: vec![0.00001, 0.25],
            counts: vec![2, 0, 1],
            sum: 1.5,
        };
        let mut text = String::new();
        write_histogram(&mut text, "x", &histogram).unwrap();
        assert_eq!(
            text,
            "x_bucket{le=\"0.00001\"} 2\nx_bucket{le=\"0.25\"} 2\nx_bucket{le=\"+Inf\"} 3\nx_sum 1.5\nx_count 3\n"
        );
    }

    #[test]
    fn label_values_are_quoted() {
        let found = labels(&[("a", "x\\y"), ("b", "say \"hi\"\n")]);
        assert_eq!(found, r#"{a="x\\y",b="say \"hi\"\n"}"#);
    }
}
