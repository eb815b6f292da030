//! `doctor`: what a run needs, what there is, and how to make it fit. It logs nobody in.

use std::fmt::Write;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::output::{Output, UsageError};
use crate::cli::{Preset, RunArgs};
use crate::machine::needs::Needs;
use crate::machine::preflight::{self, Check, Fit, arithmetic, checks};
use crate::plan::protocol::Protocol;
use crate::plan::servers::Server;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::result::verdict::Exit;
use crate::units::{quoted, short};
use wac_core::text::grouped;

/// Checks everything, and prints the answer.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    if args.server.is_none() {
        let why = "doctor looks at a server that runs; start it, and give HOST:PORT";
        return Err(UsageError(why.to_owned()).into());
    }
    let plan = Plan::new(Workload::new(Preset::Run, args)?, &How::from(args))?;
    let output = Output::open(args.json.as_deref())?;
    let needs = Needs::of(&plan);
    let limits = preflight::limits(&plan)?;
    let mut all: Vec<_> = each_server(&plan).collect();
    all.extend(checks(&needs, &limits));
    let exit = if all.iter().any(|check| check.finding != Fit::Ok) {
        Exit::Preflight
    } else {
        Exit::Pass
    };
    Ok(output.finish(&render(&plan, &needs, &all), &all, exit))
}

/// Each server; of several, with its address.
fn each_server(plan: &Plan) -> impl Iterator<Item = Check> {
    let servers = plan.servers.all();
    servers.iter().map(|one| Check {
        what: match servers.len() {
            1 => "server".to_owned(),
            _ => format!("server {}", one.target),
        },
        ..server(plan, one)
    })
}

/// Whether somebody answers, and speaks what the run speaks.
fn server(plan: &Plan, server: &Server) -> Check {
    let wac = plan.workload.protocol == Protocol::Wac;
    let wrong = |fix: String| Fit::Wrong { fix };
    let (found, finding) = match greeting(server.at) {
        Ok(said) if !wac || is_wac(&said) => ("it answers".to_owned(), Fit::Ok),
        Ok(said) => (
            format!("it says: {}", quoted(&said)),
            wrong("give the address of a wacd, or --protocol".to_owned()),
        ),
        // Others wait for their clients to speak first.
        Err(error) if !wac && is_silence(&error) => ("it accepts".to_owned(), Fit::Ok),
        Err(error) if is_silence(&error) => (
            "it says nothing".to_owned(),
            wrong("give the address of a wacd, or --protocol".to_owned()),
        ),
        Err(error) => (
            error.to_string(),
            wrong(format!("wacd --flood-rate 0 --listen {}", server.target)),
        ),
    };
    Check {
        what: String::new(),
        needed: if wac {
            "a WAC chat server".to_owned()
        } else {
            "a server".to_owned()
        },
        found,
        finding,
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

fn render(plan: &Plan, needs: &Needs, checks: &[Check]) -> String {
    let work = &plan.workload;
    let mut text = format!(
        " DOCTOR    {} users, {} senders, {} msg/s, {}\n NEEDS     {}\n",
        grouped(work.users.into(), ','),
        grouped(work.senders.into(), ','),
        short(work.mean_rate()),
        plan.servers.targets(),
        arithmetic(needs),
    );
    for check in checks {
        // A String takes everything.
        let _ = writeln!(text, "{}", line(check));
    }
    let wrong = checks.iter().filter(|check| check.fix().is_some()).count();
    text += &match wrong {
        0 => " RESULT    it fits\n".to_owned(),
        wrong => format!(
            " RESULT    {wrong} of {} WRONG: what to do stands behind each\n",
            checks.len()
        ),
    };
    text
}

fn line(check: &Check) -> String {
    let fate = match check.fix() {
        None => "ok".to_owned(),
        Some(fix) => format!("WRONG: {fix}"),
    };
    format!(
        "   {:<44}  needed {:<18}  found {:<20}  {fate}",
        check.what, check.needed, check.found
    )
}

/// Long for a server that answers at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// A greeting is shorter.
const MAX_BYTES: u64 = 4096;

/// Connects once and reads the first line; empty if the server closed without one.
///
/// # Errors
/// The system's; a server that says nothing times out.
fn greeting(server: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_BYTES)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
}

/// Whether a greeting is that of a WAC chat server.
fn is_wac(greeting: &str) -> bool {
    ServerLine::parse(greeting) == ServerLine::Notice(Notice::Greeting)
}
