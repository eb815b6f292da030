//! Progress as a line: for pipes, logs and terminals that can't draw.

use std::fmt::Write;

use super::Snapshot;
use crate::books::spread::Summary;
use crate::number::{grouped, milliseconds};

/// A moment as one line. What is not known yet is left out.
pub(crate) fn line(snapshot: &Snapshot<'_>) -> String {
    let comma = |number| grouped(number, ',');
    let mut line = format!(
        "{}: {} of {} users · {} of {} messages · {} deliveries",
        phase(snapshot),
        comma(snapshot.joined),
        comma(snapshot.users),
        comma(snapshot.sent),
        comma(snapshot.messages),
        comma(snapshot.received),
    );
    if let Some(second) = snapshot.seconds.last() {
        line += &deliver(&second.deliver_ns);
    }
    if snapshot.faults > 0 {
        // A String takes everything.
        let _ = write!(line, " · {} wrong", comma(snapshot.faults));
    }
    line
}

/// The phase, and how far it is; a phase without a planned end has only its name.
fn phase(snapshot: &Snapshot<'_>) -> String {
    let Snapshot { phase, .. } = snapshot;
    match *phase {
        "joining" | "draining" => (*phase).to_owned(),
        _ => format!(
            "{phase} {} s of {} s",
            snapshot.elapsed.as_secs(),
            snapshot.sending.as_secs_f64()
        ),
    }
}

/// The figures of one second, if it can carry any.
fn deliver(spread: &Summary) -> String {
    let figures = figures(spread);
    match figures.is_empty() {
        true => String::new(),
        false => format!(" · deliver {figures} ms"),
    }
}

/// `p50 0.43 p99 2.14 max 11.6`, without those that there are too few deliveries for.
pub(crate) fn figures(spread: &Summary) -> String {
    let names = ["p50", "p99", "max"].into_iter();
    let known = names.filter_map(|name| Some((name, spread.figure(name)?)));
    let told: Vec<_> = known
        .map(|(name, nanos)| format!("{name} {}", milliseconds(nanos)))
        .collect();
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Second;
    use crate::show::made_up::{deliveries, second, sending};

    #[test]
    fn a_line_says_how_far_a_run_is() {
        let wanted = "sending 12 s of 35 s: 1,000 of 1,000 users · 480 of 1,400 messages · 479,520 deliveries";
        assert_eq!(line(&sending(&[])), wanted);
        let figures = " · deliver p50 2.00 p99 2.00 max 2.00 ms";
        let seconds = [second(0, 9, 40), second(1, 2, 40)];
        assert_eq!(line(&sending(&seconds)), format!("{wanted}{figures}"));
    }

    #[test]
    fn what_a_second_cannot_carry_is_left_out() {
        let mut few = Second::default();
        assert!(!line(&sending(std::slice::from_ref(&few))).contains("deliver "));
        few.deliver_ns = deliveries(1, 3);
        let told = line(&sending(std::slice::from_ref(&few)));
        assert!(told.ends_with(" · deliver max 3.00 ms"), "{told}");
    }

    #[test]
    fn faults_are_told_and_joining_has_no_planned_end() {
        let mut moment = sending(&[]);
        moment.faults = 3;
        assert!(line(&moment).ends_with(" · 3 wrong"));
        moment.phase = "joining";
        assert!(line(&moment).starts_with("joining: 1,000 of"));
    }
}
