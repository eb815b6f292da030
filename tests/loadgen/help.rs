//! Explanations of the program: together, `--help`, glossary, completions and manual page name everything there is.

use crate::command::command;

const COMMANDS: [&str; 17] = [
    "run",
    "town",
    "idle",
    "whisper",
    "churn",
    "storm",
    "slow",
    "hostile",
    "soak",
    "find-max",
    "compare",
    "doctor",
    "report",
    "selftest",
    "glossary",
    "completions",
    "man",
];

#[test]
fn the_glossary_explains_the_words_and_the_presets() {
    let told = command(["glossary"]);
    told.with(0);
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let rows: Vec<_> = told.stdout.lines().filter_map(first).collect();
    for word in [
        "deliver", "service", "fan-out", "spread", "sendlag", "join", "unlucky", "owed", "grey",
        "VALID", "SUSPECT", "INVALID", "town", "soak",
    ] {
        assert!(
            rows.iter().any(|row| row == word),
            "{word} is a row of:\n{}",
            told.stdout
        );
    }
}

#[test]
fn completions_know_every_command_and_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let told = command(["completions", shell]);
        told.with(0);
        for word in COMMANDS.iter().chain(&["slo", "server-pid"]) {
            assert!(told.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_manual_page_has_every_command_and_the_exit_codes() {
    let told = command(["man"]);
    told.with(0)
        .tells(".SH \"EXIT STATUS\"")
        .tells("regression");
    for name in COMMANDS {
        told.tells(&format!(".SH \"COMMAND {}\"", name.to_uppercase()));
    }
}
