//! Long texts, written with an editor of the user's choice: it gets the row and the terminal, and gives
//! both back.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use wac_tests::{Server, Signal, wait_until};

use crate::term::{Term, at};

/// Ctrl-X Ctrl-E.
const OPEN: &str = "\x18\x05";

/// An editor made of a shell script, to which the file is `$1`.
struct EditorScript(TempDir);

impl EditorScript {
    fn new(script: &str) -> EditorScript {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it is ours");
        // Where the client keeps the text.
        fs::create_dir(folder.path().join("tmp")).expect("it is ours");
        EditorScript(folder)
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("the path is UTF-8").to_owned()
    }

    /// Starts Ann's client.
    #[track_caller]
    fn chat(&self, server: &Server) -> Term {
        self.chat_with(server, &[])
    }

    #[track_caller]
    fn chat_with(&self, server: &Server, flags: &[&str]) -> Term {
        let target = format!("Ann@{}", at(server));
        let (editor, folder) = (self.path("editor"), self.path("tmp"));
        let environment = [("VISUAL", &*editor), ("TMPDIR", &*folder)];
        let mut term = Term::start_with(&environment, &[&[&*target], flags].concat());
        term.shows_row("Ann▸");
        term
    }

    #[track_caller]
    fn has_left_nothing(&self) {
        wait_until("no text is left behind", || {
            let left = fs::read_dir(self.path("tmp")).expect("the folder is there");
            left.count() == 0
        });
    }
}

#[test]
fn the_row_is_edited_in_a_file_that_nobody_else_reads() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let script =
        EditorScript::new(r#"echo "$(cat "$1") $(stat -c %a "$1" "${1%/*}" | tr '\n' ' ')" >"$1""#);
    let mut term = script.chat(&server);
    term.types("mode");
    term.types(OPEN);
    term.shows_row("Ann▸ mode 600 700");
    script.has_left_nothing();
    term.is_edited();
    term.types("!\r");
    assert_eq!(bob.line(), "Ann: mode 600 700!");
}

#[test]
fn several_lines_are_asked_about_as_a_paste_is() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let script = EditorScript::new(r#"printf 'one\r\n/quit\n\033[31mtwo\n\n' >"$1""#);
    let mut term = script.chat(&server);
    term.types(OPEN);
    term.shows_row("two");
    term.types("\r");
    term.shows("# 3 messages to everyone, from: one");
    term.shows("# to: two");
    term.types("y\r");
    for text in ["one", "/quit", "two"] {
        assert_eq!(bob.line(), format!("Ann: {text}"));
    }
}

/// The editor reads a line from the terminal, which edits it.
#[test]
fn the_editor_has_the_terminal_and_what_arrives_waits() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let script = EditorScript::new(r#"echo writing; read -r line; echo "$line" >"$1""#);
    let log = script.path("chat.log");
    let mut term = script.chat_with(&server, &[&format!("--log={log}")]);
    term.types("half");
    term.types(OPEN);
    term.shows("writing");
    term.is_cooked();
    bob.send("MSG meanwhile");
    wait_until("it has arrived", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("bob: meanwhile"))
    });
    term.types("all of iy\x7ft");
    term.shows_row("all of it");
    term.shows_in_lines("meanwhile", 0);
    term.types("\n");
    term.shows_said("bob", "meanwhile");
    term.shows_row("Ann▸ all of it");
    term.is_edited();
}

#[test]
fn a_text_that_was_not_written_leaves_the_row_as_it_was() {
    for (script, told) in [
        (
            "exit 3",
            "# the editor failed (exit status: 3); the row stays as it was",
        ),
        (
            ":>\"$1\"",
            "# the editor left no text; the row stays as it was",
        ),
        (
            "kill -KILL $$",
            "# the editor failed (signal: 9 (SIGKILL)); the row stays as",
        ),
        (
            "rm \"$1\"",
            "# cannot pass the text to an editor: No such file or directory",
        ),
    ] {
        let server = Server::start();
        let script = EditorScript::new(script);
        let mut term = script.chat(&server);
        term.types("half");
        term.types(OPEN);
        term.shows(told);
        term.shows_row("Ann▸ half");
        term.is_edited();
        term.types(" done");
        term.shows_row("Ann▸ half done");
        script.has_left_nothing();
    }
}

