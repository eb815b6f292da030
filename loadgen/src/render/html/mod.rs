//! A result as one HTML file that needs nothing else: its style and its plots are in it, and no script.
//!
//! ```text
//!  Run ─▶ charts ─▶ plot ─▶ scale, labels      which plots ▸ how one is drawn ▸ where things lie
//!     └─▶ tables
//! ```

mod charts;
mod labels;
mod plot;
mod scale;
mod tables;

use crate::render::words::{CLOSED_LOOP, a_second, microseconds, time, work};
use crate::result::{Run, Throughput};

const STYLE: &str = include_str!("page.css");

/// The report of a run.
pub(crate) fn render(run: &Run) -> String {
    let title = format!(
        "Run {}: {}, {}",
        run.run, run.verdict.result, run.verdict.trust
    );
    let sections = [
        head(run),
        section("Latency", &latency(run)),
        section("Delivery", &tables::ledger(&run.delivery)),
        section(
            "Server and load",
            &(tables::server(run.server_use.as_ref()) + &charts::load(run)),
        ),
        section("Can it be believed?", &tables::trusted(run)),
        section("What was asked", &tables::workload(run)),
        section("Where", &tables::environment(run)),
        WORDS.to_owned(),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n{}</main></body></html>\n",
        escape(&title),
        sections.concat()
    )
}

/// Text as it stands in HTML, in attributes too.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn section(title: &str, body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!("<section><h2>{title}</h2>\n{body}</section>\n"),
    }
}

/// The verdict, why it is so, and what counts most.
fn head(run: &Run) -> String {
    let verdict = &run.verdict;
    let reasons = verdict.reasons.iter();
    let reasons: String = reasons
        .map(|why| format!("<li>{}</li>\n", escape(why)))
        .collect();
    let badges = [&*verdict.result, &*verdict.trust].map(badge).concat();
    format!(
        "<header><p class=\"run\">wac-loadgen · run {} · {}</p>\n<h1>{badges}</h1>\n<p class=\"work\">{}</p>\n\
         <ul class=\"reasons\">{reasons}</ul>\n{}{}{}</header>\n",
        escape(&run.run),
        escape(&run.server),
        escape(&work(run)),
        cards(run),
        headlines(run),
        tables::promises(&run.slo),
    )
}

/// A word of the verdict; its colour is told by its class.
fn badge(word: &str) -> String {
    let class = word.to_lowercase();
    format!(
        "<span class=\"badge {}\">{}</span> ",
        escape(&class),
        escape(word)
    )
}

/// The figures that count most, in large letters.
fn cards(run: &Run) -> String {
    if let Some(throughput) = &run.throughput {
        return throughput_cards(run, throughput);
    }
    let Some(figures) = &run.latency_ns else {
        return String::new();
    };
    let wanted = [
        ("deliver", "p50"),
        ("deliver", "p99"),
        ("fan-out", "p99"),
        ("fan-out", "max"),
    ];
    let cards = wanted.map(|(word, figure)| {
        let value = figures.of(word).and_then(|spread| spread.figure(figure));
        let unit = if value.is_some() {
            " <small>ms</small>"
        } else {
            ""
        };
        format!(
            "<div><dt>{word} {figure}</dt><dd>{}{unit}</dd></div>\n",
            time(value)
        )
    });
    format!("<dl class=\"cards\">{}</dl>\n", cards.concat())
}

fn throughput_cards(run: &Run, throughput: &Throughput) -> String {
    let used = run.server_use.as_ref();
    let cpu = used.and_then(|used| used.cpu_ns_per_delivery);
    let cards = [
        (
            "deliveries a second",
            a_second(Some(throughput.deliveries_per_s)),
        ),
        ("CPU a delivery", cpu.map_or("–".to_owned(), microseconds)),
    ];
    let cards = cards.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    format!("<dl class=\"cards\">{}</dl>\n", cards.concat())
}

fn headlines(run: &Run) -> String {
    let told = if run.is_told() {
        &run.headlines[..]
    } else {
        &[]
    };
    let each = told.iter().map(|headline| {
        let (name, text) = (escape(&headline.name), escape(&headline.text));
        format!("<p class=\"headline\"><b>{name}</b> {text}</p>\n")
    });
    each.collect()
}

fn latency(run: &Run) -> String {
    if run.throughput.is_some() {
        return format!("<p>{CLOSED_LOOP}</p>\n{}", tables::stages(&run.stages));
    }
    let Some(figures) = &run.latency_ns else {
        return "<p>The figures of this run mean nothing, and are not told.</p>\n".to_owned();
    };
    [
        tables::figures(figures),
        charts::latency(run),
        tables::stages(&run.stages),
    ]
    .concat()
}

