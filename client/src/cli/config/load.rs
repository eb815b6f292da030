//! Loading of the settings from all sources, with the origin of each.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::file::{self, File};
use super::flags::ConfigFlags;
use super::table::SETTINGS;
use super::{Assignment, ConfigError, Merged, SettingsFile};
use crate::app::settings::Config;
use crate::app::target::Target;

/// The settings, and their origins.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    origins: [Option<String>; SETTINGS.len()],
    /// The file, if it was there.
    path: Option<String>,
    /// Where the file is or would be.
    place: Option<PathBuf>,
    profile: Option<String>,
}

impl Loaded {
    /// Loads the settings.
    ///
    /// # Errors
    /// [`ConfigError`], with every problem found.
    pub(crate) fn load(flags: &ConfigFlags, target: Option<&Target>) -> Result<Self, ConfigError> {
        Self::of(flags, target, &|variable| env::var_os(variable))
    }

    fn of(
        flags: &ConfigFlags,
        target: Option<&Target>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let mut merged = Merged::default();
        let environment = Environment(environment);
        let named = named_file(flags, &environment, &mut merged.problems);
        let place = named.clone().or_else(|| environment.usual_file());
        let must_exist = named.is_some();
        let (path, file) = match &place {
            Some(place) => read_file(place, must_exist, &mut merged.problems),
            None => (None, File::default()),
        };
        let profile = flags
            .profile
            .clone()
            .or_else(|| environment.get("WAC_PROFILE", &mut merged.problems));
        let variables = environment.entries(&mut merged.problems);

        lay_file(&mut merged, file, path.as_deref(), profile.as_deref());
        merged.lay(variables);
        merged.lay(target.map(|target| Assignment {
            key: "host".to_owned(),
            text: target.to_string(),
            origin: "HOST".to_owned(),
        }));
        merged.lay(flags.settings.0.clone());
        if !merged.problems.is_empty() {
            return Err(ConfigError(merged.problems));
        }
        Ok(Self {
            config: merged.config,
            origins: merged.origins,
            path,
            place,
            profile,
        })
    }

    /// Returns the file in which settings are saved, if the environment says where that is.
    pub(crate) fn file(&self) -> Option<SettingsFile> {
        let path = self.place.clone()?;
        Some(SettingsFile::new(path, self.profile.clone()))
    }
}

/// Lays the file over the defaults, and the selected profile over the file; from the other profiles
/// only mistakes are reported.
pub(super) fn lay_file(merged: &mut Merged, file: File, path: Option<&str>, wanted: Option<&str>) {
    merged.lay(file.entries);
    if let Some(wanted) = wanted
        && !file.profiles.contains_key(wanted)
    {
        let names: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
        merged.problems.push(format!(
            "{}: there is no [profile.{wanted}]; there are {}",
            path.unwrap_or("no file"),
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        ));
    }
    for (name, entries) in file.profiles {
        let mut other = Merged::default();
        let profile = if wanted == Some(name.as_str()) {
            &mut *merged
        } else {
            &mut other
        };
        profile.lay(entries);
        merged.problems.append(&mut other.problems);
    }
}

/// Returns the file that the user has named.
fn named_file(
    flags: &ConfigFlags,
    environment: &Environment<'_>,
    problems: &mut Vec<String>,
) -> Option<PathBuf> {
    flags.config.clone().or_else(|| {
        let named = environment.get("WAC_CONFIG", problems);
        named.map(PathBuf::from)
    })
}

/// Reads the file, if it is there.
fn read_file(path: &Path, must_exist: bool, problems: &mut Vec<String>) -> (Option<String>, File) {
    let shown = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => {
            let file = file::read(&shown, &text, problems);
            (Some(shown), file)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => (None, File::default()),
        Err(error) => {
            problems.push(format!("{shown}: {error}"));
            (None, File::default())
        }
    }
}

/// The environment; an empty variable counts as unset.
struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    fn get(&self, variable: &str, problems: &mut Vec<String>) -> Option<String> {
        let value = self.0(variable).filter(|value| !value.is_empty())?;
        value
            .into_string()
            .map_err(|value| problems.push(format!("{variable}: {value:?} is not UTF-8")))
            .ok()
    }

    fn entries(&self, problems: &mut Vec<String>) -> Vec<Assignment> {
        let said = SETTINGS.iter().filter_map(|setting| {
            let origin = setting.variable();
            Some(Assignment {
                key: setting.key.to_owned(),
                text: self.get(&origin, problems)?,
                origin,
            })
        });
        said.collect()
    }

    fn usual_file(&self) -> Option<PathBuf> {
        let folder = |variable| {
            let path = PathBuf::from(self.0(variable)?);
            // The XDG Base Directory Specification says to ignore relative paths.
            path.is_absolute().then_some(path)
        };
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
        Some(config?.join("wac/client.toml"))
    }
}

