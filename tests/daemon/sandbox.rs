//! Sandbox: a server lives its whole life in what `wacd.service` leaves of the system.
//!
//! No service manager is needed. A thread takes on the unit's system call filter, read from the unit itself, and
//! as much of its other restrictions as a test can; the processes that it starts inherit them all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use rustix::thread::{
    CapabilitySet, remove_capability_from_bounding_set, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};
use syscalls::Sysno;
use wac_tests::{Daemon, Said, Server, Signal, binary, converse, wait_until};

use crate::accounts::{PASSWORD, register};
use crate::users::{NOBODY, give_to_nobody, is_root};

const UNIT: &str = include_str!("../../scripts/systemd/wacd.service");

/// Flags of clone(2) that make a namespace, which `RestrictNamespaces=` denies.
const NEW_NAMESPACES: u64 = 0x7e02_0080;
const PROT_WRITE: u64 = 2;
const PROT_EXEC: u64 = 4;
/// AF_UNIX, AF_INET, AF_INET6.
const FAMILIES: [u64; 3] = [1, 2, 10];

/// The restrictions of the unit.
struct Sandbox {
    /// Root's folder, with one in it that the server may write: as `/run` and `/run/wacd`.
    around: Daemon,
    /// What the unit denies fails with EPERM; what systemd does not know fails with ENOSYS.
    filters: [BpfProgram; 2],
}

impl Sandbox {
    fn new() -> Self {
        let around = Daemon::folder();
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(around.path(""), everybody).expect("it is ours");
        fs::create_dir(around.path("wacd")).expect("a folder");
        give_to_nobody(&around.path("wacd"));
        // Where it was built may be closed to other users.
        fs::copy(binary("wacd"), around.path("wacd/wacd")).expect("there is room");
        let mut known = names("@known");
        known.remove("clone3"); // its flags are out of a filter's reach: glibc is to use clone
        let mut allowed = allowed();
        allowed.insert("seccomp".to_owned()); // of the second filter; of two errors, its counts
        Self {
            around,
            filters: [
                filter(&allowed, restrictions, Errno::EPERM),
                filter(&known, |_| Vec::new(), Errno::ENOSYS),
            ],
        }
    }

    /// Runs an action inside: what it starts stays there.
    fn inside<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                action()
            });
            inside.join().expect("the sandbox holds")
        })
    }

    fn enter(&self) {
        if has_namespaces() {
            hide_files(&self.around.path("wacd"));
        }
        for capability in CapabilitySet::all().iter() {
            // The kernel may not know it.
            let _ = remove_capability_from_bounding_set(capability);
        }
        let group = Some(rustix::thread::Gid::from_raw(NOBODY));
        let user = Some(rustix::thread::Uid::from_raw(NOBODY));
        set_thread_groups(&[]).expect("root may");
        set_thread_res_gid(group, group, group).expect("root may");
        set_thread_res_uid(user, user, user).expect("root may");
        for filter in &self.filters {
            // It sets NoNewPrivileges, too.
            apply_filter(filter).expect("a right filter");
        }
    }

    fn path(&self, name: &str) -> String {
        self.around
            .path(&format!("wacd/{name}"))
            .display()
            .to_string()
    }

    /// Returns the variables that the unit gives to the server and to `ExecReload=`, for this folder.
    fn environment(&self) -> Vec<(String, String)> {
        let lines = UNIT.lines();
        let words = lines.filter_map(|line| line.strip_prefix("Environment="));
        let pairs = words.flat_map(|line| line.split(' ').filter_map(|word| word.split_once('=')));
        let here = |path: &str| self.path(path.rsplit('/').next().expect("a path"));
        pairs
            .map(|(name, path)| (name.to_owned(), here(path)))
            .collect()
    }

    /// Returns a subcommand for the server.
    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(self.path("wacd"));
        command.arg(verb).env_clear().envs(self.environment());
        command
    }
}

/// Tells whether root may make a namespace of mounts: in some containers it may not.
fn has_namespaces() -> bool {
    Said::of(Command::new("unshare").args(["--mount", "true"])).code == Some(0)
}

/// `ProtectSystem=strict`, `ProtectHome=`, `ProtectProc=` and `ProcSubset=`, in this thread and what it starts.
fn hide_files(writable: &Path) {
    unshare(CloneFlags::CLONE_NEWNS).expect("root may");
    let nothing = None::<&str>;
    let bind = |at: &Path, flags| mount(Some(at), at, nothing, flags, nothing);
    let new = |at: &str, kind, options| {
        mount(Some(kind), at, Some(kind), MsFlags::empty(), Some(options))
    };
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(nothing, "/", nothing, private, nothing).expect("root may");
    bind(writable, MsFlags::MS_BIND).expect("root may");
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    bind(Path::new("/"), read_only).expect("root may");
    new("/proc", "proc", "subset=pid,hidepid=invisible").expect("root may");
    let homes = ["/home", "/root"].into_iter();
    for home in homes.filter(|home| !writable.starts_with(home)) {
        new(home, "tmpfs", "mode=0").expect("root may");
    }
}

/// Returns the system calls that the unit allows: its first line names them, its second those that it takes out again.
fn allowed() -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    let lines = UNIT.lines();
    for line in lines.filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let words = line.trim_start_matches('~').split(' ');
        let listed: BTreeSet<_> = words.flat_map(names).collect();
        if line.starts_with('~') {
            allowed.retain(|name| !listed.contains(name));
        } else {
            allowed.extend(listed);
        }
    }
    assert!(allowed.len() > 100, "{allowed:?}");
    allowed
}

