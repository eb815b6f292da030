//! Verdict: what a run is worth, as a pure function of what happened in it; and the exit codes.

use std::process::ExitCode;

use super::{Trust, Verdict};
use crate::metrics::tally::Tally;

/// What a verdict is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) tally: &'a Tally,
    pub(crate) trust: &'a Trust,
    pub(crate) interrupted: bool,
    /// An objective was not met.
    pub(crate) slo_failed: bool,
    /// Slow readers and hostile clients that were to be there.
    pub(crate) bad_clients: u32,
    /// What is due waits for what is under way: that it goes out late, or not at all, is meant.
    pub(crate) closed_loop: bool,
    /// Messages of the schedule.
    pub(crate) messages: u32,
    /// The p99 of sendlag and of deliver, in ns.
    pub(crate) sendlag_p99: Option<u64>,
    pub(crate) deliver_p99: Option<u64>,
}

/// What a run is worth, and how the program ends.
pub(crate) fn judge(facts: &Facts<'_>) -> (Verdict, Exit) {
    conclude(Findings {
        wrong: facts.tally.delivery.wrong() > 0,
        invalid: invalid(facts),
        suspect: suspect(facts),
        slo_failed: facts.slo_failed,
        interrupted: facts.interrupted,
    })
}

/// What was found of a run, or of several.
pub(super) struct Findings {
    /// Deliveries were wrong.
    pub(super) wrong: bool,
    /// Why the figures mean nothing.
    pub(super) invalid: Vec<String>,
    /// Why they may not be the server's.
    pub(super) suspect: Vec<String>,
    pub(super) slo_failed: bool,
    pub(super) interrupted: bool,
}

/// The gravest finding gives the exit code.
pub(super) fn conclude(found: Findings) -> (Verdict, Exit) {
    let Findings {
        invalid, suspect, ..
    } = found;
    let exit = if found.wrong {
        Exit::WrongDelivery
    } else if !invalid.is_empty() {
        Exit::Invalid
    } else if found.slo_failed {
        Exit::SloFailed
    } else if found.interrupted {
        Exit::Interrupted
    } else {
        Exit::Pass
    };
    let result = match exit {
        Exit::Pass => "PASS",
        Exit::Interrupted => "INTERRUPTED",
        _ => "FAIL",
    };
    let trust = match (invalid.is_empty(), suspect.is_empty()) {
        (false, _) => "INVALID",
        (true, false) => "SUSPECT",
        (true, true) => "VALID",
    };
    let verdict = Verdict {
        result: result.to_owned(),
        trust: trust.to_owned(),
        exit: exit as u8,
        reasons: invalid.into_iter().chain(suspect).collect(),
        interrupted: found.interrupted,
    };
    (verdict, exit)
}

/// Why the figures mean nothing, each with what to do.
fn invalid(facts: &Facts<'_>) -> Vec<String> {
    let limits = facts.tally.limits.iter();
    let mut reasons: Vec<String> = limits
        .map(|limit| format!("{}: {}", limit.meaning(), limit.advice()))
        .collect();
    if let Some(said) = &facts.tally.first_refusal {
        let count = facts.tally.refused;
        reasons.push(format!(
            "the server refused {count} lines, the first with: {said}"
        ));
    }
    if facts.tally.cut > 0 {
        reasons.push(format!(
            "{} connections ended without a reason: see the server's log",
            facts.tally.cut
        ));
    }
    let never_back = facts.tally.never_back;
    if never_back > 0 && !facts.interrupted {
        reasons.push(format!(
            "{never_back} users did not come back: see the server's log, or a longer --drain"
        ));
    }
    // A limit met ends the sending early: it has been reported already.
    let all_is_due = !facts.closed_loop && !facts.interrupted;
    if reasons.is_empty() && all_is_due && facts.tally.sent < facts.messages {
        reasons.push(format!(
            "the server took {} of {} messages: it does not keep up, send less (--rate)",
            facts.tally.sent, facts.messages
        ));
    }
    reasons
}

