//! Finds the highest rate at which the promises hold, one run of the engine after another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::tell;
use super::usage::UsageError;
use crate::args::values::Rate;
use crate::args::{FindMaxArgs, Preset, RunArgs};
use crate::engine::{self, Outcome};
use crate::judge::exit::Exit;
use crate::judge::limit::Limit;
use crate::judge::search::{Answer, Next, Search, Tried};
use crate::machine::preflight;
use crate::number::milliseconds;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::result::{self, Run, SCHEMA, SloResult};

/// A search that takes longer ends with what it knows.
const MAX_TIME: Duration = Duration::from_secs(30 * 60);

/// Searches, and tells.
pub(super) fn run(args: &FindMaxArgs) -> anyhow::Result<Exit> {
    highest(&args.run).map(|(_, exit)| exit)
}

/// Searches, and tells: the highest rate that is known to keep the promises, and how that ends.
///
/// # Errors
/// That nothing is promised, or that no run can be made.
pub(super) fn highest(args: &RunArgs) -> anyhow::Result<(Option<f64>, Exit)> {
    check(args)?;
    let mut hunt = Hunt::new(args)?;
    let ended = hunt.search();
    // What is known is told even where the search could not go on.
    let (end, failed) = match ended {
        Ok(end) => (end, None),
        Err(error) => (End::Answer(hunt.search.stopped()), Some(error)),
    };
    let told = hunt.told(&end);
    tell::text(&render(&told), args.json.as_deref())?;
    tell::json(&told, args.json.as_deref())?;
    failed.map_or(Ok((told.rate, end.exit())), Err)
}

fn check(args: &RunArgs) -> Result<(), UsageError> {
    if args.slo.is_empty() {
        return Err(UsageError(
            "find-max needs a promise to hold: --slo 'deliver.p99<50ms'".to_owned(),
        ));
    }
    if args.stages.is_some() {
        return Err(UsageError(
            "--stages: find-max sets the rate itself; give the first with --rate, and how long each try is with --duration".to_owned(),
        ));
    }
    if args.spawn.is_some() || args.server.is_none() {
        return Err(UsageError(
            "--spawn: one server must serve all tries; start it, and give HOST:PORT".to_owned(),
        ));
    }
    if args.out.is_some() {
        return Err(UsageError(
            "--out: find-max makes many runs; run the rate it finds with --out, or write its answer with --json".to_owned(),
        ));
    }
    Ok(())
}

/// One try, as it is told.
#[derive(Debug, Clone, Serialize)]
struct Try {
    rate: f64,
    kept: bool,
    promises: Vec<SloResult>,
    /// Why it was not kept.
    why: Option<String>,
    /// Why it may be the load tester's own doing, or the machine's.
    suspect: Option<String>,
}

/// How a search ended.
#[derive(Debug)]
enum End {
    Answer(Answer),
    Interrupted(Answer),
    /// A limit that is not load: the advice.
    Limited(String),
}

/// What became of one run.
enum Fate {
    Tried(Try),
    Interrupted,
    Limited(String),
}

impl End {
    fn exit(&self) -> Exit {
        match self {
            Self::Answer(Answer::Found(_) | Answer::Unfinished { kept: Some(_) }) => Exit::Pass,
            Self::Answer(_) => Exit::SloFailed,
            Self::Interrupted(_) => Exit::Interrupted,
            Self::Limited(_) => Exit::Invalid,
        }
    }
}

/// A search under way.
struct Hunt<'a> {
    args: &'a RunArgs,
    search: Search,
    tries: Vec<Try>,
    began: Instant,
}

impl<'a> Hunt<'a> {
    fn new(args: &'a RunArgs) -> anyhow::Result<Self> {
        let workload = Workload::new(Preset::Try, args)?;
        Ok(Self {
            args,
            search: Search::new(workload.mean_rate()),
            tries: Vec::new(),
            began: Instant::now(),
        })
    }

