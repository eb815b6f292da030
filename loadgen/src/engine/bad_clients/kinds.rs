//! Kinds of bad clients: readers that don't keep up, whom the server may close, and clients that keep to no protocol. A hostile
//! client does its one thing fifty times a second, on one connection for as long as the server bears it, then on the next.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Beginning, Came, log_in};
use crate::plan::Plan;
use crate::plan::ids::User;
use crate::plan::random::Random;

/// Between two of its deeds: enough of them to be felt, not so many that they are all the load there is.
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes of a huge line.
const HUGE: usize = 1 << 20;

/// What a hostile client does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// A line without an end, then the end of the connection.
    HalfLine,
    /// A command, one byte at a time.
    ByteByByte,
    /// A line of a mebibyte.
    HugeLine,
    /// Bytes by chance.
    Garbage,
    /// `WHO`, again and again.
    WhoFlood,
}

const DEEDS: [Deed; 5] = [
    Deed::HalfLine,
    Deed::ByteByByte,
    Deed::HugeLine,
    Deed::Garbage,
    Deed::WhoFlood,
];

/// Lives as one of the kinds, until the run ends.
pub(super) async fn lives(
    plan: Arc<Plan>,
    beginning: Beginning,
    came: Arc<Came>,
    user: User,
    kind: u32,
) {
    beginning.wait().await;
    let deed = DEEDS[kind as usize % DEEDS.len()];
    let mut random = Random::new(plan.workload.seed ^ u64::from(user.0));
    loop {
        // That the server ends it is what is to be expected.
        let _ = connection(&plan, user, deed, &mut random, &came).await;
        sleep(PAUSE).await;
    }
}

/// One connection, to its end.
async fn connection(
    plan: &Plan,
    user: User,
    deed: Deed,
    random: &mut Random,
    came: &Came,
) -> io::Result<()> {
    let mut stream = match deed {
        Deed::WhoFlood => log_in(plan, user).await?,
        _ => TcpStream::connect(plan.servers.of(user, 0).at).await?,
    };
    // What is sent byte by byte is to come byte by byte.
    stream.set_nodelay(true)?;
    came.note(user);
    loop {
        do_once(&mut stream, deed, random).await?;
        drain(&mut stream).await?;
        if matches!(deed, Deed::HalfLine) {
            return Ok(());
        }
    }
}

async fn do_once(stream: &mut TcpStream, deed: Deed, random: &mut Random) -> io::Result<()> {
    match deed {
        Deed::HalfLine => stream.write_all(b"MSG half a li").await,
        Deed::ByteByByte => {
            for byte in b"PING byte by byte\r\n" {
                stream.write_all(&[*byte]).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
        Deed::HugeLine => {
            let mut line = vec![b'A'; HUGE];
            line.push(b'\n');
            stream.write_all(&line).await
        }
        Deed::Garbage => {
            let bytes: Vec<u8> = (0..512).flat_map(|_| random.next().to_ne_bytes()).collect();
            stream.write_all(&bytes).await
        }
        Deed::WhoFlood => stream.write_all(b"WHO\r\n").await,
    }
}

/// Reads what has come, for as long as the pause is.
async fn drain(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let pause = sleep(PAUSE);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return Ok(()),
            read = stream.read(&mut buffer) => {
                if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}

/// How often a slow reader reads.
const READS_A_SECOND: u32 = 10;

/// Reads so many bytes a second, until the connection ends.
pub(super) async fn reads(
    plan: Arc<Plan>,
    beginning: Beginning,
    came: Arc<Came>,
    user: User,
    rate: u32,
) {
    beginning.wait().await;
    let Ok(mut stream) = log_in(&plan, user).await else {
        return;
    };
    came.note(user);
    let mut buffer = vec![0; rate.div_ceil(READS_A_SECOND) as usize];
    let mut ticks = interval(Duration::from_secs(1) / READS_A_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Ok(0) | Err(_) = stream.read(&mut buffer).await {
            return;
        }
    }
}

/// Logs in and reads nothing.
pub(super) async fn stops(plan: Arc<Plan>, beginning: Beginning, came: Arc<Came>, user: User) {
    beginning.wait().await;
    if let Ok(_stream) = log_in(&plan, user).await {
        came.note(user);
        pending().await
    }
}