/// A lag below this is none: it is a wake-up of the kernel's.
const SENDLAG_NS: u64 = 1_000_000;
const LOOP_LAG_NS: u64 = 5_000_000;
/// The share of deliver's p99 that the p99 of a lag may be: more, and the lag is a part of what is shown.
const LAG_SHARE: f64 = 0.25;
/// The share of a core that the busiest thread may use.
const BUSY: f64 = 0.85;
/// The share of the machine's time that others may have stolen.
const STEAL: f64 = 0.05;
/// The share of the machine's time that must be left over.
const IDLE: f64 = 0.10;
/// The share that others on a shared machine may have, and it is still load tester and server who share it.
const OTHERS: f64 = 0.25;
/// What a socket may hold unread when a second turns: a quarter of what the kernel keeps for one at first.
const UNREAD_BYTES: u64 = 16 * 1024;

/// Why the figures may be the load tester's own, or the machine's, each with what to do.
fn suspect(facts: &Facts<'_>) -> Vec<String> {
    let trust = facts.trust;
    let checks = [
        missing_bad_clients(facts),
        late_sending(facts),
        too_little_sent(facts),
        unanswered(facts),
        busy_thread(facts),
        unread(trust),
        stolen(trust),
        shared_cores(facts),
    ];
    checks.into_iter().flatten().collect()
}

/// Whether a lag is a part of the figures.
fn counts(lag: u64, below: u64, deliver_p99: Option<u64>) -> bool {
    lag > below && lag as f64 > LAG_SHARE * deliver_p99.unwrap_or(0) as f64
}

fn missing_bad_clients(facts: &Facts<'_>) -> Option<String> {
    let (wanted, came) = (facts.bad_clients, facts.tally.bad_clients);
    (came < wanted && !facts.interrupted).then(|| {
        format!(
            "{came} of {wanted} slow readers and hostile clients were let in: start the server with a larger --max-connections, --max-per-ip 0, --connect-rate 0"
        )
    })
}

fn late_sending(facts: &Facts<'_>) -> Option<String> {
    let (lag, deliver) = (facts.sendlag_p99?, facts.deliver_p99?);
    counts(lag, SENDLAG_NS, Some(deliver)).then(|| {
        format!(
            "sendlag is {:.0} % of deliver (p99): messages went out late; fewer --users or a lower --rate for each load tester",
            100.0 * lag as f64 / deliver.max(1) as f64
        )
    })
}

/// A closed loop that has sent everything was not kept full.
fn too_little_sent(facts: &Facts<'_>) -> Option<String> {
    (facts.closed_loop && facts.tally.sent == facts.messages).then(|| {
        format!(
            "all {} messages were sent: deliveries a second are those of the schedule, and the server may hold more; a higher --rate",
            facts.messages
        )
    })
}

/// What comes twice comes before the pong; without one, the wait ends with --drain.
fn unanswered(facts: &Facts<'_>) -> Option<String> {
    let users = facts.tally.unanswered;
    (users > 0).then(|| {
        format!(
            "the last ping of {users} users was not answered within --drain: what came twice at the end is not known; a server that answers it, or a longer --drain"
        )
    })
}

fn busy_thread(facts: &Facts<'_>) -> Option<String> {
    let busy = facts.trust.busiest_thread;
    let limit = if facts.closed_loop {
        "deliveries a second are its own limit, the CPU a delivery is still the server's; "
    } else {
        ""
    };
    (busy > BUSY).then(|| {
        format!(
            "the load tester's busiest thread used {:.0} % of a core: {limit}take more --threads, or several load testers",
            100.0 * busy
        )
    })
}

fn unread(trust: &Trust) -> Option<String> {
    let bytes = trust.unread_bytes_per_socket;
    (bytes > UNREAD_BYTES).then(|| {
        format!(
            "{bytes} bytes lay unread in each of its own sockets: it did not keep up with reading"
        )
    })
}

fn stolen(trust: &Trust) -> Option<String> {
    let steal = trust.steal.filter(|&steal| steal > STEAL)?;
    Some(format!(
        "{:.1} % of the machine's time was stolen by another guest: run it again, or elsewhere",
        100.0 * steal
    ))
}

