//! `find-max`: the highest rate at which the objectives are met, by one run of the engine after another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::exit_of;
use super::output::{self, Output, UsageError, settled};
use crate::cli::values::Rate;
use crate::cli::{FindMaxArgs, Preset, RunArgs};
use crate::engine;
use crate::engine::outcome::Outcome;
use crate::machine::preflight;
use crate::plan::protocol::Limit;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::result::search::{Answer, Next, Search, Tried};
use crate::result::verdict::Exit;
use crate::result::{self, Run, SCHEMA, SloResult};
use crate::units::milliseconds;

/// A search that takes longer ends with what it knows.
const MAX_TIME: Duration = Duration::from_secs(30 * 60);

/// Searches, and prints the answer.
pub(super) fn run(args: &FindMaxArgs) -> anyhow::Result<Exit> {
    let output = Output::open(args.run.json.as_deref())?;
    let found = highest(&args.run, &output)?;
    Ok(output.finish(&found.text(), &found, found.exit))
}

/// Searches, and shows each try: the highest rate that is known to meet the objectives, and how that ends.
///
/// # Errors
/// That there is no objective, or that no run can be made.
pub(super) fn highest(args: &RunArgs, output: &Output) -> anyhow::Result<Found> {
    check(args)?;
    let mut hunt = Hunt::new(args, output)?;
    let end = match hunt.search() {
        Ok(end) => end,
        Err(error) if hunt.tries.is_empty() => return Err(error),
        // What is known is shown even where the search could not go on.
        Err(error) => {
            let exit = exit_of(&error);
            End::Failed(hunt.search.stopped(), settled(Err(error), exit))
        }
    };
    Ok(hunt.found(&end))
}

