//! Replicator: the thread between the room and the brokers. It sends what the shards say, and applies what it reads.

mod asides;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};
use wac_core::cluster::{Applied, Departure, Effect, Founding, Host, Message, Node, Over};
use wac_core::log::Position;
use wac_core::mark::RoomId;
use wac_core::roster::{NodeId, ShardId};

use super::broker::{Broker, Kind, News};
use super::{enter, mail, snapshots};
use crate::config::cluster::Cluster;
use crate::room::locks::lock;
use crate::room::outbox::{Outbox, Standing};
use crate::room::shared::Shared;

/// The time between two looks at the clock.
const TICK: Duration = Duration::from_millis(250);
/// The time after which a fault is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// The silence of the stream, in which this node's own pieces should come, after which it is read anew.
const SILENCE: Duration = Duration::from_secs(3);
const MINUTE: Duration = Duration::from_secs(60);
/// The silence of which the operator's side is told: the node writes something each second.
const NOTED: Duration = Duration::from_millis(1500);
/// Messages applied before anything else is looked at.
const BATCH: usize = 256;
/// The time that a shard's turn takes at most, roughly: the room is looked at again then.
const TURN: Duration = Duration::from_millis(20);

/// The replicator of a node.
struct Replicator {
    shared: Arc<Shared>,
    broker: Broker,
    node: Node,
    has_notices: bool,
    /// Whose records are under way, in the order in which they come back.
    under_way: VecDeque<Option<ShardId>>,
    outgoing_mail: mail::Outgoing,
    incoming_mail: mail::Incoming,
    collected: snapshots::Collected,
    /// Nodes that want a snapshot with themselves in it: where to, and who.
    asking: Vec<(String, NodeId)>,
    /// The time at which the stream was read last, or reading began.
    read_at: Instant,
    /// The time at which reading is to begin anew.
    begin_at: Option<Instant>,
    /// The brokers, for the log.
    brokers: String,
    /// What is wrong with them, for all that is known.
    trouble: Option<String>,
    /// What was logged of that in the last minute, without names that differ each time, and when.
    complaints: BTreeMap<String, Instant>,
    /// The time since which there has been no room.
    away_since: Option<Duration>,
}

/// Joins the room and serves it until the node has left.
pub(super) async fn run(shared: Arc<Shared>, config: Cluster, has_notices: bool) {
    let brokers: Vec<_> = config
        .brokers
        .iter()
        .map(|it| it.as_str().to_owned())
        .collect();
    let brokers = brokers.join(",");
    tracing::info!(%brokers, room = config.room.as_str(), "joining the room of a cluster");
    let broker = loop {
        match Broker::connect(config.clone()).await {
            Ok(broker) => break broker,
            Err(error) => tracing::error!(%error, "cannot speak to the brokers; trying again"),
        }
        sleep(MINUTE).await;
    };
    let node = new_node(&shared, has_notices);
    let mut replicator = Replicator {
        broker,
        node,
        has_notices,
        under_way: VecDeque::new(),
        outgoing_mail: mail::Outgoing::default(),
        incoming_mail: mail::Incoming::default(),
        collected: snapshots::Collected::default(),
        asking: Vec::new(),
        read_at: Instant::now(),
        begin_at: None,
        brokers,
        trouble: None,
        complaints: BTreeMap::new(),
        away_since: Some(shared.now()),
        shared,
    };
    replicator.serve().await;
    replicator.broker.flush().await;
    replicator.outbox().note_left();
}

/// Names the machine and this process.
fn host() -> Host {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    Host::from(format!("{name}/{}", std::process::id()))
}

fn new_node(shared: &Shared, has_notices: bool) -> Node {
    let random = || getrandom::u64().expect("the system has randomness");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    let founding = Founding {
        room: RoomId(random()),
        // Later than all that was said in a room before it, at less than a gigabyte a second.
        origin: Position(u64::try_from(nanos).unwrap_or_default()),
        has_notices,
    };
    Node::new(NodeId(random()), host(), founding, shared.now())
}

impl Replicator {
    fn outbox(&self) -> &Outbox {
        self.shared.cluster.as_ref().expect("the server is a node")
    }

    /// Serves until the node has left the room.
    async fn serve(&mut self) {
        self.begin().await;
        while !self.outbox().leaves() || self.node.is_member() {
            if self.outbox().is_given_up() {
                return self.cut_off().await;
            }
            self.wait().await;
            self.collect();
            let effects = self.node.tick(self.shared.now());
            self.perform(effects).await;
            self.serve_others().await;
            self.keep_reading();
            self.report();
        }
    }

