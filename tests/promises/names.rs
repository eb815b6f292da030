//! Names: which are allowed, which are the same, and when one is free.

use wac_tests::{Peer, Server};

#[track_caller]
fn refused(server: &Server, name: &str, beginning: &str) {
    let mut peer = server.connect();
    peer.send(&format!("LIN {name}"));
    peer.expect_starting(beginning);
    peer.silent_until_fence();
}

#[track_caller]
fn same(held: &str, asked: &str) {
    let server = Server::start();
    let _holder = server.user(held);
    let mut peer = server.connect();
    peer.send(&format!("LIN {asked}"));
    let refusal = peer.expect_starting("! the name ");
    assert!(refusal.ends_with(" is taken"), "{refusal}");
}

#[track_caller]
fn different(held: &str, asked: &str) {
    let server = Server::start();
    let (_holder, _other) = (server.user(held), server.user(asked));
}

#[test]
fn a_name_is_a_word_of_letters_digits_and_marks_of_any_script() {
    let server = Server::start();
    let thirty_two = "x".repeat(32);
    for name in [
        "Jack",
        "j",
        "élodie",
        "Борис",
        "名前",
        "नमस्ते",
        "7of9",
        "_x_",
        "a-b.c",
        "x-",
        "x.",
        &thirty_two,
    ] {
        let _peer = server.user(name);
    }
}

#[test]
fn anything_else_is_refused_as_a_name() {
    let server = Server::start();
    let thirty_three = "x".repeat(33);
    let long = "é".repeat(1000);
    for name in [
        "",
        "\"\"",
        "-x",
        ".x",
        "a b",
        "a:b",
        "a,b",
        "a*",
        "!a",
        "a\"b",
        "a/b",
        "a@b",
        "🙂",
        "€",
        &thirty_three,
        &long,
    ] {
        refused(&server, name, "! not a name: ");
    }
}

#[test]
fn invisible_names_and_invisible_characters_in_names_are_refused() {
    let server = Server::start();
    for c in "\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{e0100}\u{fe0f}".chars() {
        let why = format!("! not a name: U+{:04X} in it can't be seen", u32::from(c));
        refused(&server, &c.to_string(), &why);
        refused(&server, &format!("Ja{c}ck"), &why);
    }
    refused(
        &server,
        "\u{200d}",
        "! not a name: U+200D in it can't be seen",
    );
    for marks in ["\u{301}", "\u{323}\u{308}", "\u{93f}"] {
        refused(&server, marks, "! not a name: it begins with a mark");
    }
}

#[test]
fn a_joiner_within_a_name_is_kept_and_ignored_in_comparisons() {
    same("Jack", "Ja\u{200d}ck");
    let server = Server::start();
    // Ali-Reza in Persian.
    let (mut ann, mut ali) = (server.user("ann"), server.user("علی\u{200c}رضا"));
    ann.send("W علیرضا hi");
    ali.expect("ann whispers, \"hi\"");
}

#[test]
fn a_name_is_counted_in_characters_not_in_bytes() {
    let server = Server::start();
    let _peer = server.user(&"é".repeat(32));
}

#[test]
fn a_name_is_stored_in_nfc() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("LIN Rene\u{301}");
    peer.expect("* welcome, Ren\u{e9}");
    assert_eq!(peer.online(), ["Ren\u{e9}"]);
    refused(&server, "Ren\u{e9}", "! the name ");
}

#[test]
fn names_that_differ_only_in_case_are_the_same() {
    same("Jack", "JACK");
    same("élodie", "ÉLODIE");
    same("Борис", "борис");
}

#[test]
fn a_name_that_looks_like_another_is_taken() {
    // Cyrillic letters.
    same("paypal", "раураl");
    same("раураl", "paypal");
    // Letters in another style.
    same("Jack", "ᴶack");
    same("Jack", "Ｊack");
    // Accents are ignored: nobody who reads fast tells Zoë from Zoe.
    same("Jack", "Jacḳ");
    same("Zoë", "Zoe");
    same("istanbul", "İstanbul");
    // An Arabic one is drawn like the Latin one.
    same("x1", "x١");
}

#[test]
fn a_name_that_looks_different_is_free() {
    // The value of a digit is not visible: the Devanagari one is drawn like a nine.
    different("x1", "x१");
    // A vowel sign is no accent.
    different("रिम", "रुम");
    different("か", "が");
}

#[test]
fn plain_ascii_names_are_compared_by_case_alone() {
    different("ul", "u1");
    different("O", "0");
    different("modern", "modem");
}

#[test]
fn a_look_alike_receives_no_whisper() {
    let server = Server::start();
    let (mut ann, mut paypal) = (server.user("ann"), server.user("paypal"));
    ann.send("W раураl hi");
    ann.expect("! no user named раураl");
    paypal.silent_until_fence();
}

#[test]
fn reserved_names_are_refused_in_any_case_and_look() {
    let server = Server::start();
    for name in ["server", "admin", "root", "system", "wac"] {
        refused(&server, name, &format!("! the name {name} is reserved"));
        refused(&server, &name.to_uppercase(), "! the name ");
    }
    // A Cyrillic letter first.
    refused(&server, "аdmin", "! the name ");
}

#[test]
fn a_name_belongs_to_one_connection_at_a_time() {
    let server = Server::start();
    let _ann = server.user("ann");
    refused(&server, "ann", "! the name ann is taken");
}

#[test]
fn a_name_is_free_again_after_its_leave_notice() {
    let leave: [fn(Peer); 3] = [drop, quit, |mut peer| peer.half_close()];
    for leave in leave {
        let server = Server::setup().with_notices().with("--shards", "2").start();
        let mut watching = server.connect();
        leave(server.user("ann"));
        watching.expect("* ann joined");
        watching.expect("* ann left");
        let _next = server.user("ann");
        watching.expect("* ann joined");
    }
}

fn quit(mut peer: Peer) {
    peer.send("QUIT");
    assert_eq!(
        peer.read_to_end().lines.last().map(String::as_str),
        Some("* closing: goodbye")
    );
}

#[test]
fn two_simultaneous_claims_do_not_both_get_the_name() {
    let server = Server::setup().with("--shards", "2").start();
    for round in 0..100 {
        let mut both = [server.connect(), server.connect()];
        for peer in &mut both {
            peer.send(&format!("LIN ann{round}"));
        }
        let mut answers = both.each_mut().map(Peer::line);
        answers.sort();
        assert_eq!(
            answers,
            [
                format!("! the name ann{round} is taken"),
                format!("* welcome, ann{round}")
            ]
        );
    }
}
