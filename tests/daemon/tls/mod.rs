//! TLS on the server. All promises are kept over TLS, too: `scripts/test` runs their tests a second time.

mod broken;
mod certificates;
mod crowded;
mod keys;
mod operator;
mod programs;
mod records;

use std::process::Command;

use wac_tests::{Address, Daemon, Peer, Said, Server, Setup, binary};

/// A server that listens for TLS and in plain text.
fn setup() -> Setup {
    Server::setup()
        .listen("tls:127.0.0.1:0")
        .listen("127.0.0.1:0")
}

/// Two people, of whom one came over TLS, who must not notice anything.
struct Bystanders {
    ann: Peer,
    bob: Peer,
}

impl Bystanders {
    #[track_caller]
    fn of(server: &Server) -> Bystanders {
        let (ann, bob) = (
            server.user("ann"),
            Peer::user(server.plain_address(), "bob"),
        );
        Bystanders { ann, bob }
    }

    /// Lets both talk, and checks that neither received anything else.
    #[track_caller]
    fn undisturbed(&mut self) {
        self.ann.send("MSG hello");
        self.bob.expect("ann: hello");
        self.bob.send("MSG hi");
        self.ann.expect("bob: hi");
        self.ann.silent_until_fence();
        self.bob.silent_until_fence();
    }
}

/// A daemon that listens for TLS with a certificate of `wacd cert`.
struct TlsDaemon {
    daemon: Daemon,
    address: Address,
    /// Where it speaks plain text.
    plain: Address,
}

impl TlsDaemon {
    #[track_caller]
    fn start(flags: &[&str]) -> TlsDaemon {
        let daemon = Daemon::folder();
        assert_eq!(cert(&daemon, &[]).code, Some(0));
        let listen = ["--listen", "tls:127.0.0.1:0"];
        let said = daemon.start(&[&listen[..], &files(&daemon), flags].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        let mut words = said.text.split_whitespace();
        let address = words.find_map(|word| Address::parse(word.strip_prefix("listen=tls:")?));
        let address = Address::Tls(address.expect("it listens for TLS").tcp());
        TlsDaemon {
            daemon,
            address,
            plain: said.address(),
        }
    }
}

/// Returns the flags for a certificate and a key in the daemon's folder.
fn files(daemon: &Daemon) -> [&'static str; 4] {
    let flag = |name| &*daemon.path(name).display().to_string().leak();
    ["--tls-cert", flag("cert.pem"), "--tls-key", flag("key.pem")]
}

/// Runs `wacd cert` for the daemon's folder.
#[track_caller]
fn cert(daemon: &Daemon, more: &[&str]) -> Said {
    let mut command = Command::new(binary("wacd"));
    command.env("WACD_CONFIG", "/dev/null").arg("cert");
    Said::of(command.args(files(daemon)).args(more))
}
