//! Broker: the connection to the NATS servers, and the stream there.

use std::sync::Once;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::stream::{self, DiscardPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{
    Client, ClientError, ConnectErrorKind, ConnectOptions, Event, HeaderMap, ServerAddr,
    StatusCode, Subscriber,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use wac_core::cluster::{Message, Publication};
use wac_core::roster::NodeId;

use crate::config::cluster::{Cluster, Storage};
use crate::config::credentials::{Credentials, Proof};

/// Bytes that the stream keeps: a node that reads more slowly than that is cut off.
const STREAM_BYTES: i64 = 256 << 20;
/// The time that a request to the broker may take: some fit into a node's patience.
const PATIENCE: Duration = Duration::from_secs(3);
/// The time that a broker may take to answer at all.
const ROUND_TRIP: Duration = Duration::from_millis(1500);
/// The time that the client may need to take a message: it is stuck if its connection is.
const SENDING: Duration = Duration::from_millis(500);
const EXPECTED_LAST: &str = "Nats-Expected-Last-Sequence";

/// Something went wrong with the broker. It is tried again.
pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What comes from the brokers.
pub(super) enum News {
    /// A message of the stream.
    Read(Message),
    /// The stream is read from where it was to be.
    Began,
    /// The stream can't be read as it was, and why, if that is known.
    Interrupted(Option<String>),
    /// The broker that there is a connection to does not answer.
    Mute,
    /// There is a connection, to this broker, or none any more.
    Link(Option<String>),
    /// Something is wrong with a broker, which is tried again.
    Trouble(String),
    /// A message of another node, on one of the node's own subjects.
    Told(Aside),
}

/// A message beside the stream.
pub(super) struct Aside {
    pub(super) kind: Kind,
    /// The number in its subject, if there is one.
    pub(super) number: Option<u64>,
    pub(super) payload: Vec<u8>,
    pub(super) reply: Option<String>,
    /// Nobody takes what was sent.
    pub(super) has_no_taker: bool,
}

/// What a message beside the stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody asks for a snapshot.
    SnapshotWanted,
    /// A part of a snapshot.
    Snapshot,
    /// A whisper for somebody here.
    Mail,
    /// What became of a whisper.
    Receipt,
}

/// The subjects of a room, for a node.
pub(super) struct Subjects {
    room: String,
}

impl Subjects {
    fn log(&self) -> String {
        format!("wac.{}.log", self.room)
    }

    fn stream(&self) -> String {
        format!("WAC_{}", self.room)
    }

    pub(super) fn snapshot_wanted(&self) -> String {
        format!("wac.{}.snapshot", self.room)
    }

    pub(super) fn of_node(&self, kind: Kind, node: NodeId) -> String {
        let kind = match kind {
            Kind::SnapshotWanted => "snapshot",
            Kind::Snapshot => "room",
            Kind::Mail => "mail",
            Kind::Receipt => "receipt",
        };
        format!("wac.{}.{kind}.{:016x}", self.room, node.0)
    }
}

/// The connection to the brokers.
pub(super) struct Broker {
    client: Client,
    context: Context,
    events: mpsc::UnboundedReceiver<Event>,
    config: Cluster,
    pub(super) subjects: Subjects,
    /// The reader of the stream, if there is one, or is to be.
    reader: Option<Subscriber>,
    opening: Option<BoxFuture<'static, Result<Subscriber, Option<Fault>>>>,
    /// What the node is told besides.
    asides: Vec<(Kind, Subscriber)>,
}

impl Broker {
    /// Begins to connect, and goes on trying.
    pub(super) async fn connect(config: Cluster) -> Result<Self, Fault> {
        let (sender, events) = mpsc::unbounded_channel();
        let mut options = ConnectOptions::new()
            .name("wacd")
            .retry_on_initial_connect()
            .ping_interval(Duration::from_secs(2))
            .connection_timeout(ROUND_TRIP)
            .request_timeout(Some(PATIENCE))
            .reconnect_delay_callback(|tries| match tries {
                0 => Duration::ZERO,
                _ => Duration::from_millis(250),
            })
            .event_callback(move |event| {
                // Nobody listens any more in a process that ends.
                let _ = sender.send(event);
                async {}
            });
        options = match config.credentials.as_ref().map(|it| it.proof.clone()) {
            Some(Proof::Jwt(text)) => options.credentials(&text)?,
            Some(Proof::Password { user, password }) => options.user_and_password(user, password),
            Some(Proof::Token(token)) => options.token(token),
            None => options,
        };
        if let Some(path) = &config.ca {
            options = options
                .add_root_certificates(path.clone())
                .require_tls(true);
        }
        let brokers = config.brokers.iter().map(|url| url.as_str().parse());
        let brokers: Vec<ServerAddr> = brokers.collect::<Result<_, _>>()?;
        let client = options.connect(brokers).await?;
        let subjects = Subjects {
            room: config.room.as_str().to_owned(),
        };
        let mut context = jetstream::new(client.clone());
        context.set_timeout(PATIENCE);
        Ok(Self {
            context,
            client,
            events,
            config,
            subjects,
            reader: None,
            opening: None,
            asides: Vec::new(),
        })
    }

    /// Tells whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// Receives what is sent to a node alone, from now on.
    pub(super) async fn be(&mut self, node: NodeId) -> Result<(), Fault> {
        self.asides.clear();
        for kind in [Kind::Snapshot, Kind::Mail, Kind::Receipt] {
            let subject = self.subjects.of_node(kind, node);
            let subject = match kind {
                Kind::Receipt => format!("{subject}.*"),
                _ => subject,
            };
            self.asides
                .push((kind, self.client.subscribe(subject).await?));
        }
        Ok(())
    }

    /// Hears those who ask for a snapshot, from now on. Whoever has none yet does not: it would be asked in the place of a member.
    pub(super) async fn hear_who_asks(&mut self) -> Result<(), Fault> {
        let wanted = self.subjects.snapshot_wanted();
        let group = "members".to_owned();
        let wanted = self.client.queue_subscribe(wanted, group).await?;
        self.asides.push((Kind::SnapshotWanted, wanted));
        Ok(())
    }

    /// Begins to read the stream from a message on, or, if that is 0, from the last one. The stream is made if it is missing.
    pub(super) fn read(&mut self, from: u64) {
        self.reader = None;
        let (client, context, stream) = (self.client.clone(), self.context.clone(), self.stream());
        let nobody = format!("wac.{}.nobody", self.subjects.room);
        self.opening = Some(Box::pin(async move {
            if !answers(&client, nobody).await {
                return Err(None);
            }
            open(client, context, stream, from).await.map_err(Some)
        }));
    }

    /// Tells whether reading is about to begin.
    pub(super) fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// Leaves a broker that does not answer for another one.
    pub(super) async fn reconnect(&mut self) {
        self.opening = None;
        if let Err(error) = self.client.force_reconnect().await {
            tracing::debug!(%error, "cannot leave the broker");
        }
    }

    fn stream(&self) -> stream::Config {
        stream::Config {
            name: self.subjects.stream(),
            subjects: vec![self.subjects.log()],
            max_bytes: STREAM_BYTES,
            discard: DiscardPolicy::Old,
            storage: match self.config.storage {
                Storage::File => StorageType::File,
                Storage::Memory => StorageType::Memory,
            },
            num_replicas: self.config.replicas,
            ..stream::Config::default()
        }
    }

    /// Sends a piece to the stream. One that is lost is sent again, so nobody waits for an answer.
    pub(super) async fn publish(&self, publication: Publication) {
        let subject = self.subjects.log();
        let payload = publication.payload.into();
        let sent = async {
            match publication.expected_last {
                None => self.client.publish(subject, payload).await,
                Some(last) => {
                    let mut headers = HeaderMap::new();
                    headers.insert(EXPECTED_LAST, last.to_string());
                    let sent = self.client.publish_with_headers(subject, headers, payload);
                    sent.await
                }
            }
        };
        self.send(sent).await;
    }

    /// Sends a message beside the stream, if there is a connection.
    pub(super) async fn tell(&self, subject: String, reply: Option<String>, payload: Vec<u8>) {
        let payload = payload.into();
        let sent = async {
            match reply {
                None => self.client.publish(subject, payload).await,
                Some(reply) => {
                    self.client
                        .publish_with_reply(subject, reply, payload)
                        .await
                }
            }
        };
        self.send(sent).await;
    }

    async fn send(&self, sent: impl Future<Output = Result<(), async_nats::PublishError>>) {
        if self.is_connected() && !matches!(timeout(SENDING, sent).await, Ok(Ok(()))) {
            tracing::debug!("a message to the broker was not taken");
        }
    }

    /// Waits until what was sent is with the broker, for a moment.
    pub(super) async fn flush(&self) {
        let _ = timeout(SENDING, self.client.flush()).await;
    }

    /// Waits for news.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let Self {
                reader,
                opening,
                asides,
                events,
                client,
                config,
                ..
            } = self;
            let opened = async {
                match opening {
                    Some(opening) => opening.await,
                    None => std::future::pending().await,
                }
            };
            let read = async {
                match reader {
                    Some(reader) => reader.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(event) = events.recv() => match event {
                    Event::Connected => {
                        let info = client.server_info();
                        if config.replicas > 1 && is_old(&info.version) {
                            tracing::warn!(
                                version = info.version,
                                "replicas of this release of NATS may differ after a fault, and then nodes are cut off: \
                                 use a current release, or --cluster-replicas 1"
                            );
                        }
                        let name = format!("{} ({}:{})", info.server_name, info.host, info.port);
                        return News::Link(Some(name));
                    }
                    Event::Disconnected => return News::Link(None),
                    Event::SlowConsumer(_) => return News::Interrupted(None),
                    Event::ServerError(error) => return News::Trouble(error.to_string()),
                    Event::ClientError(error) => {
                        return News::Trouble(explained(&error, config.credentials.as_ref()));
                    }
                    event => tracing::debug!(%event, "broker"),
                },
                opened = opened => {
                    self.opening = None;
                    match opened {
                        Ok(reader) => self.reader = Some(reader),
                        Err(None) => return News::Mute,
                        Err(Some(error)) => return News::Interrupted(Some(error.to_string())),
                    }
                    return News::Began;
                },
                message = read => match message {
                    Some(message) => {
                        if let Some(news) = self.of_stream(message).await {
                            return news;
                        }
                    }
                    None => {
                        self.reader = None;
                        return News::Interrupted(None);
                    }
                },
                aside = next_aside(asides) => return News::Told(aside),
            }
        }
    }

    /// Returns news that are there already.
    pub(super) fn next_now(&mut self) -> Option<News> {
        self.next().now_or_never()
    }

    async fn of_stream(&self, message: async_nats::Message) -> Option<News> {
        if message.status == Some(StatusCode::IDLE_HEARTBEAT) {
            // The broker waits until it knows that this much was read.
            if let Some(reply) = message.reply {
                self.tell(reply.to_string(), None, Vec::new()).await;
            }
            return None;
        }
        let message = jetstream::Message {
            message,
            context: self.context.clone(),
        };
        let (seq, nanos) = {
            let info = message.info().ok()?;
            (info.stream_sequence, info.published.unix_timestamp_nanos())
        };
        let nanos = u64::try_from(nanos).unwrap_or_default();
        Some(News::Read(Message {
            seq,
            time: Duration::from_nanos(nanos),
            payload: message.message.payload.into(),
        }))
    }
}

