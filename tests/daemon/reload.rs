//! Reload: what may change changes, a refused one leaves everything as it was, and nobody is disconnected by either.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use wac_tests::{Address, Daemon, Peer, Said, Signal, binary, converse, wait_until};

use crate::users::{AS_NOBODY, is_root};

/// A daemon, its log and its file in a folder, with two people who are there all the time.
struct ReloadedTown {
    daemon: Daemon,
    address: Address,
    ann: Peer,
    bob: Peer,
    said: usize,
}

/// The settings of every test, to which each adds its own.
fn settings(daemon: &Daemon, more: &str) -> String {
    let folder = daemon.path("");
    let folder = folder.display();
    let usual = [
        ("listen", "'127.0.0.1:0'".to_owned()),
        ("log-file", format!("'{folder}/wacd.log'")),
        ("secret", "'swordfish'".to_owned()),
        ("notices", "'off'".to_owned()),
        ("flood-rate", "0".to_owned()),
    ];
    let is_set = |key: &str| {
        more.lines()
            .any(|line| line.starts_with(&format!("{key} ")))
    };
    let kept = usual.iter().filter(|(key, _)| !is_set(key));
    let lines: String = kept
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    lines + more
}

impl ReloadedTown {
    #[track_caller]
    fn start(more: &str) -> Self {
        let daemon = Daemon::folder();
        daemon.configure(&settings(&daemon, more));
        let started = daemon.start_configured();
        assert_eq!(started.code, Some(0), "{started:?}");
        let address = started.address();
        let mut people = ["ann", "bob"].map(|name| Peer::user(&address, name));
        people.iter_mut().for_each(Peer::silent_until_fence);
        let [ann, bob] = people;
        Self {
            daemon,
            address,
            ann,
            bob,
            said: 0,
        }
    }

    fn configure(&self, more: &str) {
        self.daemon.configure(&settings(&self.daemon, more));
    }

    /// Reloads with these settings, and chats across it.
    #[track_caller]
    fn reload(&mut self, more: &str) -> Said {
        self.configure(more);
        self.chat();
        let said = self.daemon.reload(&[]);
        self.chat();
        said
    }

    #[track_caller]
    fn reloads(&mut self, more: &str) -> String {
        let said = self.reload(more);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.text
    }

    /// Tries to reload, which must be refused, and leave the server as it was.
    #[track_caller]
    fn refuses(&mut self, more: &str, why: &str) {
        // A change that would be applied if the rest were right.
        let said = self.reload(&format!("{more}\nsecret = 'new'\n"));
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.text.contains("refused: ") && said.text.contains(why),
            "{said:?}"
        );
        assert!(said.text.contains("goes on as before"), "{said:?}");
        let logged = |line: &str| line.contains("reload refused") && line.contains(why);
        wait_until("the log says why", || self.daemon.log().lines().any(logged));
        assert_eq!(
            secret(&mut self.ann),
            "swordfish",
            "nothing of it was applied"
        );
        Peer::user(&self.address, "eve").send("QUIT");
    }

    /// Both say something to each other.
    #[track_caller]
    fn chat(&mut self) {
        let numbers = self.said..self.said + 10;
        converse(&mut self.ann, "ann", &mut self.bob, numbers.clone(), 64);
        converse(&mut self.bob, "bob", &mut self.ann, numbers, 64);
        self.said += 10;
    }
}

#[track_caller]
fn secret(peer: &mut Peer) -> String {
    peer.send("SEC");
    peer.line()
}

#[test]
fn what_every_shard_applies_changes_for_those_who_are_there() {
    let mut town = ReloadedTown::start("");
    town.configure("secret = 'open sesame'\nflood-rate = 1\nflood-burst = 3\ngrace = '7s'\n");
    let Said { code, text } = town.daemon.reload(&[]);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "flood-rate = 1: changed",
        "flood-burst = 3: changed",
        "grace = \"7s\": changed",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        !text.contains("sesame") && text.contains("secret is set, and not shown: "),
        "{text}"
    );
    assert_eq!(secret(&mut town.ann), "open sesame");
    for _ in 0..5 {
        town.ann.send("MSG fast");
    }
    town.ann.expect("* slow down: your lines wait");
}

