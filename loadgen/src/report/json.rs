//! The result as JSON: times are integers in nanoseconds, what is not known is null.

use serde_json::{Map, Value, json};

use super::{Report, place};
use crate::clock::nanos;
use crate::figures::{PERCENTILES, Spread};

/// Counts up with every change that a reader of the JSON could stumble over.
const SCHEMA: u32 = 1;

impl Report {
    pub(super) fn json(&self) -> Value {
        let outcome = &self.outcome;
        json!({
            "schema": SCHEMA,
            "result": self.verdict.result(),
            "trust": self.verdict.trust(),
            "exit": self.verdict.exit as u8,
            "invalid": self.verdict.invalid,
            "interrupted": outcome.interrupted,
            "run": format!("{:08x}", self.plan.run),
            "plan": self.plan_json(),
            "joined": outcome.joined,
            "sent": outcome.sent,
            "latency_ns": self.latency_json(),
            "delivery": self.delivery_json(),
            "own_cpu_ns_per_delivery": self.own_cpu_per_delivery(),
        })
    }

    fn plan_json(&self) -> Value {
        let plan = &self.plan;
        json!({
            "server": plan.target,
            "users": plan.users,
            "senders": plan.senders,
            "rate_per_s": plan.rate,
            "duration_ns": nanos(plan.duration),
            "drain_ns": nanos(plan.drain),
            "size_bytes": plan.size,
            "seed": plan.seed,
            "threads": plan.workers,
            "messages": plan.schedule.len(),
            "schedule_hash": format!("{:016x}", plan.schedule.hash()),
        })
    }

    /// Null if the figures mean nothing.
    fn latency_json(&self) -> Value {
        if !self.verdict.invalid.is_empty() {
            return Value::Null;
        }
        let words = self.outcome.figures.each();
        let words = words.map(|(word, spread)| (word.to_owned(), spread_json(spread)));
        Value::Object(words.into_iter().collect())
    }

    fn delivery_json(&self) -> Value {
        let totals = &self.outcome.totals;
        let mut delivery = Map::new();
        delivery.insert("owed".to_owned(), totals.owed.into());
        delivery.insert("in".to_owned(), totals.received.into());
        let mut first = Map::new();
        for (word, fault) in totals.faults.each() {
            delivery.insert(word.to_owned(), fault.count.into());
            first.insert(word.to_owned(), fault.first.as_ref().map(place).into());
        }
        delivery.insert("first".to_owned(), first.into());
        delivery.into()
    }
}

fn spread_json(spread: &Spread) -> Value {
    let mut words = Map::new();
    words.insert("samples".to_owned(), spread.samples().into());
    words.insert("max".to_owned(), spread.max().into());
    for (word, beyond) in PERCENTILES {
        words.insert(word.to_owned(), spread.percentile(beyond).into());
    }
    words.into()
}
