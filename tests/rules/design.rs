//! Design document of the server, checked against the code: the tests and files it names exist.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn design() -> String {
    fs::read_to_string(Path::new(ROOT).join("server/DESIGN.md")).expect("the design can be read")
}

/// Returns the texts between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tells whether a name looks like a test's: a sentence with underscores between its words.
fn is_test(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.matches('_').count() >= 3 && name.chars().all(is_word)
}

/// Collects the Rust sources under a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_named_in_the_design_exists() {
    let mut paths = Vec::new();
    for folder in ["server", "tests"] {
        sources(&Path::new(ROOT).join(folder), &mut paths);
    }
    let code: String = paths
        .iter()
        .map(|path| fs::read_to_string(path).expect("a source can be read"))
        .collect();
    let design = design();
    let named: Vec<&str> = quoted(&design).filter(|name| is_test(name)).collect();
    assert!(named.len() > 20, "the design names its tests: {named:?}");
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "no test {name}");
    }
}

#[test]
fn every_test_file_named_in_the_design_exists() {
    for name in quoted(&design()).filter(|name| name.starts_with("tests/") && name.ends_with(".rs"))
    {
        let places =
            ["", "server/src/room/shard"].map(|base| Path::new(ROOT).join(base).join(name));
        assert!(places.iter().any(|place| place.exists()), "no file {name}");
    }
}
