//! wac-loadgen: a load tester for broadcast that can be believed.
//!
//! ```text
//!  args ─▶ plan ─▶ machine ─▶ engine ─▶ result ─▶ render ─▶ text, JSON, histograms, HTML
//!          │       │          │         │
//!          │       │          │         └ one model of a run: verdict, latencies, ledger, timeline
//!          │       │          └ a thread for each core: connects, sends when due, reads, counts
//!          │       └ limits, addresses, the server's process
//!          └ pure: workload, schedule, payload
//! ```

mod args;
mod books;
mod clock;
mod commands;
mod engine;
mod judge;
mod machine;
mod nanos;
mod number;
mod plan;
mod protocol;
mod render;
mod result;

use std::process::ExitCode;

/// Does what was typed.
pub fn main() -> ExitCode {
    commands::main()
}
