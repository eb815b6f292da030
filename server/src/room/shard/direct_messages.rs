//! Direct messages: whispers from session to session, within a shard and between shards.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wac_core::cursor::{DETOUR_BYTES, Private};
use wac_core::roster::{Home, NodeId, SessionAddress, Slot};
use wac_core::session::{Event, Item, Whisper};
use wac_core::wire::notice::Notice;

use super::Shard;
use super::connection::Life;
use super::perform::Blocked;
use super::write::PendingWrite;
use crate::room::inbox::DirectMessage;
use crate::room::locks::lock;
use crate::room::outbox::{Delivery, Mail};
use crate::room::transport::Transport;

impl<T: Transport> Shard<T> {
    /// Reserves room for a whisper in its addressee's account and posts it.
    pub(super) fn whisper(&mut self, slot: Slot, whisper: Whisper, now: Duration) {
        let weight = whisper.line.len() + DETOUR_BYTES;
        let found = lock(&self.shared.roster).find(&whisper.to).cloned();
        match found {
            None => self.deliver_event(slot, Event::NoSuchUser(whisper.to), now),
            Some(Home::There(node, to)) => self.mail(slot, node, to, whisper),
            Some(Home::Here(to, account)) if account.reserve(weight) => {
                if let Err(whisper) = self.post(slot, to, whisper, now) {
                    // The account is the addressee's even if the name has changed hands meanwhile.
                    account.release(weight);
                    self.items
                        .push_front(slot, Item::Whisper(Box::new(whisper)));
                    self.blocked = Some(Blocked::Inbox(to.shard));
                }
            }
            Some(Home::Here(..)) => self.deliver_event(slot, Event::NotReading(whisper.to), now),
        }
    }

    /// Has a whisper sent to another node; what becomes of it comes with the deliveries.
    fn mail(&mut self, slot: Slot, node: NodeId, to: SessionAddress, whisper: Whisper) {
        let sender = self.address_of_open(slot);
        if let (Some(outbox), Some(sender)) = (&self.shared.cluster, sender) {
            outbox.put_mail(Mail {
                node,
                to,
                name: whisper.to,
                sender,
                line: whisper.line,
            });
        }
    }

    /// Tells senders what became of their whispers to other nodes, and those whose whispers wait that they do.
    pub(super) fn take_deliveries(&mut self, now: Duration) {
        if self.inbox.deliveries.is_empty() {
            return;
        }
        for (sender, name, delivery) in self.inbox.deliveries.take() {
            if self.address_of_open(sender.slot) != Some(sender) {
                continue;
            }
            let event = match delivery {
                None => {
                    self.tell_of_wait(sender.slot, &name);
                    continue;
                }
                Some(Delivery::Delivered) => Event::Whispered,
                Some(Delivery::NotReading) => Event::NotReading(name),
                Some(Delivery::Gone) => Event::NoSuchUser(name),
            };
            self.deliver_event(sender.slot, event, now);
        }
    }

    fn tell_of_wait(&mut self, slot: Slot, name: &str) {
        let text = format!("the server of {name} can't be reached; what you say waits");
        if let Life::Open(session) = &mut self.table[slot.index()].life {
            session.tell_now(Notice::Server(&text), &self.view);
            self.queues.due.push(slot);
        }
    }

    /// Posts a whisper for which room has been reserved.
    ///
    /// # Errors
    /// The whisper, if the inbox of its addressee's shard is full.
    fn post(
        &mut self,
        slot: Slot,
        to: SessionAddress,
        whisper: Whisper,
        now: Duration,
    ) -> Result<(), Whisper> {
        let Whisper { to: name, line } = whisper;
        let message = DirectMessage {
            to,
            at: self.shared.head(),
            line,
        };
        if to.shard == self.id {
            self.pending_writes
                .push((to.slot, PendingWrite::DirectMessage(message)));
        } else if let Err(message) = self.shared.inboxes[to.shard.index()].post(message) {
            return Err(Whisper {
                to: name,
                line: message.line,
            });
        }
        self.deliver_event(slot, Event::Whispered, now);
        Ok(())
    }

    /// Delivers the messages from other shards.
    pub(super) fn take_messages(&mut self) {
        if self.inbox.has_messages() {
            self.inbox
                .take_messages()
                .into_iter()
                .for_each(|message| self.deliver(message));
            self.wake_waiting();
        }
    }

    /// Delivers a message to its session, or drops and counts it if that session is gone.
    pub(super) fn deliver(&mut self, message: DirectMessage) {
        let DirectMessage { to, at, line } = message;
        let connection = self.table.get_mut(to.slot.index());
        let Some(Life::Open(session)) = connection
            .filter(|it| it.id == to.id)
            .map(|it| &mut it.life)
        else {
            self.shared.undelivered.fetch_add(1, Ordering::Relaxed);
            return;
        };
        session.insert(at, Private::Whisper(line), &self.view);
        self.queues.due.push(to.slot);
    }

    /// Wakes the shards that wait for this one's turn.
    pub(super) fn wake_waiting(&self) {
        if let Some(outbox) = &self.shared.cluster {
            outbox.replicator.wake();
        }
        for inbox in self
            .shared
            .inboxes
            .iter()
            .filter(|inbox| inbox.waits.take())
        {
            inbox.waker.wake();
        }
    }
}
