//! Writer: writes each parcel when it is due, in the order they were handed over.

use std::hint;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::named;

/// How long before a due time the writer stops sleeping and looks at the clock instead: the kernel wakes a sleeper some
/// 50 µs late (its timer slack), and a thread that has to be put on a core again later still.
const SPIN: Duration = Duration::from_micros(200);

/// Bytes for one connection.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Not before this moment; parcels are handed over in the order of falling due.
    pub(super) due: Instant,
    pub(super) to: Arc<TcpStream>,
    pub(super) bytes: Vec<u8>,
    /// The connection ends with it.
    pub(super) last: bool,
}

/// Takes parcels. Its thread ends with this value, when all that was handed over is delivered.
#[derive(Debug)]
pub(super) struct FakeWriter(Sender<Parcel>);

impl FakeWriter {
    /// # Errors
    /// The system's, if there is no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let (parcels, handed_over) = channel();
        named("fake-writer").spawn(move || deliver_all(&handed_over))?;
        Ok(Self(parcels))
    }

    /// Hands a parcel over; never waits.
    pub(super) fn push(&self, parcel: Parcel) {
        self.0.send(parcel).expect("the writer outlives its sender");
    }
}

fn deliver_all(parcels: &Receiver<Parcel>) {
    for parcel in parcels {
        hold_until(parcel.due);
        // A reader who has gone is none of the fake's business.
        let _ = (&*parcel.to).write_all(&parcel.bytes);
        if parcel.last {
            let _ = parcel.to.shutdown(Shutdown::Both);
        }
    }
}

/// Returns at that moment, give or take microseconds.
fn hold_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if left > SPIN {
        thread::sleep(left - SPIN);
    }
    while Instant::now() < due {
        hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_kept_and_never_early() {
        let mut late: Vec<_> = (0..20)
            .map(|_| {
                let due = Instant::now() + Duration::from_millis(2);
                hold_until(due);
                Instant::now() - due
            })
            .collect();
        late.sort();
        // The median: a single wake-up may be as late as the machine likes.
        assert!(late[10] < Duration::from_micros(200), "{late:?}");
    }
}
