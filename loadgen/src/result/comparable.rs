//! Comparability: whether two sides may be compared at all, and what to think of when they are. Pure.

use std::collections::BTreeSet;

use super::Run;

/// A run and where it was read from.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) place: String,
    pub(crate) run: Run,
}

/// What to think of, in the order it is shown.
///
/// # Errors
/// Why they can't be compared, and what to do.
pub(crate) fn check(a: &[Read], b: &[Read]) -> Result<Vec<String>, String> {
    for side in [a, b] {
        side.iter().try_for_each(is_sound)?;
        are_different(side)?;
    }
    same_workload(a, b)?;
    Ok(doubts(a, b).chain(environments(a, b)).collect())
}

fn is_sound(read: &Read) -> Result<(), String> {
    let Read { place, run } = read;
    if run.verdict.trust != "INVALID" && run.has_figures() {
        return Ok(());
    }
    let why = run.verdict.reasons.first();
    Err(format!(
        "{place}: the run is INVALID, its figures mean nothing ({}): take it away, or run it again",
        why.map_or("without a reason", |why| why)
    ))
}

/// The same run twice would count as two observations.
fn are_different(side: &[Read]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let twice = side.iter().find(|read| !seen.insert(&read.run.run));
    twice.map_or(Ok(()), |read| {
        Err(format!(
            "{}: run {} is there twice, and would count twice: take one away",
            read.place, read.run.run
        ))
    })
}

fn same_workload(a: &[Read], b: &[Read]) -> Result<(), String> {
    let mut all = a.iter().chain(b);
    let Some(first) = all.next() else {
        return Ok(());
    };
    let other = all.find(|read| read.run.hashes.workload != first.run.hashes.workload);
    other.map_or(Ok(()), |other| {
        Err(format!(
            "{} and {} did different work (workload {} and {}): run both with the same flags and the same --seed",
            first.place, other.place, first.run.hashes.workload, other.run.hashes.workload
        ))
    })
}

fn doubts<'a>(a: &'a [Read], b: &'a [Read]) -> impl Iterator<Item = String> + 'a {
    a.iter().chain(b).filter_map(|Read { place, run }| {
        let verdict = &run.verdict;
        if verdict.trust == "SUSPECT" {
            let why = verdict.reasons.join("; ");
            return Some(format!("{place} is SUSPECT: {why}"));
        }
        if verdict.interrupted {
            return Some(format!(
                "{place} was interrupted: it is shorter than the others"
            ));
        }
        let faults = run.tally.delivery.wrong();
        (faults > 0).then(|| format!("{place} has {faults} wrong deliveries: see there first"))
    })
}

/// A property of a run's machine.
type Property = fn(&Run) -> String;

/// What differs between the machines: it may be what the comparison shows.
fn environments(a: &[Read], b: &[Read]) -> Vec<String> {
    let values = |side: &[Read], of: Property| {
        side.iter()
            .map(|read| of(&read.run))
            .collect::<BTreeSet<_>>()
    };
    let shown = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(", ");
    let fields: [(&str, Property); 3] = [
        ("kernel", |run| run.environment.kernel.clone()),
        ("cpu", |run| run.environment.cpu.clone()),
        ("cores", |run| run.environment.cores.to_string()),
    ];
    let each = fields.into_iter().filter_map(|(name, of)| {
        let (a, b) = (values(a, of), values(b, of));
        (a != b || a.len() > 1).then(|| {
            format!(
                "the machines differ in {name}, and what is shown may be theirs: A {}; B {}",
                shown(a),
                shown(b)
            )
        })
    });
    each.collect()
}
