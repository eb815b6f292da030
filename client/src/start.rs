//! Start of the client: runs what the command line asks for, to its end.

use std::env;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Error;
use wac_core::text::is_blank;
use wac_tls::Trust;

use crate::app::event::First;
use crate::app::exit::ExitReason;
use crate::app::settings::Config;
use crate::app::target::Address;
use crate::chat;
use crate::cli::args::verbs::{ListenArgs, SendArgs};
use crate::cli::args::{Command, CommandLine};
use crate::cli::config::Loaded;
use crate::cli::manual;
use crate::failure::Failure;
use crate::io::connection::Connection;
use crate::io::known_servers::KnownServers;
use crate::io::password_file;
use crate::io::place_file::PlaceFile;
use crate::io::server::{Proof, Server};
use crate::io::servers::Servers;
use crate::protocol::catch_up::Place;
use crate::protocol::password::Password;
use crate::protocol::text::plain;
use crate::script::listen::{ListenScript, Since};
use crate::script::send::SendScript;
use crate::script::who::WhoScript;
use crate::script::{Names, Script, driver, raw};
use crate::terminal::signals;

/// Time to connect that a user does not notice: 300 ms.
const WORTH_TELLING: Duration = Duration::from_millis(300);

/// Runs the client that the command line asks for; returns its exit code.
pub fn run() -> ExitCode {
    match start(&CommandLine::read()) {
        Ok(reason) => ended(&reason),
        Err(failure) => failed(failure),
    }
}

fn ended(reason: &ExitReason) -> ExitCode {
    match reason {
        ExitReason::Failed(why) => eprintln!("wac: {why}"),
        // A shell, for one, ends its loop only with a program that dies of the signal.
        ExitReason::Signal(number) => signals::die_of(*number),
        _ => {}
    }
    ExitCode::from(reason.code())
}

/// Prints a failure, with its whole chain of causes and a hint.
fn failed(failure: Failure) -> ExitCode {
    let (code, hint) = (failure.code(), failure.hint());
    let text = format!("{:#}", Error::new(failure));
    eprintln!("wac: {}", text.replace('\n', "\nwac: "));
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(code)
}

/// Chats, or runs the command that was given; returns the reason for the end.
///
/// # Errors
/// The client cannot start.
fn start(line: &CommandLine) -> Result<ExitReason, Failure> {
    let load = || -> Result<Loaded, Failure> {
        let mut loaded = Loaded::load(line)?;
        let config = &mut loaded.config;
        config.password = config
            .password_file
            .as_deref()
            .map(read_password)
            .transpose()?;
        Ok(loaded)
    };
    match &line.command {
        None if line.raw => Ok(raw::run(connect_raw(&load()?.config)?)),
        None => {
            let loaded = load()?;
            chat::run(&loaded.config, loaded.file())
        }
        Some(Command::Send(args)) => send(args, load()?.config),
        Some(Command::Listen(args)) => listen(args, load()?.config),
        Some(Command::Who(_)) => who(&load()?.config),
        Some(Command::Config) => Ok(print(&Loaded::load(line)?.to_string())),
        Some(Command::Man) => Ok(print(&manual::page())),
        Some(Command::Completions { shell }) => Ok(print(&manual::completions(*shell))),
    }
}

/// Connects to the first server that answers.
///
/// # Errors
/// See [`Failure::of_connecting`].
pub(crate) fn connect(servers: &Servers) -> Result<Connection, Failure> {
    let open = |server: &Server, first| announced(server.address(), || server.open(first));
    servers
        .connect(First::Same, open)
        .map_err(Failure::of_connecting)
}

/// Connects to whatever listens there.
fn connect_raw(config: &Config) -> Result<Connection, Failure> {
    let open = |server: &Server, _| announced(server.address(), || server.open_raw());
    let connection = servers(config)?
        .connect(First::Same, open)
        .map_err(Failure::of_connecting)?;
    print_note(&connection);
    Ok(connection)
}

