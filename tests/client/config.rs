//! Settings, as the client itself reports them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use wac_tests::{Server, SettingsOf};

use crate::run::{Ran, Running, run, wac};
use crate::term::{Term, at};

/// Runs the client with a settings file.
#[track_caller]
fn with_file(text: &str, words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::create_dir(folder.path().join("wac")).expect("it is empty");
    fs::write(folder.path().join("wac/client.toml"), text).expect("it can be written");
    let mut command = wac(words);
    command.env("XDG_CONFIG_HOME", folder.path());
    command.envs(variables.iter().copied());
    Running::start(command).ends()
}

#[test]
fn the_chat_follows_the_settings_file() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let file = format!("host = '{}'\n[profile.me]\nname = 'ann'\n", at(&server));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    fs::write(&path, file).unwrap();
    let mut command = wac(&["--profile", "me", "--config", path.to_str().unwrap()]);
    command.env("TERM", "dumb");
    let mut chatting = Running::start(command);
    chatting.types("hello\n");
    bob.expect("ann: hello");
    assert_eq!(chatting.ends().code, Some(0));
}

#[test]
fn the_chat_on_a_terminal_follows_variables_and_flags() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let ann = format!("ann@{}", at(&server));
    let variables = [("WAC_COLOR", "never"), ("WAC_BELL", "all")];
    let mut term = Term::start_with(&variables, &["--time", "off", "--reconnect", "0", &ann]);
    term.shows_row("ann▸");
    bob.send("MSG hello");
    term.shows_said("bob", "hello");
    assert!(!term.raw().contains("\x1b[38;"), "no colours");
    assert!(term.raw().contains('\x07'), "the bell");
    let heard = term.history();
    let said = heard.iter().find(|line| line.contains("hello"));
    assert!(
        !said.is_none_or(|line| line.contains(':')),
        "no time: {said:?}"
    );
    let _stopped = server.stop();
    term.ends(4);
}

#[test]
fn what_is_saved_lasts() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let folder = tempfile::tempdir().unwrap();
    let home = [("XDG_CONFIG_HOME", folder.path().to_str().unwrap())];
    let ann = format!("ann@{}", at(&server));
    let mut term = Term::start_with(&home, &["--bell", "off", &ann]);
    term.shows_row("ann▸");
    term.types("/mute bob\r/save\r");
    term.shows("# saved in ");
    term.types("\x04");
    term.ends(0);

    let file = folder.path().join("wac/client.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, "bell = \"off\"\nmute = [\"bob\"]\n");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut eve = server.user("eve");
    let mut term = Term::start_with(&home, &[&ann]);
    term.shows_row("ann▸");
    bob.send("MSG unheard");
    // Bob's line stands in the room before Eve's.
    bob.fence();
    eve.send("MSG hi ann");
    term.shows("▌ eve      hi ann");
    term.types("/save\r");
    term.shows("# nothing to save: ");
    term.shows_in_lines("unheard", 0);
    assert!(!term.raw().contains('\x07'), "the bell");
}

/// Without a connection the client ends at once, but for the file, which takes a moment.
#[test]
fn what_is_saved_last_is_saved() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.toml");
    fs::write(&file, "# a comment\n".repeat(10_000)).unwrap();
    let config = format!("--config={}", file.display());
    let mut term = Term::start(&[&config, &format!("ann@{}", at(&server))]);
    term.shows_row("ann▸");
    drop(server);
    term.shows_row("ann⟳");
    term.types("/bell off\r/save\r/quit\r");
    term.ends(0);
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.contains("bell = \"off\""), "it is saved");
}

#[test]
fn every_setting_is_shown_with_its_source() {
    let file = "host = 'home'\nname = 'eve'\n[profile.work]\nhost = 'work'\n";
    let words = ["config", "--profile", "work"];
    let ran = with_file(file, &words, &[("WAC_NAME", "ann")]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("# file: "), "{}", ran.out);
    assert_eq!(lines[1], "# profile: work");
    assert!(lines[2].starts_with("host = \"work\" "), "{}", ran.out);
    assert!(lines[2].ends_with("client.toml:4"), "{}", ran.out);
    assert!(lines[3].starts_with("name = \"ann\" "), "{}", ran.out);
    assert!(lines[3].ends_with("# WAC_NAME"), "{}", ran.out);
}

#[test]
fn every_mistake_is_reported_and_nothing_is_sent() {
    let file = "nmae = 'ann'\nname = 'a b'\nbell = 1.5\n";
    let ran = with_file(file, &["send", "ann@127.0.0.1:1", "x"], &[]);
    assert_eq!(ran.code, Some(2));
    let told: Vec<&str> = ran.err.lines().collect();
    assert_eq!(told.len(), 3, "{}", ran.err);
    for (line, number) in [
        (
            "bell: invalid value '1.5', expected off, mention, whisper or all",
            3,
        ),
        ("name: \"a b\" is not", 2),
        ("nmae: there is no such key; did you mean 'name'?", 1),
    ] {
        let place = format!("client.toml:{number}: {line}");
        let found = told
            .iter()
            .any(|told| told.starts_with("wac: ") && told.contains(&place));
        assert!(found, "{place}: {}", ran.err);
    }
}

#[test]
fn without_a_file_the_defaults_apply() {
    let ran = run(&["config"], "");
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.out
            .starts_with("# there is no file\nhost = \"127.0.0.1:4700\""),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n# name is not set\n"), "{}", ran.out);
}

/// Fingerprints of two keys.
const KEYS: [&str; 2] = [
    "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
    "sha256:0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
];

#[test]
fn each_key_is_set_by_file_variable_and_flag_in_that_order() {
    let program = SettingsOf {
        command: &|| wac(&["config"]),
        file_flag: "--config",
        prefix: "WAC",
        secrets: &[],
    };
    let values = [
        ("host", ["home", "[::1]:99"]),
        ("name", ["ann", "bob"]),
        ("alt-name", ["ann", "bob"]),
        ("tls-ca", ["/x/a.pem", "/x/b.pem"]),
        ("tls-pin", KEYS),
        ("password-file", ["/x/a", "/x/b"]),
        ("insecure-password", ["true", "false"]),
        ("color", ["never", "always"]),
        ("time", ["each", "off"]),
        ("bell", ["all", "off"]),
        ("highlight", ["deploy", "release"]),
        ("mute", ["ann", "bob"]),
        ("notify", ["osc9", "notify-send"]),
        ("plain", ["true", "false"]),
        ("reconnect", ["0", "3"]),
        ("log", ["/x/a", "/x/b"]),
        ("history", ["on", "off"]),
        ("last", ["0", "50"]),
    ];
    let shown = run(&["config"], "").out;
    let lines = shown.lines().skip(1);
    let keys = lines.filter_map(|line| line.trim_start_matches("# ").split(' ').next());
    let tried = values.map(|(key, _)| key);
    assert_eq!(keys.collect::<Vec<_>>(), tried, "every key is tried");
    for (key, values) in values {
        program.try_key(key, values, &[]);
    }
}
