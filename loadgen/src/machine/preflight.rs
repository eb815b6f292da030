//! Preflight: one list of checks of a run's needs against this machine's limits, for `doctor`, which shows them all,
//! and for a run, which does not begin when one of them is certain to fail.

use bytesize::ByteSize;
use serde::Serialize;

use super::host::Limits;
use super::needs::Needs;
use super::process::{OpenFiles, Used};
use crate::plan::Plan;
use wac_core::text::grouped;

/// One thing that must fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) what: String,
    pub(crate) needed: String,
    pub(crate) found: String,
    pub(crate) finding: Fit,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fit {
    Ok,
    /// It may do all the same: the need is an estimate, or a queue that seldom is full.
    Doubtful {
        fix: String,
    },
    /// The run would fail.
    Wrong {
        fix: String,
    },
}

impl Check {
    /// What to do, if it does not fit.
    pub(crate) fn fix(&self) -> Option<&str> {
        match &self.finding {
            Fit::Ok => None,
            Fit::Doubtful { fix } | Fit::Wrong { fix } => Some(fix),
        }
    }
}

/// The run does not fit on this machine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreflightError {
    #[error("{users} users need {needed} {what}, and there are {found}\nhint: {fix}")]
    Wrong {
        users: u32,
        what: String,
        needed: String,
        found: String,
        fix: String,
    },
    #[error("--server-pid: {0} found, wanted the id of a process on this machine")]
    NoProcess(i32),
    #[error("cannot read the limit of open files: {0}")]
    Limit(#[from] nix::Error),
}

/// Raises the limit of open files, and checks that the plan's users fit.
///
/// # Errors
/// The first thing that is certain not to fit, with what would.
pub(crate) fn check(plan: &Plan) -> Result<(), PreflightError> {
    let needs = Needs::of(plan);
    let checks = checks(&needs, &limits(plan)?);
    first_wrong(needs.users, checks).map_or(Ok(()), Err)
}

/// Raises the limit of open files, and reads all limits.
///
/// # Errors
/// That the limit of open files can't be read, or that the server's process, as it was typed, is none.
pub(crate) fn limits(plan: &Plan) -> Result<Limits, PreflightError> {
    let absent = |pid: &i32| Used::by(*pid).is_none();
    if let Some(pid) = plan.server_pid.filter(absent) {
        return Err(PreflightError::NoProcess(pid));
    }
    Ok(Limits::raise(&plan.servers, plan.server_pid)?)
}

fn first_wrong(users: u32, checks: Vec<Check>) -> Option<PreflightError> {
    checks.into_iter().find_map(|check| match check.finding {
        Fit::Wrong { fix } => Some(PreflightError::Wrong {
            users,
            what: check.what,
            needed: check.needed,
            found: check.found,
            fix,
        }),
        _ => None,
    })
}

/// All that must fit, the gravest first. What the system does not report is not checked.
pub(crate) fn checks(needs: &Needs, limits: &Limits) -> Vec<Check> {
    let mut checks = vec![files(needs, limits.files)];
    checks.extend(limits.ports.map(|range| ports(needs, range)));
    checks.extend(limits.server.map(|server| server_files(needs, server)));
    let queues = [
        ("net.core.somaxconn", limits.somaxconn),
        ("net.ipv4.tcp_max_syn_backlog", limits.syn_backlog),
    ];
    let queues = queues.into_iter();
    checks.extend(queues.filter_map(|(name, found)| Some(queue(needs, name, found?))));
    checks.push(cores(needs, limits));
    checks.extend(limits.memory_available.map(|found| memory(needs, found)));
    checks
}

fn counted(what: &str, needed: u64, found: u64, or_else: Fit) -> Check {
    Check {
        what: what.to_owned(),
        needed: needed.to_string(),
        found: found.to_string(),
        finding: if needed <= found { Fit::Ok } else { or_else },
    }
}

/// The users that fit when `room` connections do: what is no user stays.
fn fitting(needs: &Needs, room: u64) -> u64 {
    room.saturating_sub(needs.connections - u64::from(needs.users))
}

/// The connections of all servers together, where the one with the most has so many.
fn at_all_servers(needs: &Needs, at_one: u64) -> u64 {
    at_one.saturating_mul(needs.connections) / needs.at_one_server.max(1)
}

