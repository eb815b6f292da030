//! Cluster: this server as one of several that serve a room together. NATS servers, the *brokers*, keep the stream that orders it.
//!
//! ```text
//!  shards ─▶ outbox ─▶ replicator ─▶ broker: wac.ROOM.log, a JetStream stream ─▶ replicator ─▶ room log, roster ─▶ shards
//!                          ├─ wac.ROOM.snapshot   a node that joins asks any other for the room as it is
//!                          └─ wac.ROOM.mail.NODE  whispers, from node to node: in no file of the broker's
//! ```
//!
//! The replicator is one thread. What it decides is in `wac_core::cluster`; here is what talks to the brokers, and what applies the
//! stream to the room.

mod broker;
mod enter;
mod mail;
mod replicator;
mod snapshots;

use std::io;
use std::sync::Arc;
use std::thread;

use crate::config::cluster::Cluster;
use crate::room::shared::Shared;

/// Starts the replicator, which joins the room; nobody is served until it has.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start(shared: Arc<Shared>, config: Cluster, has_notices: bool) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = move || runtime.block_on(replicator::run(shared, config, has_notices));
    thread::Builder::new()
        .name("replicator".to_owned())
        .spawn(run)
        .map(drop)
}
