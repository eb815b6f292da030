//! The version with the commit it was built from: `WAC_COMMIT`, or what git says. Debug builds have none, so that a
//! commit does not rebuild everything.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=WAC_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = env::var("WAC_COMMIT").ok().or_else(git_commit);
    let commit = commit.filter(|commit| !commit.is_empty());
    println!(
        "cargo:rustc-env=WAC_BUILT_FROM={}",
        commit.as_deref().unwrap_or("unknown")
    );
    let version = match commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo:rustc-env=WAC_VERSION={version}");
}

fn git_commit() -> Option<String> {
    if env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return None;
    }
    // The log of HEAD grows with each commit and each checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo:rerun-if-changed={log}");
    git(&["rev-parse", "--short=12", "HEAD"])
}

/// Returns what git prints; nothing without git, or outside a repository.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
