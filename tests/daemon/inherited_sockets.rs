//! Inherited sockets: the tests stand in for the service manager that listens, and keeps listening.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use wac_tests::{Address, Peer, Said, Server, Setup, binary, wait_until};

fn socket(socket: impl Into<OwnedFd>) -> Arc<OwnedFd> {
    Arc::new(socket.into())
}

/// A TCP socket that listens on a free port, and its address.
fn tcp(address: &str) -> (Arc<OwnedFd>, Address) {
    let listener = TcpListener::bind(address).expect("there is a free port");
    let address = Address::Tcp(listener.local_addr().expect("it is bound"));
    (socket(listener), address)
}

fn unix(path: &Path) -> (Arc<OwnedFd>, Address) {
    let listener = UnixListener::bind(path).expect("nobody has that path");
    (socket(listener), Address::Unix(path.to_owned()))
}

fn inherits<const N: usize>(sockets: [Arc<OwnedFd>; N]) -> Setup {
    Server::setup().inherits(sockets)
}

#[test]
fn inherited_sockets_take_the_place_of_listen() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, first) = tcp("127.0.0.1:0");
    let (other, second) = unix(&folder.path().join("wac.sock"));
    let server = inherits([one, other]).listen("127.0.0.1:0").start();
    assert_eq!(server.addresses(), [first.clone(), second.clone()]);
    assert!(
        server
            .log()
            .count(|line| line.contains("--listen and --unix-mode do not count"))
            > 0
    );
    let (mut ann, mut bob) = (Peer::user(&first, "ann"), Peer::user(&second, "bob"));
    ann.send("MSG hi");
    assert_eq!(bob.line(), "ann: hi");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn an_ipv6_socket_is_inherited_like_any_other() {
    let (socket, address) = tcp("[::1]:0");
    let server = inherits([socket]).env("LISTEN_FDNAMES", "chat").start();
    assert_eq!(server.addresses(), [address]);
    server.user("ann").silent_until_fence();
}

#[test]
fn an_inherited_unix_socket_keeps_its_mode_and_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wac.sock");
    let (socket, _) = unix(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o622)).expect("it is ours");
    let server = inherits([socket]).with("--unix-mode", "600").start();
    server.user("ann").silent_until_fence();
    assert_eq!(server.stop().code, Some(0));
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o622);
}

#[test]
fn an_inherited_socket_has_the_options_of_a_bound_one() {
    let (socket, _) = tcp("127.0.0.1:0");
    let _server = inherits([socket.clone()])
        .with("--send-buffer", "64KiB")
        .start();
    // The same open file, here and in the server.
    let socket = SockRef::from(&*socket);
    assert_eq!(socket.send_buffer_size().ok(), Some(2 * 64 * 1024));
    assert_eq!(socket.recv_buffer_size().ok(), Some(2 * 32 * 1024));
    assert_eq!(socket.tcp_nodelay().ok(), Some(true));
    assert_eq!(socket.out_of_band_inline().ok(), Some(true));
    assert_eq!(socket.keepalive().ok(), Some(true));
    assert_eq!(
        socket.tcp_keepalive_time().ok(),
        Some(Duration::from_secs(15))
    );
    let timeout = socket.tcp_user_timeout().expect("it has one");
    assert_eq!(timeout, Some(Duration::from_secs(30)));
}

#[test]
fn nobody_is_refused_while_the_server_restarts() {
    let (socket, address) = tcp("127.0.0.1:0");
    let setup = inherits([socket]);
    let first = setup.start();
    let ann = Peer::user(&address, "ann");
    assert_eq!(first.stop().code, Some(0));
    ann.expect_end(&["* closing: the server is stopping"]);
    let mut between = Peer::dial(&address);
    between.send("LIN ann");
    let second = setup.start();
    between.greeted();
    assert_eq!(between.line(), "* welcome, ann");
    drop(second);
}

