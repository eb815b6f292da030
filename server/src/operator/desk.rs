//! Desk: carries out the operator's requests. It runs on the acceptor's thread; what belongs to a shard is asked of it.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use tokio::sync::Mutex;
use wac_core::admission::bans::{Ban, Banned, Bans};
use wac_core::close_reason::CloseReason;
use wac_core::name::{Name, collide};
use wac_core::roster::SessionId;
use wac_core::text::{clean, cut};

use crate::config::Config;
use crate::config::args::LogLevel;
use crate::operator::ban_file::BanFile;
use crate::operator::countdown::{Countdown, in_words, whole_seconds};
use crate::operator::protocol::{
    Answer, BanRow, Moment, PersonRow, Request, StatusReport, TopReport,
};
use crate::operator::text::{Reason, Saying};
use crate::process::exit;
use crate::process::reload::{ReloadMode, Reloader};
use crate::room::figures::Figures;
use crate::room::locks::lock;
use crate::room::requests::{Person, Removal, Whom, Wish};
use crate::room::shared::Shared;
use crate::room::stop_phase::Phase;

/// The shortest ban: a shorter one would be over before anybody was refused.
const LEAST_BAN: Duration = Duration::from_secs(1);
/// The longest time that a ban or a countdown may take: 100 years; later times cannot be written.
const MOST_TIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// Slow readers in a view, at most.
const SLOWEST: usize = 10;
/// People named in an answer, at most.
const NAMED: usize = 10;

/// What the operator's requests are carried out with.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) reloader: Arc<Reloader>,
    pub(crate) shared: Arc<Shared>,
    /// Locked while the bans are changed, so that the last change is written last.
    pub(crate) bans: Mutex<BanFile>,
    pub(crate) countdown: Countdown,
}

impl Desk {
    /// Carries out a request.
    pub(crate) async fn perform(&self, request: Request) -> Answer {
        let stops = self.shared.phases.now() != Phase::Serving;
        match request {
            Request::Status => Answer::data(&self.status().await),
            Request::Who => self.who().await,
            Request::Top => self.top().await,
            Request::Bans => Answer::data(&self.bans()),
            _ if stops => Answer::failed("the server is stopping"),
            Request::Reload { plan: false } => self.reload(ReloadMode::Apply).await,
            Request::Reload { plan: true } => self.reload(ReloadMode::Plan).await,
            Request::Say { text } => self.say(&text).await,
            Request::Kick { whom, reason } => self.kick(&whom, reason).await,
            Request::Ban {
                network,
                lasting,
                reason,
            } => self.ban(&network, lasting, reason).await,
            Request::Unban { network } => self.unban(&network).await,
            Request::LogLevel { level } => self.set_log_level(level),
            Request::Drain { after, reason } => self.drain(after, reason),
            Request::CancelDrain => self.cancel_drain().await,
        }
    }

    async fn status(&self) -> StatusReport {
        let running = self.reloader.running.lock().await.clone();
        StatusReport {
            pid: std::process::id(),
            version: wac_settings::VERSION.to_owned(),
            phase: self.shared.phase_name().to_owned(),
            stops_in_seconds: self.countdown.left().map(whole_seconds),
            uptime_seconds: self.shared.now().as_secs(),
            users: self.shared.users(),
            connections: self.shared.sessions(),
            bans: self.bans().len(),
            sandbox: self.reloader.around.sandbox.to_string(),
            history: self.history(&running.config),
            cluster: self.cluster(&running.config),
            limits: running.limits(),
        }
    }

    fn history(&self, config: &Config) -> Option<String> {
        let folder = config.history.as_ref()?.display();
        let journal = self.shared.history.as_ref()?;
        Some(if journal.fails() {
            format!("{folder}, which can't be written: see the log")
        } else {
            format!("{folder}, written")
        })
    }

