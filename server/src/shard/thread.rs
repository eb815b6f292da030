//! The thread of a shard: it rests until there is work, takes in newcomers, and takes turns.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::Sleep;

use super::Shard;
use crate::gate::{Newcomer, Stream};
use crate::shared::Shared;
use crate::transport::Socket;

/// A shard's thread.
#[derive(Debug)]
pub(crate) struct ShardThread(JoinHandle<()>);

impl ShardThread {
    /// Starts a shard.
    pub(crate) fn spawn(id: usize, shared: Arc<Shared>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let id = u16::try_from(id).expect("there are at most 64 shards");
        let serve = move || {
            let _guard = AbortOnPanic;
            let shard = Shard::<Socket>::new(id, shared);
            // The loop yields by itself, and one turn reads all that is ready.
            runtime.block_on(tokio::task::unconstrained(shard.run()));
        };
        thread::Builder::new()
            .name(format!("shard-{id}"))
            .spawn(serve)
            .map(Self)
    }

    /// Waits until the shard has ended.
    pub(crate) fn join(self) {
        self.0.join().expect("a shard that panics ends the process");
    }
}

/// A shard that panicked has left its sessions in the middle of something: nothing can go on.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}

impl Shard<Socket> {
    /// Serves until the stop is complete.
    async fn run(mut self) {
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        while !self.is_over() {
            poll_fn(|cx| self.poll_work(cx, sleep.as_mut())).await;
            self.gate.bell.wake_up();
            // Once to the runtime: what has become ready by now is collected in the same turn, and
            // under load the batches grow.
            tokio::task::yield_now().await;
            self.admit();
            self.turn(self.shared.now());
        }
    }

    fn poll_work(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        if self.has_work() {
            return Poll::Ready(());
        }
        if let Some(next) = self.next_deadline() {
            let at = self.shared.instant(next);
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            if sleep.poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        self.gate.bell.fall_asleep(cx.waker());
        if self.blocked.is_some() {
            self.gate.waits.set();
        }
        if self.has_work() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Takes in what the doorway handed on.
    fn admit(&mut self) {
        if !self.gate.has_newcomers() {
            return;
        }
        for Newcomer { id, peer, stream } in self.gate.take_newcomers() {
            let socket = match stream {
                Stream::Tcp(stream) => TcpStream::from_std(stream).map(Socket::Tcp),
                Stream::Unix(stream) => UnixStream::from_std(stream).map(Socket::Unix),
            };
            match socket {
                Ok(socket) => self.insert(id, peer, socket, self.shared.now()),
                Err(error) => {
                    tracing::warn!(peer.addr = %peer, %error, "cannot watch a connection; closed");
                    self.release(peer);
                }
            }
        }
    }
}
