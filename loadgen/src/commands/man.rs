//! Manual pages and completions, made of the command line itself.

use std::io::{self, Write};

use anyhow::Context;
use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::output::{UsageError, print, settled};
use super::settings;
use crate::result::verdict::Exit;

/// Returns the exit codes, as the end of a help text.
pub(super) fn exits() -> String {
    let codes = EXITS.map(|(exit, meaning)| format!("\n  {:<4} {meaning}", exit as u8));
    format!("Exit codes; if several, {PRECEDENCE}:{}", codes.concat())
}

/// The order of the graver ones.
const PRECEDENCE: &str = "5 before 4 before 3 before 130";
/// The exit codes.
const EXITS: [(Exit, &str); 9] = [
    (Exit::Pass, "pass"),
    (Exit::Internal, "internal error"),
    (Exit::Usage, "usage"),
    (Exit::SloFailed, "an objective (--slo) was not met"),
    (Exit::Invalid, "INVALID: the figures mean nothing"),
    (Exit::WrongDelivery, "wrong delivery"),
    (
        Exit::Preflight,
        "preflight: it does not fit here, or nobody answers",
    ),
    (Exit::Regression, "compare: B is worse than A"),
    (Exit::Interrupted, "interrupted"),
];

/// The words of a result, and what each means.
const WORDS: [(&str, &str); 26] = [
    ("I", "the moment a message was due by the schedule"),
    ("W", "the moment the kernel had accepted its last byte"),
    (
        "R",
        "the moment the read came back that brought the whole line to a reader",
    ),
    (
        "deliver",
        "R - I of each delivery: what a reader lives through; a stall of server or tester is in it (no coordinated omission)",
    ),
    ("service", "R - W of each delivery: the server's part"),
    (
        "fan-out",
        "last R - I of each message: when the last person has it",
    ),
    ("skew", "last R - first R of each message: fairness"),
    (
        "sendlag",
        "W - I of each message: the load tester late, or the server refusing input",
    ),
    (
        "join",
        "from connect to welcome of each user: what a login costs",
    ),
    (
        "whisper",
        "R - I of each whisper: deliver, of what is said to one person",
    ),
    (
        "p50 ... p99.9",
        "that share of the observations took no longer; shown where 10 or more lie beyond it",
    ),
    (
        "expected",
        "a message is expected at a reader who was logged in before W and had not begun to leave",
    ),
    (
        "indeterminate",
        "overlaps a join or a leave: counted, never called lost",
    ),
    (
        "replayed",
        "--resume: came with a replay, as its reader was away; in no latency",
    ),
    ("lost", "expected, and never came"),
    ("duplicated", "came again"),
    (
        "reordered",
        "came behind a later message of its sender; or to a reader at another place than to those before",
    ),
    ("echoed", "came back to its sender"),
    ("corrupt", "a line that is not what was sent"),
    ("leaked", "a whisper that somebody else read"),
    (
        "forgotten",
        "--resume: its reader had it since its mark, and the replay left it out",
    ),
    (
        "closed loop",
        "--in-flight N: what is due waits while the deliveries of N messages are under way; no latency is shown",
    ),
    ("VALID", "the figures are the server's"),
    (
        "SUSPECT",
        "they may be the load tester's own, or the machine's: the reasons are shown",
    ),
    (
        "INVALID",
        "they mean nothing, and are withheld: a limit was met, or the schedule was not sent",
    ),
    (
        "PASS, FAIL",
        "every objective (--slo) was met and every delivery right; or not",
    ),
];

/// Prints the page of a command, or of the program.
pub(super) fn run(command: Option<&str>) -> anyhow::Result<Exit> {
    let page = page(command)?.context("cannot make the manual page")?;
    Ok(settled(print(io::stdout(), &page), Exit::Pass))
}

/// The page in roff.
///
/// # Errors
/// That there is no such command.
fn page(name: Option<&str>) -> Result<io::Result<Vec<u8>>, UsageError> {
    let mut program = settings::program().command().clone();
    program.build();
    let Some(name) = name else {
        return Ok(of_program(program));
    };
    match program.find_subcommand(name) {
        Some(command) => Ok(of_command(command)),
        None => Err(UsageError(format!(
            "man: {name} found, wanted a command of wac-loadgen --help"
        ))),
    }
}

fn of_command(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

/// The program's own page: its commands, the words of a result, the exit codes.
fn of_program(program: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(program);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    writeln!(page, ".SH WORDS")?;
    for (word, meaning) in WORDS {
        writeln!(page, ".TP\n{word}\n{meaning}")?;
    }
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for (exit, meaning) in EXITS {
        writeln!(page, ".TP\n{}\n{meaning}", exit as u8)?;
    }
    writeln!(page, ".PP\nIf several, {PRECEDENCE}.")?;
    Ok(page)
}

/// Prints them.
pub(super) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    generate(
        shell,
        &mut settings::program().command().clone(),
        "wac-loadgen",
        &mut text,
    );
    // Not straight to standard output: the generator panics where that is closed.
    Ok(settled(print(io::stdout(), &text), Exit::Pass))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Args;
    use crate::cli::slo;
    use crate::result::Delivery;
    use clap::CommandFactory;

    fn text(name: Option<&str>) -> String {
        String::from_utf8(page(name).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn every_command_has_a_page_with_its_flags() {
        for sub in Args::command().get_subcommands() {
            let page = text(Some(sub.get_name()));
            for flag in sub.get_arguments().filter_map(clap::Arg::get_long) {
                let flag = flag.replace('-', "\\-");
                assert!(page.contains(&format!("\\-\\-{flag}")), "{flag}");
            }
            let own = text(None);
            assert!(own.contains(&sub.get_name().replace('-', "\\-")), "{own}");
        }
        assert!(page(Some("dance")).is_err());
    }

    #[test]
    fn every_exit_code_is_in_the_page_the_help_and_the_readme() {
        let readme = include_str!("../../README.md");
        let mut program = settings::program().command().clone();
        let (help, page) = (program.render_long_help().to_string(), text(None));
        for (exit, meaning) in EXITS {
            let code = exit as u8;
            assert!(
                page.contains(&format!("\n.TP\n{code}\n{meaning}\n")),
                "{code}"
            );
            assert!(help.contains(&format!("\n  {code:<4} {meaning}")), "{code}");
            assert!(
                readme.contains(&format!("| {code} | {meaning} |")),
                "{code}"
            );
        }
        assert!(readme.contains(&format!("If several, {PRECEDENCE}.")));
    }

    #[test]
    fn every_word_of_a_result_is_explained_here_and_in_the_readme() {
        let readme = include_str!("../../README.md");
        let faults = Delivery::default().faults().map(|(fault, _)| fault);
        for word in slo::WORDS.into_iter().chain(faults) {
            assert!(WORDS.iter().any(|(known, _)| *known == word), "{word}");
            assert!(readme.to_lowercase().contains(word), "{word} in the README");
        }
    }
}