fn files(needs: &Needs, limit: u64) -> Check {
    let fit = fitting(needs, limit.saturating_sub(needs.own_files));
    let needed = needs.files;
    let fix = format!("ulimit -Hn {needed} in a shell that may raise it, or at most --users {fit}");
    counted("open files", needed, limit, Fit::Wrong { fix })
}

fn ports(needs: &Needs, (first, last): (u32, u32)) -> Check {
    let found = u64::from((last + 1).saturating_sub(first));
    let fit = fitting(
        needs,
        at_all_servers(needs, found * u64::from(needs.sources)),
    );
    let most = 65_535 - 1_024 + 1;
    let widen = if needs.ports <= most && found < most {
        "sysctl -w net.ipv4.ip_local_port_range='1024 65535', or "
    } else {
        "several load testers on machines of their own, or "
    };
    let fix = format!("{widen}at most --users {fit}");
    let what = match needs.sources {
        1 => "local ports to one server".to_owned(),
        sources => format!("local ports on each of {sources} addresses 127.x.y.z"),
    };
    counted(&what, needs.ports, found, Fit::Wrong { fix })
}

fn server_files(needs: &Needs, server: OpenFiles) -> Check {
    /// What a server has open beside its connections: listeners, reactors, logs.
    const SERVER_FILES: u64 = 64;
    let needed = needs.at_one_server + SERVER_FILES;
    let OpenFiles { pid, soft, hard } = server;
    let mut fix = format!("prlimit --pid {pid} --nofile={needed}:{}", needed.max(hard));
    if needed > hard {
        fix += " as one who may raise it";
    }
    fix += &format!(
        ", or at most --users {}",
        fitting(
            needs,
            at_all_servers(needs, soft.saturating_sub(SERVER_FILES))
        )
    );
    let what = format!("open files of the server (pid {pid})");
    // Connections that it can't accept are certain to be missed; its other files are an estimate.
    let finding = if needs.at_one_server > soft {
        Fit::Wrong { fix }
    } else {
        Fit::Doubtful { fix }
    };
    counted(&what, needed, soft, finding)
}

fn queue(needs: &Needs, name: &str, found: u64) -> Check {
    let fix = format!("sysctl -w {name}={}", needs.backlog.next_power_of_two());
    counted(name, needs.backlog, found, Fit::Doubtful { fix })
}

fn cores(needs: &Needs, limits: &Limits) -> Check {
    let (own, server) = needs.cores();
    let needed = own + if limits.shares_cores { server } else { 0.0 };
    let finding = if needed <= f64::from(limits.cores) {
        Fit::Ok
    } else {
        Fit::Doubtful {
            fix: format!(
                "a lower --rate or fewer --users: {:.0} % of the deliveries fit",
                100.0 * f64::from(limits.cores) / needed
            ),
        }
    };
    Check {
        what: if limits.shares_cores {
            "cores, the server's among them".to_owned()
        } else {
            "cores".to_owned()
        },
        needed: format!("{needed:.2}"),
        found: limits.cores.to_string(),
        finding,
    }
}

fn memory(needs: &Needs, found: u64) -> Check {
    let finding = if needs.memory_bytes <= found {
        Fit::Ok
    } else {
        Fit::Doubtful {
            fix: "fewer --senders or fewer --users".to_owned(),
        }
    };
    Check {
        what: "memory".to_owned(),
        needed: ByteSize(needs.memory_bytes).to_string(),
        found: format!("{} available", ByteSize(found)),
        finding,
    }
}

