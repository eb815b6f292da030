//! What a run came to, told once: as text for people, as JSON for programs.

mod json;
mod text;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::engine::Outcome;
use crate::ledger::Example;
use crate::plan::Plan;
use crate::verdict::{Exit, Facts, Verdict};

/// A run and its verdict.
#[derive(Debug)]
pub(crate) struct Report {
    plan: Arc<Plan>,
    outcome: Outcome,
    verdict: Verdict,
}

impl Report {
    pub(crate) fn new(plan: &Arc<Plan>, outcome: Outcome) -> Self {
        let verdict = Verdict::of(&Facts {
            limits: outcome.limits.clone(),
            cut: outcome.cut,
            faulty: outcome.totals.faults.any(),
            interrupted: outcome.interrupted,
            planned: plan.schedule.len(),
            sent: outcome.sent,
        });
        Self {
            plan: plan.clone(),
            outcome,
            verdict,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.verdict.exit
    }

    /// Tells the result: the text on standard output, or, where the JSON goes there, on standard error.
    ///
    /// # Errors
    /// The system's, if it can't be written.
    pub(crate) fn print(&self, json: Option<&Path>) -> anyhow::Result<()> {
        let text = self.text();
        match json {
            Some(path) if path == Path::new("-") => {
                eprint!("{text}");
                writeln!(io::stdout(), "{:#}", self.json()).context("cannot write the JSON")
            }
            Some(path) => {
                write_out(&text)?;
                fs::write(path, format!("{:#}\n", self.json()))
                    .with_context(|| format!("cannot write {}", path.display()))
            }
            None => write_out(&text),
        }
    }
}

fn write_out(text: &str) -> anyhow::Result<()> {
    let written = io::stdout().write_all(text.as_bytes());
    written.context("cannot write the result")
}

/// `at u3, message 2 of u0`: where a fault was seen. Messages are counted from 1 for people.
fn place(example: &Example) -> String {
    let reader = example.reader;
    match (example.sender, example.number) {
        (Some(sender), Some(number)) => {
            format!("at u{reader}, message {} of u{sender}", number + 1)
        }
        (Some(sender), None) => format!("at u{reader}, a message of u{sender}"),
        _ => format!("at u{reader}, from nobody known"),
    }
}
