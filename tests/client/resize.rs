//! Resizing: a terminal that changes its size loses no typed text.

use wac_tests::Server;

use crate::term::{Term, at};

#[test]
fn the_line_being_typed_survives_any_size() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let typed = "a line that needs more than one row where there are but forty columns";
    term.types(typed);
    term.shows_input("Ann▸ ", typed);
    for (rows, columns) in [(20, 40), (50, 200), (10, 20), (24, 80)] {
        term.resizes(rows, columns);
        bob.send(&format!("MSG {columns} wide"));
        term.shows_said("bob", &format!("{columns} wide"));
        term.types("!");
        term.types("\x7f");
        term.shows_input("Ann▸ ", typed);
    }
    term.types("\r");
    bob.expect(&format!("Ann: {typed}"));
}

/// Wide letters, letters written from right to left, and symbols of two columns: editor and terminal
/// must agree on the cursor's place, or typed text would show up elsewhere. (Symbols joined into one are
/// left out, because terminals disagree on their width. The emulator cannot cut a wide letter in half at a
/// smaller size, so all of them begin in even columns until the end.)
#[test]
fn editor_and_terminal_agree_on_the_cursor_in_any_script_and_size() {
    const TEXT: &str = "中文字符测试一二三四五六七八九十👍🎉😀مرحباكيفالحالك漢字かなカナ한국어";
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Anna");
    term.types(TEXT);
    term.shows_input("Anna▸ ", TEXT);
    let mut typed = TEXT.to_owned();
    for (rows, columns) in [(20, 40), (10, 20), (50, 200), (24, 80)] {
        term.resizes(rows, columns);
        bob.send(&format!("MSG {columns} wide"));
        term.shows_said("bob", &format!("{columns} wide"));
        term.shows_input("Anna▸ ", &typed);
        // At the beginning, after two letters of two columns each, and at the end.
        term.types("\x01<<");
        typed.insert_str(0, "<<");
        term.shows_input("Anna▸ ", &typed);
        term.shows_cursor_at(8);
        term.types("\x06\x06||");
        let behind_two = typed.char_indices().nth(4).map_or(0, |(at, _)| at);
        typed.insert_str(behind_two, "||");
        term.shows_input("Anna▸ ", &typed);
        term.types("\x05>>");
        typed.push_str(">>");
        term.shows_input("Anna▸ ", &typed);
        // Back to after the last letter, and over it.
        term.types("\x02\x02\x7f");
        typed.remove(typed.len() - "어>>".len());
        term.shows_input("Anna▸ ", &typed);
        term.types("\x05어");
        typed.push('어');
        term.shows_input("Anna▸ ", &typed);
    }
    // Now a letter of two columns does not fit after the last but one.
    term.types("\x01<\x05文文文文文文>");
    typed = format!("<{typed}文文文文文文>");
    term.shows_input("Anna▸ ", &typed);
    term.types("\x02\x02|");
    typed.insert(typed.len() - "文>".len(), '|');
    term.shows_input("Anna▸ ", &typed);
    term.types("\r");
    bob.expect(&format!("Anna: {typed}"));
}

/// In letters of one column: more than a row of 80.
const LONG: &str = "a line that needs more than one row where there are eighty columns, and four rows \
                    and more where there are but twenty of them!";

/// Returns how many rows begin as the row does that is typed in.
fn copies(term: &Term) -> usize {
    let lines = term.history();
    lines.iter().filter(|line| line.starts_with("Ann▸")).count()
}

/// Whatever the terminal does to its lines, the row is drawn over itself and nothing else.
fn narrower(term: &mut Term, resize: impl Fn(&mut Term, u16)) {
    // What fits into the narrowest of them.
    let server_line = "        # here:";
    term.shows(server_line);
    term.types(LONG);
    term.shows_input("Ann▸ ", LONG);
    let mut typed = LONG.to_owned();
    for columns in [40, 20, 80, 20, 33] {
        resize(term, columns);
        term.types("!");
        typed.push('!');
        term.shows_input("Ann▸ ", &typed);
        assert_eq!(copies(term), 1, "{columns} columns: {:#?}", term.history());
        term.shows(server_line);
    }
    // The cursor is far above the end of the row.
    term.types("\x01>");
    term.shows("Ann▸ >a line");
    term.shows_cursor_at(6);
    resize(term, 16);
    term.types("\x05?\x01>");
    term.shows_input("Ann▸ ", &format!(">>{typed}?"));
    assert_eq!(copies(term), 1, "{:#?}", term.history());
    term.shows(server_line);
}

#[test]
fn a_narrower_terminal_that_cuts_lines_off_shows_the_row_once() {
    let server = Server::start();
    let _bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    narrower(&mut term, |term, columns| term.resizes(24, columns));
}

#[test]
fn a_narrower_terminal_that_wraps_lines_anew_shows_the_row_once() {
    let server = Server::start();
    let _bob = server.user("bob");
    let mut term = Term::start_with(&[("TMUX", "x")], &[&format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    narrower(&mut term, |term, columns| term.reflows(24, columns));
}

#[test]
fn of_a_row_that_is_taller_than_the_screen_the_part_with_the_cursor_is_shown() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.resizes(5, 20);
    let numbers: Vec<String> = (100..150).map(|number| number.to_string()).collect();
    let typed = numbers.join(" ");
    term.types(&typed);
    term.shows("147 148 149");
    for number in 0..10 {
        bob.send(&format!("MSG {number}"));
    }
    bob.send("MSG end");
    term.shows_said("bob", "end");
    term.shows("147 148 149");
    term.types("\x01");
    term.shows("Ann▸ 100 101 102");
    bob.send("MSG now");
    term.shows_said("bob", "now");
    term.shows_cursor_at(5);
    assert_eq!(copies(&term), 1, "{:#?}", term.history());
    term.shows_in_lines("147 148 149", 0);
    term.types("\r");
    bob.expect(&format!("Ann: {typed}"));
    term.shows_row("Ann▸");
    assert_eq!(copies(&term), 1, "{:#?}", term.history());
}

#[test]
fn a_paste_that_is_taller_than_the_screen_leaves_no_copies() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let lines: Vec<String> = (1000..1100).map(|number| number.to_string()).collect();
    term.pastes(&lines.join("\n"));
    term.shows("1099");
    for number in 0..10 {
        bob.send(&format!("MSG {number}"));
        term.shows_said("bob", &number.to_string());
    }
    term.types("\x03");
    term.shows_row("Ann▸");
    assert!(
        !term.history().iter().any(|line| line.starts_with("10")),
        "{:#?}",
        term.history()
    );
}
