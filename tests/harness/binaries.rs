//! Binaries under test: found, or built once.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the path of one of the workspace's binaries, or of `examples/NAME`: in `WAC_BIN_DIR` if that is set, otherwise
/// built once for each test binary.
///
/// # Panics
///
/// If they cannot be built.
#[must_use]
#[track_caller]
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| match env::var_os("WAC_BIN_DIR") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => build(),
    });
    let folder = folder.as_deref().expect("`cargo build --bins` succeeds");
    folder.join(name)
}

/// Builds them as `cargo test` builds everything: with the development profile.
fn build() -> Option<PathBuf> {
    let workspace = workspace();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--bins", "--examples"])
        .current_dir(&workspace)
        .status()
        .expect("cargo can be run");
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    built
        .success()
        .then(|| workspace.join(target).join("debug"))
}

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests are a folder of the workspace")
        .to_owned()
}
