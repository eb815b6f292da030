//! Sources of the configuration: the command line, the environment and the file, read at the start and again by
//! each reload.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use wac_settings::{Entry, File, Loaded, Origin, Problems, Program};

use super::args::{Args, CommandLine};
use super::default_paths;
use super::verbs::Verb;

/// The beginning of a configuration file.
const SAMPLE_HEAD: &str = "\
# Configuration of wacd: every key, commented out, with its default or, where it has none, its kind.
# A flag or a variable goes before this file. `wacd check` checks it, `wacd reload` applies it.

";

/// Keys that count only if another one has a value that begins with something.
const IDLE_WITHOUT: [(&str, &str, &str); 9] = [
    ("history-keep", "history", ""),
    ("history-sync", "history", ""),
    ("room", "cluster", ""),
    ("cluster-replicas", "cluster", ""),
    ("cluster-storage", "cluster", ""),
    ("cluster-credentials", "cluster", ""),
    ("cluster-ca", "cluster", ""),
    ("tls-cert", "listen", "tls:"),
    ("tls-key", "listen", "tls:"),
];

/// The sources, the same for the life of a process.
#[derive(Debug)]
pub struct Sources {
    program: Program,
    words: Vec<OsString>,
    /// The folder in which the process was started: relative paths begin there, whatever the working directory is later.
    folder: PathBuf,
    /// The default path of the file: that of the user who started the process, whoever it serves as later.
    default_file: Option<PathBuf>,
    /// The default file was there once, so a reload does not go on without it.
    had_default_file: AtomicBool,
}

/// What was asked for, with the settings in effect.
#[derive(Debug)]
pub struct Asked {
    /// The command line, completed from the other sources.
    pub line: CommandLine,
    /// The settings, and where they came from.
    pub loaded: Loaded,
}

impl Asked {
    /// Returns a remark for each setting that was given and does not count, because another one is missing.
    pub fn idle(&self) -> Vec<String> {
        let entry = |key: &str| {
            let mut entries = self.loaded.settings.iter().map(|setting| &setting.entry);
            entries.find(|entry| entry.key == key)
        };
        let idle = IDLE_WITHOUT.iter().filter_map(|&(key, other, begins)| {
            let given = entry(key).filter(|it| it.origin != Origin::Default)?;
            let needed = |it: &Entry| it.texts.iter().any(|text| text.starts_with(begins));
            (!entry(other).is_some_and(needed)).then(|| {
                format!(
                    "{} does not count without --{other} {begins}",
                    given.place()
                )
            })
        });
        idle.map(|remark| remark.trim_end().to_owned()).collect()
    }
}

/// Describes `wacd`.
pub fn program() -> Program {
    Program::new(
        CommandLine::command(),
        None,
        "WACD",
        &["config"],
        &["secret"],
    )
}

/// Returns a configuration file that holds every key at its default, commented out.
pub fn sample() -> String {
    format!("{SAMPLE_HEAD}{}", program().sample())
}

impl Sources {
    /// Takes the command line of this process.
    ///
    /// # Errors
    /// An I/O error if the working directory is gone.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self {
            program: program(),
            words: env::args_os().collect(),
            folder: env::current_dir()?,
            default_file: default_paths::config_file(),
            had_default_file: AtomicBool::default(),
        })
    }

    /// Returns the folder in which relative paths begin.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Returns the command line as it was typed. Ends the process, as clap does, if it is wrong or asks for help.
    pub fn typed(&self) -> CommandLine {
        let matches = self.program.command().clone().get_matches_from(&self.words);
        CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Reads every source.
    ///
    /// # Errors
    /// [`Problems`], with every mistake.
    pub fn read(&self) -> Result<Asked, Problems> {
        let usage = |error: clap::Error| Problems(vec![error.to_string()]);
        let command = self.program.command().clone();
        let matches = command.try_get_matches_from(&self.words).map_err(usage)?;
        let mut problems = Vec::new();
        let mut layers = vec![self.program.environment(&|name| env::var_os(name))];
        if let Some(file) = self.file(&matches, &mut problems) {
            layers.extend(file.layers(None, &self.program, &mut problems));
        }
        if addresses_a_server(&matches) {
            layers.iter_mut().for_each(only_addresses);
        }
        let loaded = self.program.load(&self.words, &layers, problems)?;
        let line = CommandLine::from_arg_matches(&loaded.matches).map_err(usage)?;
        Ok(Asked { line, loaded })
    }

    /// Returns the path of the file that a server reads.
    pub fn path(&self) -> Option<PathBuf> {
        let command = self.program.command().clone();
        let matches = command.try_get_matches_from(&self.words).ok()?;
        self.named(&matches).or_else(|| self.default_file.clone())
    }

    /// Reads the file. One that was named must be there. A named pidfile says all that a server is addressed by.
    fn file(&self, matches: &ArgMatches, problems: &mut Vec<String>) -> Option<File> {
        if addresses_a_server(matches) && typed(matches, "pid_file").is_some() {
            return None;
        }
        if let Some(path) = self.named(matches) {
            return File::open(&path, true, problems);
        }
        let must_exist = self.had_default_file.load(Ordering::Relaxed);
        let file = File::open(self.default_file.as_deref()?, must_exist, problems)?;
        self.had_default_file.store(true, Ordering::Relaxed);
        Some(file)
    }

    /// Returns the path of a file that was named.
    fn named(&self, matches: &ArgMatches) -> Option<PathBuf> {
        let variable = || env::var_os("WACD_CONFIG").filter(|path| !path.is_empty());
        let named = typed(matches, "config").or_else(|| variable().map(PathBuf::from));
        named.map(|path| self.folder.join(path))
    }
}

/// Returns a path that was given as a flag.
fn typed(matches: &ArgMatches, flag: &str) -> Option<PathBuf> {
    let matches = matches.subcommand().map_or(matches, |(_, sub)| sub);
    matches.try_get_one::<PathBuf>(flag).ok()?.cloned()
}

/// Tells whether a subcommand is for a running server or its accounts; the others are for its configuration.
fn addresses_a_server(matches: &ArgMatches) -> bool {
    let verb = matches.subcommand_name();
    verb.is_some_and(|verb| !["check", "config"].contains(&verb))
}

/// Keeps what says where a server and its accounts are: its other settings, right or wrong, are its own.
fn only_addresses(layer: &mut Vec<Entry>) {
    layer.retain(|entry| ["pid-file", "control", "accounts"].contains(&entry.key.as_str()));
}

impl CommandLine {
    /// Returns the options of a server: to start, to check or to show.
    pub fn into_args(self) -> Args {
        match self.verb {
            Some(Verb::Check(serve) | Verb::Config { serve, .. }) => *serve,
            _ => self.serve,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Returns sources with nothing but a default file at this path.
    fn with_default_file(path: PathBuf) -> Sources {
        Sources {
            program: program(),
            words: vec!["wacd".into()],
            folder: "/".into(),
            default_file: Some(path),
            had_default_file: AtomicBool::default(),
        }
    }

    #[test]
    fn a_default_file_may_be_missing_but_not_go_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.toml");
        let sources = with_default_file(path.clone());
        assert!(sources.read().is_ok());
        fs::write(&path, "shards = 3\n").unwrap();
        assert_eq!(sources.read().unwrap().line.serve.shards, Some(3));
        fs::remove_file(&path).unwrap();
        let problems = sources.read().unwrap_err().to_string();
        assert!(problems.contains("wacd.toml: "), "{problems}");
    }
}
