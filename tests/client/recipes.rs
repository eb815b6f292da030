//! Recipes of the manual page, run from its own text against a real server.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use wac_tests::{Server, Setup, binary, wait_until};

use crate::run::{Running, run};
use crate::term::at;

/// Returns the recipes of the page: their purposes and texts.
fn recipes() -> Vec<(String, String)> {
    let page = run(&["man"], "").out;
    let (_, section) = page.split_once("\n.SH RECIPES\n").expect("it has recipes");
    let section = section.split("\n.SH ").next().unwrap_or_default();
    let recipes = section.split(".SS \"").skip(1).map(|recipe| {
        let (what, rest) = recipe.split_once("\"\n").expect("a title is quoted");
        let (_, text) = rest.split_once(".EX\n").expect("a text begins");
        let (text, _) = text.split_once("\n.EE").expect("a text ends");
        (what.to_owned(), plain(text))
    });
    recipes.collect()
}

/// Removes roff's marks from a text, as a terminal shows it.
fn plain(text: &str) -> String {
    text.replace("\\*(Aq", "'")
        .replace("\\-", "-")
        .replace("\\&", "")
        .replace("\\\\", "\\")
}

/// A shell that runs a recipe in a folder of its own, with `chat.lan` as the server.
struct Kitchen {
    server: Server,
    folder: TempDir,
}

impl Kitchen {
    fn open(setup: &Setup) -> Kitchen {
        Kitchen {
            server: setup.start(),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a system program into the folder, under another name.
    fn has_program(&self, name: &str, program: &str) {
        let path = self.path(name);
        let _ = fs::remove_file(&path);
        symlink(program, &path).expect("a file can be made");
    }

    #[track_caller]
    fn cook(&self, what: &str) -> Running {
        let recipes = recipes();
        let recipe = recipes.iter().find(|(title, _)| title == what);
        let (_, text) = recipe.unwrap_or_else(|| panic!("{what} is on the page"));
        let programs = binary("wac");
        let programs = programs.parent().unwrap_or(Path::new(".")).display();
        let path = format!("{programs}:{}", env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(text.replace("chat.lan", &at(&self.server)))
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running::start(shell)
    }
}

#[test]
fn every_recipe_of_the_page_has_a_test() {
    let titles: Vec<String> = recipes().into_iter().map(|(what, _)| what).collect();
    assert_eq!(titles, [WRONG, LOG, SURE, WORD, WHISPERS, THERE, KEPT]);
}

const WRONG: &str = "Say that something went wrong";

#[test]
fn a_failed_command_is_announced() {
    let kitchen = Kitchen::open(&Server::setup());
    let mut bob = kitchen.server.user("bob");
    kitchen.has_program("deploy", "/bin/true");
    assert_eq!(kitchen.cook(WRONG).ends().code, Some(0));
    bob.silent_until_fence();
    kitchen.has_program("deploy", "/bin/false");
    assert_eq!(kitchen.cook(WRONG).ends().code, Some(0));
    bob.expect("ci: the deployment failed");
}

const LOG: &str = "Say what a log warns of, no faster than a server takes for long";

#[test]
fn warnings_of_a_log_are_announced() {
    let kitchen = Kitchen::open(&Server::setup().with_flood_control());
    let mut bob = kitchen.server.user("bob");
    let log = "WARN disk 91%\nINFO ok\nWARN disk 92%\nWARN disk 93%\n";
    fs::write(kitchen.path("app.log"), log).unwrap();
    let ran = kitchen.cook(LOG).ends();
    for percent in 91..=93 {
        bob.expect(&format!("log: WARN disk {percent}%"));
    }
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
}

const SURE: &str = "Say it for sure, and never twice";

#[test]
fn a_confirmed_message_is_sent_once() {
    let kitchen = Kitchen::open(&Server::setup());
    let mut bob = kitchen.server.user("bob");
    assert_eq!(kitchen.cook(SURE).ends().code, Some(0));
    bob.expect("ci: 1.2 is released");
    bob.silent_until_fence();
    let _ci = kitchen.server.user("ci");
    assert_eq!(kitchen.cook(SURE).ends().code, Some(1));
}

const WORD: &str = "Wait for a word, an hour at most";

#[test]
fn a_script_waits_for_a_word() {
    let kitchen = Kitchen::open(&Server::setup());
    kitchen.has_program("deploy", "/bin/echo");
    let mut ann = kitchen.server.user("ann");
    let mut waiting = kitchen.cook(WORD);
    wait_until("somebody listens", || {
        ann.send("MSG let it go on");
        ann.send("MSG go");
        waiting.has_ended()
    });
    let ran = waiting.ends();
    assert_eq!((ran.code, &*ran.out), (Some(0), "ann: go\n\n"));
}

const WHISPERS: &str = "Answer whispers";

#[test]
fn a_bot_answers_whispers() {
    let kitchen = Kitchen::open(&Server::setup().with_notices());
    let mut bob = kitchen.server.user("bob");
    let answering = kitchen.cook(WHISPERS);
    bob.expect("* bot joined");
    bob.send("MSG not this");
    bob.send("W bot what time is it?");
    bob.expect("* helper joined");
    let answer = bob.line();
    assert!(answer.starts_with("helper whispers, \"it is "), "{answer}");
    let _stopped = kitchen.server.stop();
    answering.ends();
}

const THERE: &str = "Ask whether somebody is there";

#[test]
fn a_script_finds_out_who_is_online() {
    let kitchen = Kitchen::open(&Server::setup());
    let _anna = kitchen.server.user("Anna");
    assert_eq!(kitchen.cook(THERE).ends().out, "");
    let _ann = kitchen.server.user("Ann");
    assert_eq!(kitchen.cook(THERE).ends().out, "ann is there\n");
}

const KEPT: &str = "Keep what is said, for other programs";

#[test]
fn a_chat_is_archived() {
    let kitchen = Kitchen::open(&Server::setup());
    let mut bob = kitchen.server.user("bob");
    let keeping = kitchen.cook(KEPT);
    let kept = || fs::read_to_string(kitchen.path("chat.jsonl")).unwrap_or_default();
    wait_until("something is kept", || {
        bob.send("MSG hello");
        kept().ends_with('\n')
    });
    let kept = kept();
    let json: serde_json::Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    assert_eq!(json["text"], "hello");
    let _stopped = kitchen.server.stop();
    assert_eq!(keeping.ends().code, Some(4));
}
