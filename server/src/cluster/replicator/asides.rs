//! Asides: what nodes tell each other beside the stream. They send whispers, and answer those who ask for the room.

use wac_core::cluster::Snapshot;
use wac_core::roster::NodeId;

use super::Replicator;
use crate::cluster::broker::{Aside, Kind};
use crate::cluster::{enter, snapshots};
use crate::room::locks::lock;

/// Nodes that may wait for a snapshot at a time.
const MOST_ASKING: usize = 16;

impl Replicator {
    /// Takes a message of another node.
    pub(super) async fn told(&mut self, aside: Aside) {
        let Aside {
            kind,
            number,
            payload,
            reply,
            has_no_taker,
        } = aside;
        match kind {
            Kind::SnapshotWanted => {
                if let (Some(reply), Ok(id)) = (reply, payload.try_into()) {
                    let node = NodeId(u64::from_le_bytes(id));
                    self.asking.retain(|(_, other)| *other != node);
                    self.asking.push((reply, node));
                    if self.asking.len() > MOST_ASKING {
                        self.asking.remove(0);
                    }
                }
            }
            Kind::Snapshot if has_no_taker => {}
            Kind::Snapshot => {
                let snapshot = self.collected.add(&payload);
                if let Some(snapshot) = snapshot.and_then(|it| Snapshot::of_bytes(&it)) {
                    let now = self.shared.now();
                    let effects = {
                        let mut roster = lock(&self.shared.roster);
                        self.node.on_snapshot(snapshot, now, &mut roster)
                    };
                    self.perform(effects).await;
                }
            }
            Kind::Mail => self.incoming_mail.add(&payload, reply),
            Kind::Receipt => match number {
                Some(number) if has_no_taker => {
                    self.outgoing_mail.no_taker(number, &self.shared);
                }
                _ => self.outgoing_mail.receipt(&payload, &self.shared),
            },
        }
    }

    /// Answers other nodes, and sends whispers.
    pub(super) async fn serve_others(&mut self) {
        if !self.node.is_member() {
            return;
        }
        let (now, me, read_to) = (self.shared.now(), self.node.id(), self.node.read_to());
        let mut sent = self.outgoing_mail.due(now, &self.shared);
        for mail in self.outbox().take_mails() {
            sent.push(self.outgoing_mail.add(me, read_to, mail, now));
        }
        for letter in sent {
            let subjects = &self.broker.subjects;
            let subject = subjects.of_node(Kind::Mail, letter.node);
            let reply = subjects.of_node(Kind::Receipt, me);
            let reply = format!("{reply}.{}", letter.number);
            self.broker.tell(subject, Some(reply), letter.payload).await;
        }
        for (subject, receipt) in self.incoming_mail.deliver(read_to, &self.shared) {
            self.broker.tell(subject, None, receipt).await;
        }
        self.answer_asking(read_to).await;
    }

    /// Sends the room to those who want it and may have it.
    async fn answer_asking(&mut self, read_to: u64) {
        let ready: Vec<_> = self
            .asking
            .extract_if(.., |(_, node)| self.node.has_read_of(*node))
            .collect();
        let Some(room) = self.node.room().filter(|_| !ready.is_empty()) else {
            return;
        };
        let history = enter::history_of(&self.shared, room);
        let snapshot = {
            let roster = lock(&self.shared.roster);
            self.node.snapshot(&roster, history)
        };
        let bytes = snapshot.to_bytes();
        let number = self.node.id().0.wrapping_add(read_to);
        for (subject, _) in ready {
            for part in snapshots::parts(number, &bytes) {
                self.broker.tell(subject.clone(), None, part).await;
            }
        }
    }
}
