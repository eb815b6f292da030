//! Setup: a description of the server to start.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::over::usual_addresses;
use crate::tls::CertificateFiles;
use crate::{Identity, Server, Stopped, binary, raise_open_files};

/// The default secret of every server.
pub const SECRET: &str = "swordfish";

/// Flags for a server, each at most once except `--listen`.
///
/// The defaults are those of a quiet room, in which a test sees only what it caused: any free port
/// of 127.0.0.1, the secret [`SECRET`], no flood control, no join and leave notices, and a certificate if TLS is to be
/// spoken. [`Setup::without`] restores the server's own default.
#[derive(Debug, Clone)]
pub struct Setup {
    listen: Vec<String>,
    flags: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    inherited: Vec<Arc<OwnedFd>>,
    certificate: Option<Arc<CertificateFiles>>,
    program: PathBuf,
    /// The program that becomes the server, with its arguments, such as prlimit.
    launcher: Vec<String>,
}

/// Starts a program as a service manager does: its standard input and output become the inherited files 3 and 4.
const PASS_ON: &str = "export LISTEN_PID=$$; exec 3<&0 4<&1 </dev/null >/dev/null; exec \"$@\"";

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            listen: Vec::new(),
            flags: BTreeMap::new(),
            environment: BTreeMap::new(),
            inherited: Vec::new(),
            certificate: None,
            program: binary("wacd"),
            launcher: Vec::new(),
        }
        .with("--secret", SECRET)
        .with("--flood-rate", "0")
        .with("--notices", "off")
    }
}

impl Setup {
    /// Sets a flag to a value.
    #[must_use]
    pub fn with(mut self, flag: &str, value: &str) -> Setup {
        self.flags.insert(flag.to_owned(), value.to_owned());
        self
    }

    /// Sets an environment variable; the server has no other.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the server through a program that becomes it: `prlimit --as=64000000`.
    #[must_use]
    pub fn through(mut self, program: &[&str]) -> Setup {
        self.launcher = program.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Leaves a flag to the server's own default.
    #[must_use]
    pub fn without(mut self, flag: &str) -> Setup {
        self.flags.remove(flag);
        self
    }

    /// Turns on flood control, with the server's own defaults.
    #[must_use]
    pub fn with_flood_control(self) -> Setup {
        self.without("--flood-rate")
    }

    /// Turns on join and leave notices, as the server does by default.
    #[must_use]
    pub fn with_notices(self) -> Setup {
        self.without("--notices")
    }

    /// Listens on an address too. The first one replaces the default.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Setup {
        self.listen.push(address.to_owned());
        self
    }

    /// Listens where it would without an address of the test's choice.
    #[must_use]
    pub fn listen_as_usual(mut self) -> Setup {
        let usual = usual_addresses().iter();
        self.listen.extend(usual.map(|&address| address.to_owned()));
        self
    }

    /// Listens on a Unix socket too.
    #[must_use]
    pub fn listen_unix(self, path: &Path) -> Setup {
        self.listen(&format!("unix:{}", path.display()))
    }

    /// Proves itself as somebody, over TLS.
    #[must_use]
    pub fn identity(mut self, identity: &Identity) -> Setup {
        self.certificate = Some(Arc::new(CertificateFiles::of(identity)));
        self
    }

    /// Runs another copy of the program.
    #[must_use]
    pub fn program(mut self, path: &Path) -> Setup {
        path.clone_into(&mut self.program);
        self
    }

    /// Lets it inherit sockets, one or two, as from a service manager.
    #[must_use]
    pub fn inherits(mut self, sockets: impl IntoIterator<Item = Arc<OwnedFd>>) -> Setup {
        self.inherited = sockets.into_iter().collect();
        let count = self.inherited.len().to_string();
        self.env("LISTEN_FDS", &count)
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not become ready.
    #[must_use]
    #[track_caller]
    pub fn start(&self) -> Server {
        self.launch().ready()
    }

    /// Starts the server, which may become ready or end.
    ///
    /// # Errors
    ///
    /// The end of a server that did not become ready.
    ///
    /// # Panics
    ///
    /// If it does neither.
    #[track_caller]
    pub fn try_start(&self) -> Result<Server, Stopped> {
        self.launch().ready_or_ended()
    }

    /// Starts a server that is expected to refuse to start, and waits for its exit.
    ///
    /// # Panics
    ///
    /// If it keeps running.
    #[must_use]
    #[track_caller]
    pub fn refused(&self) -> Stopped {
        self.launch().wait_for_exit()
    }

    /// Starts the server, which may [become ready](Server::ready) later.
    #[must_use]
    pub fn launch(&self) -> Server {
        raise_open_files();
        let mut listen: Vec<&str> = self.listen.iter().map(String::as_str).collect();
        if listen.is_empty() && self.inherited.is_empty() {
            listen.extend(usual_addresses());
        }
        let speaks_tls = listen.iter().any(|address| address.starts_with("tls:"));
        let has_certificate = self.flags.contains_key("--tls-cert");
        let certificate = match &self.certificate {
            None if speaks_tls && !has_certificate => Some(Arc::new(CertificateFiles::usual())),
            given => given.clone(),
        };
        let child = self.start_child(&listen, certificate.as_deref());
        Server::new(child, certificate)
    }

    fn start_child(&self, listen: &[&str], certificate: Option<&CertificateFiles>) -> Child {
        self.command()
            .args(listen.iter().flat_map(|address| ["--listen", address]))
            .args(certificate.iter().flat_map(|files| files.flags()))
            .args(
                self.flags
                    .iter()
                    .map(|(flag, value)| format!("{flag}={value}")),
            )
            // Neither the environment of the shell that runs the tests nor a file of this machine change the server under test.
            .env_clear()
            .env("WACD_CONFIG", "/dev/null")
            .envs(&self.environment)
            .stdin(self.standard_file(0))
            .stdout(self.standard_file(1))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()))
    }

    fn command(&self) -> Command {
        let pass_on = ["sh", "-c", PASS_ON, "sh"];
        let pass_on = pass_on.iter().filter(|_| !self.inherited.is_empty());
        let launcher = self.launcher.iter().map(String::as_str);
        let before = launcher.chain(pass_on.copied()).map(OsStr::new);
        let mut words = before.chain([self.program.as_os_str()]);
        let mut command = Command::new(words.next().expect("there is the program"));
        command.args(words);
        command
    }

    fn standard_file(&self, index: usize) -> Stdio {
        let socket = self.inherited.get(index);
        socket.map_or_else(Stdio::null, |socket| {
            let socket = socket.try_clone().expect("there is a free file");
            Stdio::from(socket)
        })
    }
}
