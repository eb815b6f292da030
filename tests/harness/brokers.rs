//! Brokers: one NATS server with JetStream, or three that keep a stream together, whose life a test decides.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::wait_until_still;
use crate::{Authority, DEADLINE, Setup, wait_until};

/// Lines of a failing test's broker logs that are printed, of each broker.
const LOG_TAIL_LINES: usize = 30;
/// Ports below those that the kernel gives to connections: one that goes out while its broker is down could be given the broker's.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// Brokers that a test started, which end when this value is dropped, at the latest.
#[derive(Debug)]
pub struct Brokers {
    brokers: Vec<Broker>,
    /// The files of all, removed at the end.
    folder: TempDir,
}

#[derive(Debug)]
struct Broker {
    config: PathBuf,
    store: PathBuf,
    log: PathBuf,
    port: u16,
    monitoring: u16,
    child: Option<Child>,
}

impl Brokers {
    /// Starts one broker.
    #[must_use]
    #[track_caller]
    pub fn one() -> Brokers {
        Brokers::start_all(1)
    }

    /// Starts three brokers that form a cluster of their own.
    #[must_use]
    #[track_caller]
    pub fn three() -> Brokers {
        Brokers::start_all(3)
    }

    /// Starts one broker with more settings, in the form of its file.
    #[must_use]
    #[track_caller]
    pub fn one_with(settings: &str) -> Brokers {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Brokers::start_in(folder, 1, settings)
    }

