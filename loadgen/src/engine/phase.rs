//! What a run is doing, and what workers tell of it.

use super::JoinError;

/// What a run is doing. Times are nanoseconds of the run's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Users connect and log in.
    Joining,
    /// Messages are sent as they fall due.
    Sending,
    /// Nothing new is sent; what the kernel has not taken yet still is.
    Stopping { until: u64 },
    /// Nothing is sent; what is expected is awaited.
    Draining { until: u64 },
    /// The workers end.
    Over,
}

/// What a worker tells the coordinator.
#[derive(Debug)]
pub(super) enum Event {
    /// All its users are logged in.
    Joined,
    /// A user can't be logged in.
    Refused(JoinError),
    /// A limit of the server was met; told once for each kind.
    Limit,
    /// The kernel has taken everything it is to take.
    Flushed,
}