    /// Returns how the server stands in its cluster: the members, and what is behind.
    fn cluster(&self, config: &Config) -> Option<String> {
        let room = config.cluster.as_ref()?.room.as_str();
        let outbox = self.shared.cluster.as_ref()?;
        let standing = outbox.standing();
        let silence = standing
            .silent_since
            .map(|since| self.shared.now().saturating_sub(since));
        let seconds = silence.unwrap_or_default().as_secs();
        let Some((node, epoch)) = standing.member else {
            let state = if outbox.cuts() == 0 {
                "not joined"
            } else {
                "cut off"
            };
            let why = standing.trouble.map(|trouble| format!(": {trouble}"));
            let why = why.unwrap_or_default();
            return Some(format!("room {room}: {state} for {seconds} s, trying{why}"));
        };
        let members = standing.members.iter().map(|(id, host)| {
            let here = if *id == node { " (here)" } else { "" };
            format!("{host}{here}")
        });
        let mut text = format!(
            "room {room}, epoch {epoch}: nodes {}; read to {}; {} in flight",
            members.collect::<Vec<_>>().join(", "),
            standing.read_to,
            standing.in_flight,
        );
        if silence.is_some() {
            text += &format!("; the brokers have been silent for {seconds} s");
        }
        Some(text)
    }

    async fn who(&self) -> Answer {
        match self.shared.ask(Wish::List).await {
            Ok(people) => {
                let rows: Vec<PersonRow> = people.iter().map(PersonRow::from).collect();
                Answer::data(&rows)
            }
            Err(error) => Answer::failed(error.to_string()),
        }
    }

    async fn top(&self) -> Answer {
        let mut people = match self.shared.ask(Wish::List).await {
            Ok(people) => people,
            Err(error) => return Answer::failed(error.to_string()),
        };
        people.retain(|person| person.lag_bytes > 0);
        people.sort_by_key(|person| Reverse(person.lag_bytes));
        let lost_lines = self.reloader.log.lost_lines();
        let figures = Figures::take(&self.shared, lost_lines, &self.reloader.around.sandbox);
        Answer::data(&TopReport {
            phase: self.shared.phase_name().to_owned(),
            seconds: self.shared.now().as_secs_f64(),
            users: figures.users,
            connections: figures.connections,
            shards: u16::try_from(figures.shards.len()).unwrap_or(u16::MAX),
            lines_in: figures.received.lines,
            lines_out: figures.sent.lines,
            bytes_in: figures.received.bytes,
            bytes_out: figures.sent.bytes,
            turns: figures.turns.count(),
            busy_seconds: figures.turns.sum,
            slowest: people.iter().take(SLOWEST).map(PersonRow::from).collect(),
        })
    }

    async fn say(&self, text: &Saying) -> Answer {
        match self.shared.announce(text.as_str()).await {
            Ok(()) => {
                tracing::info!("the operator said something to everybody");
                Answer::done(format!(
                    "said to {}",
                    counted(self.shared.readers(), "connection")
                ))
            }
            Err(error) => Answer::failed(format!("not said: {error}")),
        }
    }

    async fn kick(&self, written: &str, reason: Option<Reason>) -> Answer {
        let whom = match self.find(written).await {
            Ok(whom) => whom,
            Err(why) => return Answer::failed(why),
        };
        match self
            .remove(whom, CloseReason::Kicked, reason.as_ref())
            .await
        {
            Ok(people) if people.is_empty() => {
                let written = clean(cut(written));
                Answer::failed(format!("there is no {written} any more"))
            }
            Ok(people) => Answer::done(format!("kicked {}", named(&people))),
            Err(why) => Answer::failed(why),
        }
    }

    /// Finds out who is meant by a name, a number as in `@17` or an address with its port.
    async fn find(&self, written: &str) -> Result<Whom, String> {
        if let Some(id) = written.strip_prefix('@') {
            let id = id.parse().map_err(|_| "expected a number, as in @17")?;
            return Ok(Whom::Session(SessionId(id)));
        }
        if let Ok(at) = written.parse::<SocketAddr>() {
            let at = SocketAddr::new(at.ip().to_canonical(), at.port());
            return Ok(Whom::Connection(at));
        }
        if let Some(id) = self.holder(written).await {
            return Ok(Whom::Session(id));
        }
        let written = clean(cut(written));
        Err(match written.parse::<IpAddr>() {
            Ok(_) => format!(
                "which connection of {written}? give its port too, as `wacd who` lists it, or use `wacd ban`"
            ),
            Err(_) => format!("nobody here is called {written}; `wacd who` lists everybody"),
        })
    }