    /// Starts one broker that speaks TLS alone, with a certificate that an authority of its own vouches for.
    #[must_use]
    #[track_caller]
    pub fn over_tls() -> Brokers {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let authority = Authority::new();
        let identity = authority.signs("127.0.0.1");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file can be written");
        };
        write("ca.pem", &authority.pem());
        write("cert.pem", &identity.certificate.pem());
        write("key.pem", &identity.key.serialize_pem());
        Brokers::start_in(
            folder,
            1,
            "tls { cert_file: \"cert.pem\", key_file: \"key.pem\" }\n",
        )
    }

    /// Returns the certificate of the authority that vouches for a broker [over TLS](Self::over_tls).
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    #[track_caller]
    fn start_all(count: usize) -> Brokers {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Brokers::start_in(folder, count, "")
    }

    #[track_caller]
    fn start_in(folder: TempDir, count: usize, config: &str) -> Brokers {
        let routes: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let describe = |number| Broker::describe(folder.path(), number, &routes, config);
        let brokers = (0..count).map(describe);
        let brokers = brokers.collect();
        let mut brokers = Brokers { brokers, folder };
        (0..count).for_each(|number| brokers.start(number));
        if count > 1 {
            wait_until("the brokers to have a leader", || brokers.has_leader());
        }
        brokers
    }

    /// Returns the number of brokers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.brokers.len()
    }

    /// Returns the address of the first broker. A broker alone tells its clients of no other.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.brokers[0].port).into()
    }

    /// Returns a server that is a node of the room these brokers keep: with one broker once, with three on each.
    #[must_use]
    pub fn node(&self) -> Setup {
        let urls = self
            .brokers
            .iter()
            .map(|it| format!("nats://127.0.0.1:{}", it.port));
        Setup::default()
            .with("--cluster", &urls.collect::<Vec<_>>().join(","))
            .with("--cluster-replicas", &self.count().to_string())
    }

    /// Starts a broker, on the same port and in the same folder as before.
    ///
    /// # Panics
    ///
    /// If it does not take connections.
    #[track_caller]
    pub fn start(&mut self, number: usize) {
        let broker = &mut self.brokers[number];
        assert!(broker.child.is_none(), "it has ended");
        let program = program();
        let child = Command::new(&program)
            .arg("-c")
            .arg(&broker.config)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child =
            child.unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        broker.child = Some(child);
        wait_until("the broker to take connections", || {
            broker.greeted().is_some()
        });
    }

    /// Ends a broker with a signal, and waits for its end.
    ///
    /// # Panics
    ///
    /// If it keeps running.
    #[track_caller]
    pub fn end(&mut self, number: usize, signal: Signal) {
        self.signal(number, signal);
        let mut child = self.brokers[number].child.take().expect("it was signalled");
        wait_until("the broker to end", || {
            let ended = child.try_wait().expect("a child can be waited for");
            ended.is_some()
        });
    }

    /// Sends a broker a signal.
    ///
    /// # Panics
    ///
    /// If it does not run.
    #[track_caller]
    pub fn signal(&self, number: usize, signal: Signal) {
        let child = self.brokers[number]
            .child
            .as_ref()
            .expect("the broker runs");
        let pid = i32::try_from(child.id()).expect("process ids are small");
        kill(Pid::from_raw(pid), signal).expect("a child that was not waited for can be signalled");
        if signal == Signal::SIGSTOP {
            wait_until_still(child.id());
        }
    }

    /// Removes all that a broker that has ended has kept.
    ///
    /// # Panics
    ///
    /// If it runs, or its files can't be removed.
    #[track_caller]
    pub fn wipe(&self, number: usize) {
        let broker = &self.brokers[number];
        assert!(broker.child.is_none(), "it has ended");
        fs::remove_dir_all(&broker.store).expect("its files can be removed");
    }

    /// Returns the broker that leads the stream of the nodes' room, once the others have all that it has.
    ///
    /// # Panics
    ///
    /// If none does.
    #[must_use]
    #[track_caller]
    pub fn leader(&self) -> usize {
        let mut leader = None;
        wait_until("the stream to have a leader, and two that follow", || {
            leader = (0..self.count())
                .find(|&number| self.brokers[number].is_followed(number, self.count() - 1));
            leader.is_some()
        });
        leader.expect("it was waited for")
    }

    /// Removes all messages from the stream of the nodes' room.
    ///
    /// # Panics
    ///
    /// If the broker does not.
    #[track_caller]
    pub fn purge(&self) {
        self.do_with_stream("PURGE", "");
    }

    /// Puts another stream of the same name, with this many messages, in the place of the one of the nodes' room.
    ///
    /// # Panics
    ///
    /// If the broker does not.
    #[track_caller]
    pub fn replace_stream(&self, messages: usize) {
        self.do_with_stream("DELETE", "");
        self.do_with_stream("CREATE", r#"{"name":"WAC_main","subjects":["wac.main.log"],"storage":"file","retention":"limits"}"#);
        for number in 0..messages {
            let answer = self.brokers[0].request("wac.main.log", &number.to_string());
            assert!(
                answer.is_some_and(|it| it.contains("WAC_main")),
                "it is kept"
            );
        }
    }

    #[track_caller]
    fn do_with_stream(&self, what: &str, how: &str) {
        let answer = self.brokers[0].request(&format!("$JS.API.STREAM.{what}.WAC_main"), how);
        let answer = answer.expect("the broker answers");
        assert!(!answer.contains("\"error\""), "{answer}");
    }

    /// Tells whether a file of a broker contains a text.
    #[must_use]
    pub fn have_kept(&self, text: &str) -> bool {
        contains(self.folder.path(), text.as_bytes())
    }

    /// Tells whether the brokers are of a release before 2.10, of 2023. With three of them, what their leader has passed on may be
    /// missing after its end, or be another message.
    #[must_use]
    #[track_caller]
    pub fn are_old(&self) -> bool {
        let greeting = self
            .running()
            .find_map(|it| it.greeted().map(|(_, greeting)| greeting));
        let greeting: Value =
            serde_json::from_str(&greeting.expect("a broker runs")).expect("it greets in JSON");
        let version = greeting["version"].as_str().expect("it has a version");
        let mut parts = version
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or_default());
        (parts.next(), parts.next()) < (Some(2), Some(10))
    }

    /// Counts the lines with a text in the brokers' logs.
    ///
    /// # Panics
    ///
    /// If a log can't be read.
    #[must_use]
    pub fn logged(&self, text: &str) -> usize {
        let count = |broker: &Broker| {
            let log = fs::read_to_string(&broker.log).expect("the log can be read");
            log.lines().filter(|line| line.contains(text)).count()
        };
        self.brokers.iter().map(count).sum()
    }

    fn running(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.iter().filter(|it| it.child.is_some())
    }

    fn has_leader(&self) -> bool {
        self.running().all(|broker| {
            let state = broker.state();
            state.is_some_and(|it| {
                it["meta_cluster"]["leader"]
                    .as_str()
                    .is_some_and(|it| !it.is_empty())
            })
        })
    }
}

