//! Finds the binaries under test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The `wacd` to test: from `WAC_BIN_DIR` if that is set, else built from the workspace, once for
/// each test binary.
#[track_caller]
pub(crate) fn wacd() -> &'static Path {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match env::var_os("WAC_BIN_DIR") {
        Some(dir) => Some(Path::new(&dir).join("wacd")),
        None => build("wacd"),
    });
    found.as_deref().expect("`cargo build --bin wacd` succeeds")
}

/// Builds it as `cargo test` builds everything: with the development profile.
fn build(name: &str) -> Option<PathBuf> {
    let workspace = workspace();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--bin", name])
        .current_dir(&workspace)
        .status()
        .expect("cargo can be run");
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    built
        .success()
        .then(|| workspace.join(target).join("debug").join(name))
}

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests are a folder of the workspace")
        .to_owned()
}