const WORDS: &str = "<footer><p><b>deliver</b> from the moment a message was due by the schedule to the read that brought it whole, \
of each delivery. <b>service</b> the same from its last byte sent. <b>fan-out</b> until the last reader has it, of each message. \
<b>spread</b> from the first reader to the last. <b>sendlag</b> from due to sent. <b>join</b> from connect to welcome. A percentile is told only \
where at least 10 observations lie beyond it.</p></footer>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::{closed_loop, invalid, sample};

    /// The values of an attribute, wherever it stands.
    fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
        let starts = html
            .split(&format!(" {attribute}=\""))
            .skip(1)
            .collect::<Vec<_>>();
        let values = starts.into_iter().filter_map(|rest| rest.split('"').next());
        values.collect()
    }

    /// All that must hold of any report.
    #[track_caller]
    fn sound(html: &str) {
        for wrong in [
            "NaN", "inf", "http:", "https:", "<script", "<link", " src=", " href=", "url(",
            "@import",
        ] {
            let told = html.replace("info", "");
            assert!(!told.contains(wrong), "{wrong} is not in the report");
        }
        for tag in ["section", "figure", "svg", "table", "dl", "div", "main"] {
            let open = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            assert_eq!(open, html.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
        let mut ids = values(html, "id");
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{ids:?}");
    }

    #[test]
    fn a_rich_run_has_all_plots() {
        let html = render(&sample(7));
        sound(&html);
        let figures = html.split("<figure ").skip(1);
        let ids: Vec<_> = figures.map(|figure| values(figure, "id")[0]).collect();
        assert_eq!(
            ids,
            [
                "percentiles",
                "deliver",
                "fanout",
                "stages",
                "users",
                "sent",
                "cpu",
                "memory"
            ]
        );
        let names = values(&html, "data-series");
        for name in [
            "deliver",
            "service",
            "fan-out",
            "p50",
            "p99",
            "max",
            "fan-out max",
            "cpu",
            "memory",
        ] {
            assert!(names.contains(&name), "{name} is in {names:?}");
        }
    }

    #[test]
    fn an_invalid_run_says_why_and_shows_no_latency() {
        let html = render(&invalid(7));
        sound(&html);
        assert!(html.contains("the server's limit of lines was met"));
        assert!(html.contains("mean nothing"));
        for id in ["percentiles", "deliver", "fanout", "stages"] {
            assert!(!values(&html, "id").contains(&id), "{id}");
        }
        assert!(!html.contains("class=\"cards\"") && !html.contains("everyone back"));
    }

    #[test]
    fn a_closed_loop_shows_how_much_came_and_no_latency() {
        let html = render(&closed_loop(7));
        sound(&html);
        assert!(html.contains("closed loop: latencies are left out"));
        assert!(html.contains("<dt>deliveries a second</dt><dd>1 250 000</dd>"));
        assert!(html.contains("<td>1 500 000</td>"), "that of a stage");
        for id in ["percentiles", "deliver", "fanout", "stages"] {
            assert!(!values(&html, "id").contains(&id), "{id}");
        }
    }

    #[test]
    fn a_run_of_one_second_and_one_of_nothing_are_drawn() {
        let mut run = sample(7);
        run.timeline.truncate(1);
        run.stages.clear();
        sound(&render(&run));
        run.timeline.clear();
        run.latency_ns = Some(crate::books::figures::Figures::default());
        run.server_use = None;
        run.delivery = crate::result::Delivery::default();
        let html = render(&run);
        sound(&html);
        assert!(!html.contains("<figure"));
    }

    #[test]
    fn no_text_becomes_markup() {
        let mut run = sample(7);
        let text = "<b onload=\"x\">&";
        for place in [
            &mut run.server,
            &mut run.run,
            &mut run.began,
            &mut run.environment.cpu,
        ] {
            *place = text.to_owned();
        }
        run.verdict.reasons = vec![text.to_owned()];
        run.headlines[0].text = text.to_owned();
        run.stages[0].name = text.to_owned();
        run.workload.stages[0].name = text.to_owned();
        run.slo[0].promise = text.to_owned();
        run.delivery.first.insert(text.to_owned(), text.to_owned());
        let html = render(&run);
        sound(&html);
        assert!(!html.contains("<b onload"));
        assert!(html.contains("&lt;b onload=&quot;x&quot;&gt;&amp;"));
    }
}
