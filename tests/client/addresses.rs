//! Addresses of one name: a dead one delays nobody, at the first connection and at each later one, and a lost one gives way to
//! another.
//!
//! The name stands in a hosts file of the client's own (a mount namespace).

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use socket2::{Domain, Protocol, Socket, Type};
use tempfile::TempDir;
use wac_tests::{Address, Server, Setup, binary};

use crate::run::Running;
use crate::term::Term;

/// The addresses before the last one are dead: one after the other, they would take longer than any
/// test may.
const ADDRESSES: [&str; 5] = ["::1", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
const NAME: &str = "chat.test";

/// Address whose queue of connections is full: the kernel answers nobody.
struct Dead {
    _listener: Socket,
    _queued: TcpStream,
}

impl Dead {
    fn at(address: SocketAddr) -> std::io::Result<Dead> {
        let listener = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        listener.bind(&address.into())?;
        listener.listen(0)?;
        let queued = TcpStream::connect(address)?;
        Ok(Dead {
            _listener: listener,
            _queued: queued,
        })
    }
}

/// Hosts file in which the name has some addresses.
struct Hosts {
    folder: TempDir,
}

impl Hosts {
    fn new(addresses: &[&str]) -> Hosts {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let line = |address: &&str| format!("{address} {NAME}\n");
        let hosts: String = addresses.iter().map(line).collect();
        std::fs::write(folder.path().join("hosts"), hosts).expect("it can be written");
        Hosts { folder }
    }

    /// The words before the client's own that give it the hosts file.
    fn namespace(&self) -> [String; 6] {
        let hosts: PathBuf = self.folder.path().join("hosts");
        let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        let words = ["unshare", "--mount", "sh", "-c", script];
        let hosts = hosts.to_str().expect("it is called in UTF-8").to_owned();
        let [a, b, c, d, e] = words.map(str::to_owned);
        [a, b, c, d, e, hosts]
    }

    /// Starts a chat.
    #[track_caller]
    fn chats(&self, target: &str) -> Term {
        let words = self.namespace();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Term::start_within(&words, &[], &[target])
    }
}

/// Server behind a name whose other addresses are dead.
struct PartlyDeadName {
    hosts: Hosts,
    server: Server,
    port: u16,
    _dead: Vec<Dead>,
}

impl PartlyDeadName {
    #[track_caller]
    fn new() -> PartlyDeadName {
        let (alive, dead) = ADDRESSES.split_last().expect("there are some");
        // A port that is free at one address may be taken at another.
        for _ in 0..20 {
            let server = Setup::default().listen(&format!("{alive}:0")).start();
            let Address::Tcp(at) = server.address() else {
                panic!("it listens on TCP");
            };
            let port = at.port();
            let dead = dead.iter().map(|host| {
                let host: IpAddr = host.parse().expect("it is an address");
                Dead::at(SocketAddr::new(host, port))
            });
            if let Ok(dead) = dead.collect() {
                return PartlyDeadName::with(server, port, dead);
            }
        }
        panic!("no port is free at every address");
    }

    fn with(server: Server, port: u16, dead: Vec<Dead>) -> PartlyDeadName {
        PartlyDeadName {
            hosts: Hosts::new(&ADDRESSES),
            server,
            port,
            _dead: dead,
        }
    }

    fn target(&self, name: &str) -> String {
        format!("{name}{NAME}:{}", self.port)
    }

    #[track_caller]
    fn starts(&self, args: &[&str]) -> Running {
        let [unshare, rest @ ..] = self.hosts.namespace();
        let mut command = Command::new(unshare);
        command.args(rest).arg(binary("wac")).args(args);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::start(command)
    }
}

#[test]
fn a_script_is_not_delayed_by_dead_addresses() {
    let place = PartlyDeadName::new();
    let mut bob = place.server.user("bob");
    let target = place.target("ann@");
    let ran = place
        .starts(&["send", "--confirm", &target, "hello"])
        .ends();
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    bob.expect("ann: hello");
    let ran = place.starts(&["who", &place.target("")]).ends();
    assert_eq!((ran.code, &*ran.out), (Some(0), "bob\n"));
}

#[test]
fn a_person_is_not_delayed_by_dead_addresses() {
    let place = PartlyDeadName::new();
    let mut term = place.hosts.chats(&place.target("Ann@"));
    term.shows_row("Ann▸");
    term.types("/reconnect\r");
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸");
}

/// Two servers at one port, each at an address of its own.
#[track_caller]
fn two_servers(addresses: [&str; 2]) -> (u16, [Server; 2]) {
    let [first, second] = addresses;
    // A port that is free at one address may be taken at another.
    for _ in 0..20 {
        let server = Setup::default().listen(&format!("{first}:0")).start();
        let port = server.plain_address().tcp().port();
        let other = Setup::default().listen(&format!("{second}:{port}"));
        if let Ok(other) = other.try_start() {
            return (port, [server, other]);
        }
    }
    panic!("no port is free at both addresses");
}

#[test]
fn a_lost_address_of_a_name_gives_way_to_another() {
    let addresses = ["127.0.0.5", "127.0.0.6"];
    let (port, [first, _second]) = two_servers(addresses);
    let hosts = Hosts::new(&addresses);
    let mut term = hosts.chats(&format!("Ann@{NAME}:{port}"));
    term.shows(&format!("✓ connected to {NAME}:{port} (127.0.0.5) as Ann"));
    term.shows_row("Ann▸");
    let _stopped = first.stop();
    term.shows(&format!("# connected to {NAME}:{port} (127.0.0.6)"));
    term.types("/status\r");
    term.shows(&format!("# online as Ann at {NAME}:{port} (127.0.0.6)"));
}

#[test]
fn a_connection_on_demand_is_to_another_address_of_a_name() {
    let addresses = ["127.0.0.7", "127.0.0.8"];
    let (port, _servers) = two_servers(addresses);
    let hosts = Hosts::new(&addresses);
    let mut term = hosts.chats(&format!("Ann@{NAME}:{port}"));
    term.shows_row("Ann▸");
    for other in ["127.0.0.8", "127.0.0.7"] {
        term.types("/reconnect\r");
        term.shows(&format!("# connected to {NAME}:{port} ({other})"));
        term.shows_row("Ann▸");
    }
}

#[test]
fn a_name_without_a_live_address_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let ran = thread::spawn(move || crate::run::run(&["who", &address.to_string()], ""));
    let ran = ran.join().expect("it ran");
    assert_eq!(ran.code, Some(4));
    let told = format!("wac: cannot connect to {address}: Connection refused");
    assert!(ran.err.starts_with(&told), "{}", ran.err);
}