#[test]
fn the_greeting_names_and_notices_change() {
    let mut town = ReloadedTown::start("");
    fs::write(town.daemon.path("motd"), "hello\n").unwrap();
    // A daemon's working directory is the root; a relative path begins where the daemon was started.
    let motd = town.daemon.path("motd");
    let more = format!(
        "motd = '{}'\nreserved-names = ['eve']\nnotices = 'on'\n",
        motd.display()
    );
    town.reloads(&more);
    let mut eve = Peer::dial(&town.address);
    eve.greeted();
    eve.expect("* hello");
    eve.send("LIN eve");
    eve.expect("! the name eve is reserved");
    eve.log_in("zoe");
    town.ann.expect("* zoe joined");
    town.bob.expect("* zoe joined");
    fs::write(&motd, "good evening\n").unwrap();
    let said = town.daemon.reload(&[]);
    assert!(said.text.contains("the text of motd: changed"), "{said:?}");
    let mut dan = Peer::dial(&town.address);
    dan.greeted();
    dan.expect("* good evening");
}

#[test]
fn the_limits_on_connections_change() {
    let mut town = ReloadedTown::start("");
    town.reloads("trusted = ['none']\nmax-per-ip = 2\n");
    let mut third = Peer::dial(&town.address);
    third.expect("* closing: too many connections from your address");
    town.reloads("");
    Peer::user(&town.address, "eve").send("QUIT");
}

#[test]
fn listeners_are_opened_and_closed_and_those_that_stay_stay_open() {
    let mut town = ReloadedTown::start("");
    let socket = town.daemon.path("wac.sock");
    let text = town.reloads(&format!(
        "listen = ['127.0.0.1:0', 'unix:{}']\n",
        socket.display()
    ));
    assert!(text.contains("listen = ["), "{text}");
    let unix = Address::Unix(socket.clone());
    let mut eve = Peer::user(&unix, "eve");
    Peer::user(&town.address, "dan").send("QUIT");
    let mode = || fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o660);
    town.reloads(&format!(
        "listen = ['127.0.0.1:0', 'unix:{}']\nunix-mode = 666\n",
        socket.display()
    ));
    assert_eq!(mode(), 0o666);
    town.reloads(&format!("listen = 'unix:{}'\n", socket.display()));
    wait_until("the port is closed", || {
        Peer::try_dial(&town.address).is_err()
    });
    Peer::user(&unix, "dan").send("QUIT");
    town.reloads("listen = '127.0.0.2:0'\n");
    wait_until("the socket is removed", || !socket.exists());
    eve.send("PING still here");
    eve.bytes_through(b"PONG still here");
}

#[test]
fn the_log_moves_and_has_another_level() {
    let mut town = ReloadedTown::start("");
    let other = town.daemon.path("other.log");
    town.reloads(&format!(
        "log-file = '{}'\nlog-level = 'debug'\n",
        other.display()
    ));
    let log = || fs::read_to_string(&other).unwrap_or_default();
    wait_until("it goes on in the other file", || {
        log().contains(" reloaded changes=")
    });
    assert!(!town.daemon.log().contains("reloaded"));
    let daemons = fs::read_link(format!("/proc/{}/fd/2", town.daemon.pid())).unwrap();
    assert_eq!(
        daemons,
        other.canonicalize().unwrap(),
        "standard error follows"
    );
    town.reloads(&format!(
        "log-file = '{}'\nlog-level = 'off'\n",
        other.display()
    ));
    let lines = log().lines().count();
    Peer::user(&town.address, "eve").send("QUIT");
    town.reloads(&format!(
        "log-file = '{}'\nlog-level = 'info'\n",
        other.display()
    ));
    wait_until("it says more again", || log().lines().count() > lines);
    assert!(
        !log()[..].contains("reason=Quit"),
        "what was off is not there"
    );
}

#[test]
fn what_is_bound_to_the_process_needs_a_restart() {
    let mut town = ReloadedTown::start("shards = 1\n");
    for _ in 0..2 {
        let text = town.reloads("shards = 2\nwindow = '1MiB'\nsecret = 'new'\n");
        assert!(text.contains("shards = 2: needs a restart"), "{text}");
        assert!(
            text.contains("window = \"1MiB\": needs a restart"),
            "{text}"
        );
    }
    assert_eq!(secret(&mut town.ann), "new");
    assert_eq!(
        town.reloads("shards = 1\nsecret = 'new'\n"),
        "nothing differs\n"
    );
}