/// The output of `wac config`, a valid settings file.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => writeln!(f, "# file: {path}")?,
            None => writeln!(f, "# there is no file")?,
        }
        if let Some(profile) = &self.profile {
            writeln!(f, "# profile: {profile}")?;
        }
        for (setting, origin) in SETTINGS.iter().zip(&self.origins) {
            let origin = origin.as_deref().unwrap_or("default");
            match (setting.get)(&self.config) {
                Some(text) => {
                    let line = format!("{} = {}", setting.key, quoted(&text));
                    writeln!(f, "{line:<40} # {origin}")?;
                }
                None => writeln!(f, "# {} is not set", setting.key)?,
            }
        }
        Ok(())
    }
}

/// Returns a text as a value of the file: JSON strings are valid TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::CommandLine;
    use clap::Parser;

    /// Loads with these arguments, these variables and this file.
    fn load(words: &[&str], variables: &[(&str, &str)], text: &str) -> Result<Loaded, ConfigError> {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/wac")).unwrap();
        fs::write(home.path().join(".config/wac/client.toml"), text).unwrap();
        let line = CommandLine::try_parse_from([&["wac"], words].concat()).unwrap();
        Loaded::of(&line.flags, line.target(), &|variable| {
            let said = variables.iter().find(|(name, _)| *name == variable);
            match said {
                None if variable == "HOME" => Some(home.path().into()),
                said => said.map(|(_, value)| value.into()),
            }
        })
    }

    #[track_caller]
    fn has(loaded: &Loaded, host: &str, name: &str) {
        assert_eq!(loaded.config.host.to_string(), host);
        assert_eq!(loaded.config.name.as_ref().unwrap().as_str(), name);
    }

    const FILE: &str = "name = 'ann'\nhost = 'home'\n[profile.work]\nhost = 'work'\n";

    #[test]
    fn flag_goes_before_environment_before_profile_before_file() {
        has(&load(&[], &[], FILE).unwrap(), "home:4700", "ann");
        let work = ["--profile", "work"];
        has(&load(&work, &[], FILE).unwrap(), "work:4700", "ann");
        let said = [
            ("WAC_PROFILE", "work"),
            ("WAC_NAME", "eve"),
            ("WAC_HOST", ""),
        ];
        has(&load(&[], &said, FILE).unwrap(), "work:4700", "eve");
        let words = ["who", "far", "--name", "bob"];
        let loaded = load(&words, &said, FILE).unwrap();
        has(&loaded, "far:4700", "bob");
        assert_eq!(loaded.origins[0].as_deref(), Some("HOST"));
        assert_eq!(loaded.origins[1].as_deref(), Some("--name"));
    }

    #[test]
    fn every_mistake_everywhere_is_told_at_once() {
        let text = "name = 'a b'\ncolour = 1\n[profile.other]\nhost = ':1'\n";
        let words = ["--profile", "work", "--name", "c d"];
        let error = load(&words, &[("WAC_HOST", "x:y")], text).unwrap_err();
        let told = error.to_string();
        for part in [
            "client.toml:1: name: \"a b\" is not a name",
            "client.toml:2: colour: there is no such setting",
            "client.toml:4: host: the host is missing",
            "client.toml: there is no [profile.work]; there are other",
            "WAC_HOST: host: \"y\" is not a port",
            "--name: name: \"c d\" is not a name",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(error.0.len(), 6, "{told}");
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let error = load(&["--config", "/no/such/file"], &[], "").unwrap_err();
        assert!(error.to_string().starts_with("/no/such/file: "), "{error}");
        let error = load(&[], &[("WAC_CONFIG", "/no/such/file")], "").unwrap_err();
        assert!(error.to_string().starts_with("/no/such/file: "), "{error}");
        let nowhere = [("XDG_CONFIG_HOME", "/no/such/folder")];
        assert_eq!(load(&[], &nowhere, "x").unwrap().config, Config::default());
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        let loaded = load(&["config", "--name", "ann"], &[], "host = 'unix:/a \"b\"'").unwrap();
        let printed = loaded.to_string();
        assert!(printed.contains("client.toml:1\n"), "{printed}");
        assert!(printed.contains(" # --name\n"), "{printed}");
        let again = load(&[], &[], &printed).unwrap();
        assert_eq!(again.config, loaded.config);
    }
}
