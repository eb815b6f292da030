//! Report as a browser shows it: the drawing matches `run.json`, and nothing is fetched.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use wac_tests::{Server, binary};

use crate::tester::{Tester, run};

/// The rounding of drawn coordinates, as a share of an axis: 0.01 of some 200 units, twice.
const DRAWN: f64 = 0.000_2;

#[test]
fn a_browser_draws_the_figures_of_the_run_and_fetches_nothing() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out");
    let told = run(
        server.address().tcp(),
        &format!(
            "--users 40 --senders 10 --rate 100/s --duration 2s --out {}",
            out.display()
        ),
    );
    told.ended_with(0);
    told.shows("run.json timeline.csv report.html");
    let json = fs::read(out.join("run.json")).expect("run.json is written");
    let json: Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(json, told.json);

    let page = browser(&out.join("report.html"), folder.path());
    fetches_nothing(&page);
    let plot = Plot::of(&page, "percentiles");
    for word in ["deliver", "service", "fan-out"] {
        let lines = plot.lines(word);
        lines.iter().for_each(|line| plot.draws(line));
        holds_percentiles(&lines, &json["latency_ns"][word]);
    }
    holds_seconds(&page, &json);
}

#[test]
fn a_report_can_be_made_again_from_the_files_and_names_missing_ones() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out");
    let flags = format!("--users 10 --duration 500ms --out {}", out.display());
    run(server.address().tcp(), &flags).ended_with(0);
    let first = fs::read_to_string(out.join("report.html")).expect("a report is written");
    let again = folder.path().join("again");
    let (code, text) = report(&[&out, Path::new("--out"), &again]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("RESULT  PASS"), "{text}");
    assert!(
        text.contains(&format!("REPORT    {}/report.html", again.display())),
        "{text}"
    );
    let again = fs::read_to_string(again.join("report.html")).expect("it is written");
    assert_eq!(again, first);

    let (code, text) = report(&[&out, Path::new("--hgrm")]);
    assert_eq!(code, Some(0), "{text}");
    for name in ["deliver.hgrm", "fanout.hgrm"] {
        let distribution = fs::read_to_string(out.join(name)).expect("it is written");
        assert!(distribution.contains("TotalCount"), "{distribution}");
    }

    let (code, text) = report(&[folder.path()]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("run.json: wanted a folder that a run wrote with --out"),
        "{text}"
    );
    fs::write(out.join("run.json"), "{\"schema\": 1}").expect("it can be written");
    let (code, text) = report(&[&out]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("schema 1, wanted 3 or 4: made by another version; run it again"),
        "{text}"
    );
}

#[test]
fn a_result_of_the_schema_before_is_read() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let old = include_str!("schema-3.json");
    fs::write(folder.path().join("run.json"), old).expect("it can be written");
    let (code, text) = report(&[folder.path()]);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "expected 1 377 · received 1 377 · lost 0 · duplicated 0",
        "skew       0.031    0.18",
        "STAGE     stage 2      50 msg/s   deliver p50 0.29",
        "SLO       deliver.p99 < 1s  2.47  ok",
    ] {
        assert!(text.contains(line), "{line} is in:\n{text}");
    }
}

