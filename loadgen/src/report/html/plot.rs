//! Plots as the template draws them: lines, axes and marks, each with its place in a drawing of 1,000 by 1,000 that is
//! stretched to the room there is. Texts stand beside it, in their own size.
//!
//! Each line carries its data for programs, in the units of `run.json`: `data-points="x,y x,y …"`. Each tick
//! carries its value, so that what is drawn can be held to the data.

use std::fmt::Write;

use serde::Serialize;

use super::scale::{Axis, ScaleKind};

/// The drawing's width and height.
const SIDE: f64 = 1000.0;
/// The width of a letter where there is little room: a plot of 420 pixels.
const LETTER: f64 = 17.0;

/// A plot, ready to be drawn.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    id: &'static str,
    title: &'static str,
    /// What one sees in it, in a sentence or two.
    caption: String,
    size: Extent,
    x: Scale,
    y: Scale,
    lines: Vec<PlotLine>,
    marks: Vec<PlotMark>,
    /// Names and colours of the lines, if there are several.
    legend: Vec<(&'static str, &'static str)>,
}

/// How much room a plot takes.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Extent {
    Wide,
    Half,
}

/// One line, in the units of the data.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: &'static str,
    /// Names the colour in the style sheet: `deliver`, `service` …
    pub(super) colour: &'static str,
    pub(super) style: Style,
    pub(super) points: Vec<(f64, f64)>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    Solid,
    /// Of few observations.
    Faint,
    /// A point for each so many seconds: what is further apart is not joined.
    Every(u32),
}

#[derive(Debug, Serialize)]
struct Scale {
    label: &'static str,
    kind: ScaleKind,
    ticks: Vec<PlotMark>,
}

/// Something at a place of an axis.
#[derive(Debug, Serialize)]
struct PlotMark {
    /// In the drawing, and of its side.
    at: String,
    percent: String,
    value: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct PlotLine {
    name: &'static str,
    class: String,
    data: String,
    path: String,
}

/// What a plot is of.
pub(super) struct Drawing {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) caption: String,
    pub(super) size: Extent,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// Moments on the x axis from which on something else holds.
    pub(super) marks: Vec<(f64, String)>,
}

impl Drawing {
    /// Lays everything out; none if there is no data.
    pub(super) fn lay_out(self) -> Option<Plot> {
        let filled = self.series.iter().filter(|one| !one.points.is_empty());
        let lines: Vec<_> = filled.map(|one| self.line(one)).collect();
        let mut legend: Vec<_> = self
            .series
            .iter()
            .map(|one| (one.name, one.colour))
            .collect();
        legend.dedup();
        (!lines.is_empty()).then(|| Plot {
            lines,
            legend: if legend.len() > 1 { legend } else { Vec::new() },
            marks: marks(&self.x, self.marks),
            x: scale(&self.x, |share| SIDE * share),
            y: scale(&self.y, |share| SIDE * (1.0 - share)),
            id: self.id,
            title: self.title,
            caption: self.caption,
            size: self.size,
        })
    }

    fn line(&self, series: &Series) -> PlotLine {
        let points = &series.points;
        let starts = |at: usize| match series.style {
            Style::Every(seconds) => {
                at == 0 || points[at].0 - points[at - 1].0 > 1.5 * f64::from(seconds)
            }
            _ => at == 0,
        };
        let (mut path, mut data) = (String::new(), String::new());
        for (at, (x, y)) in points.iter().enumerate() {
            let alone = starts(at) && (at + 1 == points.len() || starts(at + 1));
            let command = if starts(at) { 'M' } else { 'L' };
            let (left, top) = (SIDE * self.x.share(*x), SIDE * (1.0 - self.y.share(*y)));
            // A String takes everything. A round cap makes a dot of a line to where it is.
            let dot = if alone { "h0" } else { "" };
            let _ = write!(path, "{command}{left:.2},{top:.2}{dot}");
            let _ = write!(data, "{}{x},{y}", if at > 0 { " " } else { "" });
        }
        let faint = if series.style == Style::Faint {
            " faint"
        } else {
            ""
        };
        PlotLine {
            name: series.name,
            class: format!("line {}{faint}", series.colour),
            data,
            path,
        }
    }
}

fn place(at: f64, value: f64, label: String) -> PlotMark {
    PlotMark {
        at: format!("{at:.2}"),
        percent: format!("{:.2}", 100.0 * at / SIDE),
        value,
        label,
    }
}

fn scale(axis: &Axis, at: impl Fn(f64) -> f64) -> Scale {
    let ticks = axis.ticks.iter();
    let ticks = ticks.map(|tick| place(at(axis.share(tick.value)), tick.value, tick.label.clone()));
    Scale {
        label: axis.label,
        kind: axis.kind,
        ticks: ticks.collect(),
    }
}

/// Marks whose names would run into the one before, or out of the drawing, have none.
fn marks(axis: &Axis, marks: Vec<(f64, String)>) -> Vec<PlotMark> {
    let mut free = 0.0;
    let each = marks.into_iter().map(|(value, label)| {
        let at = SIDE * axis.share(value);
        let end = at + LETTER * label.chars().count() as f64;
        let fits = at >= free && end <= SIDE;
        if fits {
            free = end + LETTER;
        }
        place(at, value, if fits { label } else { String::new() })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(points: &[(f64, f64)], every: u32) -> Drawing {
        let last = points.iter().map(|(x, _)| *x as u32).max();
        Drawing {
            id: "test",
            title: "Test",
            caption: String::new(),
            size: Extent::Wide,
            x: Axis::seconds(0, last.unwrap_or(0)),
            y: Axis::linear("ms", 1.0, points.iter().map(|(_, y)| *y)),
            series: vec![Series {
                name: "one",
                colour: "deliver",
                style: Style::Every(every),
                points: points.to_vec(),
            }],
            marks: Vec::new(),
        }
    }

    #[track_caller]
    fn line(points: &[(f64, f64)], every: u32) -> PlotLine {
        let mut plot = drawing(points, every).lay_out().unwrap();
        plot.lines.remove(0)
    }

    #[test]
    fn a_line_goes_through_its_data_and_carries_it() {
        let line = line(&[(0.0, 0.0), (1.0, 5.0), (2.0, 10.0)], 1);
        assert_eq!(line.data, "0,0 1,5 2,10");
        assert_eq!(line.path, "M0.00,1000.00L500.00,500.00L1000.00,0.00");
    }

    #[test]
    fn time_without_data_is_a_gap_and_a_lone_point_a_dot() {
        let letters = |points: &[f64], every| {
            let points: Vec<_> = points.iter().map(|x| (*x, 1.0)).collect();
            let path = line(&points, every).path;
            path.chars()
                .filter(char::is_ascii_alphabetic)
                .collect::<String>()
        };
        assert_eq!(letters(&[0.0, 1.0, 4.0], 1), "MLMh");
        assert_eq!(letters(&[0.0, 15.0, 30.0, 60.0], 15), "MLLMh");
    }

    #[test]
    fn no_data_is_no_plot() {
        assert!(drawing(&[], 1).lay_out().is_none());
    }

    #[test]
    fn marks_keep_their_names_only_where_there_is_room() {
        let mut drawing = drawing(&[(0.0, 1.0), (100.0, 1.0)], 1);
        drawing.marks = [0.0, 1.0, 50.0, 99.0]
            .map(|x| (x, format!("from {x}")))
            .into();
        let marks = drawing.lay_out().unwrap().marks;
        let names: Vec<_> = marks.iter().map(|mark| &*mark.label).collect();
        assert_eq!(names, ["from 0", "", "from 50", ""]);
    }
}
