//! Returning: thousands who come back to a server at once, for `scripts/bench resume`.
//!
//! ```text
//! returning HOST:PORT USERS LINES marks|nothing
//! ```
//!
//! Somebody asks for a mark and says so many lines; then `ready` is printed. With the first line of standard input the users
//! log in, from 127.1.0.0/16, and with `marks` ask for what was said since that mark. They stay and read until standard input
//! ends; then what they got is printed as JSON.

use std::io::{self, BufRead, stdin};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use memchr::memchr;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wac_core::wire::history::History;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

/// Logins under way at once, as many as the load tester has: no queue of the kernel overflows.
const LOGINS_AT_ONCE: usize = 64;
/// The addresses that they come from, in turn.
const ADDRESSES: u32 = 100;
const TEXT: &str = "a line of those that everybody has missed, as long as most of them are";

/// What all users share.
struct Returning {
    server: SocketAddr,
    /// None if they ask for nothing.
    mark: Option<String>,
    logins: Arc<Semaphore>,
    began: Instant,
    back: AtomicU64,
    caught_up: AtomicU64,
    /// Replays that had as many lines as they had announced.
    whole: AtomicU64,
    lines: AtomicU64,
    /// Milliseconds until the last had come back, and had caught up.
    back_ms: AtomicU64,
    caught_up_ms: AtomicU64,
}

/// One user's reading.
#[derive(Default)]
struct Reading {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    replay: Replay,
    /// Held until the welcome.
    login: Option<OwnedSemaphorePermit>,
}

/// How far a user's replay is.
#[derive(Default)]
enum Replay {
    #[default]
    None,
    Coming {
        announced: u64,
        shown: u64,
    },
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let asked = match words[..] {
        [server, users, lines, what @ ("marks" | "nothing")] => server
            .parse()
            .ok()
            .zip(users.parse().ok())
            .zip(lines.parse().ok())
            .map(|((server, users), lines)| (server, users, lines, what == "marks")),
        _ => None,
    };
    let Some((server, users, lines, marks)) = asked else {
        eprintln!("usage: returning HOST:PORT USERS LINES marks|nothing");
        return ExitCode::from(2);
    };
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there are descriptors for a reactor");
    match runtime.block_on(come_back(server, users, lines, marks)) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("returning: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn come_back(server: SocketAddr, users: u32, lines: u32, marks: bool) -> io::Result<Value> {
    let mark = past(server, lines).await?;
    let mut input = lines_of_input();
    println!("ready");
    input.recv().await;
    let all = Arc::new(Returning {
        server,
        mark: marks.then_some(mark),
        logins: Arc::new(Semaphore::new(LOGINS_AT_ONCE)),
        began: Instant::now(),
        back: AtomicU64::default(),
        caught_up: AtomicU64::default(),
        whole: AtomicU64::default(),
        lines: AtomicU64::default(),
        back_ms: AtomicU64::default(),
        caught_up_ms: AtomicU64::default(),
    });
    for number in 0..users {
        tokio::spawn(comes_back(all.clone(), number));
    }
    while input.recv().await.is_some() {}
    Ok(all.told(users))
}

/// Makes a past; returns a mark of its beginning.
async fn past(server: SocketAddr, lines: u32) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(server).await?);
    stream.write_all(b"LIN speaker\r\nMARK\r\n").await?;
    let mark = answer(&mut stream, "MARK ").await?;
    let said = format!("MSG {TEXT}\r\n").repeat(lines as usize);
    stream.write_all(said.as_bytes()).await?;
    stream.write_all(b"PING\r\n").await?;
    answer(&mut stream, "PONG").await?;
    Ok(mark)
}

/// Waits for a line that begins so; returns its rest.
async fn answer(stream: &mut BufReader<TcpStream>, begins: &str) -> io::Result<String> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        if let Some(rest) = line.strip_prefix(begins) {
            return Ok(rest.trim_end().to_owned());
        }
        line.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Reads standard input in a thread of its own; the channel ends with it.
fn lines_of_input() -> mpsc::UnboundedReceiver<()> {
    let (tell, told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = stdin().lock().lines().map_while(Result::ok);
        // The run may be over already.
        lines.for_each(|_| _ = tell.send(()));
    });
    told
}

