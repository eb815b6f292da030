//! Names at the ends of lines, moved apart where they would cover each other: pure.

/// A line's name, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) name: &'static str,
    pub(crate) colour: &'static str,
}

/// The height of a name, and the width of any.
const HEIGHT: f64 = 16.0;
const WIDTH: f64 = 90.0;

/// The labels from top to bottom, between `ends`, none over another.
pub(crate) fn part(mut labels: Vec<Label>, ends: [f64; 2]) -> Vec<Label> {
    labels.sort_by(|one, other| one.y.total_cmp(&other.y));
    for at in 0..labels.len() {
        let above = labels[..at]
            .iter()
            .filter(|label| (label.x - labels[at].x).abs() < WIDTH);
        let lowest = above.map(|label| label.y + HEIGHT).fold(ends[0], f64::max);
        labels[at].y = labels[at].y.max(lowest);
    }
    // What was moved below the end pushes the others back up.
    for at in (0..labels.len()).rev() {
        let below = labels[at + 1..]
            .iter()
            .filter(|label| (label.x - labels[at].x).abs() < WIDTH);
        let highest = below.map(|label| label.y - HEIGHT).fold(ends[1], f64::min);
        labels[at].y = labels[at].y.min(highest);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(labels: &[(f64, f64)]) -> Vec<f64> {
        let label = |&(x, y): &(f64, f64)| Label {
            x,
            y,
            name: "",
            colour: "",
        };
        let labels = part(labels.iter().map(label).collect(), [0.0, 100.0]);
        labels.iter().map(|label| label.y).collect()
    }

    #[test]
    fn names_that_would_cover_each_other_are_moved_apart() {
        assert_eq!(
            parted(&[(0.0, 50.0), (0.0, 52.0), (0.0, 20.0)]),
            [20.0, 50.0, 66.0]
        );
        assert_eq!(
            parted(&[(0.0, 99.0), (0.0, 100.0), (0.0, 80.0)]),
            [68.0, 84.0, 100.0]
        );
    }

    #[test]
    fn names_side_by_side_stay_where_they_are() {
        assert_eq!(parted(&[(0.0, 50.0), (300.0, 52.0)]), [50.0, 52.0]);
    }
}
