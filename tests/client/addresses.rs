//! Addresses of one name: a dead one delays nobody, at the first connection and at each later one.
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

/// Server behind a name whose other addresses are dead.
struct PartlyDeadName {
    folder: TempDir,
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
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let hosts = ADDRESSES.map(|address| format!("{address} {NAME}\n"));
        std::fs::write(folder.path().join("hosts"), hosts.concat()).expect("it can be written");
        PartlyDeadName {
            folder,
            server,
            port,
            _dead: dead,
        }
    }

    fn target(&self, name: &str) -> String {
        format!("{name}{NAME}:{}", self.port)
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

    #[track_caller]
    fn starts(&self, args: &[&str]) -> Running {
        let [unshare, rest @ ..] = self.namespace();
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
    let words = place.namespace();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut term = Term::start_within(&words, &[], &[&place.target("Ann@")]);
    term.shows_row("Ann▸");
    term.types("/reconnect\r");
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸");
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
