//! Sources of the configuration: the command line, the environment and the file, read at the start and again by
//! each reload.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches};
use wac_settings::{Entry, File, Loaded, Problems, Program};

use super::args::{Args, CommandLine, Verb};
use super::default_paths;

/// The beginning of a configuration file.
const SAMPLE_HEAD: &str = "\
# Configuration of wacd: every key, commented out, with its default or, where it has none, its kind.
# A flag or a variable goes before this file. `wacd check` checks it, `wacd reload` applies it.

";

/// The sources, the same for the life of a process.
#[derive(Debug)]
pub struct Sources {
    program: Program,
    words: Vec<OsString>,
    /// The folder in which the process was started: relative paths begin there, whatever the working directory is later.
    folder: PathBuf,
}

/// What was asked for, with the settings in effect.
#[derive(Debug)]
pub struct Asked {
    /// The command line, completed from the other sources.
    pub line: CommandLine,
    /// The settings, and where they came from.
    pub loaded: Loaded,
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
        let matches = self
            .program
            .command()
            .clone()
            .try_get_matches_from(&self.words);
        let matches = matches.map_err(usage)?;
        let typed = CommandLine::from_arg_matches(&matches).map_err(usage)?;
        let mut problems = Vec::new();
        let mut layers = vec![self.program.environment(&|name| env::var_os(name))];
        layers.extend(self.file(&typed, &mut problems));
        if typed.addresses_a_server() {
            layers.iter_mut().for_each(only_addresses);
        }
        let loaded = self.program.load(&self.words, &layers, problems)?;
        let line = CommandLine::from_arg_matches(&loaded.matches).map_err(usage)?;
        Ok(Asked { line, loaded })
    }

    /// Reads the file. One that was named must be there. A named pidfile says all that a server is addressed by.
    fn file(&self, typed: &CommandLine, problems: &mut Vec<String>) -> Option<Vec<Entry>> {
        if typed.addresses_a_server() && typed.pid_file().is_some() {
            return None;
        }
        let variable = || env::var_os("WACD_CONFIG").filter(|path| !path.is_empty());
        let named = typed.config().or_else(|| variable().map(PathBuf::from));
        let named = named.map(|path| self.folder.join(path));
        let path = named.clone().or_else(default_paths::config_file)?;
        let file = File::open(&path, problems);
        if file.is_none() && named.is_some() && problems.is_empty() {
            problems.push(format!("{}: there is no such file", path.display()));
        }
        Some(file?.entries)
    }
}

/// Keeps what says where a server is: its other settings, right or wrong, are its own.
fn only_addresses(layer: &mut Vec<Entry>) {
    layer.retain(|entry| ["pid-file", "control"].contains(&entry.key.as_str()));
}

impl CommandLine {
    /// Returns the options of a server: to start, to check or to show.
    pub fn into_args(self) -> Args {
        match self.verb {
            Some(Verb::Check(serve) | Verb::Config { serve, .. }) => *serve,
            _ => self.serve,
        }
    }

    fn addresses_a_server(&self) -> bool {
        matches!(
            self.verb,
            Some(Verb::Stop { .. } | Verb::Status { .. } | Verb::Reload { .. })
        )
    }

    fn config(&self) -> Option<PathBuf> {
        let arg = match &self.verb {
            Some(
                Verb::Stop { server, .. } | Verb::Status { server } | Verb::Reload { server, .. },
            ) => &server.config,
            Some(Verb::Check(serve) | Verb::Config { serve, .. }) => &serve.config,
            Some(Verb::Completions { .. } | Verb::Man { .. }) | None => &self.serve.config,
        };
        arg.config.clone()
    }

    fn pid_file(&self) -> Option<&PathBuf> {
        match &self.verb {
            Some(
                Verb::Stop { server, .. } | Verb::Status { server } | Verb::Reload { server, .. },
            ) => server.pid_file.pid_file.as_ref(),
            _ => None,
        }
    }
}