#[test]
fn a_plan_tells_what_would_happen_and_changes_nothing() {
    let mut town = ReloadedTown::start("");
    let (socket, log) = (town.daemon.path("wac.sock"), town.daemon.path("other.log"));
    town.configure(&format!(
        "shards = 3\nsecret = 'new'\nlisten = 'unix:{}'\nlog-file = '{}'\n",
        socket.display(),
        log.display()
    ));
    let plan = town.daemon.reload(&["--plan"]);
    assert_eq!(plan.code, Some(0), "{plan:?}");
    for line in ["shards = 3: needs a restart", ": changes now"] {
        assert!(plan.text.contains(line), "{plan:?}");
    }
    assert_eq!(plan.text.matches(": changes now").count(), 3, "{plan:?}");
    town.chat();
    assert_eq!(secret(&mut town.ann), "swordfish");
    assert!(!socket.exists() && !log.exists());
    let log = town.daemon.log();
    let of_the_start = ["sandbox: ", "logged in"];
    let told = log
        .lines()
        .filter(|line| !of_the_start.iter().any(|it| line.contains(it)));
    assert_eq!(told.collect::<Vec<_>>(), [""; 0]);
    Peer::user(&town.address, "eve").send("PING x");
    town.configure("shards = 'many'\nmotd = '/none'\n");
    let plan = town.daemon.reload(&["--plan"]);
    assert_eq!(plan.code, Some(2));
    assert!(
        plan.text.contains("refused: ") && plan.text.contains("shards: invalid value 'many'"),
        "{plan:?}"
    );
}

#[test]
fn a_reload_with_a_bad_key_is_refused() {
    let mut town = ReloadedTown::start("");
    town.refuses(
        "flood-rat = 3\n",
        "flood-rat: there is no such key; did you mean 'flood-rate'?",
    );
    town.refuses(
        "room-rate = 'quick'\n",
        "room-rate: invalid value 'quick', expected a size",
    );
    town.refuses("room-rate = \n", "wacd.toml:");
}

#[test]
fn a_reload_to_an_address_that_is_taken_is_refused() {
    let mut town = ReloadedTown::start("");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let socket = town.daemon.path("wac.sock");
    let listen = format!("listen = ['unix:{}', '{address}']\n", socket.display());
    town.refuses(
        &listen,
        &format!("cannot listen on {address}: Address already in use"),
    );
    assert!(!socket.exists(), "what was bound before is given back");
    drop(taken);
    town.reloads(&listen);
    Peer::user(&Address::Tcp(address), "eve").send("QUIT");
}

#[test]
fn a_reload_with_an_unreadable_motd_or_secret_is_refused() {
    let mut town = ReloadedTown::start("");
    town.refuses(
        "motd = '/no/such/file'\n",
        "motd: /no/such/file: No such file",
    );
    let folder = town.daemon.path("folder");
    fs::create_dir(&folder).unwrap();
    let folder = format!("motd = '{}'\n", folder.display());
    town.refuses(&folder, "folder: Is a directory");
    fs::write(town.daemon.path("motd"), b"caf\xe9\n").unwrap();
    let motd = town.daemon.path("motd");
    town.refuses(&format!("motd = '{}'\n", motd.display()), "motd: ");
}

#[test]
fn a_reload_that_waits_for_a_pipe_is_refused_and_holds_up_nobody() {
    let mut town = ReloadedTown::start("");
    let pipe = town.daemon.path("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    town.refuses(
        &format!("motd = '{}'\n", pipe.display()),
        "can't be read in time",
    );
    town.reloads("");
    assert_eq!(town.daemon.stop(&[]).code, Some(0));
}

#[test]
fn a_reload_whose_log_cannot_be_written_is_refused() {
    let mut town = ReloadedTown::start("");
    let folder = town.daemon.path("folder");
    fs::create_dir(&folder).unwrap();
    let why = format!("cannot write the log {}", folder.display());
    town.refuses(&format!("log-file = '{}'\n", folder.display()), &why);
}

#[test]
fn a_reload_whose_file_is_gone_is_refused() {
    let mut town = ReloadedTown::start("");
    fs::remove_file(town.daemon.path("wacd.toml")).unwrap();
    let said = town.daemon.reload(&[]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.text.contains("wacd.toml: No such file"), "{said:?}");
    town.chat();
}

#[test]
fn sighup_reloads_and_the_log_says_how_it_went() {
    let mut town = ReloadedTown::start("");
    town.configure("secret = 'new'\n");
    town.daemon.signal(Signal::SIGHUP);
    wait_until("it is reloaded", || {
        town.daemon.log().contains(" reloaded changes=")
    });
    assert_eq!(secret(&mut town.ann), "new");
    town.configure("secret = 'newer'\nmotd = '/none'\n");
    town.daemon.signal(Signal::SIGHUP);
    wait_until("it is refused", || {
        town.daemon
            .log()
            .contains("reload refused, nothing changed")
    });
    assert_eq!(secret(&mut town.ann), "new");
    let log = town.daemon.log();
    assert!(!log.contains("'new") && !log.contains("swordfish"), "{log}");
    town.chat();
}

#[test]
fn a_reload_of_no_server_says_so() {
    let daemon = Daemon::folder();
    let said = daemon.reload(&[]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.text.contains("wacd is not running"), "{said:?}");
}