fn check(args: &RunArgs) -> Result<(), UsageError> {
    if args.slo.is_empty() {
        return Err(UsageError(
            "find-max needs an objective: --slo 'deliver.p99<50ms'".to_owned(),
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

/// One try, as it is shown.
#[derive(Debug, Clone, Serialize)]
struct Try {
    rate: f64,
    kept: bool,
    objectives: Vec<SloResult>,
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
    /// It could not go on; that has been told.
    Failed(Answer, Exit),
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
            Self::Failed(_, exit) => *exit,
            Self::Limited(_) => Exit::Invalid,
        }
    }
}

/// A search under way.
struct Hunt<'a> {
    args: &'a RunArgs,
    output: &'a Output,
    search: Search,
    tries: Vec<Try>,
    began: Instant,
}

impl<'a> Hunt<'a> {
    fn new(args: &'a RunArgs, output: &'a Output) -> anyhow::Result<Self> {
        let workload = Workload::new(Preset::Try, args)?;
        Ok(Self {
            args,
            output,
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
        self.search.on(if tried.kept {
            Tried::Kept
        } else {
            Tried::Broken
        });
        self.tries.push(tried);
        let line = try_line(self.tries.len(), &self.tries[self.tries.len() - 1]);
        self.output.text(&line)
    }

    fn found(self, end: &End) -> Found {
        let rate = match end {
            End::Answer(answer) | End::Interrupted(answer) | End::Failed(answer, _) => match answer
            {
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
        Found {
            schema: SCHEMA,
            ended: ended(end),
            rate,
            at: at.cloned(),
            above: above
                .min_by(|one, other| one.rate.total_cmp(&other.rate))
                .cloned(),
            elapsed_ns: crate::units::nanos(self.began.elapsed()),
            exit: end.exit(),
            tries: self.tries,
        }
    }
}

/// The result, as it is shown.
#[derive(Serialize)]
pub(super) struct Found {
    schema: u32,
    ended: String,
    /// The highest rate that is known to meet the objectives.
    pub(super) rate: Option<f64>,
    /// The last try at it.
    at: Option<Try>,
    /// The lowest rate above it that was broken.
    above: Option<Try>,
    tries: Vec<Try>,
    elapsed_ns: u64,
    #[serde(skip)]
    pub(super) exit: Exit,
}

fn ended(end: &End) -> String {
    match end {
        End::Answer(Answer::Found(_)) => "found".to_owned(),
        End::Answer(Answer::Nothing { lowest }) => format!(
            "even {} misses an objective: take a lower --rate, fewer --users, or ask less",
            output::rate(*lowest)
        ),
        End::Answer(Answer::Unfinished { .. }) => {
            "not confirmed: what was kept did not stay so, or there was no time; a calmer machine, a longer --duration, a --rate nearer to the answer".to_owned()
        }
        End::Interrupted(_) => "interrupted: not confirmed".to_owned(),
        End::Failed(..) => "it could not go on: not confirmed".to_owned(),
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

/// Why a run is INVALID for another reason than the rate, and what to do.
fn other_than_load(outcome: &Outcome) -> Option<String> {
    // A reader that falls behind, or a sender that is held, is what load does.
    let is_load = |limit: &&Limit| matches!(limit, Limit::TooSlow | Limit::HeldTooLong);
    let limit = outcome.tally.limits.iter().find(|limit| !is_load(limit));
    let advice = limit.map(|limit| format!("{}: {}", limit.meaning(), limit.advice()));
    let cut = outcome.tally.cut;
    let cut = (cut > 0 && outcome.tally.limits.is_empty())
        .then(|| format!("{cut} connections ended without a reason: see the server's log"));
    advice.or(cut)
}

fn tried(rate: f64, run: &Run, exit: Exit) -> Try {
    let why = why_not(run, exit);
    Try {
        rate,
        kept: why.is_none(),
        objectives: run.slo.clone(),
        why,
        suspect: (run.verdict.trust == "SUSPECT").then(|| run.verdict.reasons.join("; ")),
    }
}

/// What speaks against a try; none if it was kept.
fn why_not(run: &Run, exit: Exit) -> Option<String> {
    let faults = run.tally.delivery.faults();
    let wrong = faults.into_iter().find(|(_, count)| *count > 0);
    if let Some((word, count)) = wrong {
        return Some(format!("wrong delivery: {count} {word}"));
    }
    if run.verdict.trust == "INVALID" {
        return Some(run.verdict.reasons.join("; "));
    }
    if let Some(broken) = run.slo.iter().find(|slo| !slo.ok) {
        return Some(match broken.value_ns {
            Some(value) => format!("{} is {} ms", broken.objective, milliseconds(value)),
            None => format!(
                "{}: {} in a try: a longer --duration, or a higher --rate to begin with",
                broken.objective,
                broken.why.as_deref().unwrap_or_default()
            ),
        });
    }
    (exit != Exit::Pass).then(|| format!("it ended with exit code {}", exit as u8))
}

fn try_line(number: usize, tried: &Try) -> String {
    let objectives = tried.objectives.iter().map(|slo| {
        let value = slo.value_ns.map(milliseconds);
        let (word, _) = slo.objective.split_once(' ').unwrap_or_default();
        format!("{word} {} ms", value.as_deref().unwrap_or("–"))
    });
    let fate = match &tried.why {
        None => "kept".to_owned(),
        Some(why) => format!("broken: {why}"),
    };
    format!(
        " TRY {number:>3}   {:>10}   {}   {fate}\n",
        output::rate(tried.rate),
        objectives.collect::<Vec<_>>().join(" · ")
    )
}

impl Found {
    pub(super) fn text(&self) -> String {
        let mut lines = vec![match self.rate {
            Some(rate) => format!(" RESULT    {}   {}", output::rate(rate), self.ended),
            None => format!(" RESULT    –   {}", self.ended),
        }];
        let objectives = self.at.iter().flat_map(|tried| &tried.objectives);
        lines.extend(objectives.map(|slo| {
            let value = slo.value_ns.map(milliseconds);
            format!(
                " SLO       {:<24}{:>8}  ok",
                slo.objective,
                value.as_deref().unwrap_or("–")
            )
        }));
        if let Some(above) = &self.above {
            let why = above.why.as_deref().unwrap_or_default();
            lines.push(format!(" ABOVE     {}   {why}", output::rate(above.rate)));
        }
        let suspects: Vec<_> = self
            .tries
            .iter()
            .filter_map(|tried| tried.suspect.as_ref())
            .collect();
        if let Some(last) = suspects.last() {
            lines.push(format!(
                " WARNING   {} of {} tries are SUSPECT, the server may carry more: {last}",
                suspects.len(),
                self.tries.len()
            ));
        }
        let elapsed = Duration::from_secs(self.elapsed_ns / 1_000_000_000);
        lines.push(format!(
            " TRIES     {} in {}",
            self.tries.len(),
            humantime::format_duration(elapsed)
        ));
        lines.join("\n") + "\n"
    }
}
