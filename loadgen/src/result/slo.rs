//! Service level objectives: what became of each in a run. Pure.

use super::SloResult;
use crate::cli::slo::Slo;
use crate::metrics::latencies::Latencies;

/// Looks an objective up in what was measured. With too few observations it is not met: nothing shows that it is.
pub(crate) fn check_slo(slo: &Slo, figures: Option<&Latencies>) -> SloResult {
    let histogram = figures.and_then(|figures| figures.of(&slo.word));
    let value = histogram.and_then(|histogram| histogram.figure(&slo.figure));
    SloResult {
        objective: slo.to_string(),
        value_ns: value,
        ok: value.is_some_and(|value| value < slo.below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_is_met_below_its_time_and_not_without_observations() {
        let slo: Slo = "deliver.p50<5ms".parse().unwrap();
        let mut figures = Latencies::default();
        assert_eq!(check_slo(&slo, Some(&figures)).value_ns, None);
        assert!(!check_slo(&slo, Some(&figures)).ok);
        (0..20).for_each(|_| figures.deliver.record(0, 4_000_000));
        assert!(check_slo(&slo, Some(&figures)).ok);
        (0..40).for_each(|_| figures.deliver.record(0, 5_500_000));
        assert!(!check_slo(&slo, Some(&figures)).ok);
        assert!(!check_slo(&slo, None).ok);
    }
}
