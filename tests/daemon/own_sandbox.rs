//! The server's own sandbox: it lives its whole life in it, is kept out of what is not its own, and says what is in force.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nix::errno::Errno;
use nix::pty::openpty;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;
use syscalls::Sysno;
use tempfile::TempDir;
use wac_tests::{Address, Peer, Said, Signal, binary, converse, wait_until};

use crate::users::{AS_NOBODY, give_to_nobody, is_root};

const FENCED: &str = "files (Landlock ABI ";
const NO_PRIVILEGES: &str = ", no capabilities, no new privileges";
const LANDLOCK: [Sysno; 3] = [
    Sysno::landlock_create_ruleset,
    Sysno::landlock_add_rule,
    Sysno::landlock_restrict_self,
];
/// The folders of root, in each of which the server has one.
const FOLDERS: [&str; 6] = ["etc", "motd", "run", "log", "lib", "srv"];

/// A small system: each of a server's files is in a folder `wacd` of its own, in one of root's. The server ends when this
/// value is dropped, at the latest.
struct System {
    root: TempDir,
    users: &'static [&'static str],
}

impl System {
    fn new() -> Self {
        Self::of(&[])
    }

    /// Returns a system whose server runs as `nobody`.
    fn of_nobody() -> Self {
        Self::of(&AS_NOBODY)
    }