    fn search(&mut self) -> anyhow::Result<End> {
        loop {
            let rate = match self.search.next() {
                Next::End(answer) => return Ok(End::Answer(answer)),
                Next::Try(_) if self.began.elapsed() > MAX_TIME => {
                    return Ok(End::Answer(self.search.stopped()));
                }
                Next::Try(rate) => rate,
            };
            match attempt(self.args, rate)? {
                Fate::Tried(tried) => self.take_in(tried)?,
                Fate::Interrupted => return Ok(End::Interrupted(self.search.stopped())),
                Fate::Limited(why) => return Ok(End::Limited(why)),
            }
        }
    }

    fn take_in(&mut self, tried: Try) -> anyhow::Result<()> {
        self.search.on(match tried.kept {
            true => Tried::Kept,
            false => Tried::Broken,
        });
        self.tries.push(tried);
        let line = try_line(self.tries.len(), &self.tries[self.tries.len() - 1]);
        tell::text(&line, self.args.json.as_deref())
    }

    fn told(&self, end: &End) -> Told<'_> {
        let rate = match end {
            End::Answer(answer) | End::Interrupted(answer) => match answer {
                Answer::Found(rate) => Some(*rate),
                Answer::Unfinished { kept } => *kept,
                Answer::Nothing { .. } => None,
            },
            End::Limited(_) => None,
        };
        let of = |kept| {
            let matching = move |tried: &&Try| tried.kept == kept;
            self.tries.iter().rev().filter(matching)
        };
        let at = of(true).find(|tried| Some(tried.rate) == rate);
        let above = of(false).filter(|tried| rate.is_none_or(|rate| tried.rate > rate));
        Told {
            schema: SCHEMA,
            ended: ended(end),
            rate,
            at,
            above: above.min_by(|one, other| one.rate.total_cmp(&other.rate)),
            tries: &self.tries,
            elapsed_ns: crate::nanos::nanos(self.began.elapsed()),
        }
    }
}

/// The result, as it is told.
#[derive(Serialize)]
struct Told<'a> {
    schema: u32,
    ended: String,
    /// The highest rate that is known to keep the promises.
    rate: Option<f64>,
    /// The last try at it.
    at: Option<&'a Try>,
    /// The lowest rate above it that was broken.
    above: Option<&'a Try>,
    tries: &'a [Try],
    elapsed_ns: u64,
}

fn ended(end: &End) -> String {
    match end {
        End::Answer(Answer::Found(_)) => "found".to_owned(),
        End::Answer(Answer::Nothing { lowest }) => format!(
            "even {} breaks a promise: take a lower --rate, fewer --users, or promise less",
            tell::rate(*lowest)
        ),
        End::Answer(Answer::Unfinished { .. }) => {
            "not confirmed: what was kept did not stay so, or there was no time; a calmer machine, a longer --duration, a --rate nearer to the answer".to_owned()
        }
        End::Interrupted(_) => "interrupted: not confirmed".to_owned(),
        End::Limited(why) => format!("INVALID, and not for the load: {why}"),
    }
}

/// Makes one run at a rate.
fn attempt(args: &RunArgs, rate: f64) -> anyhow::Result<Fate> {
    let args = RunArgs {
        rate: Some(Rate(rate)),
        ..args.clone()
    };
    let workload = Workload::new(Preset::Try, &args)?;
    let plan = Arc::new(Plan::new(workload, &How::from(&args))?);
    preflight::check(&plan)?;
    let outcome = engine::run(&plan)?;
    if outcome.interrupted {
        return Ok(Fate::Interrupted);
    }
    if let Some(why) = other_than_load(&outcome) {
        return Ok(Fate::Limited(why));
    }
    let (run, exit) = result::build(&plan, &args.slo, outcome);
    Ok(Fate::Tried(tried(rate, &run, exit)))
}

