//! `wacd account`: what it does with the file, what it says, and how it asks for a password.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use super::{Accounts, PASSWORD, register, said, verb};
use crate::users::{NOBODY, give_to_nobody, is_root, owner};

#[test]
fn names_are_added_listed_changed_and_removed() {
    let accounts = Accounts::of(&[]);
    let told = accounts.does(&["add", "Ann"], PASSWORD);
    assert_eq!(
        told,
        "Ann is registered; a running server takes it over with `wacd reload`\n"
    );
    accounts.does(&["add", "Zoë"], "pw");
    assert_eq!(accounts.does(&["list"], ""), "Ann\nZoë\n");
    let before = accounts.text();
    accounts.does(&["passwd", "ann"], "another");
    assert_ne!(accounts.text(), before);
    accounts.does(&["remove", "ZOË"], "");
    assert_eq!(accounts.does(&["list"], ""), "Ann\n");
    let text = accounts.text();
    assert!(
        text.contains("\nAnn:$argon2id$v=19$m=19456,t=2,p=1$"),
        "{text}"
    );
    assert!(
        !text.contains(PASSWORD) && !text.contains("another"),
        "{text}"
    );
    let mode = fs::metadata(accounts.path()).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_can_t_be_done_is_told_with_what_to_do_instead_and_changes_nothing() {
    let accounts = Accounts::of(&["alice"]);
    let before = accounts.text();
    for (words, line, code, told) in [
        (
            &["add", "Alice"][..],
            "x",
            1,
            "Alice is registered already; `wacd account passwd Alice`",
        ),
        (
            &["add", "\u{430}lice"],
            "x",
            1,
            "looks like a name that is registered; choose another",
        ),
        (
            &["passwd", "bob"],
            "x",
            1,
            "bob is not registered; `wacd account list` tells who is",
        ),
        (&["remove", "bob"], "", 1, "bob is not registered"),
        (
            &["add", "a b"],
            "x",
            2,
            "NAME: not a name: it is more than one word",
        ),
        (&["add"], "x", 2, "NAME is missing"),
        (&["list", "bob"], "", 2, "list takes no NAME"),
        (
            &["add", "bob"],
            "",
            1,
            "this password can't be used: it is empty",
        ),
        (&["add", "bob"], "a\u{7}b", 1, "such as control characters"),
        (&["steal", "bob"], "", 2, "add, remove, list, passwd"),
    ] {
        let said = accounts.run(words, line);
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
        assert!(said.text.contains(told), "{words:?}: {said:?}");
    }
    assert_eq!(accounts.text(), before);
}

#[test]
fn the_file_is_the_one_that_the_configuration_names() {
    let accounts = Accounts::of(&["Ann"]);
    let none = said(verb(&["list"]), "");
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.text.contains("name it with --accounts"), "{none:?}");
    let mut by_variable = verb(&["list"]);
    by_variable.env("WACD_ACCOUNTS", accounts.path());
    assert_eq!(said(by_variable, "").text, "Ann\n");
    let config = accounts.0.path().join("wacd.toml");
    // Its other settings are not this command's business.
    let text = format!(
        "accounts = '{}'\nshards = 'many'\n",
        accounts.path().display()
    );
    fs::write(&config, text).unwrap();
    let mut by_file = verb(&["list"]);
    by_file.env("WACD_CONFIG", &config);
    assert_eq!(said(by_file, "").text, "Ann\n");
}

#[test]
fn a_broken_or_loose_file_is_left_alone_and_told_without_its_text() {
    let accounts = Accounts::of(&["Ann"]);
    let broken = format!("{}Bob:hunter2\nBob\n", accounts.text());
    fs::write(accounts.path(), &broken).unwrap();
    let shown = accounts.path();
    for words in [&["list"][..], &["add", "Eve"], &["remove", "Ann"]] {
        let said = accounts.run(words, "x");
        assert_eq!(said.code, Some(2), "{said:?}");
        for line in [3, 4] {
            let place = format!("wacd: {}:{line}: ", shown.display());
            assert!(said.text.contains(&place), "{said:?}");
        }
        assert!(!said.text.contains("hunter2"), "{said:?}");
    }
    assert_eq!(accounts.text(), broken);
    fs::set_permissions(&shown, Permissions::from_mode(0o644)).unwrap();
    let said = accounts.run(&["list"], "");
    let told = format!(
        "others may read or write it; run chmod 600 {}",
        shown.display()
    );
    assert!(said.text.contains(&told), "{said:?}");
}