    /// Begins to read, as a new node.
    async fn begin(&mut self) {
        if let Err(error) = self.broker.be(self.node.id()).await {
            tracing::warn!(%error, "cannot hear other nodes");
        }
        self.read_anew();
    }

    /// Begins to read the stream from the last message read on.
    fn read_anew(&mut self) {
        self.begin_at = None;
        self.read_at = Instant::now();
        self.broker.read(self.node.read_to());
    }

    /// Reads anew if that is due, or nothing has come for a while.
    fn keep_reading(&mut self) {
        let now = Instant::now();
        let is_due = self.begin_at.is_some_and(|at| at <= now);
        if self.broker.is_opening() || !is_due && now < self.read_at + SILENCE {
            return;
        }
        if self.broker.is_connected() {
            self.read_anew();
        } else if now >= self.read_at + SILENCE {
            self.complain_of_silence("no broker can be reached");
        }
    }

    /// Logs what is wrong with the brokers, which are tried again and again: each fault once a minute.
    fn complain(&mut self, what: &str) {
        self.trouble = Some(what.to_owned());
        self.complaints.retain(|_, at| at.elapsed() < MINUTE);
        // NATS tells the subject that a user may not use in quotes.
        let fault = what.split('"').next().unwrap_or_default();
        if self.complaints.contains_key(fault) {
            return;
        }
        self.complaints.insert(fault.to_owned(), Instant::now());
        let brokers = &self.brokers;
        tracing::warn!(%brokers, "the brokers do not do what is needed, and are tried again: {what}");
    }

    /// Logs that the brokers are silent, unless it is known what is wrong with them.
    fn complain_of_silence(&mut self, what: &str) {
        if self.trouble.as_ref().is_none_or(|trouble| trouble == what) {
            self.complain(what);
        }
    }

    /// Waits for something to do, and takes in what has come.
    async fn wait(&mut self) {
        let shared = self.shared.clone();
        let outbox = shared.cluster.as_ref().expect("the server is a node");
        outbox.replicator.prepare_to_sleep();
        if outbox.is_empty() {
            tokio::select! {
                news = self.broker.next() => self.take(news).await,
                () = outbox.replicator.sleep() => {}
                () = sleep(TICK) => {}
            }
        }
        outbox.replicator.stay_awake();
        for _ in 0..BATCH {
            match self.broker.next_now() {
                Some(news) => self.take(news).await,
                None => break,
            }
        }
    }

    async fn take(&mut self, news: News) {
        match news {
            News::Read(message) => self.read(message).await,
            News::Began => {
                self.trouble = None;
                self.read_at = Instant::now();
                self.node.begin_reading();
            }
            News::Interrupted(why) => {
                let again = if why.is_some() { AGAIN } else { Duration::ZERO };
                self.begin_at = Some(Instant::now() + again);
                if let Some(why) = why {
                    self.complain(&why);
                }
            }
            News::Mute => {
                self.complain_of_silence("the broker does not answer");
                self.broker.reconnect().await;
            }
            News::Link(Some(broker)) => {
                tracing::info!(%broker, "connected to a broker");
                self.begin_at = Some(Instant::now());
            }
            News::Link(None) => tracing::warn!("the connection to the broker is lost"),
            News::Trouble(what) => self.complain(&what),
            News::Told(aside) => self.told(aside).await,
        }
    }

    async fn read(&mut self, message: Message) {
        self.read_at = Instant::now();
        if self.node.has_gap_before(&message) {
            self.begin_at = Some(Instant::now());
            return;
        }
        let now = self.shared.now();
        let effects = {
            let mut roster = lock(&self.shared.roster);
            self.node.on_message(message, now, &mut roster)
        };
        self.perform(effects).await;
    }

    /// Takes over what the shards have put in.
    fn collect(&mut self) {
        let records = self.outbox().take();
        for (shard, record) in records {
            self.under_way.push_back(shard);
            self.node.submit(record);
        }
        if self.outbox().leaves() {
            self.node.leave();
        }
    }

