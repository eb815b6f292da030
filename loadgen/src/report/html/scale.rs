//! Scales from data to a drawing, and axes with ticks at 1, 2 and 5 times a power of ten: pure.

use serde::Serialize;

use crate::units::short;

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScaleKind {
    Linear,
    Log,
}

/// One axis, in the units of the data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) kind: ScaleKind,
    /// The first is less than the second; both are above 0 on a logarithmic axis.
    pub(super) domain: [f64; 2],
    pub(super) ticks: Vec<Tick>,
}

/// A value on an axis, and how it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

impl Axis {
    /// Logarithmic, from tick to tick around the values; labels count in `unit`.
    pub(super) fn log(label: &'static str, unit: f64, values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), value| {
                (least.min(value), most.max(value))
            });
        let (least, most) = if most > 0.0 {
            (least, most)
        } else {
            (unit, unit)
        };
        Self::between(
            label,
            ScaleKind::Log,
            unit,
            log_ticks(least / unit, most / unit),
        )
    }

    /// Linear, from 0 to the tick at or above the greatest value; labels count in `unit`.
    pub(super) fn linear(
        label: &'static str,
        unit: f64,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let most = values.fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { unit };
        Self::between(label, ScaleKind::Linear, unit, linear_ticks(most / unit))
    }

    fn between(label: &'static str, kind: ScaleKind, unit: f64, ticks: Vec<f64>) -> Self {
        let ends = [ticks[0] * unit, ticks[ticks.len() - 1] * unit];
        let tick = |value: f64| Tick {
            value: value * unit,
            label: short(value),
        };
        Self {
            label,
            kind,
            domain: ends,
            ticks: ticks.into_iter().map(tick).collect(),
        }
    }

    /// Seconds of a run, from the first to the last and no further.
    pub(super) fn seconds(first: u32, last: u32) -> Self {
        let (first, last) = (f64::from(first), f64::from(last));
        let mut axis = Self::linear("seconds since the sending began", 1.0, [last].into_iter());
        axis.ticks
            .retain(|tick| (first..=last).contains(&tick.value) && tick.value.fract() == 0.0);
        axis.domain = if first < last {
            [first, last]
        } else {
            [first - 0.5, first + 0.5]
        };
        axis
    }

    /// Percentiles as HdrHistogram's plots have them: at 1/(1-p), logarithmic.
    pub(super) fn percentiles(most: f64) -> Self {
        let most = most.max(10.0);
        let powers = (0..=15).map(|power| 10f64.powi(power));
        let ticks = powers.take_while(|value| *value <= most).enumerate();
        Self {
            label: "percentile",
            kind: ScaleKind::Log,
            domain: [1.0, most],
            ticks: ticks
                .map(|(nines, value)| Tick {
                    value,
                    label: percentile(nines),
                })
                .collect(),
        }
    }

    /// Where on the axis a value is drawn, 0 to 1. What is beyond its ends is drawn at them.
    pub(super) fn share(&self, value: f64) -> f64 {
        let measure = |value: f64| match self.kind {
            ScaleKind::Linear => value,
            ScaleKind::Log => value.max(self.domain[0]).ln(),
        };
        let [from, to] = self.domain.map(measure);
        ((measure(value) - from) / (to - from)).clamp(0.0, 1.0)
    }
}

/// `0 %`, `90 %`, `99 %`, `99.9 %`: that many nines.
fn percentile(nines: usize) -> String {
    match nines {
        0 => "0 %".to_owned(),
        1 => "90 %".to_owned(),
        2 => "99 %".to_owned(),
        _ => format!("99.{} %", "9".repeat(nines - 2)),
    }
}

/// 0 and equal steps of 1, 2 or 5 times a power of ten, four to ten of them, to the first at or above `most`.
fn linear_ticks(most: f64) -> Vec<f64> {
    let power = 10f64.powf((most / 4.0).log10().floor());
    let step = [5.0, 2.0, 1.0].map(|times| times * power);
    let step = step.into_iter().find(|step| most / step >= 4.0 - 1e-9);
    let step = step.unwrap_or(power);
    let steps = (most / step - 1e-9).ceil() as u32;
    (0..=steps).map(|at| tidy(f64::from(at) * step)).collect()
}

