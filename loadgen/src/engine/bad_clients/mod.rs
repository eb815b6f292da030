//! Bad clients: connections beside the users, that don't keep up or keep to no protocol. They are load, and are
//! measured by what the users get; they have a thread of their own.

mod kinds;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::shared::Shared;
use crate::engine::shared::Clock;
use crate::plan::Plan;
use crate::plan::ids::User;
use crate::plan::protocol::Line;
use crate::units::nanos;

/// Which bad clients the server has let in.
#[derive(Debug, Default)]
struct Came(Mutex<HashSet<User>>);

impl Came {
    fn note(&self, client: User) {
        self.set().insert(client);
    }

    fn count(&self) -> u32 {
        self.set().len() as u32
    }

    fn set(&self) -> MutexGuard<'_, HashSet<User>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// The bad clients of a run.
#[derive(Debug)]
pub(super) struct BadClients {
    came: Arc<Came>,
    /// Dropped, it ends them.
    _end: watch::Sender<()>,
    thread: JoinHandle<()>,
}

/// A moment that a bad client waits for.
#[derive(Debug, Clone, Copy)]
struct Beginning {
    clock: Clock,
    at: u64,
}

impl Beginning {
    async fn wait(self) {
        tokio::time::sleep_until(self.clock.instant(self.at)).await;
    }
}

impl BadClients {
    /// Lets them in when their stage begins; none where the plan has none. To be called when the sending's
    /// beginning is known.
    ///
    /// # Errors
    /// The system's, if there is no thread to be had.
    pub(super) fn start(plan: &Arc<Plan>, shared: &Shared) -> io::Result<Option<Self>> {
        let Some(offset) = first_stage(plan) else {
            return Ok(None);
        };
        let beginning = Beginning {
            clock: shared.clock,
            at: shared.start() + offset,
        };
        let (end, ended) = watch::channel(());
        let plan = plan.clone();
        let came = Arc::new(Came::default());
        let theirs = came.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("bad_clients".to_owned())
            .spawn(move || runtime.block_on(live(plan, beginning, theirs, ended)))?;
        Ok(Some(Self {
            came,
            _end: end,
            thread,
        }))
    }

    /// Ends them, and waits until they have. Returns how many the server had let in.
    pub(super) fn end(self) -> u32 {
        drop(self._end);
        self.thread.join().expect("a bad client does not panic");
        self.came.count()
    }
}

/// When the first stage begins that has bad clients, in nanoseconds from the beginning of the sending.
fn first_stage(plan: &Plan) -> Option<u64> {
    let work = &plan.workload;
    if work.slow.is_none() && work.hostile == 0 {
        return None;
    }
    let before = work.stages.iter().take_while(|stage| !stage.bad_clients);
    Some(nanos(work.warmup) + before.map(|stage| nanos(stage.duration)).sum::<u64>())
}

async fn live(
    plan: Arc<Plan>,
    beginning: Beginning,
    came: Arc<Came>,
    mut ended: watch::Receiver<()>,
) {
    let mut bad_clients = JoinSet::new();
    // Their names go on where the users' end.
    let mut number = plan.workload.users;
    let mut next = || {
        number += 1;
        User(number - 1)
    };
    if let Some(slow) = plan.workload.slow {
        for _ in 0..slow.n {
            bad_clients.spawn(kinds::reads(
                plan.clone(),
                beginning,
                came.clone(),
                next(),
                slow.rate,
            ));
        }
        for _ in 0..slow.stopped {
            bad_clients.spawn(kinds::stops(plan.clone(), beginning, came.clone(), next()));
        }
    }
    for kind in 0..plan.workload.hostile {
        bad_clients.spawn(kinds::lives(
            plan.clone(),
            beginning,
            came.clone(),
            next(),
            kind,
        ));
    }
    // The sender is dropped: that is the end.
    let _ = ended.changed().await;
}

/// What the kernel keeps for a bad client that does not read; it doubles it.
const RECEIVE_BYTES: u32 = 4096;

/// Connects and logs in.
///
/// # Errors
/// The system's; `UnexpectedEof` if the server closes first.
async fn log_in(plan: &Plan, user: User) -> io::Result<TcpStream> {
    let protocol = plan.workload.protocol;
    let server = plan.servers.of(user, 0).at;
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // That it does not keep up is to be felt in seconds, and not when the kernel's own buffer is full.
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    // One byte at a time is little work here, and nothing is read beyond the welcome.
    let mut stream = BufReader::with_capacity(1, stream);
    let mut line = Vec::new();
    protocol.write_login(&plan.payload, user, plan.workload.senders, &mut line);
    stream.write_all(&line).await?;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match protocol.parse(&plan.payload, user, line.trim_ascii_end()) {
            Line::Welcome | Line::Pong => return Ok(stream.into_inner()),
            Line::Answer(answer) => stream.write_all(&answer).await?,
            _ => {}
        }
    }
}
