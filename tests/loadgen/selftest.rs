//! Self-test: the load tester tests itself, and reports its findings.

use std::process::Command;

use wac_tests::binary;

/// Cases that the list must contain.
const CASES: [&str; 12] = [
    "nothing wrong",
    "drop",
    "double",
    "swap",
    "echo",
    "corrupt",
    "losses = doubles",
    "one of each",
    "cut",
    "delay 50 ms",
    "pause 300 ms",
    "leak a whisper",
];

#[test]
fn the_self_test_finds_every_case() {
    let output = Command::new(binary("wac-loadgen"))
        .arg("selftest")
        .output()
        .expect("the load tester can be started");
    let text = String::from_utf8(output.stdout).expect("it writes text");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let (cases, last) = text
        .trim_end()
        .rsplit_once('\n')
        .expect("there are several lines");
    for name in CASES {
        let line = cases.lines().find(|line| is_of(line, name));
        assert!(line.is_some(), "{name} is in:\n{text}");
    }
    assert!(
        cases.lines().all(|line| line.starts_with("ok    ")),
        "{text}"
    );
    let all = cases.lines().count();
    assert_eq!(last, format!("{all} of {all} cases are right"));
}

/// `ok    drop    lost 1 …`: a mark, the name, at least two blanks.
fn is_of(line: &str, name: &str) -> bool {
    let rest: String = line.chars().skip(6).collect();
    rest.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with("  "))
}
