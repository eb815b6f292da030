//! Settings of a small program, from all sources.

mod program;

use std::ffi::OsString;
use std::path::Path;

use program::program;
use wac_settings::{File, Loaded, Problems, Program, within};

fn load(
    words: &[&str],
    variables: &[(&str, &str)],
    text: &str,
    profile: Option<&str>,
) -> Result<Loaded, Problems> {
    let words: Vec<OsString> = [&["prog"], words]
        .concat()
        .into_iter()
        .map(OsString::from)
        .collect();
    let variable = |name: &str| {
        variables
            .iter()
            .find(|(it, _)| *it == name)
            .map(|(_, value)| value.into())
    };
    let (program, mut problems) = (program(), Vec::new());
    let file = File::read("f", text, &mut problems);
    let mut layers = vec![program.environment(&variable)];
    layers.extend(file.layers(profile, &program, &mut problems));
    program.load(&words, &layers, problems)
}

/// Returns a line of the settings in effect: `key = value # origin`.
#[track_caller]
fn line(loaded: &Loaded, key: &str) -> String {
    let text = loaded.to_string();
    let line = text.lines().find(|line| {
        line.trim_start_matches("# ")
            .starts_with(&format!("{key} "))
    });
    let words = line.expect("every key is shown").split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn problems(text: &str) -> Vec<String> {
    load(&[], &[], text, None).expect_err("it has mistakes").0
}

const FILE: &str = "shards = 2\nlisten = ['a', 'b']\n\n[profile.big]\nshards = 3\n";

#[test]
fn a_flag_goes_before_a_variable_a_profile_a_file_and_a_default() {
    let set = [("PROG_SHARDS", "4")];
    let shards = |loaded: Result<Loaded, Problems>| line(&loaded.unwrap(), "shards");
    assert_eq!(
        shards(load(&["--shards", "5"], &set, FILE, Some("big"))),
        "shards = 5 # --shards"
    );
    assert_eq!(
        shards(load(&[], &set, FILE, Some("big"))),
        "shards = 4 # PROG_SHARDS"
    );
    assert_eq!(
        shards(load(&[], &[("PROG_SHARDS", "")], FILE, Some("big"))),
        "shards = 3 # f:5"
    );
    assert_eq!(shards(load(&[], &[], FILE, None)), "shards = 2 # f:1");
    assert_eq!(shards(load(&[], &[], "", None)), "# shards is not set");
    let loaded = load(&[], &set, "", None).unwrap();
    assert_eq!(
        loaded.matches.get_one::<u16>("shards"),
        Some(&4),
        "clap has it converted"
    );
    assert_eq!(line(&loaded, "notices"), "notices = \"on\" # default");
}

#[test]
fn a_list_replaces_the_list_below_it() {
    let listen = |words: &[&str], set: &[(&str, &str)], text| {
        line(&load(words, set, text, None).unwrap(), "listen")
    };
    assert_eq!(listen(&[], &[], FILE), "listen = [\"a\", \"b\"] # f:2");
    assert_eq!(
        listen(&[], &[("PROG_LISTEN", "c, d")], FILE),
        "listen = [\"c\", \"d\"] # PROG_LISTEN"
    );
    assert_eq!(
        listen(&["--listen", "e", "--listen=f"], &[], FILE),
        "listen = [\"e\", \"f\"] # --listen"
    );
    assert_eq!(listen(&[], &[], "listen = []"), "listen = [] # f:1");
    assert_eq!(listen(&[], &[], ""), "listen = [\"here\"] # default");
}

#[test]
fn a_switch_is_true_or_false() {
    let daemon = |words: &[&str], set: &[(&str, &str)], text| {
        load(words, set, text, None)
            .unwrap()
            .matches
            .get_flag("daemon")
    };
    assert!(daemon(&[], &[], "daemon = true"));
    assert!(!daemon(&[], &[("PROG_DAEMON", "false")], "daemon = true"));
    assert!(daemon(&["--daemon"], &[("PROG_DAEMON", "false")], ""));
    assert_eq!(
        problems("daemon = 'yes'"),
        ["f:1: daemon: invalid value 'yes', expected true or false"]
    );
}

#[test]
fn every_mistake_is_told_with_its_line_even_where_the_value_is_not_used() {
    let text = "shards = 'many'\nnotices = \"maybe\"\nshrads = 1\nconfig = 'x'\nlisten = [[1]]\nsecret = 'hush'\n\
                [profile.x]\nshards = 65";
    let error = load(
        &["--shards", "1"],
        &[("PROG_NOTICES", "never")],
        text,
        Some("x"),
    )
    .unwrap_err();
    let mut told = error.0;
    told.sort();
    assert_eq!(
        told,
        [
            "PROG_NOTICES: invalid value 'never', expected on or off",
            "f:1: shards: invalid value 'many', expected 1 to 64",
            "f:2: notices: invalid value 'maybe', expected on or off",
            "f:3: shrads: there is no such key; did you mean 'shards'?",
            "f:4: config: there is no such key",
            "f:5: listen: expected a text in quotes, a list of them, a number, true or false",
            "f:6: secret: invalid value, expected 0 to 9",
            "f:8: shards: invalid value '65', expected 1 to 64",
        ]
    );
    assert_eq!(
        problems("shards = [1, 2]"),
        ["f:1: shards: takes one value, not a list"]
    );
    let spelled = problems("shards = many\n\nnotices = 'on\n");
    assert!(
        spelled[0].starts_with("f:1: ") && spelled[1].starts_with("f:3: "),
        "{spelled:?}"
    );
}

#[test]
fn a_mistake_is_one_line_whatever_it_quotes() {
    let text = "\"a\\nb\" = 1\nnotices = \"\\u001b[2J\"\n\"c\\r\" = [[1]]\n[profile.\"d\\ne\"]\n";
    let told = load(&[], &[], text, Some("x")).unwrap_err().0;
    assert_eq!(
        told,
        [
            "f:3: c\\r: expected a text in quotes, a list of them, a number, true or false",
            "f: there is no [profile.x]; there are d\\ne",
            "f:1: a\\nb: there is no such key",
            "f:2: notices: invalid value '\\u{1b}[2J', expected on or off",
        ]
    );
}

#[test]
fn a_file_without_an_end_is_a_mistake() {
    let mut problems = Vec::new();
    let file = File::open(Path::new("/dev/zero"), true, &mut problems);
    assert!(file.is_none());
    assert_eq!(problems, ["/dev/zero: it is longer than 1 MiB"]);
}

#[test]
fn a_profile_needs_a_file() {
    let mut problems = Vec::new();
    File::default().layers(Some("small"), &program(), &mut problems);
    assert_eq!(problems, ["there is no [profile.small]: there is no file"]);
}

#[test]
fn a_profile_must_be_there() {
    let told = load(&[], &[], FILE, Some("small")).unwrap_err().to_string();
    assert_eq!(told, "f: there is no [profile.small]; there are big");
    assert!(load(&[], &[], "[profile.small]", Some("small")).is_ok());
}

#[test]
fn a_value_rules_out_what_conflicts_with_it_below() {
    let text = "secret = 1\n";
    let loaded = load(&["--secret-file", "x"], &[], text, None).unwrap();
    assert!(loaded.matches.get_one::<u8>("secret").is_none());
    let loaded = load(&[], &[("PROG_SECRET_FILE", "x")], text, None).unwrap();
    assert!(loaded.matches.get_one::<u8>("secret").is_none());
    assert_eq!(
        problems("secret = 1\nsecret-file = 'x'"),
        ["f:2: secret-file: cannot be used with secret"]
    );
}

#[test]
fn a_secret_is_never_shown() {
    for (words, set, text) in [
        (&["--secret", "7"][..], &[][..], ""),
        (&[], &[("PROG_SECRET", "7")], ""),
        (&[], &[], "secret = 7"),
    ] {
        let shown = load(words, set, text, None).unwrap().to_string();
        assert!(
            shown.contains("# secret is set, and not shown: ") && !shown.contains('7'),
            "{shown}"
        );
    }
}

#[test]
fn a_subcommand_takes_the_settings_it_has() {
    let text = "shards = 2\nsecret-file = 'x'";
    let loaded = load(&["check", "--shards", "3"], &[], text, None).unwrap();
    let check = loaded.matches.subcommand_matches("check").unwrap();
    assert_eq!(check.get_one::<u16>("shards"), Some(&3));
    assert_eq!(line(&loaded, "secret-file"), "secret-file = \"x\" # f:2");
    let loaded = load(&["status"], &[], text, None).unwrap();
    let status = loaded.matches.subcommand_matches("status").unwrap();
    assert_eq!(status.get_one::<String>("secret_file").unwrap(), "x");
}

#[test]
fn what_is_shown_can_be_read_again() {
    let text = "listen = ['a \"b\"', 'c\\d']\nnotices = 'off'\nshards = 1_2\ndaemon = true\n";
    let loaded = load(&[], &[], text, None).unwrap();
    let again = load(&[], &[], &loaded.to_string(), None).unwrap();
    for (one, other) in loaded.settings.iter().zip(&again.settings) {
        assert_eq!(one.entry.texts, other.entry.texts);
    }
    let loaded = load(&[], &[], &program().sample(), None).unwrap();
    assert_eq!(
        loaded.to_string(),
        load(&[], &[], "", None).unwrap().to_string()
    );
}

#[test]
fn the_sample_holds_every_key_commented_out_and_is_right_without_the_signs() {
    let sample = program().sample();
    assert!(
        sample.contains("# Announces joins [env: PROG_NOTICES]\n#notices = \"on\"\n"),
        "{sample}"
    );
    let keys: Vec<&str> = sample
        .lines()
        .filter_map(|line| {
            line.strip_prefix('#')?
                .split_once(" = ")
                .filter(|(key, _)| !key.starts_with(' '))
        })
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        keys,
        [
            "shards",
            "notices",
            "listen",
            "secret",
            "secret-file",
            "daemon"
        ]
    );
}

#[test]
fn the_version_is_the_packages() {
    assert!(wac_settings::VERSION.starts_with(env!("CARGO_PKG_VERSION")));
}
