//! wac-loadgen: a load tester for broadcast that can be believed.
//!
//! ```text
//!  cli ─▶ plan ─▶ machine ─▶ engine ─▶ result ─▶ report ─▶ text, JSON, HTML
//!         │       │          │         │
//!         │       │          │         └ one model of a run: verdict, latencies, delivery, timeline
//!         │       │          └ a thread for each core: connects, sends when due, reads, counts (metrics)
//!         │       └ limits, addresses, the server's process
//!         └ pure: workload, schedule, payload, protocol
//! ```
//!
//! Modules import only what stands before them: units, cli, plan, metrics, machine, engine, result, report, commands. A test holds it.

mod cli;
mod commands;
mod engine;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod machine;
mod metrics;
mod plan;
mod report;
mod result;
mod units;

use std::process::ExitCode;

/// Does what was typed.
pub fn main() -> ExitCode {
    commands::main()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// The modules, each behind those that it may import.
    const LAYERS: [&str; 9] = [
        "units", "cli", "plan", "metrics", "machine", "engine", "result", "report", "commands",
    ];

    /// The source files of a module.
    fn files(path: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(path) else {
            return vec![path.with_extension("rs")];
        };
        let each = entries.map(|entry| entry.unwrap().path());
        each.flat_map(|path| {
            let is_folder = path.is_dir();
            if is_folder { files(&path) } else { vec![path] }
        })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
    }

    #[test]
    fn imports_point_downwards_only() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for (place, layer) in LAYERS.into_iter().enumerate() {
            for file in files(&source.join(layer)) {
                let text = fs::read_to_string(&file).unwrap();
                for upper in &LAYERS[place + 1..] {
                    let import = format!("crate::{upper}::");
                    assert!(!text.contains(&import), "{}: {import}", file.display());
                }
            }
        }
    }
}
