//! Line plot as SVG: axes, grid, lines with their names at their ends.
//!
//! Each line carries its data for programs, in the units of `run.json`: `data-points="x,y x,y …"`. Each tick
//! carries its value, so that what is drawn can be held to the data.

use std::fmt::Write;

use super::scale::{Axis, Kind};

/// A plot, before it is drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    /// Of the element, and in front of its parts'.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What one sees in it, in a sentence or two.
    pub(crate) caption: &'static str,
    pub(crate) size: Extent,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) marks: Vec<Mark>,
}

/// How much room a plot takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    Wide,
    Half,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// Names the colour in the style sheet: `deliver`, `service` …
    pub(crate) colour: &'static str,
    pub(crate) style: Style,
    pub(crate) points: Vec<(f64, f64)>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Solid,
    /// Of few observations.
    Faint,
    /// A point for each second: what is more than one second apart is not joined.
    Seconds,
    /// With a dot at each point.
    Dots,
}

/// A moment on the x axis from which on something else holds.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) x: f64,
    pub(crate) label: String,
}

/// The drawing's size, and where its axes are.
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot {
    /// The plot as a figure with its caption; nothing if it has no data.
    pub(crate) fn render(&self) -> String {
        if self.series.iter().all(|series| series.points.is_empty()) {
            return String::new();
        }
        let Plot { id, title, .. } = self;
        let caption = escape(self.caption);
        let frame = &self.frame();
        let (width, height) = (frame.width, frame.height);
        let class = match self.size {
            Extent::Wide => "wide",
            Extent::Half => "half",
        };
        let parts = [
            self.x_axis(frame),
            self.y_axis(frame),
            self.marks(frame),
            self.lines(frame),
            self.labels(frame),
        ];
        format!(
            "<figure class=\"{class}\" id=\"{id}\"><figcaption><b>{title}</b> {caption}</figcaption>\n\
             <svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
             data-x=\"{}\" data-y=\"{}\">\n\
             <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{caption}</desc>\n{}</svg></figure>\n",
            kind(&self.x),
            kind(&self.y),
            parts.concat(),
        )
    }

    fn frame(&self) -> Frame {
        let (width, height, margin) = match self.size {
            Extent::Wide => (960.0, 330.0, 96.0),
            Extent::Half => (470.0, 230.0, 20.0),
        };
        Frame {
            width,
            height,
            left: 52.0,
            right: width - margin,
            top: 26.0,
            bottom: height - 44.0,
        }
    }

    fn x_axis(&self, frame: &Frame) -> String {
        let (top, bottom) = (frame.top, frame.bottom);
        let mut svg = String::new();
        for tick in &self.x.ticks {
            let (x, value) = (frame.x(&self.x, tick.value), tick.value);
            let below = bottom + 17.0;
            // A String takes everything, here and below.
            let _ = writeln!(
                svg,
                "<g class=\"tick\" data-axis=\"x\" data-value=\"{value}\"><line x1=\"{x:.2}\" y1=\"{top}\" x2=\"{x:.2}\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.2}\" y=\"{below}\" text-anchor=\"middle\">{}</text></g>",
                escape(&tick.label)
            );
        }
        let (middle, below) = ((frame.left + frame.right) / 2.0, bottom + 36.0);
        let label = self.x.label;
        svg + &format!(
            "<text class=\"axis\" x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>\n"
        )
    }

    fn y_axis(&self, frame: &Frame) -> String {
        let (left, right) = (frame.left, frame.right);
        let mut svg = String::new();
        for tick in &self.y.ticks {
            let (y, value) = (frame.y(&self.y, tick.value), tick.value);
            let (before, middle) = (left - 8.0, y + 4.0);
            let _ = writeln!(
                svg,
                "<g class=\"tick\" data-axis=\"y\" data-value=\"{value}\"><line x1=\"{left}\" y1=\"{y:.2}\" x2=\"{right}\" y2=\"{y:.2}\"/>\
                 <text x=\"{before}\" y=\"{middle:.2}\" text-anchor=\"end\">{}</text></g>",
                escape(&tick.label)
            );
        }
        let (above, label) = (frame.top - 12.0, self.y.label);
        svg + &format!("<text class=\"axis\" x=\"2\" y=\"{above}\">{label}</text>\n")
    }

    /// Marks whose names would run into the one before have none.
    fn marks(&self, frame: &Frame) -> String {
        let (top, bottom, above) = (frame.top, frame.bottom, frame.top - 8.0);
        let mut svg = String::new();
        let mut free = frame.left;
        for mark in &self.marks {
            let x = frame.x(&self.x, mark.x);
            let _ = writeln!(
                svg,
                "<line class=\"mark\" x1=\"{x:.2}\" y1=\"{top}\" x2=\"{x:.2}\" y2=\"{bottom}\"/>"
            );
            let end = x + LETTER * mark.label.chars().count() as f64;
            if x >= free && end <= frame.width {
                let label = escape(&mark.label);
                let _ = writeln!(
                    svg,
                    "<text class=\"mark\" x=\"{x:.2}\" y=\"{above}\">{label}</text>"
                );
                free = end + LETTER;
            }
        }
        svg
    }

    fn lines(&self, frame: &Frame) -> String {
        let each = self
            .series
            .iter()
            .filter(|series| !series.points.is_empty());
        each.map(|series| self.line(series, frame)).collect()
    }

    fn line(&self, series: &Series, frame: &Frame) -> String {
        let Series {
            name,
            colour,
            style,
            points,
        } = series;
        let drawn: Vec<_> = points
            .iter()
            .map(|(x, y)| (frame.x(&self.x, *x), frame.y(&self.y, *y)))
            .collect();
        let starts = |at: usize| {
            at == 0 || *style == Style::Seconds && points[at].0 - points[at - 1].0 > 1.5
        };
        let mut path = String::new();
        for (at, (x, y)) in drawn.iter().enumerate() {
            let alone = starts(at) && (at + 1 == drawn.len() || starts(at + 1));
            let command = if starts(at) { 'M' } else { 'L' };
            let _ = write!(path, "{command}{x:.2},{y:.2}");
            // A round cap makes a dot of a line to where it is.
            path += if alone { "h0" } else { "" };
        }
        let class = if *style == Style::Faint {
            "line faint"
        } else {
            "line"
        };
        let data: Vec<_> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let mut svg = format!(
            "<path class=\"{class} {colour}\" data-series=\"{name}\" data-points=\"{}\" d=\"{path}\"/>\n",
            data.join(" ")
        );
        if *style == Style::Dots {
            for (x, y) in drawn {
                let _ = writeln!(
                    svg,
                    "<circle class=\"dot {colour}\" cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"4\"/>"
                );
            }
        }
        svg
    }

    /// The names where their lines end, if there are several.
    fn labels(&self, frame: &Frame) -> String {
        let ends = self.ends();
        if ends.len() < 2 {
            return String::new();
        }
        let labels = ends.into_iter().map(|(series, (x, y))| Label {
            x: frame.x(&self.x, x) + 9.0,
            y: frame.y(&self.y, y) + 4.0,
            name: series.name,
            colour: series.colour,
        });
        let labels = part(labels.collect(), [frame.top + 4.0, frame.bottom]);
        let text = |label: &Label| {
            let Label { x, y, name, colour } = label;
            format!("<text class=\"name {colour}\" x=\"{x:.2}\" y=\"{y:.2}\">{name}</text>\n")
        };
        labels.iter().map(text).collect()
    }

    /// The last point of each name: a line may go on in another style.
    fn ends(&self) -> Vec<(&Series, (f64, f64))> {
        let mut ends: Vec<(&Series, (f64, f64))> = Vec::new();
        for series in &self.series {
            let Some(point) = series.points.last() else {
                continue;
            };
            ends.retain(|(known, _)| known.name != series.name);
            ends.push((series, *point));
        }
        ends
    }
}

