//! Rank statistics: Hodges and Lehmann's shift between two samples, with the interval of Mann and Whitney's test.
//!
//! It asks nothing of how the values are spread but that the two spreads have one shape, so an outlier is one
//! observation and no more.

/// Up to so many pairs the distribution is counted out; then it is close enough to the normal one. 400 is 20
/// observations a side, whose C(40, 20) orders a 64-bit float still counts without error.
const EXACT_PAIRS: usize = 400;

/// How far B lies above A, with the values it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    /// The median of all differences of a pair.
    pub(crate) estimate: f64,
    /// Unbounded where there are too few observations for the level.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The shift from `a` to `b`: the interval holds the true one in all but `error` of the cases. None if a side is empty.
///
/// The interval leaves out 0 exactly where the two-sided rank-sum test rejects at `error`, with values that are equal
/// counted against the rejection.
pub(crate) fn shift(a: &[f64], b: &[f64], error: f64) -> Option<Shift> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let pairs = differences(a, b);
    let outside = if a.len() * b.len() <= EXACT_PAIRS {
        exact_outside(a.len(), b.len(), error / 2.0)
    } else {
        normal_outside(a, b, error / 2.0)
    };
    let (low, high) = match outside {
        Some(outside) => (pairs[outside], pairs[pairs.len() - 1 - outside]),
        None => (f64::NEG_INFINITY, f64::INFINITY),
    };
    Some(Shift {
        estimate: median(&pairs),
        low,
        high,
    })
}

/// The middle of sorted values.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[half - 1], sorted[half]),
        _ => sorted[half],
    }
}

/// The smallest probability, two-sided, that so many observations can give: all of one side below all of the other.
pub(crate) fn least_probability(a: usize, b: usize) -> f64 {
    (2.0 / orders(a, b)).min(1.0)
}

/// Observations a side from which a difference can be shown at all.
pub(crate) fn least_observations(error: f64) -> usize {
    let enough = |each: &usize| least_probability(*each, *each) <= error;
    (1..).find(enough).unwrap_or(usize::MAX)
}

/// b − a of every pair, in ascending order.
fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut pairs: Vec<f64> = b
        .iter()
        .flat_map(|b| a.iter().map(move |a| b - a))
        .collect();
    pairs.sort_by(f64::total_cmp);
    pairs
}

/// Pairs left out at each end: the most, of which the chance is no more than `tail`. None if even none is too many.
fn exact_outside(a: usize, b: usize, tail: f64) -> Option<usize> {
    let all = orders(a, b);
    let mut sum = 0.0;
    let likely = counts(a, b).iter().position(|count| {
        sum += count;
        sum > tail * all
    });
    likely.and_then(|first| first.checked_sub(1))
}

/// The same by the normal distribution, whose variance equal values make smaller.
fn normal_outside(a: &[f64], b: &[f64], tail: f64) -> Option<usize> {
    let pairs = (a.len() * b.len()) as f64;
    let total = (a.len() + b.len()) as f64;
    let ties = ties(a, b) / (total * (total - 1.0));
    let deviation = (pairs / 12.0 * (total + 1.0 - ties)).sqrt();
    // Half a step of the rank sum, since it counts in whole ones.
    let outside = (pairs / 2.0 - upper_normal(tail) * deviation - 0.5).floor();
    (outside >= 0.0).then_some(outside as usize)
}

/// The sum of t³ − t over each group of t equal values.
fn ties(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    let groups = all.chunk_by(|one, other| one == other);
    groups
        .map(|group| (group.len() as f64).powi(3) - group.len() as f64)
        .sum()
}

/// The value that a normal variable exceeds with the probability `tail`, 0 < tail <= 0.5: Abramowitz and Stegun 26.2.23,
/// and what it may be wrong by on top.
fn upper_normal(tail: f64) -> f64 {
    const ERROR: f64 = 4.5e-4;
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below + ERROR
}

/// In how many orders two samples can lie.
fn orders(a: usize, b: usize) -> f64 {
    (1..=b).fold(1.0, |orders, i| orders * (a + i) as f64 / i as f64)
}

/// For each number of pairs in which b is below a, the orders that have it: the coefficients of Gauss's binomial,
/// built one observation of b at a time, times (1 − q^(a+i)) and divided by (1 − q^i).
fn counts(a: usize, b: usize) -> Vec<f64> {
    let mut counts = vec![0.0; a * b + 1];
    counts[0] = 1.0;
    for i in 1..=b {
        for at in (a + i..counts.len()).rev() {
            counts[at] -= counts[at - a - i];
        }
        for at in i..counts.len() {
            counts[at] += counts[at - i];
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_are_counted() {
        // Two of two: 1 1 2 1 1 of six.
        assert_eq!(counts(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(orders(10, 10), 184_756.0);
        assert_eq!(counts(10, 10).iter().sum::<f64>(), 184_756.0);
        assert_eq!(counts(20, 20).iter().sum::<f64>(), orders(20, 20).round());
    }

    #[test]
    fn the_critical_values_are_those_of_the_tables() {
        // Mann-Whitney, two-sided: the largest U that rejects.
        assert_eq!(exact_outside(5, 5, 0.025), Some(2));
        assert_eq!(exact_outside(10, 10, 0.025), Some(23));
        assert_eq!(exact_outside(10, 10, 0.005), Some(16));
        assert_eq!(exact_outside(20, 20, 0.025), Some(127));
        assert_eq!(exact_outside(3, 3, 0.025), None);
    }

    #[test]
    fn the_normal_distribution_takes_over_without_a_step() {
        let distinct = |from: usize| (0..20).map(|i| (2 * i + from) as f64).collect::<Vec<_>>();
        let near = normal_outside(&distinct(0), &distinct(1), 0.025).unwrap();
        assert!(near.abs_diff(127) <= 1, "{near}");
        assert!((upper_normal(0.025) - 1.96).abs() < 0.001);
    }

    #[test]
    fn equal_values_make_the_variance_smaller_and_reject_nothing() {
        assert_eq!(ties(&[1.0, 1.0, 2.0], &[1.0, 3.0]), 24.0);
        let same = [7.0; 30];
        let shift = shift(&same, &same, 0.05).unwrap();
        assert_eq!((shift.low, shift.estimate, shift.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_shift_is_found_with_its_sign() {
        let a: Vec<f64> = (0..10).map(f64::from).collect();
        let b: Vec<f64> = a.iter().map(|a| a + 20.0).collect();
        let shift = shift(&a, &b, 0.01).unwrap();
        assert_eq!(shift.estimate, 20.0);
        assert!(0.0 < shift.low && shift.low < 20.0 && 20.0 < shift.high);
    }

    #[test]
    fn too_few_observations_leave_it_open() {
        let shift = shift(&[1.0, 2.0], &[8.0, 9.0], 0.05).unwrap();
        assert_eq!((shift.low, shift.high), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(least_observations(0.05), 4);
        assert_eq!(least_observations(0.05 / 6.0), 5);
        assert!(super::shift(&[], &[1.0], 0.05).is_none());
    }
}
