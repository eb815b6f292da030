//! Settings of a program, tried with its own report of what is in effect and where it came from.

use std::process::Command;

use crate::Said;

/// A program that reports its settings.
pub struct SettingsOf<'a> {
    /// The command that prints them, in the format of the file, each with its origin.
    pub command: &'a dyn Fn() -> Command,
    /// The flag that names a file.
    pub file_flag: &'a str,
    /// The beginning of each variable's name.
    pub prefix: &'a str,
    /// Keys whose values must not be printed.
    pub secrets: &'a [&'a str],
}

impl SettingsOf<'_> {
    /// Sets a key in the file, then by a variable too, then by a flag too: each goes before those before it.
    ///
    /// # Panics
    ///
    /// If one does not.
    #[track_caller]
    pub fn try_key(&self, key: &str, [one, other]: [&str; 2], beside: &[&str]) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, format!("# a line before\n{key} = '{one}'\n"))
            .expect("it can be written");
        let variable = format!("{}_{}", self.prefix, key.to_uppercase().replace('-', "_"));
        let run = || {
            let mut command = (self.command)();
            command.arg(self.file_flag).arg(&file).args(beside);
            command
        };
        self.has(&mut run(), key, one, &format!("{}:2", file.display()));
        self.has(run().env(&variable, other), key, other, &variable);
        let flag = format!("--{key}");
        let mut flagged = run();
        // A switch has no value: it is on.
        let value = match one {
            "true" => flagged.arg(&flag),
            _ => flagged.args([&flag, one]),
        };
        self.has(value.env(&variable, other), key, one, &flag);
    }

    #[track_caller]
    fn has(&self, command: &mut Command, key: &str, value: &str, origin: &str) {
        let said = Said::of(command);
        assert_eq!(said.code, Some(0), "{key}: {said:?}");
        let is_line = |line: &&str| line.trim_start_matches("# ").split(' ').next() == Some(key);
        let line = said.text.lines().find(is_line);
        let line = line.unwrap_or_else(|| panic!("{key} is shown: {}", said.text));
        assert!(line.ends_with(origin), "{line}: {origin}");
        assert_eq!(
            line.contains(value),
            !self.secrets.contains(&key),
            "{line}: {value}"
        );
    }
}

/// Returns the keys of a sample file, in which each is commented out.
#[must_use]
pub fn keys_of(sample: &str) -> Vec<&str> {
    let commented = sample.lines().filter_map(|line| line.strip_prefix('#'));
    commented
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .collect()
}