/// Why a run is INVALID where that tells nothing of the rate the server carries, and what to do.
fn other_than_load(outcome: &Outcome) -> Option<String> {
    // A reader that falls behind, or a sender that is held, is what load does.
    let is_load = |limit: &&Limit| matches!(limit, Limit::TooSlow | Limit::HeldTooLong);
    let limit = outcome.limits.iter().find(|limit| !is_load(limit));
    let advice = limit.map(|limit| format!("{}: {}", limit.meaning(), limit.advice()));
    let cut = outcome.cut;
    let cut = (cut > 0 && outcome.limits.is_empty())
        .then(|| format!("{cut} connections ended without a reason: see the server's log"));
    advice.or(cut)
}

fn tried(rate: f64, run: &Run, exit: Exit) -> Try {
    let why = why_not(run, exit);
    Try {
        rate,
        kept: why.is_none(),
        promises: run.slo.clone(),
        why,
        suspect: (run.verdict.trust == "SUSPECT").then(|| run.verdict.reasons.join("; ")),
    }
}

/// What speaks against a try; none if it was kept.
fn why_not(run: &Run, exit: Exit) -> Option<String> {
    let wrong = run
        .delivery
        .faults()
        .into_iter()
        .find(|(_, count)| *count > 0);
    if let Some((word, count)) = wrong {
        return Some(format!("wrong delivery: {count} {word}"));
    }
    if run.verdict.trust == "INVALID" {
        return Some(run.verdict.reasons.join("; "));
    }
    if let Some(broken) = run.slo.iter().find(|promise| !promise.ok) {
        return Some(match broken.value_ns {
            Some(value) => format!("{} is {} ms", broken.promise, milliseconds(value)),
            None => format!(
                "{}: too few observations in a try to tell: a longer --duration, or a higher --rate to begin with",
                broken.promise
            ),
        });
    }
    (exit != Exit::Pass).then(|| format!("it ended with exit code {}", exit as u8))
}

fn try_line(number: usize, tried: &Try) -> String {
    let promises = tried.promises.iter().map(|promise| {
        let value = promise.value_ns.map(milliseconds);
        let (word, _) = promise.promise.split_once(' ').unwrap_or_default();
        format!("{word} {} ms", value.as_deref().unwrap_or("–"))
    });
    let fate = match &tried.why {
        None => "kept".to_owned(),
        Some(why) => format!("broken: {why}"),
    };
    format!(
        " TRY {number:>3}   {:>10}   {}   {fate}\n",
        tell::rate(tried.rate),
        promises.collect::<Vec<_>>().join(" · ")
    )
}

fn render(told: &Told<'_>) -> String {
    let mut lines = vec![match told.rate {
        Some(rate) => format!(" RESULT    {}   {}", tell::rate(rate), told.ended),
        None => format!(" RESULT    –   {}", told.ended),
    }];
    let promises = told.at.iter().flat_map(|tried| &tried.promises);
    lines.extend(promises.map(|promise| {
        let value = promise.value_ns.map(milliseconds);
        format!(
            " SLO       {:<24}{:>8}  ok",
            promise.promise,
            value.as_deref().unwrap_or("–")
        )
    }));
    if let Some(above) = told.above {
        let why = above.why.as_deref().unwrap_or_default();
        lines.push(format!(" ABOVE     {}   {why}", tell::rate(above.rate)));
    }
    let suspects: Vec<_> = told
        .tries
        .iter()
        .filter_map(|tried| tried.suspect.as_ref())
        .collect();
    if let Some(last) = suspects.last() {
        lines.push(format!(
            " WARNING   {} of {} tries are SUSPECT, the server may carry more: {last}",
            suspects.len(),
            told.tries.len()
        ));
    }
    let elapsed = Duration::from_secs(told.elapsed_ns / 1_000_000_000);
    lines.push(format!(
        " TRIES     {} in {}",
        told.tries.len(),
        humantime::format_duration(elapsed)
    ));
    lines.join("\n") + "\n"
}
