//! `wac-loadgen selftest`: the load tester is tried against a server that does wrong what its script says. What it
//! then reports must be that, and nothing else.

mod cases;
mod tried;

use clap::Parser;

use super::run::once;
use crate::args::{Args, Command, Preset};
use crate::fake::{Fake, Script};
use crate::judge::exit::Exit;
use crate::result::Run;
use cases::CASES;
use tried::Found;

/// Tries every case; says of each whether the load tester found what was done.
pub(crate) fn selftest() -> anyhow::Result<Exit> {
    let (mut right, mut wrong) = (0, 0);
    for case in &CASES {
        let Some(found) = case.attempt()? else {
            return Ok(Exit::Interrupted);
        };
        println!("{}", line(case.name, &found));
        match found {
            Found::Right(_) => right += 1,
            Found::Wrong { .. } => wrong += 1,
        }
    }
    println!("{}", summary(right, wrong));
    Ok(match wrong {
        0 => Exit::Pass,
        _ => Exit::Internal,
    })
}

fn line(name: &str, found: &Found) -> String {
    match found {
        Found::Right(what) => format!("ok    {name:<22}  {what}"),
        Found::Wrong { expected, found } => {
            format!("WRONG {name:<22}  expected {expected}, found {found}")
        }
    }
}

fn summary(right: usize, wrong: usize) -> String {
    let all = right + wrong;
    match wrong {
        0 => format!("{right} of {all} cases are right"),
        _ => format!(
            "{wrong} of {all} cases are WRONG: do not believe this load tester on this machine"
        ),
    }
}

/// Runs the load against a fake that does what the script says; none if Ctrl-C was heard.
fn measure(script: Script, load: &str) -> anyhow::Result<Option<(Fake, Run)>> {
    let fake = Fake::start(script)?;
    let run = run(&fake.address().to_string(), load)?;
    Ok((!run.verdict.interrupted).then_some((fake, run)))
}

/// A run as `wac-loadgen run` makes it of flags that are typed, but for the telling.
fn run(target: &str, flags: &str) -> anyhow::Result<Run> {
    let words = ["wac-loadgen", "run", target, "--ui", "none"];
    let args = Args::try_parse_from(words.into_iter().chain(flags.split_whitespace()))?;
    let Command::Run(args) = args.command else {
        unreachable!("`run` was typed")
    };
    Ok(once(Preset::Run, &args)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_found() {
        let right = Found::Right("deliver p50 differs by 50.03 ms".to_owned());
        assert_eq!(
            line("delay 50 ms", &right),
            "ok    delay 50 ms             deliver p50 differs by 50.03 ms"
        );
        let wrong = Found::Wrong {
            expected: "lost 1".to_owned(),
            found: "lost 0".to_owned(),
        };
        assert_eq!(
            line("drop", &wrong),
            "WRONG drop                    expected lost 1, found lost 0"
        );
    }

    #[test]
    fn one_wrong_case_is_one_too_many() {
        assert_eq!(summary(9, 0), "9 of 9 cases are right");
        assert!(summary(8, 1).starts_with("1 of 9 cases are WRONG: do not believe"));
    }
}
