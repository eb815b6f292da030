//! What became of a promise in a run: pure.

use super::slo::Slo;
use crate::books::figures::Figures;
use crate::result::SloResult;

/// Looks a promise up in what was measured. One that has too few observations is not kept: nothing shows that it is.
pub(crate) fn promised(slo: &Slo, figures: Option<&Figures>) -> SloResult {
    let spread = figures.and_then(|figures| figures.of(&slo.word));
    let value = spread.and_then(|spread| spread.figure(&slo.figure));
    SloResult {
        promise: slo.to_string(),
        value_ns: value,
        ok: value.is_some_and(|value| value < slo.below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_below_its_time_and_not_without_observations() {
        let slo: Slo = "deliver.p50<5ms".parse().unwrap();
        let mut figures = Figures::default();
        assert_eq!(promised(&slo, Some(&figures)).value_ns, None);
        assert!(!promised(&slo, Some(&figures)).ok);
        (0..20).for_each(|_| figures.deliver.record(0, 4_000_000));
        assert!(promised(&slo, Some(&figures)).ok);
        (0..40).for_each(|_| figures.deliver.record(0, 5_500_000));
        assert!(!promised(&slo, Some(&figures)).ok);
        assert!(!promised(&slo, None).ok);
    }
}
