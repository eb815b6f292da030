//! Mail: whispers to people who are connected to another node. They go from node to node, not through the stream: brokers would
//! keep them in their files.
//!
//! A whisper is sent until there is a receipt, or its node is dead; its sender, who waits, is told after a while. The receiver
//! remembers what became of it, so one that comes twice is delivered once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wac_core::cluster::TOLD;
use wac_core::cursor::DETOUR_BYTES;
use wac_core::name::Folded;
use wac_core::roster::{Home, NodeId, SessionAddress};

use crate::room::inbox::DirectMessage;
use crate::room::locks::lock;
use crate::room::outbox::{Delivery, Mail, Outbox};
use crate::room::shared::Shared;

/// The time after which a whisper without a receipt is sent again.
const AGAIN: Duration = Duration::from_secs(1);
/// Outcomes that are remembered: more than are sent again in the time that a node may be silent.
const REMEMBERED: usize = 65_536;

/// A whisper on its way from node to node. Its text is in no `Debug`.
#[derive(Serialize, Deserialize)]
struct Letter {
    from: NodeId,
    /// The number of the letter among those of its node.
    number: u64,
    /// The message of the stream that is to be read before.
    after: u64,
    to: SessionAddress,
    name: Folded,
    line: Box<[u8]>,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Receipt {
    number: u64,
    delivery: Delivery,
}

/// The whispers of this node's people that have no receipt.
#[derive(Default)]
pub(super) struct Outgoing {
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
}

struct Waiting {
    node: NodeId,
    payload: Vec<u8>,
    sender: SessionAddress,
    name: String,
    sent: Duration,
    /// The time at which its sender is told that it waits; none afterwards.
    late_at: Option<Duration>,
    tries: u32,
}

/// A letter to be sent to a node.
pub(super) struct Sent {
    pub(super) node: NodeId,
    pub(super) number: u64,
    pub(super) payload: Vec<u8>,
}

impl Outgoing {
    /// Adds a whisper; returns the letter.
    pub(super) fn add(&mut self, me: NodeId, after: u64, mail: Mail, now: Duration) -> Sent {
        self.last += 1;
        let letter = Letter {
            from: me,
            number: self.last,
            after,
            to: mail.to,
            name: Folded::of(&mail.name),
            line: mail.line,
        };
        let payload = postcard::to_stdvec(&letter).expect("memory takes all bytes");
        let waiting = Waiting {
            node: mail.node,
            payload: payload.clone(),
            sender: mail.sender,
            name: mail.name,
            sent: now,
            late_at: Some(now + TOLD),
            tries: 1,
        };
        self.waiting.insert(self.last, waiting);
        Sent {
            node: mail.node,
            number: self.last,
            payload,
        }
    }

    /// Returns the letters that are to be sent again, and tells the senders of late ones.
    pub(super) fn due(&mut self, now: Duration, shared: &Shared) -> Vec<Sent> {
        if shared.cluster.as_ref().is_some_and(Outbox::is_silent) {
            // Everybody is told that all nodes are out of reach. It may be one alone afterwards.
            for it in self.waiting.values_mut().filter(|it| it.late_at.is_some()) {
                it.late_at = Some(now + TOLD);
            }
        }
        let late = self.waiting.iter_mut();
        let late = late.filter(|(_, it)| now >= it.sent + AGAIN);
        let again = late.map(|(&number, it)| {
            it.sent = now;
            it.tries += 1;
            if it.late_at.take_if(|at| *at <= now).is_some() {
                it.report(None, shared);
            }
            Sent {
                node: it.node,
                number,
                payload: it.payload.clone(),
            }
        });
        again.collect()
    }

    /// Takes a receipt.
    pub(super) fn receipt(&mut self, payload: &[u8], shared: &Shared) {
        if let Ok(receipt) = postcard::from_bytes::<Receipt>(payload)
            && let Some(waiting) = self.waiting.remove(&receipt.number)
        {
            waiting.report(Some(receipt.delivery), shared);
        }
    }

    /// Takes note that nobody takes a letter. If it was sent once, it was not delivered.
    pub(super) fn no_taker(&mut self, number: u64, shared: &Shared) {
        if self.waiting.get(&number).is_some_and(|it| it.tries == 1)
            && let Some(waiting) = self.waiting.remove(&number)
        {
            waiting.report(Some(Delivery::NotReading), shared);
        }
    }

    /// Takes note that a node, and everybody on it, is gone.
    pub(super) fn gone(&mut self, node: NodeId, shared: &Shared) {
        for (_, waiting) in self.waiting.extract_if(.., |_, it| it.node == node) {
            waiting.report(Some(Delivery::Gone), shared);
        }
    }

    /// Forgets everything: all sessions have ended.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Waiting {
    fn report(&self, delivery: Option<Delivery>, shared: &Shared) {
        let inbox = &shared.inboxes[self.sender.shard.index()];
        let name = self.name.clone();
        inbox.deliveries.put((self.sender, name, delivery));
        inbox.waker.wake();
    }
}

/// The whispers for this node's people.
#[derive(Default)]
pub(super) struct Incoming {
    /// Letters that wait until the stream has been read as far as their senders had.
    waiting: Vec<(Letter, String)>,
    outcomes: BTreeMap<(NodeId, u64), Delivery>,
    order: VecDeque<(NodeId, u64)>,
}

impl Incoming {
    /// Takes a letter, which is to be answered on a subject.
    pub(super) fn add(&mut self, payload: &[u8], reply: Option<String>) {
        if let (Ok(letter), Some(reply)) = (postcard::from_bytes::<Letter>(payload), reply) {
            self.waiting.push((letter, reply));
        }
    }

    /// Delivers what may be, now that the stream has been read up to a message; returns the answers, each with its subject.
    pub(super) fn deliver(&mut self, read_to: u64, shared: &Shared) -> Vec<(String, Vec<u8>)> {
        let ready: Vec<_> = self
            .waiting
            .extract_if(.., |(letter, _)| letter.after <= read_to)
            .collect();
        let answers = ready.into_iter().filter_map(|(letter, reply)| {
            let number = letter.number;
            let delivery = self.deliver_once(letter, shared)?;
            let receipt = Receipt { number, delivery };
            let payload = postcard::to_stdvec(&receipt).expect("memory takes all bytes");
            Some((reply, payload))
        });
        answers.collect()
    }

    fn deliver_once(&mut self, letter: Letter, shared: &Shared) -> Option<Delivery> {
        let key = (letter.from, letter.number);
        if let Some(&known) = self.outcomes.get(&key) {
            return Some(known);
        }
        let delivery = post(letter, shared)?;
        self.outcomes.insert(key, delivery);
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.outcomes.remove(&oldest);
        }
        Some(delivery)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Posts a whisper to its session; returns `None` if that has to be tried again.
fn post(letter: Letter, shared: &Shared) -> Option<Delivery> {
    let found = match lock(&shared.roster).find_folded(&letter.name) {
        Some(Home::Here(address, account)) if *address == letter.to => account.clone(),
        _ => return Some(Delivery::Gone),
    };
    let weight = letter.line.len() + DETOUR_BYTES;
    if !found.reserve(weight) {
        return Some(Delivery::NotReading);
    }
    let inbox = &shared.inboxes[letter.to.shard.index()];
    let message = DirectMessage {
        to: letter.to,
        at: shared.head(),
        line: letter.line,
    };
    if inbox.post(message).is_err() {
        found.release(weight);
        return None;
    }
    inbox.waker.wake();
    Some(Delivery::Delivered)
}