/// Values 1, 2 and 5 times a power of ten, from at or below `least` to at or above `most`, two at least; over
/// more than three powers of ten, these alone.
fn log_ticks(least: f64, most: f64) -> Vec<f64> {
    let wide = (most / least).log10() > 3.0;
    let times: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let powers = least.log10().floor() as i32 - 1..=most.log10().ceil() as i32 + 1;
    let all = powers.flat_map(|power| {
        times
            .iter()
            .map(move |times| tidy(times * 10f64.powi(power)))
    });
    let all: Vec<f64> = all.collect();
    let first = all.partition_point(|tick| *tick <= least).saturating_sub(1);
    let end = all.partition_point(|tick| *tick < most).max(first + 1);
    all[first..=end.min(all.len() - 1)].to_vec()
}

/// Without the last bits that arithmetic adds: 0.3, not 0.30000000000000004.
fn tidy(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| &*tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_reach_the_greatest_value() {
        assert_eq!(linear_ticks(1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(
            linear_ticks(66.0),
            [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]
        );
        assert_eq!(linear_ticks(0.3), [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
        for most in [0.000_7, 3.9, 4.0, 4.1, 99.0, 123_456.0] {
            let ticks = linear_ticks(most);
            assert!((5..=11).contains(&ticks.len()), "{ticks:?}");
            assert!(ticks[ticks.len() - 1] >= most, "{ticks:?}");
            assert!(ticks[ticks.len() - 2] < most, "{ticks:?}");
        }
    }

    #[test]
    fn log_ticks_are_1_2_5_around_the_values() {
        assert_eq!(log_ticks(0.43, 11.6), [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(log_ticks(1.0, 10.0), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(log_ticks(3.0, 3.0), [2.0, 5.0]);
        assert_eq!(log_ticks(2.0, 2.0), [2.0, 5.0]);
        assert_eq!(
            log_ticks(0.05, 300.0),
            [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
        );
    }

    #[test]
    fn labels_count_in_the_unit_and_values_in_that_of_the_data() {
        let axis = Axis::log("ms", 1e6, [600_000.0, 4_100_000.0].into_iter());
        assert_eq!(labels(&axis), ["0.5", "1", "2", "5"]);
        assert_eq!(axis.domain, [500_000.0, 5_000_000.0]);
    }

    #[test]
    fn percentiles_stand_at_one_by_one_minus_p() {
        let axis = Axis::percentiles(123_000.0);
        assert_eq!(
            labels(&axis),
            ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]
        );
        assert_eq!(axis.ticks[3].value, 1000.0);
    }

    #[test]
    fn a_value_is_drawn_where_it_belongs() {
        let log = Axis::percentiles(100.0);
        assert_eq!(
            [1.0, 10.0, 100.0, 1e9].map(|value| log.share(value)),
            [0.0, 0.5, 1.0, 1.0]
        );
        let linear = Axis::linear("", 1.0, [10.0].into_iter());
        assert_eq!(
            [0.0, 2.5, 10.0].map(|value| linear.share(value)),
            [0.0, 0.25, 1.0]
        );
    }

    #[test]
    fn no_data_and_one_second_make_an_axis_all_the_same() {
        for axis in [
            Axis::log("", 1e6, std::iter::empty()),
            Axis::log("", 1e6, [0.0].into_iter()),
            Axis::linear("", 1e9, std::iter::empty()),
            Axis::seconds(0, 0),
            Axis::seconds(7, 7),
            Axis::percentiles(0.0),
        ] {
            assert!(axis.domain[0] < axis.domain[1], "{axis:?}");
            assert!(axis.share(0.0).is_finite(), "{axis:?}");
        }
        assert_eq!(labels(&Axis::seconds(7, 7)), ["7"]);
    }
}