#[test]
fn simultaneous_runs_make_one_report_in_a_folder_of_its_own() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [a, b, c, both] = ["a", "b", "c", "both"].map(|name| folder.path().join(name));
    let flags = |out: &Path, users| {
        format!(
            "--users {users} --senders 1 --rate 50/s --arrival even --duration 1s --out {}",
            out.display()
        )
    };
    let [one, two] = [(&a, 10), (&b, 20)]
        .map(|(out, users)| Tester::start(server.address().tcp(), &flags(out, users)));
    one.told().ended_with(0);
    two.told().ended_with(0);
    // However late the second was started: both began at one moment.
    let json = |out: &Path| {
        let text = fs::read(out.join("run.json")).expect("run.json is written");
        serde_json::from_slice::<Value>(&text).expect("it is JSON")
    };
    let mut moved = json(&b);
    moved["began"] = json(&a)["began"].clone();
    fs::write(b.join("run.json"), moved.to_string()).expect("it can be written");
    let own = fs::read(a.join("report.html")).expect("a report is written");

    let (code, text) = report(&[&a, &b]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("name a folder for it with --out"), "{text}");
    let (code, text) = report(&[&a, &b, Path::new("--out"), &a]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("it has a run of its own"), "{text}");
    let (code, text) = report(&[&a, &b, Path::new("--out"), &both]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("30 users, 2 senders, 100 msg/s"), "{text}");
    assert!(text.contains("expected 1 400 · received 1 400"), "{text}");
    assert!(both.join("report.html").is_file());
    assert_eq!(fs::read(a.join("report.html")).expect("it is there"), own);

    run(server.address().tcp(), &flags(&c, 10)).ended_with(0);
    let (code, text) = report(&[&a, &c, Path::new("--out"), &both]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("were together for 0.0 s of 1.0 s"), "{text}");
    assert!(
        text.contains("start all of them at the same moment"),
        "{text}"
    );
}

/// Runs `wac-loadgen report`; returns its exit code and its output.
fn report(args: &[&Path]) -> (Option<i32>, String) {
    let mut command = Command::new(binary("wac-loadgen"));
    let output = command
        .arg("report")
        .args(args)
        .output()
        .expect("it can be started");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Returns the page as a browser holds it after loading it.
#[track_caller]
fn browser(page: &Path, folder: &Path) -> String {
    let profile = folder.join("profile");
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .stderr(Stdio::null())
        .output()
        .expect("chromium is installed");
    let page = String::from_utf8(output.stdout).expect("a page is text");
    assert!(
        page.contains("</html>"),
        "the browser shows the page: {page}"
    );
    page
}

#[track_caller]
fn fetches_nothing(page: &str) {
    for wrong in [
        "http:", "https:", "<script", "<link", "<img", " src=", " href=", "url(", "@import",
    ] {
        assert!(!page.contains(wrong), "{wrong} is not in the page");
    }
}

/// A plot in a page.
struct Plot<'a> {
    svg: &'a str,
    x: Axis,
    y: Axis,
}

/// Two ticks of an axis: values, and where they are drawn.
struct Axis {
    logarithmic: bool,
    ticks: [(f64, f64); 2],
}

/// A line: its data, and its drawn points.
struct Curve {
    data: Vec<(f64, f64)>,
    drawn: Vec<(f64, f64)>,
}

impl<'a> Plot<'a> {
    #[track_caller]
    fn of(page: &'a str, id: &str) -> Self {
        Self::find(page, id).unwrap_or_else(|| panic!("a plot {id} is in the page"))
    }

    fn find(page: &'a str, id: &str) -> Option<Self> {
        let start = page.find(&format!("<figure class=\"wide\" id=\"{id}\""))?;
        let svg = page[start..].split("</figure>").next()?;
        Some(Self {
            svg,
            x: Axis::of(svg, "x", "x1"),
            y: Axis::of(svg, "y", "y1"),
        })
    }

    /// The lines of one name: the part backed by enough samples, and the rest.
    #[track_caller]
    fn lines(&self, name: &str) -> Vec<Curve> {
        let paths = self.svg.split("<path ").skip(1);
        let paths = paths.filter(|path| attribute(path, "data-series") == name);
        let lines: Vec<_> = paths.map(Curve::read).collect();
        assert!(!lines.is_empty(), "{name} is drawn");
        lines
    }

    /// Checks that each drawn point lies where its data say, by the ticks.
    #[track_caller]
    fn draws(&self, line: &Curve) {
        assert!(!line.data.is_empty());
        assert_eq!(line.data.len(), line.drawn.len());
        for (data, drawn) in line.data.iter().zip(&line.drawn) {
            assert!(self.x.shows(data.0, drawn.0), "x: {data:?} at {drawn:?}");
            assert!(self.y.shows(data.1, drawn.1), "y: {data:?} at {drawn:?}");
        }
    }
}