#[test]
fn the_random_secret_of_a_server_outlives_a_reload() {
    let daemon = Daemon::folder();
    let address = daemon.start(&["--flood-rate", "0"]).address();
    let mut ann = Peer::user(&address, "ann");
    let before = secret(&mut ann);
    assert_eq!(daemon.reload(&[]).code, Some(0));
    assert_eq!(secret(&mut ann), before);
}

#[test]
fn another_user_gets_no_answer() {
    if !is_root() {
        return;
    }
    let town = ReloadedTown::start("");
    let control = town.daemon.path("wacd.control");
    let mode = fs::metadata(&control).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    // Somebody opens the door wide; the server still looks at who comes.
    fs::set_permissions(town.daemon.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&control, fs::Permissions::from_mode(0o666)).unwrap();
    let copy = town.daemon.path("wacd");
    fs::copy(binary("wacd"), &copy).unwrap();
    let mut stranger = Command::new("setpriv");
    stranger
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&copy);
    let stranger = stranger
        .arg("reload")
        .arg("--pid-file")
        .arg(town.daemon.path("wacd.pid"));
    let said = Said::of(stranger);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.text.contains("its own user and root alone"),
        "{said:?}"
    );
    wait_until("the log tells of it", || {
        town.daemon.log().contains("peer.uid=65534")
    });
}

#[test]
fn a_server_that_became_another_user_reloads_as_that_user() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    fs::set_permissions(daemon.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    crate::users::give_to_nobody(&daemon.path(""));
    daemon.configure(&settings(&daemon, &format!("user = '{}'\n", AS_NOBODY[1])));
    let started = daemon.start_configured();
    assert_eq!(started.code, Some(0), "{started:?}");
    let mut ann = Peer::user(&started.address(), "ann");
    daemon.configure(&settings(&daemon, "user = 'nobody'\nsecret = 'new'\n"));
    let said = daemon.reload(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(secret(&mut ann), "new");
    fs::write(daemon.path("private"), "x\n").unwrap();
    fs::set_permissions(daemon.path("private"), fs::Permissions::from_mode(0o600)).unwrap();
    let private = daemon.path("private");
    daemon.configure(&settings(
        &daemon,
        &format!("user = 'nobody'\nmotd = '{}'\n", private.display()),
    ));
    let said = daemon.reload(&[]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.text.contains("Permission denied"), "{said:?}");
}

#[test]
fn a_listener_may_move_to_an_address_that_overlaps_with_its_own() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    daemon.configure(&settings(&daemon, "listen = '127.0.0.1:4700'\n"));
    let wacd = binary("wacd");
    // A network of its own: 0.0.0.0 is this machine's loopback there, and nothing else.
    let script = "ip link set lo up
        $wacd --daemon && sed -i s/127.0.0.1/0.0.0.0/ $WACD_CONFIG && $wacd reload && $wacd reload
        WACD_PID_FILE=$folder/second $wacd
        $wacd stop";
    let mut shell = Command::new("unshare");
    shell
        .args(["--net", "sh", "-c", script])
        .env("wacd", wacd)
        .env("folder", daemon.path(""))
        .env("WACD_CONFIG", daemon.path("wacd.toml"))
        .env("WACD_PID_FILE", daemon.path("wacd.pid"));
    let said = Said::of(&mut shell);
    for told in [
        "ready listen=127.0.0.1:4700",
        "listen = [\"0.0.0.0:4700\"]: changed\nnothing differs\n",
        // A second server is kept out.
        "cannot listen on 0.0.0.0:4700: Address already in use",
    ] {
        assert!(said.text.contains(told), "{told}: {said:?}");
    }
    assert!(
        daemon.log().contains("listener opened listen=0.0.0.0:4700"),
        "{said:?}"
    );
}

#[test]
fn a_server_that_has_no_terminal_and_no_log_file_reloads_on_sighup_too() {
    let daemon = Daemon::folder();
    daemon.configure("listen = '127.0.0.1:0'\n");
    let log = fs::File::create(daemon.path("stderr")).unwrap();
    let mut child = Command::new("setsid")
        .arg(binary("wacd"))
        .args(["--pid-file".into(), daemon.path("wacd.pid")])
        .env("WACD_CONFIG", daemon.path("wacd.toml"))
        .stderr(log)
        .spawn()
        .unwrap();
    let said = |text: &str| {
        fs::read_to_string(daemon.path("stderr"))
            .unwrap()
            .contains(text)
    };
    wait_until("it serves", || said("ready "));
    daemon.configure("listen = '127.0.0.1:0'\nflood-rate = 3\n");
    daemon.signal(Signal::SIGHUP);
    wait_until("it is reloaded", || said("flood-rate = 3: changed"));
    assert_eq!(daemon.stop(&[]).code, Some(0));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
