//! The thread of the connection: reads until it ends, connects again when it is told to.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use crate::app::Event;
use crate::hub::Hub;
use crate::link::Link;
use crate::net;
use crate::target::Address;

/// Lives through one connection after the other, until the client ends.
pub(crate) fn keep(hub: &Hub, address: &Address, first: Link, dials: &Receiver<()>) {
    live(hub, first);
    for () in dials {
        match Link::open(address) {
            Ok(link) => live(hub, link),
            Err(error) => hub.on(Event::Unreachable(&error.to_string())),
        }
    }
}

/// Reads and writes until the connection ends.
fn live(hub: &Hub, link: Link) {
    let link = Arc::new(link);
    hub.connected(&link);
    thread::scope(|threads| {
        let sender = threads.spawn(|| hub.outbox.send_to(&*link));
        let why = net::read(&*link, |line| hub.on(Event::Line(line)));
        // Whoever writes or waits is let go, so that it is known what was not sent.
        link.shut_down();
        hub.outbox.close();
        let _ = sender.join();
        hub.lost(why);
    });
}