    /// Finds the owner of a name, or of the only one that looks like it.
    async fn holder(&self, written: &str) -> Option<SessionId> {
        let owner = |name: &str| {
            let roster = lock(&self.shared.roster);
            roster.find_here(name).map(|(address, _)| address.id)
        };
        if let Some(id) = owner(written) {
            return Some(id);
        }
        let wanted: Name = written.parse().ok()?;
        let names = lock(&self.shared.roster).names();
        // For 10,000 names that takes 75 ms, in which this thread accepts connections.
        let only = tokio::task::spawn_blocking(move || only_alike(&names, &wanted));
        owner(only.await.ok()??.as_str())
    }

    /// Ends the sessions that are meant, and logs it; returns the people.
    async fn remove(
        &self,
        whom: Whom,
        reason: CloseReason,
        why: Option<&Reason>,
    ) -> Result<Vec<Person>, String> {
        let removal = Removal {
            whom,
            reason,
            why: why.map(Reason::shared),
        };
        let wish = Wish::Remove(Arc::new(removal));
        let people = self.shared.ask(wish).await.map_err(|it| it.to_string())?;
        let why = why.map(Reason::as_str);
        for person in &people {
            tracing::info!(session.id = person.id.0, %reason, why, "removed by the operator");
        }
        Ok(people)
    }

    async fn ban(
        &self,
        written: &str,
        lasting: Option<Duration>,
        reason: Option<Reason>,
    ) -> Answer {
        let network = match network(written) {
            Ok(network) => network,
            Err(why) => return Answer::failed(why),
        };
        if lasting.is_some_and(|time| time < LEAST_BAN) {
            return Answer::failed(
                "--for: a ban lasts a second at least; `wacd kick` only closes connections",
            );
        }
        if lasting.is_some_and(|time| time > MOST_TIME) {
            return Answer::failed("100 years are the most; without --for it is for good");
        }
        let ban = Ban {
            until: lasting.map(|time| SystemTime::now() + time),
            reason: reason.as_ref().map(Reason::shared),
        };
        let until = until(&ban);
        let (former, kept) = self
            .change_bans(|bans| bans.insert(network, ban.clone()))
            .await;
        tracing::info!(%network, until, why = reason.as_ref().map(Reason::as_str), "banned by the operator");
        let mut answer = Answer::done(format!("banned {network} {until}"));
        if let Some(former) = former {
            answer = answer.and(format!("it was banned {}", self::until(&former)));
        }
        let trusted: Vec<IpNet> = lock(&self.shared.admission).trusted_in(network).collect();
        for trusted in trusted {
            answer = answer.and(format!(
                "mind: {trusted} is --trusted, and a ban goes before that"
            ));
        }
        let whom = Whom::Network(network);
        match self
            .remove(whom, CloseReason::Banned, reason.as_ref())
            .await
        {
            Ok(people) if people.is_empty() => {}
            Ok(people) => answer = answer.and(format!("closed {}", named(&people))),
            Err(why) => {
                answer = Answer {
                    code: exit::FAILED,
                    ..answer.and(why)
                }
            }
        }
        told_of_file(answer, kept)
    }

    async fn unban(&self, written: &str) -> Answer {
        let network = match network(written) {
            Ok(network) => network,
            Err(why) => return Answer::failed(why),
        };
        let (former, kept) = self.change_bans(|bans| bans.remove(network)).await;
        if former.is_some() {
            tracing::info!(%network, "a ban was lifted by the operator");
            let answer = Answer::done(format!("the ban of {network} is lifted"));
            return told_of_file(self.and_other_bans(answer, network), kept);
        }
        self.and_other_bans(Answer::failed(format!("{network} is not banned")), network)
    }

    /// Adds the bans of networks around this one, and within it.
    fn and_other_bans(&self, answer: Answer, network: IpNet) -> Answer {
        let around =
            |row: &BanRow| row.network.contains(&network) || network.contains(&row.network);
        let rows = self.bans();
        let others: Vec<String> = rows
            .iter()
            .filter(|row| around(row))
            .map(|row| row.network.to_string())
            .collect();
        if others.is_empty() {
            answer
        } else {
            answer.and(format!("these are banned: {}", others.join(", ")))
        }
    }

    /// Changes the bans, and writes them to their file.
    async fn change_bans<R>(&self, change: impl FnOnce(&mut Bans) -> R) -> (R, Result<(), String>) {
        let file = self.bans.lock().await;
        let (result, bans) = {
            let mut admission = lock(&self.shared.admission);
            admission.bans.forget_old(SystemTime::now());
            (change(&mut admission.bans), admission.bans.clone())
        };
        let write = {
            let file = file.clone();
            move || file.write(&bans)
        };
        // A file system may take its time.
        let written = tokio::task::spawn_blocking(write).await;
        let written = written.unwrap_or_else(|error| Err(error.to_string()));
        (result, written)
    }

