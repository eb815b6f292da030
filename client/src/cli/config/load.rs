//! Loading of the settings from all sources.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::FromArgMatches;
use wac_settings::{Entry, File, Origin, Problems};

use super::{SettingsFile, program};
use crate::app::settings::Config;
use crate::app::target::Target;
use crate::cli::args::CommandLine;

/// The settings, and their origins.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    settings: wac_settings::Loaded,
    /// The path of the file, if it was there.
    path: Option<String>,
    /// Where the file is or would be.
    place: Option<PathBuf>,
    profile: Option<String>,
}

impl Loaded {
    /// Loads the settings for a command line as it was typed.
    ///
    /// # Errors
    /// [`Problems`], with every mistake.
    pub(crate) fn load(line: &CommandLine) -> Result<Self, Problems> {
        let words: Vec<OsString> = env::args_os().collect();
        Self::of(line, &words, &|variable| env::var_os(variable))
    }

    fn of(
        line: &CommandLine,
        words: &[OsString],
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Problems> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (program, mut problems) = (program(), Vec::new());
        let named = line
            .flags
            .config
            .clone()
            .or_else(|| set("WAC_CONFIG").map(PathBuf::from));
        let place = named.clone().or_else(|| usual_file(variable));
        let open = |place: &PathBuf| File::open(place, named.is_some(), &mut problems);
        let file = place.as_ref().and_then(open);
        let path = file.as_ref().map(|file| file.path.clone());
        let profile = line.flags.profile.clone();
        let profile = profile.or_else(|| Some(set("WAC_PROFILE")?.to_string_lossy().into_owned()));

        let mut layers = vec![
            line.target().map(target).into_iter().collect(),
            program.environment(variable),
        ];
        let file = file.unwrap_or_default();
        layers.extend(file.layers(profile.as_deref(), &program, &mut problems));
        layers.iter_mut().for_each(name_in_host);
        let settings = program.load(words, &layers, problems)?;
        Ok(Self {
            config: config(&settings),
            settings,
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

fn config(settings: &wac_settings::Loaded) -> Config {
    let line = CommandLine::from_arg_matches(&settings.matches);
    line.expect("clap has checked it").flags.settings.into()
}

/// Returns the configuration as a file alone has it; the defaults if it is wrong.
pub(super) fn config_of(text: &str, profile: Option<&str>) -> Config {
    let (program, mut problems) = (program(), Vec::new());
    let file = File::read("", text, &mut problems);
    let mut layers = file.layers(profile, &program, &mut problems);
    layers.iter_mut().for_each(name_in_host);
    let settings = program.load(&["wac".into()], &layers, Vec::new());
    settings.map_or_else(|_| Config::default(), |settings| config(&settings))
}

/// Returns the host of the command line as an entry.
fn target(target: &Target) -> Entry {
    Entry {
        key: "host".to_owned(),
        texts: vec![target.to_string()],
        origin: Origin::Flag("HOST".to_owned()),
    }
}

/// Splits the name off a host, as an entry of its own. A name of its own in the same layer goes before it.
fn name_in_host(layer: &mut Vec<Entry>) {
    let host = layer.iter().find(|entry| entry.key == "host");
    let named =
        host.and_then(|host| Some((host, host.texts.first()?.parse::<Target>().ok()?.name?)));
    let name = named.map(|(host, name)| Entry {
        key: "name".to_owned(),
        texts: vec![name.to_string()],
        origin: host.origin.clone(),
    });
    if !layer.iter().any(|entry| entry.key == "name") {
        layer.extend(name);
    }
}

fn usual_file(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG Base Directory Specification says to ignore relative paths.
    let folder = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    Some(config?.join(Path::new("wac/client.toml")))
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
        self.settings.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Loads with these arguments, these variables and this file.
    fn load(words: &[&str], variables: &[(&str, &str)], text: &str) -> Result<Loaded, Problems> {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/wac")).unwrap();
        fs::write(home.path().join(".config/wac/client.toml"), text).unwrap();
        let words: Vec<OsString> = [&["wac"], words]
            .concat()
            .into_iter()
            .map(OsString::from)
            .collect();
        let matches = program()
            .command()
            .clone()
            .try_get_matches_from(&words)
            .unwrap();
        let line = CommandLine::from_arg_matches(&matches).unwrap();
        Loaded::of(&line, &words, &|variable| {
            let said = variables.iter().find(|(name, _)| *name == variable);
            match said {
                None if variable == "HOME" => Some(home.path().into()),
                said => said.map(|(_, value)| value.into()),
            }
        })
    }

    #[track_caller]
    fn has(loaded: &Loaded, host: &str, name: &str) {
        let hosts = loaded.config.hosts.iter().map(ToString::to_string);
        assert_eq!(hosts.collect::<Vec<_>>().join(","), host);
        assert_eq!(loaded.config.name.as_ref().unwrap().as_str(), name);
    }

    const FILE: &str = "name = 'ann'\nhost = 'home'\n[profile.work]\nhost = 'work'\n";

    #[test]
    fn the_host_of_the_command_line_goes_before_every_other() {
        let said = [
            ("WAC_PROFILE", "work"),
            ("WAC_NAME", "eve"),
            ("WAC_HOST", ""),
        ];
        has(&load(&[], &said, FILE).unwrap(), "work:4700", "eve");
        let loaded = load(&["who", "far", "--name", "bob"], &said, FILE).unwrap();
        has(&loaded, "far:4700", "bob");
        assert!(loaded.to_string().contains("# HOST\n"), "{loaded}");
    }

    #[test]
    fn the_name_in_a_host_is_a_name_of_the_same_source() {
        has(
            &load(&[], &[("WAC_HOST", "dan@x")], FILE).unwrap(),
            "x:4700",
            "dan",
        );
        let both = [("WAC_HOST", "dan@x"), ("WAC_NAME", "eve")];
        has(&load(&[], &both, FILE).unwrap(), "x:4700", "eve");
        has(&load(&["bob@y"], &both, FILE).unwrap(), "y:4700", "bob");
        has(
            &load(&["bob@y", "--name", "zoe"], &both, FILE).unwrap(),
            "y:4700",
            "zoe",
        );
        has(
            &load(&["bob@y,z"], &both, FILE).unwrap(),
            "y:4700,z:4700",
            "bob",
        );
    }

    #[test]
    fn every_mistake_everywhere_is_told_at_once() {
        let text = "name = 'a b'\ncolour = 1\n[profile.other]\nhost = ':1'\n";
        let error = load(&["--profile", "work"], &[("WAC_HOST", "x:y")], text).unwrap_err();
        let told = error.to_string();
        for part in [
            "client.toml:1: name: \"a b\" is not a name",
            "client.toml:2: colour: there is no such key; did you mean 'color'?",
            "client.toml:4: host: the host is missing",
            "client.toml: there is no [profile.work]; there are other",
            "WAC_HOST: \"y\" is not a port",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(error.0.len(), 5, "{told}");
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
    fn a_list_is_written_in_one_way_or_another() {
        let mute = |text: &str| load(&[], &[], text).unwrap().config.settings.mute.len();
        for text in [
            "mute = ['ann', 'bob']",
            "mute = 'ann, bob'",
            "mute = 'ann bob'",
        ] {
            assert_eq!(mute(text), 2, "{text}");
        }
        assert_eq!(mute("mute = []"), 0);
        assert_eq!(mute("mute = ''"), 0);
    }
}
