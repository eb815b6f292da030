//! Configuration: each key by flag, variable and file; what is wrong is told, and what is secret is not.

use std::fs;
use std::process::Command;

use wac_tests::{Daemon, Peer, Said, binary};

/// For each key two values that it takes.
const VALUES: [(&str, [&str; 2]); 45] = [
    ("daemon", ["true", "false"]),
    ("pid-file", ["/x/a.pid", "/x/b.pid"]),
    ("control", ["unix:/x/a", "unix:/x/b"]),
    ("bans", ["/x/a.toml", "/x/b.toml"]),
    ("accounts", ["/x/a", "/x/b"]),
    ("history", ["/x/a", "/x/b"]),
    ("history-keep", ["64MiB", "30d"]),
    ("history-sync", ["always", "off"]),
    ("cluster", ["nats://127.0.0.1:1", "nats://127.0.0.1:2"]),
    ("room", ["a", "b"]),
    ("cluster-replicas", ["1", "3"]),
    ("cluster-storage", ["memory", "file"]),
    ("cluster-credentials", ["/x/a", "/x/b"]),
    ("cluster-ca", ["/x/a", "/x/b"]),
    ("log-file", ["/x/a.log", "/x/b.log"]),
    ("user", ["root", "nobody"]),
    ("group", ["root", "nogroup"]),
    ("sandbox", ["on", "off"]),
    ("listen", ["127.0.0.1:4701", "unix:/x/a"]),
    ("tls-cert", ["/x/a.pem", "/x/b.pem"]),
    ("tls-key", ["/x/a.pem", "/x/b.pem"]),
    ("metrics", ["127.0.0.1:9470", "[::1]:9470"]),
    ("unix-mode", ["600", "666"]),
    ("shards", ["2", "3"]),
    ("window", ["1MiB", "2MiB"]),
    ("send-buffer", ["64KiB", "32KiB"]),
    ("secret", ["one", "two"]),
    ("secret-file", ["/x/a", "/x/b"]),
    ("motd", ["/x/a", "/x/b"]),
    ("notices", ["on", "off"]),
    ("flood-rate", ["1", "2"]),
    ("flood-burst", ["1", "2"]),
    ("flood-address", ["1", "2"]),
    ("room-rate", ["64KiB", "32KiB/s"]),
    ("max-per-ip", ["1", "2"]),
    ("connect-rate", ["1", "2"]),
    ("trusted", ["none", "192.0.2.0/24"]),
    ("max-connections", ["1", "2"]),
    ("reserved-names", ["eve", "dan"]),
    ("login", ["anyone", "registered"]),
    ("listeners", ["logged-in", "anyone"]),
    ("login-timeout", ["10s", "20s"]),
    ("grace", ["1s", "2s"]),
    ("log-level", ["warn", "debug"]),
    ("log-format", ["json", "text"]),
];

fn wacd(words: &[&str]) -> Command {
    let mut command = Command::new(binary("wacd"));
    command.args(words).env("WACD_CONFIG", "/dev/null");
    command
}

#[test]
fn each_key_is_set_by_file_variable_and_flag_in_that_order() {
    let program = wac_tests::SettingsOf {
        command: &|| wacd(&["config"]),
        file_flag: "--config",
        prefix: "WACD",
        secrets: &["secret"],
    };
    let sample = Said::of(&mut wacd(&["config", "--default"]));
    let listed: Vec<&str> = VALUES.iter().map(|(key, _)| *key).collect();
    assert_eq!(
        wac_tests::keys_of(&sample.text),
        listed,
        "every key is tried"
    );
    for (key, values) in VALUES {
        // A group goes with a user.
        let beside: &[&str] = if key == "group" {
            &["--user", "root"]
        } else {
            &[]
        };
        program.try_key(key, values, beside);
    }
}

