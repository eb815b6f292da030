//! Saving of settings: those that differ from the settings file are written into it. The rest of the
//! file stays as it is, comments too.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, TomlError, Value};

use super::load::config_of;
use crate::app::settings::Settings;
use crate::io::line_file;

const PROFILE: &str = "profile";

/// The settings file, and the profile in use.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    profile: Option<String>,
}

/// A reason why settings are not saved.
#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is no regular file")]
    NotRegular,
    #[error("{}", .0.message())]
    Syntax(#[from] TomlError),
    #[error("{0} is not a table")]
    NoTable(String),
}

impl SettingsFile {
    pub(super) fn new(path: PathBuf, profile: Option<String>) -> Self {
        Self { path, profile }
    }

    /// Saves the settings for the next run; returns a note for the user.
    pub(crate) fn save(&self, settings: &Settings) -> String {
        let path = self.path.display();
        match self.write(settings) {
            Ok(lines) if lines.is_empty() && !self.path.exists() => {
                "nothing to save: every setting has its default".to_owned()
            }
            Ok(lines) if lines.is_empty() => format!("nothing to save: {path} has it all"),
            Ok(lines) => {
                let profile = self.profile.as_ref();
                let place = profile.map_or(String::new(), |name| format!(" [{PROFILE}.{name}]"));
                format!("saved in {path}{place}: {}", lines.join(", "))
            }
            Err(why) => format!("not saved: {path}: {why}"),
        }
    }

    /// Writes what differs from the file; returns it, as lines of the file.
    fn write(&self, settings: &Settings) -> Result<Vec<String>, SaveError> {
        let text = self.read()?;
        let mut document: DocumentMut = text.parse()?;
        let before = values(&self.settings(&text));
        let is_changed = |(key, value): &(&str, Value)| {
            let was = before.iter().find(|(before, _)| before == key);
            was.is_none_or(|(_, before)| before.to_string() != value.to_string())
        };
        let now = values(settings).into_iter();
        let changed: Vec<(&str, Value)> = now.filter(is_changed).collect();
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.table(&mut document)?;
        let mut lines = Vec::new();
        for (key, value) in changed {
            lines.push(format!("{key} = {value}"));
            put(table, key, value);
        }
        replace(&self.path, &document.to_string())?;
        Ok(lines)
    }

    fn read(&self) -> Result<String, SaveError> {
        match fs::metadata(&self.path) {
            Ok(found) if !found.is_file() => Err(SaveError::NotRegular),
            Ok(_) => Ok(fs::read_to_string(&self.path)?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the settings as the file has them.
    fn settings(&self, text: &str) -> Settings {
        config_of(text, self.profile.as_deref()).settings
    }

    /// Returns the table that the settings belong in: the profile, or the whole file.
    fn table<'a>(&self, document: &'a mut DocumentMut) -> Result<&'a mut dyn TableLike, SaveError> {
        let root = document.as_table_mut();
        let Some(name) = &self.profile else {
            return Ok(root);
        };
        let mut profiles = Table::new();
        profiles.set_implicit(true);
        let profiles = root.entry(PROFILE).or_insert(Item::Table(profiles));
        let profile = profiles
            .as_table_like_mut()
            .ok_or_else(|| SaveError::NoTable(PROFILE.to_owned()))?
            .entry(name)
            .or_insert(Item::Table(Table::new()));
        profile
            .as_table_like_mut()
            .ok_or_else(|| SaveError::NoTable(format!("{PROFILE}.{name}")))
    }
}

/// Returns the settings as values of the file.
fn values(settings: &Settings) -> [(&'static str, Value); 11] {
    let log = settings.log.as_ref();
    let log = log.map_or(String::new(), |path| path.display().to_string());
    [
        ("color", settings.color.to_string().into()),
        ("time", settings.time.to_string().into()),
        ("bell", settings.bell.to_string().into()),
        ("highlight", list(&settings.highlight)),
        ("mute", list(&settings.mute)),
        ("notify", settings.notify.to_string().into()),
        ("plain", settings.plain.into()),
        ("reconnect", settings.reconnect.to_string().into()),
        ("log", log.into()),
        ("history", settings.history.to_string().into()),
        ("last", settings.last.to_string().into()),
    ]
}

fn list(items: &[impl ToString]) -> Value {
    Value::Array(items.iter().map(ToString::to_string).collect::<Array>())
}

/// Sets a value; the comment behind it stays.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    let item = table.entry(key).or_insert(Item::None);
    if let Some(before) = item.as_value() {
        *value.decor_mut() = before.decor().clone();
    }
    *item = Item::Value(value);
}

/// Replaces the file at once. A link to it stays one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    line_file::replace(&path, text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::BellLevel;
    use std::os::unix::fs::{PermissionsExt, symlink};

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("wac/client.toml")
        }

        fn with(text: &str) -> Self {
            let home = Self::new();
            fs::create_dir(home.0.path().join("wac")).unwrap();
            fs::write(home.path(), text).unwrap();
            home
        }

        /// Saves settings that differ from the file as these words say; returns the note.
        fn saves(&self, profile: Option<&str>, change: impl Fn(&mut Settings)) -> String {
            let file = SettingsFile::new(self.path(), profile.map(str::to_owned));
            let mut settings = file.settings(&self.text());
            change(&mut settings);
            let note = file.save(&settings);
            note.replace(&self.path().display().to_string(), "FILE")
        }

        fn text(&self) -> String {
            fs::read_to_string(self.path()).unwrap_or_default()
        }
    }

    fn mute(settings: &mut Settings) {
        settings.mute = vec!["bob".parse().unwrap(), "Zoë".parse().unwrap()];
    }

    fn silence(settings: &mut Settings) {
        settings.bell = BellLevel::Off;
    }

    #[test]
    fn a_file_that_is_missing_is_made_for_its_owner_alone() {
        let home = Home::new();
        let told = "nothing to save: every setting has its default";
        assert_eq!(home.saves(None, |_| {}), told);
        let note = home.saves(None, |settings| {
            silence(settings);
            mute(settings);
            settings.plain = true;
        });
        let lines = "bell = \"off\"\nmute = [\"bob\", \"Zoë\"]\nplain = true\n";
        assert_eq!(home.text(), lines);
        let told = lines.trim_end().replace('\n', ", ");
        assert_eq!(note, format!("saved in FILE: {told}"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.path()), 0o600);
        assert_eq!(mode(home.path().parent().unwrap()), 0o700);
        assert_eq!(home.saves(None, |_| {}), "nothing to save: FILE has it all");
    }

    const FILE: &str = "# mine
