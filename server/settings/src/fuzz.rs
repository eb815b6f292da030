//! Fuzz target of settings files.

use crate::{File, Loaded, Problems, Program, within};
use program::program;

#[path = "../tests/program/mod.rs"]
mod program;

/// The profile that is selected if a file has one.
const PROFILE: &str = "p";
const PATH: &str = "f";
/// All that may be said of a secret: nothing of its value.
const ABOUT_A_SECRET: [&str; 4] = [
    "takes one value, not a list",
    "invalid value, expected 0 to 9",
    "expected a text in quotes, a list of them, a number, true or false",
    "cannot be used with secret-file",
];

/// Loads a settings file: each mistake has its line and shows no secret, and what is shown of the settings can be read
/// again.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let profile = text.contains("[profile").then_some(PROFILE);
    match load(text, profile) {
        Err(problems) => {
            let lines = text.split('\n').count();
            assert!(!problems.0.is_empty());
            problems
                .0
                .iter()
                .for_each(|problem| check_problem(problem, lines));
        }
        Ok(loaded) => check_shown(&loaded),
    }
}

fn load(text: &str, profile: Option<&str>) -> Result<Loaded, Problems> {
    let (program, mut problems) = (program(), Vec::new());
    let file = File::read(PATH, text, &mut problems);
    let layers = file.layers(profile, &program, &mut problems);
    program.load(&["prog".into()], &layers, problems)
}

fn check_problem(problem: &str, lines: usize) {
    assert!(!problem.contains(char::is_control), "{problem:?}");
    if problem.starts_with("f: there is no [profile.p]; there are ") {
        return;
    }
    let told = problem
        .strip_prefix("f:")
        .and_then(|rest| rest.split_once(": "));
    let (line, told) = told.expect(problem);
    let line: usize = line.parse().expect(problem);
    assert!((1..=lines).contains(&line) && !told.is_empty(), "{problem}");
    if let Some(told) = told.strip_prefix("secret: ") {
        assert!(ABOUT_A_SECRET.contains(&told), "{problem}");
    }
}

fn check_shown(loaded: &Loaded) {
    let shown = loaded.to_string();
    let again = load(&shown, None).expect("what is shown can be read");
    for (one, other) in loaded.settings.iter().zip(&again.settings) {
        if one.is_secret {
            let line = one.to_string();
            assert!(line.starts_with("# secret is "), "{line}");
        } else {
            assert_eq!(one.entry.texts, other.entry.texts, "{shown}");
        }
    }
}

#[cfg(test)]
#[path = "../../core/fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_pass() {
        super::seeds::run("settings", super::settings);
    }
}