    fn bans(&self) -> Vec<BanRow> {
        let mut admission = lock(&self.shared.admission);
        admission.bans.forget_old(SystemTime::now());
        admission.bans.iter().map(BanRow::from).collect()
    }

    fn set_log_level(&self, level: LogLevel) -> Answer {
        let former = self.reloader.log.set_level(level);
        let level = format!("{level:?}").to_lowercase();
        tracing::warn!(level, %former, "log level set by the operator");
        Answer::done(format!(
            "the log level is {level} until the next reload; it was {former}"
        ))
    }

    fn drain(&self, after: Duration, reason: Option<Reason>) -> Answer {
        if after > MOST_TIME {
            return Answer::failed("100 years are the most");
        }
        let why = reason.as_ref().map(Reason::as_str);
        tracing::info!(
            after = in_words(after),
            why,
            "a stop was planned by the operator"
        );
        let left = in_words(after).map_or_else(|| "now".to_owned(), |left| format!("in {left}"));
        let former = self.countdown.plan(after, reason);
        let answer = Answer::done(format!("stopping {left}"));
        match former.and_then(in_words) {
            Some(former) => answer.and(format!("it would have been in {former}")),
            None => answer,
        }
    }

    async fn cancel_drain(&self) -> Answer {
        let Some(left) = self.countdown.cancel() else {
            return Answer::failed("no stop is planned");
        };
        tracing::info!("the planned stop was cancelled by the operator");
        let left = in_words(left).unwrap_or_default();
        let answer = Answer::done(format!(
            "the stop is cancelled; it would have been in {left}"
        ));
        match self.shared.announce("not stopping after all").await {
            Ok(()) => answer,
            Err(error) => answer.and(format!("nobody was told: {error}")),
        }
    }

    async fn reload(&self, mode: ReloadMode) -> Answer {
        match self.reloader.reload(mode).await {
            Ok(changes) if changes.is_empty() => Answer::done("nothing differs"),
            Ok(messages) => Answer {
                messages,
                data: None,
                code: exit::DONE,
            },
            Err(problems) => {
                let told = problems.0.iter().flat_map(|problem| problem.lines());
                let messages = told.map(|line| format!("refused: {line}")).collect();
                let refused = Answer {
                    messages,
                    data: None,
                    code: exit::USAGE,
                };
                refused.and("nothing has changed; the server goes on as before")
            }
        }
    }
}

impl From<&Person> for PersonRow {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id.0,
            name: person.name.as_ref().map(Name::to_string),
            address: person.peer.to_string(),
            seconds: person.time_on.as_secs(),
            lines: person.lines,
            lag_bytes: person.lag_bytes,
        }
    }
}

/// Finds the only one of some names that looks like another.
fn only_alike(names: &[Name], wanted: &Name) -> Option<Name> {
    let mut alike = names.iter().filter(|name| collide(name, wanted));
    let first = alike.next()?;
    alike.next().is_none().then(|| first.clone())
}

fn network(written: &str) -> Result<IpNet, String> {
    let Banned(network) = written.parse().map_err(|error| {
        let written = clean(cut(written));
        format!("{written}: {error}")
    })?;
    Ok(network)
}

/// Returns the end of a ban in words.
fn until(ban: &Ban) -> String {
    match ban.until {
        Some(until) => format!("until {}", String::from(Moment(until))),
        None => "for good".to_owned(),
    }
}

/// Names some people, the first ones if they are many.
fn named(people: &[Person]) -> String {
    let named = people.iter().take(NAMED).map(|person| match &person.name {
        Some(name) => format!("{name} ({})", person.peer),
        None => format!("a visitor ({})", person.peer),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match people.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn counted(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Says if the bans could not be written: what was changed holds all the same.
fn told_of_file(answer: Answer, kept: Result<(), String>) -> Answer {
    match kept {
        Ok(()) => answer,
        Err(why) => Answer {
            code: exit::FAILED,
            ..answer.and(format!("but this is forgotten when the server ends: {why}"))
        },
    }
}