/// The arithmetic in words: what the checks are made of.
pub(crate) fn arithmetic(needs: &Needs) -> String {
    let (own, server) = needs.cores();
    let bytes = |bytes: f64| ByteSize(bytes as u64).to_string();
    format!(
        "{} deliveries a second · in {}/s · out {}/s · CPU {own:.2} cores here, {server:.2} at the server at best ({:.1} µs and {:.1} µs a delivery, many lines at once)",
        grouped(needs.deliveries.round() as u64, ' '),
        bytes(needs.bytes_in),
        bytes(needs.bytes_out),
        1e6 * super::needs::OWN_CPU,
        1e6 * super::needs::SERVER_CPU,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(users: u32, workers: u64) -> Needs {
        let own_files = 32 + 4 * workers;
        Needs {
            users,
            connections: users.into(),
            at_one_server: users.into(),
            files: own_files + u64::from(users),
            own_files,
            sources: 1,
            ports: users.into(),
            backlog: 64 * workers,
            deliveries: 1_000.0,
            bytes_in: 80_000.0,
            bytes_out: 80.0,
            memory_bytes: 1 << 20,
        }
    }

    fn roomy() -> Limits {
        Limits {
            files: 100_000,
            ports: Some((32_768, 60_999)),
            somaxconn: Some(4096),
            syn_backlog: Some(4096),
            server: None,
            shares_cores: true,
            cores: 2,
            memory_available: Some(1 << 30),
        }
    }

    fn wrong(needs: &Needs, limits: &Limits) -> String {
        let error = first_wrong(needs.users, checks(needs, limits));
        error.map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_fits_is_ok() {
        let checks = checks(&needs(984, 2), &roomy());
        assert_eq!(checks.len(), 6);
        assert!(
            checks.iter().all(|check| check.finding == Fit::Ok),
            "{checks:#?}"
        );
    }

    #[test]
    fn too_many_users_are_told_what_fits() {
        let limits = Limits {
            files: 1024,
            ..roomy()
        };
        let text = wrong(&needs(1000, 2), &limits);
        assert!(
            text.contains("1000 users need 1040 open files, and there are 1024"),
            "{text}"
        );
        assert!(text.contains("--users 984"), "{text}");
        assert_eq!(wrong(&needs(984, 2), &limits), "");
    }

    #[test]
    fn ports_are_counted_for_each_source() {
        assert_eq!(wrong(&needs(28_232, 2), &roomy()), "");
        let text = wrong(&needs(30_000, 2), &roomy());
        assert!(
            text.contains("30000 local ports to one server, and there are 28232"),
            "{text}"
        );
        assert!(
            text.contains("ip_local_port_range='1024 65535', or at most --users 28232"),
            "{text}"
        );
        let text = wrong(&needs(70_000, 2), &roomy());
        assert!(text.contains("machines of their own"), "{text}");
        let histogram = Needs {
            sources: 3,
            ports: 10_000,
            ..needs(30_000, 2)
        };
        assert_eq!(wrong(&histogram, &roomy()), "");
    }

    #[test]
    fn each_server_of_several_has_ports_of_its_own() {
        let of_two = |users| Needs {
            at_one_server: u64::from(users) / 2,
            ports: u64::from(users) / 2,
            ..needs(users, 2)
        };
        assert_eq!(wrong(&of_two(56_464), &roomy()), "");
        let text = wrong(&of_two(60_000), &roomy());
        assert!(text.contains("at most --users 56464"), "{text}");
    }

    #[test]
    fn the_servers_open_files_are_checked() {
        let server = Some(OpenFiles {
            pid: 77,
            soft: 1024,
            hard: 4096,
        });
        let limits = Limits { server, ..roomy() };
        let text = wrong(&needs(2000, 2), &limits);
        assert!(
            text.contains("prlimit --pid 77 --nofile=2064:4096, or at most --users 960"),
            "{text}"
        );
        // Its other files are an estimate: no run is refused for them.
        assert_eq!(wrong(&needs(1000, 2), &limits), "");
        assert!(
            checks(&needs(1000, 2), &limits)
                .iter()
                .any(|check| check.fix().is_some())
        );
    }

    #[test]
    fn estimates_and_queues_are_doubtful_and_refuse_no_run() {
        let mut needs = needs(100, 2);
        needs.deliveries = 1e7;
        needs.memory_bytes = 1 << 40;
        let limits = Limits {
            somaxconn: Some(16),
            ..roomy()
        };
        assert_eq!(wrong(&needs, &limits), "");
        let all = checks(&needs, &limits);
        let fixes: Vec<_> = all.iter().filter_map(Check::fix).collect();
        assert_eq!(fixes.len(), 3);
        assert_eq!(fixes[0], "sysctl -w net.core.somaxconn=128");
    }
}