/// Somebody else had the core when it was wanted, or there was hardly any time left.
fn shared_cores(facts: &Facts<'_>) -> Option<String> {
    let trust = facts.trust;
    let lag = trust
        .loop_lag_p99_ns
        .filter(|&lag| !facts.closed_loop && counts(lag, LOOP_LAG_NS, facts.deliver_p99))
        .map(|lag| format!("it was awake {:.1} ms late (p99)", lag as f64 / 1e6));
    let idle = trust
        .idle
        .filter(|&idle| idle < IDLE)
        .map(|idle| format!("{:.0} % of their time was left", 100.0 * idle));
    let signs: Vec<String> = lag.into_iter().chain(idle).collect();
    if signs.is_empty() {
        return None;
    }
    let others = trust.others.unwrap_or(0.0);
    let why = if trust.shares_cores && others < OTHERS {
        "load tester and server share the cores".to_owned()
    } else {
        format!("other programs had {:.0} % of the cores", 100.0 * others)
    };
    Some(format!(
        "{why}, and {}: run the load tester on a machine of its own",
        signs.join(", ")
    ))
}

/// The exit codes, as `--help` says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Pass = 0,
    Internal = 1,
    Usage = 2,
    /// An objective was not met.
    SloFailed = 3,
    /// The figures mean nothing.
    Invalid = 4,
    WrongDelivery = 5,
    /// It can't run here.
    Preflight = 6,
    /// Worse than before.
    Regression = 7,
    /// What a shell reports for a program that SIGINT ended.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tally::Delivery;
    use crate::plan::protocol::Limit;

    /// A run in order of ten messages, with these changes.
    #[derive(Default, Clone)]
    struct Case {
        tally: Tally,
        trust: Trust,
        interrupted: bool,
        slo_failed: bool,
        bad_clients: u32,
        closed_loop: bool,
        lags: Option<(u64, u64)>,
    }

    impl Case {
        fn judged(&self) -> (Verdict, Exit) {
            judge(&Facts {
                tally: &self.tally,
                trust: &self.trust,
                interrupted: self.interrupted,
                slo_failed: self.slo_failed,
                bad_clients: self.bad_clients,
                closed_loop: self.closed_loop,
                messages: 10,
                sendlag_p99: self.lags.map(|(sendlag, _)| sendlag),
                deliver_p99: self.lags.map(|(_, deliver)| deliver),
            })
        }

        fn exit(&self) -> Exit {
            self.judged().1
        }

        fn trust(&self) -> String {
            self.judged().0.trust
        }
    }

    fn tally() -> Tally {
        Tally {
            sent: 10,
            ..Tally::default()
        }
    }

    fn case() -> Case {
        Case {
            tally: tally(),
            ..Case::default()
        }
    }

    fn lossy() -> Tally {
        Tally {
            delivery: Delivery {
                lost: 1,
                ..Delivery::default()
            },
            ..tally()
        }
    }

    fn flooded() -> Tally {
        Tally {
            limits: [Limit::Flood].into(),
            ..tally()
        }
    }

    /// A run that is in order but for this.
    #[track_caller]
    fn suspected(trust: Trust, wanted: &str) {
        let (verdict, exit) = Case { trust, ..case() }.judged();
        assert_eq!((&*verdict.trust, exit), ("SUSPECT", Exit::Pass));
        assert_eq!(verdict.reasons.len(), 1);
        assert!(
            verdict.reasons[0].contains(wanted),
            "{}",
            verdict.reasons[0]
        );
    }

    #[test]
    fn nothing_wrong_is_a_pass() {
        let (verdict, exit) = case().judged();
        assert_eq!((&*verdict.result, &*verdict.trust), ("PASS", "VALID"));
        assert_eq!(exit, Exit::Pass);
    }

    #[test]
    fn the_gravest_gives_the_exit_code() {
        let mut both = flooded();
        both += lossy();
        let mut all = Case {
            tally: both,
            interrupted: true,
            slo_failed: true,
            ..case()
        };
        assert_eq!(all.exit(), Exit::WrongDelivery);
        all.tally = flooded();
        assert_eq!(all.exit(), Exit::Invalid);
        all.tally = tally();
        assert_eq!(all.exit(), Exit::SloFailed);
        all.slo_failed = false;
        assert_eq!(all.exit(), Exit::Interrupted);
    }

    #[test]
    fn a_limit_makes_it_invalid_and_names_the_flag() {
        let limited = Case {
            tally: flooded(),
            interrupted: true,
            ..case()
        };
        let (verdict, exit) = limited.judged();
        assert_eq!((exit, &*verdict.trust), (Exit::Invalid, "INVALID"));
        assert!(verdict.reasons[0].contains("--flood-rate 0"));
    }

    #[test]
    fn a_schedule_not_sent_and_a_connection_cut_are_invalid() {
        let exit = |change: fn(&mut Tally)| {
            let mut case = case();
            change(&mut case.tally);
            case.exit()
        };
        assert_eq!(exit(|tally| tally.sent = 9), Exit::Invalid);
        assert_eq!(exit(|tally| tally.cut = 1), Exit::Invalid);
        assert_eq!(exit(|tally| tally.never_back = 1), Exit::Invalid);
        assert_eq!(
            exit(|tally| tally.first_refusal = Some("! no".into())),
            Exit::Invalid
        );
    }

    #[test]
    fn a_closed_loop_sends_what_the_server_takes_and_is_late_by_design() {
        let mut closed = Case {
            tally: Tally { sent: 3, ..tally() },
            trust: Trust {
                loop_lag_p99_ns: Some(60_000_000),
                ..Trust::default()
            },
            closed_loop: true,
            ..case()
        };
        let (verdict, exit) = closed.judged();
        assert_eq!((&*verdict.trust, exit), ("VALID", Exit::Pass));
        closed.trust.busiest_thread = 0.9;
        let (verdict, _) = closed.judged();
        assert!(verdict.reasons[0].contains("deliveries a second are its own limit"));
        closed.trust = Trust::default();
        closed.tally.sent = 10;
        let (verdict, _) = closed.judged();
        assert_eq!(verdict.trust, "SUSPECT");
        assert!(verdict.reasons[0].contains("a higher --rate"));
        closed.tally = lossy();
        assert_eq!(closed.exit(), Exit::WrongDelivery);
    }

    #[test]
    fn an_interrupted_run_is_valid_as_far_as_it_went() {
        let interrupted = Case {
            tally: Tally { sent: 3, ..tally() },
            interrupted: true,
            ..case()
        };
        let (verdict, exit) = interrupted.judged();
        assert_eq!((&*verdict.trust, exit), ("VALID", Exit::Interrupted));
    }

    #[test]
    fn load_that_was_not_let_in_is_suspect() {
        let mut case = case();
        (case.bad_clients, case.tally.bad_clients) = (5, 5);
        assert_eq!(case.trust(), "VALID");
        case.tally.bad_clients = 4;
        assert!(case.judged().0.reasons[0].contains("4 of 5"));
    }

    #[test]
    fn a_ping_that_was_not_answered_is_told() {
        let mut case = case();
        case.tally.unanswered = 4;
        let (verdict, exit) = case.judged();
        assert_eq!((&*verdict.trust, exit), ("SUSPECT", Exit::Pass));
        assert!(verdict.reasons[0].contains("the last ping of 4 users"));
    }

    #[test]
    fn a_late_schedule_is_suspect() {
        let late = |sendlag, deliver| Case {
            lags: Some((sendlag, deliver)),
            ..case()
        };
        assert_eq!(late(6_000_000, 20_000_000).trust(), "SUSPECT");
        assert_eq!(late(4_000_000, 20_000_000).trust(), "VALID");
        assert_eq!(late(900_000, 1_000_000).trust(), "VALID");
    }

    #[test]
    fn a_load_tester_at_its_own_limit_is_suspect() {
        let trust = Trust::default;
        suspected(
            Trust {
                busiest_thread: 0.9,
                ..trust()
            },
            "--threads",
        );
        suspected(
            Trust {
                loop_lag_p99_ns: Some(6_000_000),
                ..trust()
            },
            "6.0 ms late",
        );
        suspected(
            Trust {
                unread_bytes_per_socket: 100_000,
                ..trust()
            },
            "unread",
        );
        suspected(
            Trust {
                steal: Some(0.06),
                ..trust()
            },
            "stolen",
        );
    }

    #[test]
    fn a_machine_without_time_left_is_suspect_and_says_whose_it_was() {
        let busy = |others| Trust {
            idle: Some(0.05),
            others: Some(others),
            shares_cores: true,
            ..Trust::default()
        };
        suspected(busy(0.02), "share the cores");
        suspected(busy(0.6), "other programs had 60 %");
    }
}
