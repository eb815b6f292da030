//! Traffic of a session: what its peer sent and was sent, and how far behind it fell.

/// What went in one direction.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Lines, each counted at its end.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The traffic of one session.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// What the peer sent, as far as it was read.
    pub received: Flow,
    /// What was written to the peer's socket.
    pub sent: Flow,
    /// The most bytes of the log that were left when the socket took no more.
    pub furthest_lag_bytes: u64,
}

impl Flow {
    /// Adds bytes that hold `lines` line feeds.
    pub(super) fn add(&mut self, lines: u64, bytes: usize) {
        self.lines += lines;
        self.bytes += bytes as u64;
    }
}
