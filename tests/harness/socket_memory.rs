//! Kernel memory of a server's sockets, as `ss` reports it.

use std::process::Command;

use crate::Server;

/// Returns, for each TCP connection of the server, the unacknowledged bytes that its socket holds,
/// with the kernel's own overhead (`w` of `skmem`).
///
/// # Panics
///
/// If `ss` (Debian's package iproute2) can't be run.
#[must_use]
pub fn unsent_bytes(server: &Server) -> Vec<usize> {
    let port = server.address().tcp().port();
    let output = Command::new("ss")
        .args(["--tcp", "--memory", "--numeric", "--no-header", "--oneline"])
        .args(["state", "connected", "sport", "=", &format!(":{port}")])
        .output()
        .expect("ss can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(queued_for_writing).collect()
}

/// `… skmem:(r0,rb131072,t0,tb262144,f0,w5888,o0,bl0,d0)`: 5888.
fn queued_for_writing(line: &str) -> Option<usize> {
    let (_, memory) = line.split_once("skmem:(")?;
    let (memory, _) = memory.split_once(')')?;
    memory
        .split(',')
        .find_map(|field| field.strip_prefix('w')?.parse().ok())
}