impl Axis {
    #[track_caller]
    fn of(svg: &str, name: &str, coordinate: &str) -> Self {
        let ticks = svg.split("<g class=\"tick\"").skip(1);
        let ticks: Vec<_> = ticks
            .filter(|tick| attribute(tick, "data-axis") == name)
            .map(|tick| {
                (
                    number(attribute(tick, "data-value")),
                    number(attribute(tick, coordinate)),
                )
            })
            .collect();
        let [first, .., last] = ticks[..] else {
            panic!("two ticks at least: {ticks:?}");
        };
        Self {
            logarithmic: attribute(svg, &format!("data-{name}")) == "log",
            ticks: [first, last],
        }
    }

    /// Tells whether a value belongs where it is drawn, judged by the ticks alone.
    fn shows(&self, value: f64, drawn: f64) -> bool {
        let measure = |value: f64| if self.logarithmic { value.ln() } else { value };
        let [(from, start), (to, end)] = self.ticks;
        let (from, to) = (measure(from), measure(to));
        let read = from + (drawn - start) / (end - start) * (to - from);
        (read - measure(value)).abs() <= DRAWN * (to - from)
    }
}

impl Curve {
    fn read(path: &str) -> Self {
        let pairs = |text: &str| text.split_whitespace().map(pair).collect();
        let drawn = attribute(path, "d")
            .replace("h0", "")
            .replace(['M', 'L'], " ");
        Self {
            data: pairs(attribute(path, "data-points")),
            drawn: pairs(&drawn),
        }
    }
}

fn pair(text: &str) -> (f64, f64) {
    let (x, y) = text.split_once(',').expect("x,y");
    (number(x), number(y))
}

#[track_caller]
fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("a number: {text}"))
}

/// Returns the first value of an attribute in a piece of a page.
#[track_caller]
fn attribute<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text
        .split_once(&format!(" {name}=\""))
        .map(|(_, rest)| rest);
    let start = start.or_else(|| text.strip_prefix(&format!("{name}=\"")));
    let value = start.and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("{name} is in: {}", &text[..text.len().min(200)]))
}

/// Checks that the line ends at the maximum of all samples, and passes through the percentiles of the run.
#[track_caller]
fn holds_percentiles(lines: &[Curve], figures: &Value) {
    let all: Vec<_> = lines.iter().flat_map(|line| &line.data).collect();
    let samples = figures["samples"].as_f64().expect("samples are reported");
    let max = figures["max"].as_f64().expect("a maximum is told");
    let last = all.last().expect("there are points");
    assert_eq!((last.0, last.1), (samples, max));
    assert!(all.is_sorted_by(|one, two| one.0 <= two.0 && one.1 <= two.1));
    let mut held = 0;
    for (name, at) in [
        ("p50", 2.0),
        ("p90", 10.0),
        ("p99", 100.0),
        ("p99.9", 1000.0),
    ] {
        let Some(value) = figures[name].as_f64() else {
            continue;
        };
        // It lies between the two points around it; the histogram keeps three digits.
        let before = all
            .iter()
            .rfind(|point| point.0 <= at)
            .expect("0 % is a point");
        let after = all
            .iter()
            .find(|point| point.0 >= at)
            .expect("the maximum is a point");
        assert!(
            before.1 <= value * 1.002 && value <= after.1 * 1.002,
            "{name} {value}: {before:?} {after:?}"
        );
        held += 1;
    }
    assert!(held >= 2, "p50 and p90 at least are reported: {figures}");
}

/// Checks that the plot shows the seconds of the run; a run without them has no plot.
#[track_caller]
fn holds_seconds(page: &str, json: &Value) {
    let seconds = json["timeline"].as_array().expect("there is a timeline");
    let plot = Plot::find(page, "deliver");
    assert_eq!(plot.is_some(), !seconds.is_empty());
    for (name, plot) in ["p50", "max"].iter().zip(plot.iter().cycle()) {
        let wanted: Vec<_> = seconds
            .iter()
            .filter_map(|second| {
                let value = second["deliver_ns"][name].as_f64()?;
                Some((second["second"].as_f64()?, value))
            })
            .collect();
        let [line] = &plot.lines(name)[..] else {
            panic!("one line for {name}");
        };
        assert_eq!(line.data, wanted);
        plot.draws(line);
    }
}
