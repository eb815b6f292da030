//! Explanations of the program: together, `--help`, completions and manual pages name everything there is.

use crate::command::command;

const COMMANDS: [&str; 13] = [
    "run",
    "town",
    "idle",
    "storm",
    "soak",
    "flood",
    "find-max",
    "compare",
    "doctor",
    "config",
    "report",
    "completions",
    "man",
];

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
fn the_manual_has_a_page_of_the_program_and_one_of_each_command() {
    let told = command(["man"]);
    told.with(0)
        .tells(".SH \"EXIT STATUS\"")
        .tells("compare: B is worse than A")
        .tells("fan-out");
    for name in COMMANDS {
        command(["man", name])
            .with(0)
            .tells(&format!("wac\\-loadgen\\-{}", name.replace('-', "\\-")));
    }
    command(["man", "dance"]).with(2).tells("dance");
}