/// About the width of a letter.
const LETTER: f64 = 7.0;

impl Frame {
    fn x(&self, axis: &Axis, value: f64) -> f64 {
        axis.at(value, [self.left, self.right])
    }

    fn y(&self, axis: &Axis, value: f64) -> f64 {
        axis.at(value, [self.bottom, self.top])
    }
}

fn kind(axis: &Axis) -> &'static str {
    match axis.kind {
        Kind::Linear => "linear",
        Kind::Log => "log",
    }
}

/// A line's name, and where it begins.
#[derive(Debug, Clone, PartialEq)]
struct Label {
    x: f64,
    y: f64,
    name: &'static str,
    colour: &'static str,
}

/// The height of a name, and the width of any.
const HEIGHT: f64 = 16.0;
const WIDTH: f64 = 90.0;

/// The labels from top to bottom, between `ends`, none over another.
fn part(mut labels: Vec<Label>, ends: [f64; 2]) -> Vec<Label> {
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

/// Text as it stands in SVG, in attributes too.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: &[(f64, f64)]) -> Plot {
        let (seconds, values) = (points.iter(), points.iter().map(|(_, y)| *y));
        Plot {
            id: "test",
            title: "Test",
            caption: "a < b",
            size: Extent::Wide,
            x: Axis::seconds(0, seconds.map(|(x, _)| *x as u32).max().unwrap_or(0)),
            y: Axis::linear("ms", 1.0, values),
            series: vec![Series {
                name: "one",
                colour: "deliver",
                style: Style::Seconds,
                points: points.to_vec(),
            }],
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_line_goes_through_its_data_and_carries_it() {
        let svg = plot(&[(0.0, 0.0), (1.0, 5.0), (2.0, 10.0)]).render();
        assert!(
            svg.contains(
                "data-points=\"0,0 1,5 2,10\" d=\"M52.00,286.00L458.00,156.00L864.00,26.00\""
            ),
            "{svg}"
        );
        assert!(svg.contains("a &lt; b"), "{svg}");
    }

    #[test]
    fn a_second_without_data_is_a_gap_and_a_lone_second_a_dot() {
        let svg = plot(&[(0.0, 1.0), (1.0, 1.0), (4.0, 1.0)]).render();
        let path = svg
            .split(" d=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let letters: String = path.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(letters, "MLMh", "{path}");
    }

    #[test]
    fn no_data_is_no_figure() {
        assert_eq!(plot(&[]).render(), "");
    }

    #[test]
    fn marks_keep_their_names_only_where_there_is_room() {
        let mut plot = plot(&[(0.0, 1.0), (100.0, 1.0)]);
        plot.marks = [0.0, 1.0, 50.0]
            .map(|x| Mark {
                x,
                label: format!("from {x}"),
            })
            .into();
        let svg = plot.render();
        assert_eq!(svg.matches("<line class=\"mark\"").count(), 3);
        assert!(
            svg.contains(">from 0<") && !svg.contains(">from 1<") && svg.contains(">from 50<"),
            "{svg}"
        );
    }

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
