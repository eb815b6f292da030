//! Texts as others receive them: no control characters, everything else as it was typed.

use wac_tests::{Peer, Server};

struct TextRoom {
    ann: Peer,
    bob: Peer,
    _server: Server,
}

impl TextRoom {
    fn new() -> TextRoom {
        let server = Server::start();
        TextRoom {
            ann: server.user("ann"),
            bob: server.user("bob"),
            _server: server,
        }
    }

    #[track_caller]
    fn carries(&mut self, typed: &str, arrives: &str) {
        self.ann.send(&format!("MSG {typed}"));
        self.bob.expect(&format!("ann: {arrives}"));
        self.ann.send(&format!("W bob {typed}"));
        self.bob.expect(&format!("ann whispers, \"{arrives}\""));
    }
}

#[test]
fn a_text_arrives_as_it_was_typed() {
    let mut room = TextRoom::new();
    for text in [
        "hello",
        "two  blanks",
        "\"quoted\"",
        "a: b",
        "* no notice",
        "a\tb",
    ] {
        room.carries(text, text);
    }
}

#[test]
fn a_message_keeps_the_blanks_around_it() {
    let mut room = TextRoom::new();
    room.ann.send("MSG   three before, two after  ");
    room.bob.expect("ann:   three before, two after  ");
}

#[test]
fn unicode_passes_intact() {
    let mut room = TextRoom::new();
    let family = "👩\u{200d}👩\u{200d}👧";
    let decomposed = "e\u{301} o\u{308}";
    for text in [
        "héllo",
        "шалом שלום سلام",
        "日本語",
        "नमस्ते",
        "🙂",
        family,
        decomposed,
        "a\u{200c}b\u{ad}c",
    ] {
        room.carries(text, text);
    }
}

#[test]
fn control_characters_are_removed() {
    let mut room = TextRoom::new();
    room.carries("bell\x07", "bell");
    room.carries("\x1b[31mred\x1b[0m", "[31mred[0m");
    room.carries("a\0b\x01c\x1fd", "abcd");
    room.carries("carriage\rreturn", "carriagereturn");
    room.carries("c1\u{80}\u{85}\u{9b}\u{9f}!", "c1!");
}

#[test]
fn characters_that_reorder_or_hide_text_are_removed() {
    let mut room = TextRoom::new();
    room.carries("\u{202e}gpj.exe", "gpj.exe");
    room.carries("a\u{202d}b\u{2066}c\u{2067}d\u{2068}e\u{2069}f", "abcdef");
    room.carries("line\u{2028}and\u{2029}paragraph", "lineandparagraph");
    room.carries("tags\u{e0001}\u{e0020}\u{e0041}\u{e007f}!", "tags!");
}

#[test]
fn bs_and_del_erase_the_previous_character() {
    let mut room = TextRoom::new();
    room.carries("helo\x08lo", "hello");
    room.carries("helo\x7flo", "hello");
    room.carries("one\x08\x08\x08two", "two");
    room.carries("naïf\x08\x08f", "naf");
    room.carries("日本\x7f", "日");
}

#[test]
fn bs_and_del_erase_in_the_command_too_but_never_in_the_previous_line() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send_bytes(b"MSG one\n\x08\x08\x7fMSX\x08G two\n");
    bob.expect("ann: one");
    bob.expect("ann: two");
    ann.silent_until_fence();
}

#[test]
fn a_text_that_is_empty_after_cleaning_is_refused() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send("MSG \x07\u{202e}");
    ann.expect("! nothing to send");
    ann.send("W bob \x07\u{202e}");
    ann.expect("! nothing to send");
    bob.silent_until_fence();
}

#[test]
fn the_echo_in_a_refusal_is_cleaned_and_cut() {
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send("NO\x1b[31m\u{202e}SUCH");
    ann.expect("! unknown command NO[31mSUCH; HELP lists them");
    ann.send(&"é".repeat(100));
    ann.expect(&format!(
        "! unknown command {}; HELP lists them",
        "é".repeat(32)
    ));
}
