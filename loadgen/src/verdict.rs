//! What a run is worth: a pure function of what happened in it.

use std::process::ExitCode;

use crate::limit::Limit;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Pass = 0,
    Internal = 1,
    Usage = 2,
    /// The figures mean nothing.
    Invalid = 4,
    WrongDelivery = 5,
    Preflight = 6,
    /// What a shell reports for a program that SIGINT ended.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// What a verdict is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The server's limits that were met.
    pub(crate) limits: Vec<Limit>,
    /// Connections that ended without a reason.
    pub(crate) cut: u64,
    /// Any delivery was wrong.
    pub(crate) faulty: bool,
    pub(crate) interrupted: bool,
    /// Messages of the schedule, and how many of them the kernel took.
    pub(crate) planned: u32,
    pub(crate) sent: u32,
}

/// What a run is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) exit: Exit,
    /// Why the figures mean nothing, each with what to do; none if they do mean something.
    pub(crate) invalid: Vec<String>,
}

impl Verdict {
    pub(crate) fn of(facts: &Facts) -> Self {
        let invalid = reasons(facts);
        let exit = if facts.faulty {
            Exit::WrongDelivery
        } else if !invalid.is_empty() {
            Exit::Invalid
        } else if facts.interrupted {
            Exit::Interrupted
        } else {
            Exit::Pass
        };
        Self { exit, invalid }
    }

    /// One word for the result.
    pub(crate) fn result(&self) -> &'static str {
        match self.exit {
            Exit::Pass => "PASS",
            Exit::Interrupted => "INTERRUPTED",
            _ => "FAIL",
        }
    }

    /// One word for the trust.
    pub(crate) fn trust(&self) -> &'static str {
        if self.invalid.is_empty() {
            "VALID"
        } else {
            "INVALID"
        }
    }
}

fn reasons(facts: &Facts) -> Vec<String> {
    let limits = facts.limits.iter();
    let mut reasons: Vec<String> = limits
        .map(|limit| format!("{}: {}", limit.meaning(), limit.advice()))
        .collect();
    if facts.cut > 0 {
        reasons.push(format!(
            "{} connections ended without a reason: see the server's log",
            facts.cut
        ));
    }
    // A limit met ends the sending early: it has been told already.
    if reasons.is_empty() && !facts.interrupted && facts.sent < facts.planned {
        reasons.push(format!(
            "the server took {} of {} messages: it does not keep up, send less (--rate)",
            facts.sent, facts.planned
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            planned: 10,
            sent: 10,
            ..Facts::default()
        }
    }

    fn exit(facts: Facts) -> Exit {
        Verdict::of(&facts).exit
    }

    #[test]
    fn nothing_wrong_is_a_pass() {
        let verdict = Verdict::of(&facts());
        assert_eq!((verdict.result(), verdict.trust()), ("PASS", "VALID"));
    }

    #[test]
    fn wrong_delivery_is_told_before_all_else() {
        let all = Facts {
            limits: vec![Limit::Flood],
            faulty: true,
            interrupted: true,
            ..facts()
        };
        assert_eq!(exit(all), Exit::WrongDelivery);
    }

    #[test]
    fn a_limit_makes_it_invalid_and_names_the_flag() {
        let verdict = Verdict::of(&Facts {
            limits: vec![Limit::Flood],
            interrupted: true,
            ..facts()
        });
        assert_eq!((verdict.exit, verdict.trust()), (Exit::Invalid, "INVALID"));
        assert!(verdict.invalid[0].contains("--flood-rate 0"));
    }

    #[test]
    fn a_schedule_not_sent_and_a_connection_cut_are_invalid() {
        assert_eq!(exit(Facts { sent: 9, ..facts() }), Exit::Invalid);
        assert_eq!(exit(Facts { cut: 1, ..facts() }), Exit::Invalid);
    }

    #[test]
    fn an_interrupted_run_is_valid_as_far_as_it_went() {
        let interrupted = Facts {
            sent: 3,
            interrupted: true,
            ..facts()
        };
        assert_eq!(exit(interrupted), Exit::Interrupted);
    }
}