/// Returns the servers, and what proves that each is the one that is meant.
///
/// # Errors
/// [`Failure::Authorities`], [`Failure::NoProof`].
pub(crate) fn servers(config: &Config) -> Result<Servers, Failure> {
    let proof = match (&config.tls_pin, &config.tls_ca) {
        (Some(key), _) => Proof::Demanded(Trust::Key(*key)),
        (None, Some(file)) => Proof::Demanded(Trust::in_authorities_of(file)?),
        (None, None) => Proof::same_key(KnownServers::usual(|name| env::var_os(name))),
    };
    let mut hosts = config.hosts.iter();
    let readable = hosts.find(|host| !host.is_private());
    if let (Proof::Demanded(_), Some(host)) = (&proof, readable) {
        let tls = host.over_tls();
        return Err(Failure::NoProof { tls });
    }
    Ok(Servers::new(&config.hosts, &proof))
}

/// Tells what is to be known of the server, beside the output.
fn print_note(connection: &Connection) {
    if let Some(note) = connection.note() {
        eprintln!("wac: {note}");
    }
}

/// Connects, and if that takes longer, tells a user at a terminal what is waited for.
fn announced<T>(address: &Address, connect: impl FnOnce() -> T) -> T {
    let (done, connected) = mpsc::channel::<()>();
    thread::scope(|threads| {
        threads.spawn(move || {
            let waited = connected.recv_timeout(WORTH_TELLING);
            if waited == Err(RecvTimeoutError::Timeout) && io::stderr().is_terminal() {
                eprintln!("connecting to {address}");
            }
        });
        let connection = connect();
        drop(done);
        connection
    })
}

/// Sends one message, or each line of the input as one.
fn send(args: &SendArgs, config: Config) -> Result<ExitReason, Failure> {
    let names = names(&config).ok_or(Failure::NoNameTo("send"))?;
    let input: Box<dyn BufRead + Send> = match args.message() {
        // A variable that is not set is no message that was confirmed.
        Some(message) if is_blank(&plain(&message)) => return Err(Failure::Blank),
        Some(message) => Box::new(Cursor::new(message)),
        None => Box::new(BufReader::new(io::stdin())),
    };
    play(SendScript::new(args.plan(names)), &config, input)
}

/// Prints messages.
fn listen(args: &ListenArgs, config: Config) -> Result<ExitReason, Failure> {
    if args.whispers && config.name.is_none() {
        return Err(Failure::NoNameTo("hear whispers"));
    }
    let (file, since) = match &args.since {
        None => (None, Since::Now),
        Some(path) => {
            let (file, place) = open_place(path)?;
            (Some(file), Since::Place(place))
        }
    };
    let script = ListenScript::new(args.plan(names(&config), since));
    play_from(file, script, &config, io::empty())
}

/// Prints who is online.
fn who(config: &Config) -> Result<ExitReason, Failure> {
    play(WhoScript::new(names(config)), config, io::empty())
}

fn open_place(path: &Path) -> Result<(PlaceFile, Option<Place>), Failure> {
    PlaceFile::open(path).map_err(|source| Failure::Place {
        path: path.to_owned(),
        source,
    })
}

fn read_password(path: &Path) -> Result<Password, Failure> {
    password_file::read(path).map_err(|source| Failure::PasswordFile {
        path: path.to_owned(),
        source,
    })
}

fn names(config: &Config) -> Option<Names> {
    Some(Names {
        name: config.name.clone()?,
        alternative: config.alt_name.clone(),
        passwords: config.passwords(),
    })
}

fn play(
    script: impl Script,
    config: &Config,
    input: impl BufRead + Send + 'static,
) -> Result<ExitReason, Failure> {
    play_from(None, script, config, input)
}

/// Plays a script whose place is kept in a file.
fn play_from(
    place: Option<PlaceFile>,
    script: impl Script,
    config: &Config,
    input: impl BufRead + Send + 'static,
) -> Result<ExitReason, Failure> {
    let servers = servers(config)?;
    let connection = connect(&servers)?;
    print_note(&connection);
    Ok(driver::play(script, servers, connection, input, place))
}

fn print(text: &str) -> ExitReason {
    let mut output = io::stdout().lock();
    let printed = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    printed.map_or_else(|error| ExitReason::unwritten(&error), |()| ExitReason::Done)
}