/// Logs in, asks for what it missed, and reads until the end. Who is not let in is missing in what is told.
async fn comes_back(all: Arc<Returning>, number: u32) -> io::Result<()> {
    let login = all.logins.clone().acquire_owned().await;
    let stream = all.connect(number).await?;
    let mut said = format!("LIN returning-{number}\r\n");
    if let Some(mark) = &all.mark {
        said += &format!("SINCE {mark}\r\n");
    }
    // So little fits into the buffer of a new socket.
    stream.writable().await?;
    stream.try_write(said.as_bytes())?;
    let mut reading = Reading {
        login: login.ok(),
        ..Reading::default()
    };
    loop {
        stream.readable().await?;
        match reading.read(&stream, &all) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

impl Reading {
    /// Reads once; the buffer is the stack's, so that thousands who wait hold none.
    fn read(&mut self, stream: &TcpStream, all: &Returning) -> io::Result<usize> {
        let mut buffer = [0; 64 * 1024];
        let read = stream.try_read(&mut buffer)?;
        let mut bytes = &buffer[..read];
        while let Some(end) = memchr(b'\n', bytes) {
            if self.partial.is_empty() {
                self.hear(&bytes[..end], all);
            } else {
                self.partial.extend_from_slice(&bytes[..end]);
                let line = std::mem::take(&mut self.partial);
                self.hear(&line, all);
            }
            bytes = &bytes[end + 1..];
        }
        self.partial.extend_from_slice(bytes);
        Ok(read)
    }

    fn hear(&mut self, line: &[u8], all: &Returning) {
        let notice = line.starts_with(b"* ").then(|| str::from_utf8(line));
        let line = notice.and_then(Result::ok).map(str::trim_end);
        match line.map(ServerLine::parse) {
            Some(ServerLine::Notice(Notice::Welcome(_))) => {
                self.login = None;
                all.count(&all.back, &all.back_ms);
            }
            Some(ServerLine::Notice(Notice::History(History::Begins { lines, .. }))) => {
                self.replay = Replay::Coming {
                    announced: lines,
                    shown: 0,
                };
            }
            Some(ServerLine::Notice(Notice::History(History::Ends))) => self.end(all),
            Some(ServerLine::Notice(Notice::History(History::At(_)))) => {}
            _ => {
                if let Replay::Coming { shown, .. } = &mut self.replay {
                    *shown += 1;
                }
            }
        }
    }

    fn end(&mut self, all: &Returning) {
        if let Replay::Coming { announced, shown } = std::mem::take(&mut self.replay) {
            all.count(&all.caught_up, &all.caught_up_ms);
            all.whole.fetch_add(u64::from(announced == shown), Relaxed);
            all.lines.fetch_add(shown, Relaxed);
        }
    }
}

impl Returning {
    async fn connect(&self, number: u32) -> io::Result<TcpStream> {
        let from = Ipv4Addr::from(0x7f01_0001 + number % ADDRESSES);
        let socket = TcpSocket::new_v4()?;
        setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
        socket.bind((from, 0).into())?;
        socket.connect(self.server).await
    }

    /// Counts one more, and notes when the last was.
    fn count(&self, how_many: &AtomicU64, last: &AtomicU64) {
        how_many.fetch_add(1, Relaxed);
        let elapsed = self.began.elapsed().max(Duration::from_millis(1));
        last.store(elapsed.as_millis() as u64, Relaxed);
    }

    fn told(&self, users: u32) -> Value {
        let of = |count: &AtomicU64| count.load(Relaxed);
        json!({
            "users": users,
            "back": of(&self.back),
            "back_seconds": of(&self.back_ms) as f64 / 1e3,
            "caught_up": of(&self.caught_up),
            "caught_up_seconds": of(&self.caught_up_ms) as f64 / 1e3,
            "whole": of(&self.whole),
            "lines": of(&self.lines),
        })
    }
}

fn raise_open_files() {
    let files = Resource::RLIMIT_NOFILE;
    let (_, hard) = getrlimit(files).expect("the limit of open files can be read");
    setrlimit(files, hard, hard).expect("a soft limit may be raised to the hard one");
}
