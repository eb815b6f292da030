//! A terminal that changes its size loses nothing of what is typed.

use wac_tests::Server;

use crate::term::Term;

#[test]
fn what_is_typed_survives_any_size() {
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