#[test]
fn several_who_change_the_file_at_once_all_do() {
    let accounts = Accounts::of(&[]);
    let names: Vec<String> = (0..6).map(|number| format!("user{number}")).collect();
    thread::scope(|scope| {
        for name in &names {
            let accounts = &accounts;
            scope.spawn(move || accounts.does(&["add", name], PASSWORD));
        }
    });
    let mut listed: Vec<String> = accounts
        .does(&["list"], "")
        .lines()
        .map(str::to_owned)
        .collect();
    listed.sort();
    assert_eq!(listed, names);
}

#[test]
fn what_root_writes_for_the_serving_user_belongs_to_that_user() {
    if !is_root() {
        return;
    }
    let accounts = Accounts::of(&[]);
    let folder = accounts.0.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    give_to_nobody(&folder);
    let path = folder.join("accounts");
    for name in ["Ann", "Bob"] {
        register(path.to_str().expect("a plain path"), name);
        assert_eq!(owner(&path), NOBODY);
    }
}

/// A `wacd account` on a terminal.
struct Typing {
    child: std::process::Child,
    screen: File,
    keyboard: File,
    slave: std::os::fd::OwnedFd,
    shown: String,
}

impl Typing {
    fn start(accounts: &Accounts, words: &[&str]) -> Self {
        let terminal = openpty(None, None).expect("a pseudo-terminal");
        let stdio = || Stdio::from(terminal.slave.try_clone().expect("a free file"));
        let child = verb(words)
            .arg("--accounts")
            .arg(accounts.path())
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn();
        Self {
            child: child.expect("it can be started"),
            screen: File::from(terminal.master.try_clone().expect("a free file")),
            keyboard: File::from(terminal.master),
            slave: terminal.slave,
            shown: String::new(),
        }
    }

    /// Waits until the screen shows a text that it did not show before.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        while !self.shown.contains(text) {
            let mut bytes = [0; 4096];
            let count = self.screen.read(&mut bytes).expect("the screen");
            self.shown += &String::from_utf8_lossy(&bytes[..count]);
        }
    }

    fn types(&mut self, text: &str) {
        self.keyboard
            .write_all(text.as_bytes())
            .expect("a terminal");
    }

    fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.slave).expect("its modes");
        modes.local_flags.contains(LocalFlags::ECHO)
    }
}

#[test]
fn on_a_terminal_a_password_is_asked_for_twice_and_not_shown() {
    let accounts = Accounts::of(&[]);
    let mut typing = Typing::start(&accounts, &["add", "Ann"]);
    typing.shows("Password for Ann: ");
    assert!(!typing.echoes());
    typing.types("hunter2\n");
    typing.shows("The same again: ");
    typing.types("hunter2\n");
    typing.shows("Ann is registered");
    assert!(typing.child.wait().unwrap().success() && typing.echoes());
    assert!(!typing.shown.contains("hunter2"), "{}", typing.shown);
    let mut typing = Typing::start(&accounts, &["passwd", "Ann"]);
    typing.shows("Password for Ann: ");
    typing.types("hunter3\n");
    typing.shows("The same again: ");
    typing.types("hunter4\n");
    typing.shows("the two differ; nothing has changed");
    assert_eq!(typing.child.wait().unwrap().code(), Some(1));
    assert!(typing.echoes());
}

#[test]
fn a_signal_gives_the_terminal_back_and_changes_nothing() {
    let accounts = Accounts::of(&["Ann"]);
    let before = accounts.text();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let mut typing = Typing::start(&accounts, &["passwd", "Ann"]);
        typing.shows("Password for Ann: ");
        let pid = i32::try_from(typing.child.id()).expect("process ids are small");
        kill(Pid::from_raw(pid), signal).expect("it runs");
        let ended = typing.child.wait().expect("it ends");
        assert_eq!(ended.signal(), Some(signal as i32));
        assert!(typing.echoes());
    }
    assert_eq!(accounts.text(), before);
}