    fn of(users: &'static [&'static str]) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path(), everybody).expect("it is ours");
        let system = Self { root, users };
        for folder in FOLDERS {
            system.make_folder(folder);
        }
        system.put("motd/wacd/motd", "welcome");
        system.put("srv/wacd/motd", "somebody else's");
        system.configure(&[]);
        system
    }

    /// Makes the server's folder in one of root's.
    fn make_folder(&self, around: &str) {
        let folder = self.path(&format!("{around}/wacd"));
        fs::create_dir_all(&folder).expect("a folder");
        if self.users == AS_NOBODY {
            give_to_nobody(&folder);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Puts a file in the place of another, as editors do.
    fn put(&self, name: &str, text: &str) {
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, text).expect("a file");
        fs::rename(&new, self.path(name)).expect("a file");
    }

    /// Writes the configuration file: with these settings, and the usual ones for other keys.
    fn configure(&self, settings: &[(&str, &str)]) {
        let path = |name| format!("'{}'", self.text(name));
        let usual = [
            ("bans", path("lib/wacd/bans.toml")),
            ("flood-rate", "0".to_owned()),
            ("listen", "'localhost:0'".to_owned()),
            ("log-file", path("log/wacd/wacd.log")),
            ("metrics", "'127.0.0.1:0'".to_owned()),
            ("motd", path("motd/wacd/motd")),
            ("notices", "'off'".to_owned()),
        ];
        let kept = usual.iter().map(|(key, value)| (*key, &**value));
        let kept = kept.filter(|(key, _)| settings.iter().all(|(set, _)| set != key));
        let lines = kept.chain(settings.iter().copied());
        let lines: String = lines
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        self.put("etc/wacd/wacd.toml", &lines);
    }

    /// Runs `wacd` with these words, on this system's paths.
    fn run(&self, words: &[&str]) -> Said {
        let mut wacd = Command::new(binary("wacd"));
        wacd.args(words)
            .args(["--pid-file", &self.text("run/wacd/wacd.pid")])
            .env_clear()
            .env("WACD_CONFIG", self.path("etc/wacd/wacd.toml"));
        Said::of(&mut wacd)
    }

    #[track_caller]
    fn does(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.text
    }

    /// Makes a certificate in a folder of the server, and its key beside it; returns its path, quoted.
    fn certify(&self, folder: &str) -> String {
        let [cert, key] =
            ["cert", "key"].map(|name| self.path(&format!("{folder}/wacd/tls-{name}.pem")));
        let made = Said::of(
            Command::new(binary("wacd"))
                .args(["cert", "--tls-cert"])
                .arg(&cert),
        );
        assert_eq!(made.code, Some(0), "{made:?}");
        if self.users == AS_NOBODY {
            give_to_nobody(&key);
        }
        format!("'{}'", cert.display())
    }

    /// Starts the server; returns its ready line.
    #[track_caller]
    fn start(&self, flags: &[&str]) -> Said {
        let said = self.run(&[&["--daemon"], self.users, flags].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        said
    }

    /// Reloads with these settings, which is refused, and so is the plan of it; returns why.
    #[track_caller]
    fn refuses(&self, settings: &[(&str, &str)]) -> String {
        self.configure(settings);
        let planned = self.run(&["reload", "--plan"]);
        let refused = self.run(&["reload"]);
        assert_eq!(
            (planned.code, refused.code),
            (Some(2), Some(2)),
            "{refused:?}"
        );
        assert_eq!(planned.text, refused.text);
        refused.text
    }

    /// Returns what the status says is in force; the log says the same.
    #[track_caller]
    fn sandbox(&self) -> String {
        let status: Value = serde_json::from_str(&self.does(&["status", "--json"])).expect("JSON");
        let sandbox = status["sandbox"].as_str().expect("a text").to_owned();
        let shown = self.does(&["status"]);
        let line = format!("{:<17}{sandbox}", "sandbox");
        assert!(shown.lines().any(|it| it == line), "{shown}");
        // The log's own thread writes it.
        wait_until("the log says the same", || {
            let logged = fs::read_to_string(self.path("log/wacd/wacd.log"));
            logged.is_ok_and(|log| log.contains(&format!("sandbox: {sandbox}\n")))
        });
        sandbox
    }

    fn pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.path("run/wacd/wacd.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }

    /// Returns a field of each thread's status.
    fn of_threads(&self, field: &str) -> Vec<String> {
        let pid = self.pid().expect("it runs");
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
        let value = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).expect("a status");
            let mut lines = status.lines();
            let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(":\t"));
            value.expect("the field is there").to_owned()
        };
        let values: Vec<_> = tasks.map(|task| value(task.expect("a thread"))).collect();
        assert!(values.len() > 2, "it has threads");
        values
    }

    /// Takes the log away; the server makes it anew.
    fn rotate(&self, take_away: impl FnOnce(&Path)) {
        take_away(&self.path("log/wacd"));
        let pid = self.pid().expect("it runs");
        kill(Pid::from_raw(pid), Signal::SIGUSR1).expect("it runs");
        wait_until("the log is there again", || {
            let log = fs::read_to_string(self.path("log/wacd/wacd.log"));
            log.is_ok_and(|log| log.contains("log reopened"))
        });
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // The number alone may be anybody's by now.
        let pid_file = self.text("run/wacd/wacd.pid");
        if let Some(pid) = self.pid()
            && fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|words| words.contains(&pid_file))
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// Returns the metrics of a server with this ready line.
fn metrics(ready: &Said) -> String {
    let mut words = ready.text.split_whitespace();
    let address = words.find_map(|word| word.strip_prefix("metrics="));
    let mut stream = TcpStream::connect(address.expect("an address")).expect("it listens");
    let asked = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    asked.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Runs an action where these system calls fail with an error, as do those of the processes that it starts.
fn without<T: Send>(calls: &[Sysno], errno: Errno, action: impl FnOnce() -> T + Send) -> T {
    let rules = calls.iter().map(|call| (i64::from(call.id()), Vec::new()));
    let filter = SeccompFilter::new(
        rules.collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        std::env::consts::ARCH.try_into().expect("a known machine"),
    );
    let filter = filter.and_then(BpfProgram::try_from);
    let filter = filter.expect("a right filter");
    thread::scope(|scope| {
        let inside = scope.spawn(|| {
            apply_filter(&filter).expect("a right filter");
            action()
        });
        inside.join().expect("it starts")
    })
}

#[track_caller]
fn lives(system: &System) {
    let ready = system.start(&[]);
    assert!(system.sandbox().starts_with(FENCED));
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Peer::user(&ready.address(), name));
    converse(&mut ann, "ann", &mut bob, 0..50, 64);
    ann.send("W bob psst");
    assert_eq!(bob.line(), "ann whispers, \"psst\"");

    // Files that are read again may have been replaced, and the host's name is looked up again.
    system.put("motd/wacd/motd", "welcome back");
    let socket = system.text("run/wacd/wac.sock");
    let listen = format!("['localhost:0', 'tls:localhost:0', 'unix:{socket}']");
    system.configure(&[("listen", &listen), ("tls-cert", &system.certify("etc"))]);
    let changes = system.does(&["reload"]);
    assert!(changes.contains("wac.sock\"]: changed\n"), "{changes}");
    assert!(changes.contains("the text of motd: changed\n"), "{changes}");
    let mut eve = Peer::dial(&Address::Unix(socket.into()));
    eve.greeted();
    eve.expect("* welcome back");
    drop(eve);

    system.rotate(|log| fs::rename(log.join("wacd.log"), system.path("old.log")).expect("a log"));
    system.rotate(|log| {
        fs::rename(log, system.path("old")).expect("a folder");
        system.make_folder("log");
    });

    let bans = || fs::read_to_string(system.path("lib/wacd/bans.toml")).expect("a file");
    system.does(&["ban", "192.0.2.7"]);
    assert!(bans().contains("192.0.2.7"));
    system.does(&["unban", "192.0.2.7"]);
    assert!(!bans().contains("192.0.2.7"));

    let metrics = metrics(&ready);
    for shown in [
        "\nprocess_resident_memory_bytes ",
        "\nprocess_open_fds ",
        "\nwacd_sandbox{part=\"files\"} 1\n",
    ] {
        assert!(metrics.contains(shown), "{metrics}");
    }

    converse(&mut ann, "ann", &mut bob, 50..100, 64);
    system.does(&["stop"]);
    for name in ["wacd.pid", "wacd.control", "wac.sock"] {
        assert!(!system.path(&format!("run/wacd/{name}")).exists(), "{name}");
    }
}