#[test]
fn every_mistake_is_told_at_once_and_nothing_is_started() {
    let daemon = Daemon::folder();
    daemon.configure("shards = 'many'\nlog-lvl = 'info'\nwindow = \"1KiB\"\n");
    let file = daemon.path("wacd.toml");
    let (file, shown) = (file.to_str().unwrap(), file.display());
    let told = format!(
        "wacd: {shown}:1: shards: invalid value 'many', expected 1 to 64\n\
         wacd: {shown}:2: log-lvl: there is no such key; did you mean 'log-level'?\n\
         wacd: {shown}:3: window: invalid value '1KiB', expected 64KiB to 1GiB\n"
    );
    for words in [
        &["check", "--config", file][..],
        &["config", "--config", file],
        &["--config", file],
    ] {
        let said = Said::of(&mut wacd(words));
        assert_eq!((said.code, &*said.text), (Some(2), &*told));
    }
    daemon.configure("motd = '/none'\nmax-connections = 1000000000\n");
    let said = Said::of(&mut wacd(&["check", "--config", file]));
    assert_eq!(said.code, Some(2));
    for place in [
        ":1: motd: /none: No such file",
        ":2: max-connections: 1000000000 are too many",
    ] {
        assert!(said.text.contains(place), "{said:?}");
    }
    let said = Said::of(&mut wacd(&["check"]));
    assert_eq!(
        (said.code, &*said.text),
        (Some(0), "the configuration is right\n")
    );
    let said = Said::of(&mut wacd(&[
        "check",
        "--room",
        "x",
        "--history-keep",
        "1GiB",
    ]));
    assert_eq!(said.code, Some(0));
    for idle in [
        "note: --room does not count without --cluster\n",
        "note: --history-keep does not count without --history\n",
    ] {
        assert!(said.text.contains(idle), "{said:?}");
    }
    let said = Said::of(&mut wacd(&["check", "--config", "/no/such"]));
    assert_eq!(
        (said.code, &*said.text),
        (
            Some(2),
            "wacd: /no/such: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn the_sample_is_a_file_that_changes_nothing() {
    let daemon = Daemon::folder();
    let sample = Said::of(&mut wacd(&["config", "--default"])).text;
    daemon.configure(&sample);
    let file = daemon.path("wacd.toml");
    let with = Said::of(&mut wacd(&["config", "--config", file.to_str().unwrap()]));
    assert_eq!(with.code, Some(0), "{with:?}");
    assert_eq!(with.text, Said::of(&mut wacd(&["config"])).text);
}

#[test]
fn stop_and_status_find_the_server_that_the_file_names() {
    let daemon = Daemon::folder();
    let folder = daemon.path("");
    daemon.configure(&format!(
        "pid-file = '{0}/wacd.pid'\nlog-file = '{0}/wacd.log'\nlisten = '127.0.0.1:0'\n",
        folder.display()
    ));
    let file = daemon.path("wacd.toml");
    let verb = |verb: &str| Said::of(wacd(&[verb]).env("WACD_CONFIG", &file));
    assert_eq!(
        Said::of(wacd(&["--daemon"]).env("WACD_CONFIG", &file)).code,
        Some(0)
    );
    assert_eq!(verb("status").code, Some(0));
    assert_eq!(verb("reload").code, Some(0));
    // Other settings are not their business, right or wrong.
    let text = fs::read_to_string(&file).unwrap();
    daemon.configure(&format!("{text}shards = 'many'\n"));
    assert_eq!(verb("status").code, Some(0));
    assert_eq!(verb("reload").code, Some(2));
    assert_eq!(verb("stop").code, Some(0));
    daemon.configure("pid-file = \n");
    assert_eq!(verb("status").code, Some(2));
    let status = daemon.status();
    assert_eq!(
        status.code,
        Some(3),
        "a named pidfile needs no file: {status:?}"
    );
}

#[test]
fn a_secret_is_never_shown() {
    let daemon = Daemon::folder();
    let pid_file = daemon.path("wacd.pid");
    daemon.configure("secret = 'hush hush'\nlisten = '127.0.0.1:0'\nlog-level = 'trace'\n");
    let file = daemon.path("wacd.toml");
    let file = file.to_str().unwrap();
    let shown = Said::of(&mut wacd(&["config", "--config", file]));
    assert!(
        shown.text.contains("# secret is set, and not shown: "),
        "{shown:?}"
    );
    assert!(!shown.text.contains("hush"), "{shown:?}");
    let bad = Said::of(wacd(&["check"]).env("WACD_SECRET", "* hush"));
    assert!(bad.code == Some(2) && !bad.text.contains("hush"), "{bad:?}");
    let help = Said::of(wacd(&["--help"]).env("WACD_SECRET", "hush"));
    assert!(!help.text.contains("hush"));

    let address = daemon.start(&["--config", file]).address();
    let mut ann = Peer::dial(&address);
    ann.greeted();
    ann.send("SEC");
    ann.expect("hush hush");
    daemon.configure("secret = 'hush again'\nlisten = '127.0.0.1:0'\nlog-level = 'trace'\n");
    for words in [&["--plan"][..], &[]] {
        let said = daemon.reload(words);
        assert!(
            said.text.contains("secret is set, and not shown"),
            "{said:?}"
        );
        assert!(!said.text.contains("hush"), "{said:?}");
    }
    ann.send("SEC");
    ann.expect("hush again");
    assert!(!daemon.log().contains("hush"));
    assert!(pid_file.exists());
}

#[test]
fn pages_and_completions_are_made_of_the_command_line() {
    let daemon = Daemon::folder();
    let page = Said::of(&mut wacd(&["man"]));
    assert!(
        page.text.contains(".TH wacd 1") && page.text.contains("some sessions were cut short"),
        "{page:?}"
    );
    let folder = daemon.path("man");
    fs::create_dir(&folder).unwrap();
    assert_eq!(Said::of(wacd(&["man"]).arg(&folder)).code, Some(0));
    for page in ["wacd.1", "wacd-stop.1", "wacd-reload.1", "wacd-config.1"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains("Exit codes:"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = Said::of(&mut wacd(&["completions", shell]));
        assert!(
            script.code == Some(0) && script.text.contains("flood-rate"),
            "{shell}"
        );
    }
    let version = Said::of(&mut wacd(&["--version"])).text;
    assert!(version.starts_with("wacd 0."), "{version}");
}