#[test]
fn an_editor_that_is_missing_is_named() {
    let server = Server::start();
    let target = format!("Ann@{}", at(&server));
    let mut term = Term::start_with(&[("EDITOR", "/nowhere/ed -x")], &[&target]);
    term.shows_row("Ann▸");
    term.types("half");
    term.types(OPEN);
    term.shows("# cannot run the editor /nowhere/ed -x: No such file or directory");
    term.shows("VISUAL or EDITOR names another");
    term.shows_row("Ann▸ half");
}

#[test]
fn ctrl_c_is_for_the_editor() {
    let server = Server::start();
    let script = EditorScript::new(
        r#"trap 'echo kept >"$1"; exit 0' INT; echo writing; while :; do read -r _; done"#,
    );
    let mut term = script.chat(&server);
    term.types(OPEN);
    term.shows("writing");
    term.types("\x03");
    term.shows_row("Ann▸ kept");
    term.types("\x03");
    term.shows_row("Ann▸");
}

#[test]
fn ctrl_z_stops_the_editor_and_the_client_until_the_shell_goes_on() {
    let server = Server::start();
    let script = EditorScript::new(r#"echo writing; read -r line; echo "$line" >"$1""#);
    let target = format!("Ann@{}", at(&server));
    let editor = script.path("editor");
    let mut term = Term::shell(&format!(
        "set -m; export VISUAL={editor}; $wac {target}; echo stopped; read -r; fg; echo over; read -r"
    ));
    term.shows_row("Ann▸");
    term.types("half");
    term.types(OPEN);
    term.shows("writing");
    term.types("\x1a");
    term.shows("stopped");
    term.is_cooked();
    term.types("\n");
    wait_until("the shell tells what goes on", || term.count("$wac") == 2);
    term.types("whole\n");
    term.shows_row("Ann▸ whole");
    term.is_edited();
    term.types("\x15\x04");
    term.shows("over");
}

/// It stops itself alone, and the shell learns of it all the same.
#[test]
fn an_editor_that_stops_itself_stops_the_client() {
    let server = Server::start();
    let script = EditorScript::new(r#"echo writing; kill -STOP $$; echo on >"$1""#);
    let target = format!("Ann@{}", at(&server));
    let editor = script.path("editor");
    let mut term = Term::shell(&format!(
        "set -m; export VISUAL={editor}; $wac {target}; echo stopped; read -r; fg; echo over; read -r"
    ));
    term.shows_row("Ann▸");
    term.types(OPEN);
    term.shows("stopped");
    term.types("\n");
    term.shows_row("Ann▸ on");
    term.types("\x15\x04");
    term.shows("over");
}

/// Without a shell nobody could continue it.
#[test]
fn an_editor_that_stops_itself_without_a_shell_goes_on() {
    let server = Server::start();
    let script = EditorScript::new(r#"kill -STOP $$; echo on >"$1""#);
    let mut term = script.chat(&server);
    term.types(OPEN);
    term.shows_row("Ann▸ on");
    term.is_edited();
}

#[test]
fn a_signal_that_ends_the_client_ends_the_editor() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let server = Server::start();
        let script = EditorScript::new("echo writing $$.; exec sleep 1000");
        let mut term = script.chat(&server);
        term.types(OPEN);
        term.shows("writing");
        term.signal(signal);
        term.dies_of(signal);
        script.has_left_nothing();
    }
}

/// The operator may end the chat, but not the text.
#[test]
fn the_end_of_the_chat_waits_for_the_editor() {
    let server = Server::start();
    let script =
        EditorScript::new(r#"echo writing; read -r line; echo "got $line"; echo "$line" >"$1""#);
    let log = script.path("chat.log");
    let mut term = script.chat_with(&server, &["--reconnect=0", &format!("--log={log}")]);
    term.types(OPEN);
    term.shows("writing");
    drop(server);
    wait_until("the end has arrived", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("connection lost"))
    });
    term.types("on\n");
    term.shows("got on");
    term.ends(4);
    script.has_left_nothing();
}
