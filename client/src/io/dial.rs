//! Dialling: the first of a host's addresses to connect wins ("happy eyeballs", RFC 8305).
//!
//! The families take turns, and an address that does not answer delays the next one by 250 ms. One
//! thread waits for all attempts; those that lost are closed with the race.

use std::collections::VecDeque;
use std::io;
use std::iter;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

/// Time an address has before the next one starts: 250 ms (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Looks up the addresses of a host, in the order in which they are to be tried. It takes as long as the system wants.
///
/// # Errors
/// The host is not known.
pub(super) fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses = (host, port).to_socket_addrs()?;
    Ok(interleaved(addresses.collect()))
}

/// Connects to the first of the addresses that accepts, before the deadline.
///
/// # Errors
/// The failure of the last address to fail; `TimedOut` at the deadline.
pub(super) fn dial(addresses: Vec<SocketAddr>, deadline: Instant) -> io::Result<TcpStream> {
    let mut race = Race {
        waiting: addresses.into(),
        running: Vec::new(),
        next_start: Instant::now(),
        failure: io::Error::new(io::ErrorKind::NotFound, "the host has no address"),
    };
    loop {
        race.start_due();
        if race.running.is_empty() {
            return Err(race.failure);
        }
        if let Some(winner) = race.wait(deadline)? {
            winner.set_nonblocking(false)?;
            return Ok(winner.into());
        }
    }
}

/// Lets the families take turns, each in its own order; the family of the first address begins.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_ipv6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == is_ipv6_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = iter::repeat_with(|| [first.next(), second.next()]);
    let taken = turns
        .by_ref()
        .take_while(|turn| turn.iter().any(Option::is_some));
    taken.flatten().flatten().collect()
}

/// Attempts under way, and the addresses that have not been tried.
struct Race {
    waiting: VecDeque<SocketAddr>,
    running: Vec<Socket>,
    /// Time at which the next address starts, unless all attempts fail earlier.
    next_start: Instant,
    failure: io::Error,
}

impl Race {
    fn start_due(&mut self) {
        while self.running.is_empty() || Instant::now() >= self.next_start {
            let Some(address) = self.waiting.pop_front() else {
                return;
            };
            match start(address) {
                Ok(socket) => {
                    self.running.push(socket);
                    self.next_start = Instant::now() + HEAD_START;
                }
                Err(error) => self.failure = error,
            }
        }
    }

    /// Waits until an attempt ends or the next address is due; returns the one that has connected.
    fn wait(&mut self, deadline: Instant) -> io::Result<Option<Socket>> {
        let Some(left) = deadline.checked_duration_since(Instant::now()) else {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "connection timed out",
            ));
        };
        let patience = if self.waiting.is_empty() {
            left
        } else {
            left.min(self.next_start.saturating_duration_since(Instant::now()))
        };
        let ended = first_ended(&self.running, patience)?;
        let Some(socket) = ended.map(|index| self.running.swap_remove(index)) else {
            return Ok(None);
        };
        match socket.take_error()? {
            None => Ok(Some(socket)),
            Some(error) => {
                self.failure = error;
                self.next_start = Instant::now();
                Ok(None)
            }
        }
    }
}

/// Starts to connect, and does not wait for it.
fn start(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => Err(error),
        _ => Ok(socket),
    }
}

/// Waits for one of the attempts; returns which has ended, well or not.
fn first_ended(running: &[Socket], patience: Duration) -> io::Result<Option<usize>> {
    let patience = Timespec::try_from(patience).expect("a deadline is near");
    let mut waited: Vec<PollFd<'_>> = running
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::OUT))
        .collect();
    match poll(&mut waited, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(waited.iter().position(|one| !one.revents().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// An address whose queue of connections is full: the kernel answers nobody.
    struct Dead {
        _listener: Socket,
        _queued: TcpStream,
        address: SocketAddr,
    }

    fn dead(address: &str) -> Dead {
        let address: SocketAddr = address.parse().unwrap();
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        Dead {
            _queued: TcpStream::connect(address).unwrap(),
            _listener: listener,
            address,
        }
    }

    fn alive() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address that refuses everybody: it is taken, but nobody listens.
    fn refusing() -> (Socket, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn order(addresses: &[&str]) -> Vec<String> {
        let with_port = |address: &&str| SocketAddr::new(address.parse().unwrap(), 1);
        let ordered = interleaved(addresses.iter().map(with_port).collect());
        ordered
            .iter()
            .map(|address| address.ip().to_string())
            .collect()
    }

    #[test]
    fn the_families_take_turns_and_the_first_one_begins() {
        assert_eq!(order(&[]), [""; 0]);
        assert_eq!(order(&["10.0.0.1", "10.0.0.2"]), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(
            order(&["fd::1", "fd::2", "fd::3", "10.0.0.1"]),
            ["fd::1", "10.0.0.1", "fd::2", "fd::3"]
        );
        assert_eq!(
            order(&["10.0.0.1", "fd::1", "10.0.0.2", "fd::2"]),
            ["10.0.0.1", "fd::1", "10.0.0.2", "fd::2"]
        );
    }

    /// One after the other, the dead ones would take the whole time there is.
    #[test]
    fn dead_addresses_delay_a_live_one_and_do_not_hide_it() {
        let dead = [dead("[::1]:0"), dead("127.0.0.1:0")];
        let (_listener, alive) = alive();
        let addresses = dead.iter().map(|dead| dead.address).chain([alive]);
        let stream = dial(addresses.collect(), soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
    }

    #[test]
    fn an_address_that_refuses_gives_way_at_once() {
        let (_listener, alive) = alive();
        let (refusing, other) = (refusing(), refusing());
        let stream = dial(vec![refusing.1, other.1, alive], soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
    }

    #[test]
    fn without_a_live_address_the_last_failure_is_told() {
        let none = dial(Vec::new(), soon()).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        let (refusing, other) = (refusing(), refusing());
        let refused = dial(vec![refusing.1, other.1], soon()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let dead = dead("127.0.0.1:0");
        let late = dial(vec![dead.address, refusing.1], Instant::now()).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}