name = 'ann' # short

bell = \"all\"   # loud
mute = ['eve']

[profile.work] # there
host = \"work\"
[profile.\"a b\"]
";

    #[test]
    fn what_is_not_changed_stays_as_it_is() {
        let home = Home::with(FILE);
        home.saves(None, silence);
        let wanted = FILE.replace("\"all\"", "\"off\"");
        assert_eq!(home.text(), wanted);
        home.saves(None, mute);
        let wanted = wanted.replace("['eve']", "[\"bob\", \"Zoë\"]");
        assert_eq!(home.text(), wanted);
        home.saves(None, |settings| settings.mute.clear());
        assert_eq!(home.text(), wanted.replace("[\"bob\", \"Zoë\"]", "[]"));
    }

    #[test]
    fn a_new_setting_stands_before_the_profiles() {
        let home = Home::with("name = 'ann'\n\n# there\n[profile.work]\nhost = 'work'\n");
        home.saves(None, silence);
        let wanted = "name = 'ann'\nbell = \"off\"\n\n# there\n[profile.work]\nhost = 'work'\n";
        assert_eq!(home.text(), wanted);
    }

    #[test]
    fn under_a_profile_the_profile_is_changed() {
        let home = Home::with(FILE);
        let note = home.saves(Some("work"), silence);
        assert_eq!(note, "saved in FILE [profile.work]: bell = \"off\"");
        let wanted = FILE.replace("\"work\"\n", "\"work\"\nbell = \"off\"\n");
        assert_eq!(home.text(), wanted);
        let inline = Home::with("profile = { work = { host = 'w' } }\n");
        inline.saves(Some("work"), silence);
        let wanted = "profile = { work = { host = 'w' , bell = \"off\" } }\n";
        assert_eq!(inline.text(), wanted);
    }

    #[test]
    fn a_link_stays_a_link() {
        let (home, dotfiles) = (Home::with(""), Home::with("# mine\n"));
        fs::remove_file(home.path()).unwrap();
        symlink(dotfiles.path(), home.path()).unwrap();
        home.saves(None, silence);
        assert!(home.path().is_symlink());
        assert!(dotfiles.text().contains("bell = \"off\""));
        assert!(dotfiles.text().contains("# mine"));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_left_alone() {
        let home = Home::with("bell = \n");
        let note = home.saves(None, mute);
        assert!(note.starts_with("not saved: FILE: "), "{note}");
        assert_eq!(home.text(), "bell = \n");
        let note = Home::with("profile = 1\n").saves(Some("work"), mute);
        assert_eq!(note, "not saved: FILE: profile is not a table");
    }

    #[test]
    fn a_device_is_not_replaced() {
        let null = SettingsFile::new("/dev/null".into(), None);
        let mut settings = Settings::default();
        mute(&mut settings);
        let note = null.save(&settings);
        assert_eq!(note, "not saved: /dev/null: it is no regular file");
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let home = Home::new();
        let mut saved = Settings {
            notify: "notify-send -a 'WAC chat'".parse().unwrap(),
            highlight: vec!["deploy".parse().unwrap()],
            log: Some("/tmp/a \"b\"".into()),
            plain: true,
            ..Settings::default()
        };
        silence(&mut saved);
        mute(&mut saved);
        home.saves(None, |settings| *settings = saved.clone());
        let file = SettingsFile::new(home.path(), None);
        assert_eq!(file.settings(&home.text()), saved);
    }
}