#[test]
fn a_server_lives_its_whole_life_in_the_sandbox() {
    lives(&System::new());
    if is_root() {
        lives(&System::of_nobody());
    }
}

/// The sets of capabilities that a thread has.
const CAPABILITIES: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

#[test]
fn a_server_on_a_terminal_ends_with_it() {
    let system = System::new();
    let pty = openpty(None, None).expect("there is a free pseudo-terminal");
    let said = system.path("log/stderr");
    // setsid makes the terminal the server's own.
    let mut server = Command::new("setsid")
        .arg("--ctty")
        .arg(binary("wacd"))
        .args(["--listen", "127.0.0.1:0", "--pid-file"])
        .arg(system.path("run/wacd/wacd.pid"))
        .env("WACD_CONFIG", "/dev/null")
        .env("WACD_BANS", system.path("lib/wacd/bans.toml"))
        .stdin(pty.slave)
        .stdout(Stdio::null())
        .stderr(File::create(&said).expect("a file"))
        .spawn()
        .expect("setsid can be run");
    wait_until("it serves", || {
        fs::read_to_string(&said).is_ok_and(|said| said.contains("ready "))
    });
    let pid = system.pid().expect("it runs");
    kill(Pid::from_raw(pid), Signal::SIGHUP).expect("it runs");
    let mut ended = None;
    wait_until("it has ended", || {
        ended = server.try_wait().expect("it is ours");
        ended.is_some()
    });
    let signal = ended.and_then(|status| status.signal());
    assert_eq!(signal, Some(Signal::SIGHUP as i32));
}

#[test]
fn no_thread_has_a_capability_or_may_gain_a_privilege() {
    if !is_root() {
        return;
    }
    for system in [System::new(), System::of_nobody()] {
        system.start(&[]);
        assert!(system.sandbox().ends_with(NO_PRIVILEGES));
        for set in CAPABILITIES {
            let sets = system.of_threads(set);
            assert!(
                sets.iter().all(|set| set == "0000000000000000"),
                "{set}: {sets:?}"
            );
        }
        let set = system.of_threads("NoNewPrivs");
        assert!(set.iter().all(|set| set == "1"), "{set:?}");
    }
}

#[test]
fn a_sandbox_that_is_off_takes_nothing_away() {
    let system = System::new();
    let ready = system.start(&["--sandbox", "off"]);
    assert_eq!(system.sandbox(), "off (--sandbox off)");
    assert!(system.of_threads("NoNewPrivs").iter().all(|set| set == "0"));
    if is_root() {
        let effective = system.of_threads("CapEff");
        assert!(
            effective.iter().all(|set| set != "0000000000000000"),
            "{effective:?}"
        );
    }
    let elsewhere = format!("'{}'", system.text("srv/wacd/motd"));
    system.configure(&[("motd", &elsewhere)]);
    system.does(&["reload"]);
    let metrics = metrics(&ready);
    assert!(
        metrics.contains("\nwacd_sandbox{part=\"files\"} 0\n"),
        "{metrics}"
    );
}

#[test]
fn a_reload_that_reaches_out_of_the_sandbox_is_refused_and_says_what_to_do() {
    let system = System::new();
    let ready = system.start(&[]);
    let elsewhere = system.text("srv/wacd");
    for (key, value) in [
        ("motd", format!("'{elsewhere}/motd'")),
        ("secret-file", format!("'{elsewhere}/motd'")),
        ("log-file", format!("'{elsewhere}/log'")),
        (
            "listen",
            format!("['localhost:0', 'unix:{elsewhere}/sock']"),
        ),
    ] {
        let why = system.refuses(&[(key, &value)]);
        let folder = format!(
            "Permission denied (os error 13): the sandbox keeps this server out of the folder \
             {elsewhere}, which it did not have at its start; restart wacd\n"
        );
        assert!(why.contains(&folder), "{key}: {why}");
    }
    let certificate = system.certify("srv");
    let why = system.refuses(&[("listen", "'tls:localhost:0'"), ("tls-cert", &certificate)]);
    let keeps_out = format!(
        "cert.pem: Permission denied (os error 13): the sandbox keeps this server out of the folder {elsewhere}"
    );
    assert!(why.contains(&keeps_out), "{why}");
    if lowest_free_port() > 1 {
        let why = system.refuses(&[("listen", "'127.0.0.1:1'")]);
        assert!(
            why.contains("at the start of the server; restart wacd"),
            "{why}"
        );
    }
    let missing = system.refuses(&[("motd", "'/none'")]);
    assert!(!missing.contains("sandbox"), "{missing}");
    system.configure(&[]);
    assert_eq!(system.does(&["reload"]), "nothing differs\n");
    Peer::user(&ready.address(), "ann").silent_until_fence();

    // A restart has the folder from its start.
    system.does(&["stop"]);
    system.configure(&[("motd", &format!("'{elsewhere}/motd'"))]);
    let mut eve = Peer::dial(&system.start(&[]).address());
    eve.greeted();
    eve.expect("* somebody else's");
}

