//! Dialogues: who says what, and who reads what.

use std::collections::BTreeMap;

use super::world::{PLENTY, World};

/// Plays a dialogue: `ann> line` is sent by ann (`\n` in it ends a line, all go in one packet), `ann< line` is the next
/// line she reads, `ann< -` says that there is none, `ann<|` that her connection was closed. People connect when they are
/// first named; their greeting is consumed. Between shards it makes no difference who is where.
#[track_caller]
fn script(text: &str) {
    for shards in ["1", "2", "3"] {
        let mut world = World::new(&["--shards", shards, "--flood-rate", "0"]);
        let mut people: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let at = line.find(['<', '>']).unwrap();
            let (name, rest) = (&line[..at], line[at + 1..].trim_start());
            let number = people.len();
            let who = people.entry(name.to_owned()).or_insert_with(|| {
                let who = world.connect(number % world.shards.len(), PLENTY);
                world.settle();
                assert!(world.lines(who)[0].starts_with("* WAC chat"));
                (who, Vec::new())
            });
            if line.as_bytes()[at] == b'>' {
                world.send(who.0, &format!("{}\n", rest.replace(r"\n", "\n")));
                world.settle();
                continue;
            }
            who.1.append(&mut world.lines(who.0));
            match rest {
                "-" => assert_eq!(who.1, [""; 0], "{name} reads nothing, {shards} shards"),
                "|" => assert!(world.people[who.0].is_shut_down(), "{name} is closed"),
                _ => {
                    assert!(!who.1.is_empty(), "{name} reads {rest}, {shards} shards");
                    assert_eq!(who.1.remove(0), rest, "{name} reads, {shards} shards");
                }
            }
        }
    }
}

#[test]
fn a_message_reaches_everyone_but_its_sender() {
    script(
        "ann> LIN Ann
         ann< * welcome, Ann
         bob< -
         bob> LIN Bob
         bob< * welcome, Bob
         ann< * Bob joined
         eve< -
         ann> MSG hello
         bob< Ann: hello
         eve< Ann: hello
         ann< -",
    );
}

#[test]
fn a_whisper_reaches_its_addressee_alone_even_the_sender() {
    script(
        "ann> LIN Ann
         ann< * welcome, Ann
         bob> LIN Bob
         bob< * welcome, Bob
         eve> LIN Eve
         ann> W bOB psst
         ann> W Ann note
         ann> W nobody x
         bob< * Eve joined
         bob< Ann whispers, \"psst\"
         bob< -
         eve< * welcome, Eve
         eve< -
         ann< * Bob joined
         ann< * Eve joined
         ann< Ann whispers, \"note\"
         ann< ! no user named nobody",
    );
}

#[test]
fn a_name_is_free_again_once_its_leave_notice_is_in_the_log() {
    script(
        "ann> LIN Ann
         bob> LIN aNN
         ann< * welcome, Ann
         bob< ! the name aNN is taken
         ann> QUIT
         ann< * closing: goodbye
         ann< |
         bob> LIN aNN
         bob< * Ann left
         bob< * welcome, aNN",
    );
}

#[test]
fn who_lists_users_in_the_order_of_logging_in() {
    script(
        "zoe> WHO
         zoe< * online (0)
         zoe> LIN Zoe
         ann> LIN Ann
         ann> WHO
         ann< * welcome, Ann
         ann< * online (2): Zoe, Ann",
    );
}

#[test]
fn everything_in_one_packet_is_answered_in_order() {
    script(
        "bob< -
         ann> LIN Ann\\nMSG 1\\nPING a\\nW Ann x\\nMSG 2\\nSEC\\nPING b
         bob< * Ann joined
         bob< Ann: 1
         bob< Ann: 2
         bob< -
         ann< * welcome, Ann
         ann< PONG a
         ann< Ann whispers, \"x\"
         ann< s3cret
         ann< PONG b
         ann< -",
    );
}
