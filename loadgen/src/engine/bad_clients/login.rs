//! A bad client logs in as a user does, that the server may serve it.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::plan::Plan;
use crate::plan::ids::User;
use crate::plan::protocol::Line;

/// What the kernel keeps for a bad client that does not read; it doubles it.
const RECEIVE_BYTES: u32 = 4096;

/// Connects and logs in.
///
/// # Errors
/// The system's; `UnexpectedEof` if the server closes first.
pub(super) async fn log_in(plan: &Plan, user: User) -> io::Result<TcpStream> {
    let protocol = plan.workload.protocol;
    let socket = match plan.server {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // That it does not keep up is to be felt in seconds, and not when the kernel's own buffer is full.
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    let stream = socket.connect(plan.server).await?;
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