/// Tells whether a release of NATS is older than the first whose replicas can be relied on.
fn is_old(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|it| it.parse().ok());
    (numbers.next(), numbers.next()) < (Some(2), Some(10))
}

/// Says what failed, and what is to be done.
fn explained(error: &ClientError, credentials: Option<&Credentials>) -> String {
    use ConnectErrorKind::{AuthorizationViolation, Io, Tls};
    let is = |kind: ConnectErrorKind| *error == ClientError::Other(kind.to_string());
    if is(AuthorizationViolation) {
        what_to_do(credentials)
    } else if is(Io) || is(Tls) {
        "a broker can't be reached, or it speaks TLS and nobody vouches for it whom this server trusts (--cluster-ca)"
            .to_owned()
    } else {
        error.to_string()
    }
}

/// Tells the operator what to do about a broker that has refused this server.
fn what_to_do(credentials: Option<&Credentials>) -> String {
    match credentials {
        Some(Credentials { file, .. }) => format!(
            "a broker does not accept the credentials in {}; correct that file (--cluster-credentials) and restart this server, \
             or let the brokers know them",
            file.display()
        ),
        None => {
            "a broker wants credentials; name a file that holds them with --cluster-credentials"
                .to_owned()
        }
    }
}

/// Tells whether a broker says at once that nobody hears what is said to nobody.
async fn answers(client: &Client, nobody: String) -> bool {
    let asked = client.request(nobody, Vec::new().into());
    timeout(ROUND_TRIP, asked).await.is_ok()
}