#[test]
fn a_reload_leaves_inherited_sockets_open_and_says_that_listen_does_not_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let configure = |text: &str| fs::write(path("wacd.toml"), text).expect("a file");
    let (socket, address) = tcp("127.0.0.1:0");
    configure("");
    let server = inherits([socket.clone()])
        .env("WACD_CONFIG", &path("wacd.toml"))
        .with("--pid-file", &path("wacd.pid"))
        .start();
    configure("listen = ':1'\nsend-buffer = '64KiB'");
    let mut reload = Command::new(binary("wacd"));
    let said = Said::of(reload.args(["reload", "--pid-file", &path("wacd.pid")]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let told = "listen = [\":1\"]: does not count, because the sockets are inherited\n";
    assert!(said.text.contains(told), "{said:?}");
    let buffer = SockRef::from(&*socket).send_buffer_size();
    assert_eq!(buffer.ok(), Some(2 * 64 * 1024));
    Peer::user(&address, "ann").silent_until_fence();
    assert_eq!(server.addresses(), [address]);
}

#[test]
fn a_daemon_inherits_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (socket, address) = tcp("127.0.0.1:0");
    let started = inherits([socket])
        .with("--pid-file", &path("wacd.pid"))
        .with("--log-file", &path("wacd.log"))
        .env("WACD_DAEMON", "true")
        .refused();
    assert_eq!(started.code, Some(0), "{started:?}");
    Peer::user(&address, "ann").silent_until_fence();
    let mut stop = Command::new(binary("wacd"));
    let said = Said::of(stop.args(["stop", "--pid-file", &path("wacd.pid")]));
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn what_is_no_listening_stream_socket_is_refused_by_number_and_name() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let connected = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let (one, _other) = UnixStream::pair().expect("two sockets");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let datagrams = UnixDatagram::unbound().expect("a socket");
    let file = File::open("/dev/null").expect("every system has it");
    for (wrong, why) in [
        (socket(udp), "no stream socket"),
        (socket(datagrams), "no stream socket"),
        (socket(file), "no stream socket"),
        (socket(connected), "does not listen"),
        (socket(one), "does not listen"),
    ] {
        let (right, _) = tcp("127.0.0.1:0");
        let refused = inherits([right, wrong])
            .env("LISTEN_FDNAMES", "chat:wacd.socket")
            .refused();
        assert_eq!(refused.code, Some(1));
        let text = refused.text();
        let named = text.contains("cannot use the inherited socket 4 (wacd.socket): it ");
        assert!(named && text.contains(why), "{why}: {text}");
    }
}

#[test]
fn a_name_that_nothing_listens_for_is_refused() {
    let (socket, _) = tcp("127.0.0.1:0");
    let refused = inherits([socket]).env("LISTEN_FDNAMES", "lunch").refused();
    assert_eq!(refused.code, Some(1));
    let text = refused.text();
    assert!(text.contains("inherited socket 3 (lunch): "), "{text}");
    assert!(text.contains("FileDescriptorName=chat"), "{text}");
}

#[test]
fn more_names_than_sockets_are_refused() {
    let (socket, _) = tcp("127.0.0.1:0");
    let refused = inherits([socket])
        .env("LISTEN_FDNAMES", "chat:chat")
        .refused();
    assert_eq!(refused.code, Some(1));
    let text = refused.text();
    assert!(
        text.contains("by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES"),
        "{text}"
    );
}

#[test]
fn sockets_of_another_process_are_left_alone() {
    let server = Server::setup()
        .env("LISTEN_PID", "1")
        .env("LISTEN_FDS", "7")
        .start();
    server.user("ann").silent_until_fence();
}

#[test]
fn systemds_own_activation_starts_the_server_at_the_first_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wac.sock");
    let mut activate = Command::new("systemd-socket-activate");
    activate
        .arg(format!("--listen={}", path.display()))
        .arg("--fdname=chat")
        .arg(binary("wacd"))
        .env("WACD_CONFIG", "/dev/null")
        .stderr(Stdio::null());
    let mut server = activate.spawn().expect("systemd is installed");
    let mut first = None;
    wait_until("it listens", || {
        first = Peer::try_dial(&Address::Unix(path.clone())).ok();
        first.is_some()
    });
    first.expect("it is connected").greeted();
    server.kill().expect("it runs");
    server.wait().expect("it is a child");
}