impl Broker {
    /// Chooses ports and writes the file of its settings.
    fn describe(folder: &Path, number: usize, routes: &[u16], more: &str) -> Broker {
        let file = |ending: &str| folder.join(format!("{number}{ending}"));
        let broker = Broker {
            config: file(".conf"),
            store: file(""),
            log: file(".log"),
            port: free_port(),
            monitoring: free_port(),
            child: None,
        };
        let mut config = format!(
            "server_name: n{number}\nlisten: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\nlog_file: {:?}\n\
             jetstream {{ store_dir: {:?}, max_mem: 1GB, max_file: 4GB }}\n",
            broker.port, broker.monitoring, broker.log, broker.store
        );
        if routes.len() > 1 {
            let listen = routes[number];
            let routes: Vec<_> = routes
                .iter()
                .map(|port| format!("\"nats://127.0.0.1:{port}\""))
                .collect();
            let routes = routes.join(", ");
            config += &format!(
                "cluster {{ name: wac, listen: \"127.0.0.1:{listen}\", routes: [{routes}] }}\n"
            );
        }
        config += more;
        fs::write(&broker.config, config).expect("a file can be written");
        broker
    }

    /// Connects, and returns the greeting, too.
    fn greeted(&self) -> Option<(BufReader<TcpStream>, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).ok()?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let greeting = line.strip_prefix("INFO ")?.to_owned();
        Some((reader, greeting))
    }

    /// Returns the answer to a request.
    fn request(&self, subject: &str, payload: &str) -> Option<String> {
        let (mut reader, _) = self.greeted()?;
        let bytes = payload.len();
        let request = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB {subject} answer {bytes}\r\n{payload}\r\n"
        );
        reader.get_mut().write_all(request.as_bytes()).ok()?;
        loop {
            let mut line = String::new();
            reader
                .read_line(&mut line)
                .ok()
                .filter(|&count| count > 0)?;
            if let Some(head) = line.strip_prefix("MSG ") {
                let bytes = head.trim_end().rsplit(' ').next()?.parse().ok()?;
                let mut answer = vec![0; bytes];
                reader.read_exact(&mut answer).ok()?;
                return String::from_utf8(answer).ok();
            }
        }
    }

    /// Returns what the broker says about its streams.
    fn state(&self) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.monitoring)).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).ok()?;
        write!(
            stream,
            "GET /jsz?accounts=true&streams=true HTTP/1.0\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// Tells whether this broker, by its number, leads the stream, and as many others have all of it.
    fn is_followed(&self, number: usize, others: usize) -> bool {
        let state = self.state().unwrap_or_default();
        let cluster = &state["account_details"][0]["stream_detail"][0]["cluster"];
        let replicas = cluster["replicas"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let current = replicas
            .iter()
            .filter(|it| it["current"] == true && it["lag"].as_u64().unwrap_or(0) == 0);
        cluster["leader"] == format!("n{number}") && current.count() == others
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        for broker in &mut self.brokers {
            if let Some(child) = &mut broker.child {
                // It may have ended already; a failure here does not matter.
                let _ = child.kill();
                let _ = child.wait();
            }
            if thread::panicking() {
                let log = fs::read_to_string(&broker.log).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
                eprintln!("the broker's log:\n  {}", tail.join("\n  "));
            }
        }
    }
}

/// Returns the program: `WAC_NATS_SERVER` names it, or it is the one that a shell would find.
fn program() -> PathBuf {
    std::env::var_os("WAC_NATS_SERVER").map_or_else(|| "nats-server".into(), PathBuf::from)
}

/// Returns a port that nobody uses, and that was not returned before. Tests of another process begin elsewhere.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that start one after the other begin far from each other (2^32 by the golden ratio): a port must not be taken by
    // another one while its broker is down.
    let begin = std::process::id().wrapping_mul(2_654_435_769) >> 16;
    loop {
        let next = begin + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + (next % u32::from(PORTS.end - PORTS.start)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Tells whether a file in a folder contains some bytes.
fn contains(folder: &Path, wanted: &[u8]) -> bool {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    entries
        .map(|entry| entry.expect("the folder can be read").path())
        .any(|path| {
            if path.is_dir() {
                return contains(&path, wanted);
            }
            // It may be removed meanwhile.
            let bytes = fs::read(&path).unwrap_or_default();
            bytes.windows(wanted.len()).any(|window| window == wanted)
        })
}
