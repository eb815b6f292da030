//! Configuration: the settings merged from all sources.
//!
//! ```text
//!  default < file < profile (a part of the file) < environment < command line
//! ```
//!
//! Each source is a list of [assignments](Assignment): a key, a value, its origin. Merged, they
//! make a [`Config`]. Every mistake is reported at once, also in profiles that are not selected.

mod file;
pub(crate) mod flags;
mod load;
mod save;
pub(crate) mod table;

use std::fmt;

pub(crate) use self::load::Loaded;
pub(crate) use self::save::SettingsFile;
use self::table::SETTINGS;
use crate::app::settings::Config;
use crate::app::target::Target;

/// A value for one setting, from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) key: String,
    pub(crate) text: String,
    /// Its origin, as the user is told it: `--name`, `WAC_NAME`, `client.toml:3`.
    pub(crate) origin: String,
}

/// Every mistake in the settings, a line each.
#[derive(Debug, thiserror::Error)]
pub(crate) struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\nwac: "))
    }
}

/// The settings merged so far.
#[derive(Debug, Default)]
struct Merged {
    config: Config,
    /// The origin of each, in the order of [`SETTINGS`]; `None` is the default.
    origins: [Option<String>; SETTINGS.len()],
    problems: Vec<String>,
}

impl Merged {
    /// Lays assignments over those before. The last for a setting wins, but a name of its own goes
    /// before the name in a host.
    fn lay(&mut self, entries: impl IntoIterator<Item = Assignment>) {
        let (hosts, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.key == "host");
        let hosts = hosts.into_iter().flat_map(name_and_host);
        hosts.chain(others).for_each(|entry| self.put(entry));
    }

    fn put(&mut self, entry: Assignment) {
        let Assignment { key, text, origin } = entry;
        let Some(at) = SETTINGS.iter().position(|setting| setting.key == key) else {
            let keys = SETTINGS.map(|setting| setting.key).join(", ");
            self.problems.push(format!(
                "{origin}: {key}: there is no such setting; there are {keys}"
            ));
            return;
        };
        match (SETTINGS[at].put)(&mut self.config, &text) {
            Ok(()) => self.origins[at] = Some(origin),
            Err(why) => self.problems.push(format!("{origin}: {key}: {why}")),
        }
    }
}

/// Splits the name off a host, as an assignment of its own.
fn name_and_host(entry: Assignment) -> Vec<Assignment> {
    let name = entry.text.parse::<Target>().ok().and_then(|at| at.name);
    let name = name.map(|name| Assignment {
        key: "name".to_owned(),
        text: name.to_string(),
        origin: entry.origin.clone(),
    });
    [Some(entry), name].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::file::tests::entry;
    use super::*;

    #[test]
    fn what_is_laid_last_counts() {
        let mut merged = Merged::default();
        merged.lay([entry("host", "home", "f:1"), entry("name", "ann", "f:2")]);
        merged.lay([entry("host", "work:99", "f:4")]);
        assert_eq!(merged.config.host.to_string(), "work:99");
        assert_eq!(merged.config.name.unwrap().as_str(), "ann");
        assert_eq!(merged.origins[0].as_deref(), Some("f:4"));
        assert_eq!(merged.origins[1].as_deref(), Some("f:2"));
        assert_eq!(merged.problems, [""; 0]);
    }

    #[test]
    fn the_name_of_a_host_is_a_name() {
        let mut merged = Merged::default();
        merged.lay([entry("name", "eve", "f:1")]);
        merged.lay([entry("host", "ann@home", "WAC_HOST")]);
        assert_eq!(merged.config.name.as_ref().unwrap().as_str(), "ann");
        assert_eq!(merged.origins[1].as_deref(), Some("WAC_HOST"));
        merged.lay([
            entry("name", "bob", "--name"),
            entry("host", "ann@x", "HOST"),
        ]);
        assert_eq!(merged.config.name.unwrap().as_str(), "bob");
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let mut merged = Merged::default();
        merged.lay([
            entry("name", "a b", "f:1"),
            entry("host", "home:x", "WAC_HOST"),
            entry("colour", "red", "f:3"),
        ]);
        assert_eq!(
            merged.problems,
            [
                "WAC_HOST: host: \"x\" is not a port; wanted a number from 1 to 65535",
                "f:1: name: \"a b\" is not a name: it is more than one word",
                "f:3: colour: there is no such setting; there are host, name, alt-name, color, time, bell, highlight, mute, notify, plain, reconnect, log, history",
            ]
        );
        assert_eq!(merged.config, Config::default());
    }
}