/// Returns the lowest port that takes no privilege.
fn lowest_free_port() -> u16 {
    let limit = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    limit.map_or(1024, |limit| limit.trim().parse().expect("a number"))
}

#[test]
fn a_folder_that_was_made_anew_is_a_new_one_to_the_sandbox() {
    let system = System::new();
    system.start(&[]);
    fs::rename(system.path("etc/wacd"), system.path("etc/old")).expect("a folder");
    fs::create_dir(system.path("etc/wacd")).expect("a folder");
    let why = system.refuses(&[]);
    let folder = format!(
        "keeps this server out of the folder {}",
        system.text("etc/wacd")
    );
    assert!(why.contains(&folder), "{why}");
    fs::remove_dir_all(system.path("etc/wacd")).expect("a folder");
    fs::rename(system.path("etc/old"), system.path("etc/wacd")).expect("a folder");
    assert_eq!(system.does(&["reload"]), "nothing differs\n");

    fs::rename(system.path("lib/wacd"), system.path("lib/old")).expect("a folder");
    system.make_folder("lib");
    let said = system.run(&["ban", "192.0.2.7"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let told =
        "bans.toml: Permission denied (os error 13); if its folder is a new one, restart wacd";
    assert!(said.text.contains(told), "{said:?}");
}

#[test]
fn a_kernel_without_landlock_keeps_nobody_from_serving_and_the_server_says_so() {
    for errno in [Errno::ENOSYS, Errno::EOPNOTSUPP, Errno::EPERM] {
        let system = System::new();
        let ready = without(&LANDLOCK, errno, || system.start(&[]));
        assert_eq!(
            system.sandbox(),
            format!("files: not in this kernel{NO_PRIVILEGES}")
        );
        let metrics = metrics(&ready);
        assert!(metrics.contains("{part=\"files\"} 0\n"), "{metrics}");
        system.configure(&[("motd", &format!("'{}'", system.text("srv/wacd/motd")))]);
        system.does(&["reload"]);
    }
}

#[test]
fn a_part_that_the_system_denies_is_named() {
    if !is_root() {
        return;
    }
    let system = System::new();
    without(&[Sysno::capset], Errno::EPERM, || system.start(&[]));
    let sandbox = system.sandbox();
    assert!(
        sandbox.contains(", capabilities: kept, Operation not permitted"),
        "{sandbox}"
    );
    // Where there are none, the call that drops them is not needed: a service manager's filter may deny it.
    let system = System::of_nobody();
    without(&[Sysno::capset], Errno::EPERM, || system.start(&[]));
    assert!(system.sandbox().ends_with(NO_PRIVILEGES));
}

#[test]
fn a_log_that_root_reaches_only_by_its_privileges_fails_the_start() {
    if !is_root() {
        return;
    }
    let system = System::new();
    give_to_nobody(&system.path("log/wacd"));
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(system.path("log/wacd"), private).expect("root may");
    let said = system.run(&["--daemon"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in [
        "wacd.log as root: Permission denied",
        "hint: serve as its owner with --user, or chown it to root",
    ] {
        assert!(said.text.contains(part), "{said:?}");
    }
    system.start(&["--sandbox", "off"]);
}

#[test]
fn a_file_that_root_reads_only_by_its_privileges_is_read_at_the_start_alone() {
    if !is_root() {
        return;
    }
    let system = System::new();
    let motd = system.path("motd/wacd/motd");
    give_to_nobody(&motd);
    fs::set_permissions(&motd, fs::Permissions::from_mode(0o600)).expect("root may");
    system.start(&[]);
    let why = system.refuses(&[]);
    let told = "motd: Permission denied (os error 13): root has no privileges in the sandbox; chown it to root";
    assert!(why.contains(told), "{why}");
}
