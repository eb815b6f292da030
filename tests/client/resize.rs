//! Resizing: a terminal that changes its size loses no typed text.

use wac_tests::Server;

use crate::term::Term;

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
