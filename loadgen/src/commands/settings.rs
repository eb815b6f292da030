//! Settings of a run: what no flag gives, a variable may, or an earlier run (`--like run.json`), or a file of flags.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};
use wac_settings::{Entry, File, Loaded, Origin, Problems, Program};

use super::man;
use crate::cli::Args;
use crate::plan::workload::Workload;
use crate::result::{self, Run};

/// Describes `wac-loadgen`: the flags of `run` are its settings, except for what becomes of the result.
pub(super) fn program() -> Program {
    let others = &["like", "out", "json"];
    let command = Args::command().after_long_help(man::exits());
    Program::new(command, Some("run"), "WAC_LOADGEN", others, &[])
}

/// Reads the command line, completed from the other sources. Ends the process, as clap does, if it is wrong or asks for
/// help.
///
/// # Errors
/// [`Problems`] of the other sources.
pub(super) fn read() -> Result<(Args, Loaded), Problems> {
    let (program, words) = (program(), Vec::from_iter(env::args_os()));
    let matches = program.command().clone().get_matches_from(&words);
    let typed = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let mut problems = Vec::new();
    let mut layers = vec![program.environment(&|name| env::var_os(name))];
    let like = typed
        .command
        .run_args()
        .and_then(|args| args.like.as_deref());
    if let Some(like) = like {
        layers.extend(layers_of(&program, like, &mut problems));
    }
    complete(&program, &words, &layers, problems)
}

fn complete(
    program: &Program,
    words: &[OsString],
    layers: &[Vec<Entry>],
    problems: Vec<String>,
) -> Result<(Args, Loaded), Problems> {
    let loaded = program.load(words, layers, problems)?;
    let args = Args::from_arg_matches(&loaded.matches);
    Ok((
        args.map_err(|error| Problems(vec![error.to_string()]))?,
        loaded,
    ))
}

/// Reads the flags of an earlier run, or of a file in TOML.
fn layers_of(program: &Program, path: &Path, problems: &mut Vec<String>) -> Vec<Vec<Entry>> {
    let shown = path.display().to_string();
    match fs::read(path) {
        Ok(json) if json.trim_ascii_start().starts_with(b"{") => match result::read(&json) {
            Ok(run) => return vec![of_run(&run, &shown)],
            Err(error) => problems.push(format!("{shown}: {error}")),
        },
        _ => {
            let file = File::open(path, true, problems).unwrap_or_default();
            return file.layers(None, program, problems);
        }
    }
    Vec::new()
}

/// Returns the flags that ask for the same as a run did; where it went, and on how many threads, is not among them.
fn of_run(run: &Run, path: &str) -> Vec<Entry> {
    let objectives = run.slo.iter().map(|slo| slo.objective.clone());
    let entry = |(key, texts): (&str, Vec<String>)| Entry {
        key: key.to_owned(),
        texts,
        origin: Origin::Line(path.to_owned()),
    };
    let flags = flags(&run.workload)
        .into_iter()
        .map(|(key, text)| (key, vec![text]));
    flags
        .chain([("slo", objectives.collect())])
        .map(entry)
        .collect()
}

fn flags(work: &Workload) -> Vec<(&'static str, String)> {
    let mut flags = vec![
        ("protocol", word(&work.protocol)),
        ("users", work.users.to_string()),
        ("senders", work.senders.to_string()),
        ("warmup", time(work.warmup)),
        ("drain", time(work.drain)),
        ("arrival", word(&work.arrival)),
        ("size", work.size.to_string()),
        ("seed", work.seed.to_string()),
        ("whispers", percent(work.whispers)),
        ("churn", percent(work.churn) + "/s"),
        ("hostile", work.hostile.to_string()),
    ];
    match &work.stages[..] {
        [stage] => {
            flags.push(("duration", time(stage.duration)));
            // Nobody talks in an idle run; its preset knows.
            flags.extend((stage.rate > 0.0).then(|| ("rate", format!("{}/s", stage.rate))));
        }
        stages => {
            let stage =
                |at: &crate::plan::workload::Stage| format!("{}:@{}/s", time(at.duration), at.rate);
            flags.push((
                "stages",
                stages.iter().map(stage).collect::<Vec<_>>().join(", "),
            ));
        }
    }
    flags.extend(work.in_flight.map(|most| ("in-flight", most.to_string())));
    flags.extend(
        work.connect_rate
            .map(|rate| ("connect-rate", format!("{rate}/s"))),
    );
    flags.extend(work.storm.map(|storm| {
        let (at, frac, back) = (time(storm.at), percent(storm.frac), time(storm.back));
        ("storm", format!("at={at},frac={frac},back={back}"))
    }));
    flags.extend(work.resume.then(|| ("resume", "true".to_owned())));
    flags.extend(work.slow.map(|slow| {
        (
            "slow",
            format!(
                "n={},rate={}B/s,stopped={}",
                slow.n, slow.rate, slow.stopped
            ),
        )
    }));
    flags
}

fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn time(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// Rounded to what people type, so that the share is the same when it is read again.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e10).round() / 1e8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Preset, RunArgs};

    fn args(words: &[&str], layers: &[Vec<Entry>]) -> RunArgs {
        let words = Vec::from_iter(
            [&["wac-loadgen"], words]
                .concat()
                .iter()
                .map(OsString::from),
        );
        let (args, _) = complete(&program(), &words, layers, Vec::new()).unwrap();
        args.command.run_args().unwrap().clone()
    }

    #[track_caller]
    fn is_repeated(preset: Preset, words: &[&str]) {
        let work = Workload::new(preset, &args(words, &[])).unwrap();
        let mut run = crate::result::sample::sample(1);
        (run.workload, run.slo) = (work.clone(), Vec::new());
        let again = args(&[words[0], "x:1"], &[of_run(&run, "run.json")]);
        assert_eq!(Workload::new(preset, &again).unwrap(), work);
    }

    #[test]
    fn a_run_like_another_asks_for_the_same() {
        is_repeated(Preset::Run, &["run", "x:1"]);
        is_repeated(Preset::Idle, &["idle", "x:1"]);
        is_repeated(Preset::Flood, &["flood", "x:1"]);
        is_repeated(Preset::Storm, &["storm", "x:1", "--seed", "7"]);
        is_repeated(Preset::Storm, &["storm", "x:1", "--resume"]);
        is_repeated(Preset::Run, &["run", "x:1", "--whispers", "7%"]);
        let all = "run x:1 --users 50 --senders 20% --stages 2s:@10/s,1m:@0.3/s --warmup 1500ms --size 32-400 \
                   --churn 2.5%/s --slow n=3,rate=2kB/s,stopped=1 --hostile 4 --connect-rate 33/s";
        is_repeated(Preset::Run, &all.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_flag_goes_before_the_run_that_it_is_like() {
        let like = [("stages", "2s:@10/s"), ("users", "50")].map(|(key, text)| Entry {
            key: key.to_owned(),
            texts: vec![text.to_owned()],
            origin: Origin::Line("run.json".to_owned()),
        });
        let args = args(&["run", "x:1", "--rate", "5/s"], &[like.into()]);
        assert_eq!(args.users, Some(50));
        assert!(args.stages.is_none(), "the rate rules out the stages");
    }
}