/// Returns the system calls of a word: a call's name, or a set that systemd knows.
fn names(word: &str) -> BTreeSet<String> {
    if !word.starts_with('@') {
        return BTreeSet::from([word.to_owned()]);
    }
    let listed = Said::of(Command::new("systemd-analyze").args(["syscall-filter", word]));
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let members = listed.text.lines().skip(1).map(str::trim);
    let members = members.filter(|member| !member.is_empty() && !member.starts_with('#'));
    members.flat_map(names).collect()
}

/// Makes a filter of the calls that this machine has.
fn filter(
    allowed: &BTreeSet<String>,
    restrictions: fn(Sysno) -> Vec<SeccompRule>,
    otherwise: Errno,
) -> BpfProgram {
    let calls = allowed.iter().filter_map(|name| name.parse::<Sysno>().ok());
    let rules: BTreeMap<_, _> = calls
        .map(|call| (i64::from(call.id()), restrictions(call)))
        .collect();
    let errno = SeccompAction::Errno(otherwise as u32);
    let machine = std::env::consts::ARCH.try_into().expect("a known machine");
    let filter = SeccompFilter::new(rules, errno, SeccompAction::Allow, machine);
    let program = filter.and_then(BpfProgram::try_from);
    program.expect("a right filter")
}

/// Returns the arguments that a call may have, where the unit restricts them; otherwise nothing.
/// `RestrictAddressFamilies=`, `MemoryDenyWriteExecute=`, `RestrictNamespaces=`.
fn restrictions(call: Sysno) -> Vec<SeccompRule> {
    let lacks = |argument, bits| rule(argument, MaskedEq(bits), 0);
    match call {
        Sysno::socket => FAMILIES.map(|family| rule(0, Eq, family)).to_vec(),
        Sysno::mmap => vec![lacks(2, PROT_WRITE), lacks(2, PROT_EXEC)],
        Sysno::mprotect | Sysno::pkey_mprotect => vec![lacks(2, PROT_EXEC)],
        Sysno::clone => vec![lacks(0, NEW_NAMESPACES)],
        _ => Vec::new(),
    }
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> SeccompRule {
    let condition = SeccompCondition::new(argument, Dword, operator, value);
    let rule = condition.and_then(|condition| SeccompRule::new(vec![condition]));
    rule.expect("a right rule")
}

#[test]
fn a_server_needs_no_more_than_its_unit_allows() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let path = |name| sandbox.path(name);
    fs::write(path("wacd.toml"), "").expect("a file");
    register(&path("accounts"), "eve");
    let manager = UnixDatagram::bind(path("notify")).expect("a socket");
    give_to_nobody(Path::new(&path("notify")));
    let setup = Server::setup()
        .program(Path::new(&path("wacd")))
        .listen("localhost:0")
        .listen_unix(Path::new(&path("wac.sock")))
        .with("--log-file", &path("wacd.log"))
        .with("--accounts", &path("accounts"))
        .env("NOTIFY_SOCKET", &path("notify"))
        .env("WATCHDOG_USEC", "400000");
    let environment = sandbox.environment().into_iter();
    let setup = environment.fold(setup, |setup, (name, value)| setup.env(&name, &value));
    let server = sandbox.inside(|| setup.start());
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    converse(&mut ann, "ann", &mut bob, 0..100, 64);
    ann.send("W bob psst");
    assert_eq!(bob.line(), "ann whispers, \"psst\"");
    let mut eve = server.connect();
    eve.send(&format!("LIN eve {PASSWORD}"));
    eve.expect("* welcome, eve");
    fs::write(path("wacd.toml"), "room-rate = '1MiB'").expect("a file");
    let said = sandbox.inside(|| Said::of(&mut sandbox.command("reload")));
    assert_eq!(said.text, "room-rate = \"1MiB\": changed\n");
    // Root asks from outside.
    let [status, reload] = ["status", "reload"].map(|verb| Said::of(&mut sandbox.command(verb)));
    assert_eq!((status.code, reload.code), (Some(0), Some(0)), "{reload:?}");
    // The server's own sandbox is in force beside the unit's.
    let own = [
        "files (Landlock ABI ",
        "), no capabilities, no new privileges\n",
    ];
    assert!(
        own.iter().all(|part| status.text.contains(part)),
        "{status:?}"
    );
    fs::rename(path("wacd.log"), path("wacd.log.1")).expect("a log");
    server.signal(Signal::SIGUSR1);
    wait_until("the log is opened again", || {
        File::open(path("wacd.log")).is_ok()
    });
    converse(&mut ann, "ann", &mut bob, 100..200, 64);
    assert_eq!(server.stop().code, Some(0));
    let mut report = [0; 64];
    let length = manager.recv(&mut report).expect("the server has reported");
    assert!(report[..length].starts_with(b"READY=1\n"));
}

#[test]
fn the_sandbox_of_these_tests_holds() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let denied = Some(Errno::EPERM as i32);
    let nice = sandbox.inside(|| rustix::process::nice(1));
    assert_eq!(
        nice.map_err(|error| error.raw_os_error()),
        Err(Errno::EPERM as i32)
    );
    let raw =
        sandbox.inside(|| socket2::Socket::new(socket2::Domain::PACKET, socket2::Type::RAW, None));
    assert_eq!(raw.expect_err("it is denied").raw_os_error(), denied);
    assert!(
        sandbox
            .inside(|| File::create(sandbox.path("mine")))
            .is_ok()
    );
    let elsewhere = tempfile::NamedTempFile::new().expect("a file");
    give_to_nobody(elsewhere.path());
    let opened = sandbox.inside(|| File::create(elsewhere.path()));
    assert_eq!(opened.is_err(), has_namespaces());
}