    /// Does what the node has decided.
    async fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Publish(publication) => self.broker.publish(publication).await,
                Effect::AskForSnapshot => {
                    let subjects = &self.broker.subjects;
                    let subject = subjects.snapshot_wanted();
                    let reply = subjects.of_node(Kind::Snapshot, self.node.id());
                    let payload = self.node.id().0.to_le_bytes().to_vec();
                    self.broker.tell(subject, Some(reply), payload).await;
                }
                Effect::Enter {
                    room,
                    head,
                    is_new,
                    has_notices,
                    history,
                } => {
                    self.enter(room, head, &history);
                    self.log_entry(room, is_new);
                    if let Err(error) = self.broker.hear_who_asks().await {
                        tracing::warn!(%error, "cannot hear who joins");
                    }
                    self.compare_notices(has_notices);
                }
                Effect::Apply(applied) => self.apply(applied).await,
                Effect::Silence(true) => {
                    self.outbox().note_silence(true);
                    self.shared.wake_all();
                    tracing::warn!(
                        "the room does not come back from the broker; what people say waits"
                    );
                }
                Effect::Silence(false) => {
                    self.outbox().note_silence(false);
                    self.shared.wake_all();
                    tracing::info!("the room comes back from the broker again");
                }
                Effect::Over(why) => self.be_over(why).await,
            }
        }
    }

    fn enter(&mut self, room: RoomId, head: Position, history: &[u8]) {
        let log = enter::log_of(history, head, self.shared.window_bytes);
        self.shared.replace_log(log, room);
        self.away_since = None;
        self.outbox().note_silence(false);
        self.report();
        self.outbox().open();
        self.shared.wake_all();
    }

    fn log_entry(&self, room: RoomId, is_new: bool) {
        if is_new {
            tracing::info!(node = %host(), %room, "serving the room, which begins with this node");
        } else {
            let members = self.node.members().len();
            tracing::info!(node = %host(), %room, members, "serving the room");
        }
    }

    /// Warns of a setting of this node that does not count.
    fn compare_notices(&self, has_notices: bool) {
        if has_notices != self.has_notices {
            let told = if has_notices { "on" } else { "off" };
            tracing::warn!(
                "--notices does not count here: they are {told} in this room, as the node had them that began it"
            );
        }
    }

    /// Applies what a message has done, as soon as the shards let the log grow.
    async fn apply(&mut self, applied: Applied) {
        if let Some(node) = &applied.joined {
            tracing::info!(%node, "a node has joined the room");
        }
        for (id, node, how) in &applied.gone {
            match how {
                Departure::Dead => {
                    tracing::warn!(%node, "a node is dead, and all of its people have left");
                }
                Departure::Left => tracing::info!(%node, "a node has left, with all of its people"),
            }
            self.outgoing_mail.gone(*id, &self.shared);
        }
        while !self.shared.may_append(applied.lines.len()) {
            self.wait_for_a_turn().await;
        }
        self.shared.charge_room(applied.foreign_bytes);
        self.shared.apply(applied, &mut self.under_way);
    }

    /// Waits until some shard has tried its sessions: the window may not outrun them.
    async fn wait_for_a_turn(&self) {
        let outbox = self.outbox();
        outbox.replicator.prepare_to_sleep();
        // It is looked at once more in any case, so a wake-up that comes before this costs a moment.
        let _ = timeout(TURN, outbox.replicator.sleep()).await;
        outbox.replicator.stay_awake();
    }

    /// Ends everybody's session, unless the node has left, and begins anew.
    async fn be_over(&mut self, why: Over) {
        if self.outbox().leaves() {
            return;
        }
        if self.outbox().is_open() {
            tracing::error!(
                ?why,
                "cut off from the room: everybody is closed, and it is joined anew"
            );
            self.cut_off().await;
            self.away_since = Some(self.node.silent_since());
        }
        self.under_way.clear();
        self.outgoing_mail.clear();
        self.incoming_mail.clear();
        self.asking.clear();
        self.node = new_node(&self.shared, self.has_notices);
        self.report();
        self.begin().await;
    }

    /// Closes everybody; what has not come back does not count.
    async fn cut_off(&self) {
        self.outbox().cut_off();
        self.shared.wake_all();
        let cuts = self.outbox().cuts();
        let has_seen = |shared: &Shared| shared.inboxes.iter().all(|it| it.cuts_seen() == cuts);
        while !has_seen(&self.shared) {
            self.wait_for_a_turn().await;
        }
    }

    /// Tells the operator's side how the node stands.
    fn report(&self) {
        if self.outbox().leaves() && !self.node.is_member() {
            // Whoever is told that the server stops is told whether others go on.
            return;
        }
        let room = self.node.room();
        let since = self.node.silent_since();
        let silent_since = (self.shared.now() > since + NOTED).then_some(since);
        self.outbox().set_standing(Standing {
            member: room.map(|room| (self.node.id(), room)),
            members: self.node.members(),
            read_to: self.node.read_to(),
            in_flight: self.node.in_flight(),
            silent_since: self.away_since.or(silent_since),
            trouble: self.trouble.clone(),
        });
    }
}