/// The operator was told that the stream is not as this server is to make one: once, because it is opened often.
static TOLD_OF_STREAM: Once = Once::new();

fn tell_of_stream(config: &stream::Config) {
    let storage = match config.storage {
        StorageType::File => "in files",
        StorageType::Memory => "in memory",
    };
    tracing::warn!(
        replicas = config.num_replicas,
        storage,
        "--cluster-replicas and --cluster-storage do not count here: the room's stream is kept as it was made"
    );
}

/// Begins to read a stream, which is made if it is missing.
async fn open(
    client: Client,
    context: Context,
    stream: stream::Config,
    from: u64,
) -> Result<Subscriber, Fault> {
    let (replicas, storage) = (stream.num_replicas, stream.storage);
    let mut stream = context.get_or_create_stream(stream).await?;
    let from = match from {
        0 => {
            let stream::Info { config, state, .. } = stream.info().await?;
            if (config.num_replicas, config.storage) != (replicas, storage) {
                TOLD_OF_STREAM.call_once(|| tell_of_stream(config));
            }
            state.last_sequence.max(1)
        }
        from => from,
    };
    let deliver_subject = client.new_inbox();
    let reader = client.subscribe(deliver_subject.clone()).await?;
    let consumer = push::Config {
        deliver_subject,
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: from,
        },
        ack_policy: AckPolicy::None,
        flow_control: true,
        idle_heartbeat: Duration::from_secs(1),
        memory_storage: true,
        num_replicas: 1,
        ..push::Config::default()
    };
    stream.create_consumer(consumer).await?;
    Ok(reader)
}

async fn next_aside(asides: &mut [(Kind, Subscriber)]) -> Aside {
    if asides.is_empty() {
        return std::future::pending().await;
    }
    let waiting = asides.iter_mut().map(|(kind, subscriber)| {
        let kind = *kind;
        Box::pin(subscriber.next().map(move |message| (kind, message)))
    });
    match futures_util::future::select_all(waiting).await {
        ((kind, Some(message)), ..) => Aside {
            kind,
            number: message
                .subject
                .rsplit('.')
                .next()
                .and_then(|it| it.parse().ok()),
            has_no_taker: message.status == Some(StatusCode::NO_RESPONDERS),
            payload: message.payload.into(),
            reply: message.reply.map(|reply| reply.to_string()),
        },
        // The client has ended.
        ((_, None), ..) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_before_2_10_are_old() {
        for (version, old) in [
            ("2.9.10", true),
            ("1.4.0", true),
            ("2.10.0", false),
            ("2.15.1", false),
            ("3.0", false),
        ] {
            assert_eq!(is_old(version), old, "{version}");
        }
    }
}
