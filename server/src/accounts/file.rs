//! File of the accounts: private, written anew with every change, by one writer at a time.

use std::io;
use std::path::Path;

use rustix::fs::Mode;

use super::text::Text;
use crate::config::text_file::{PRIVATE, read_private};
use crate::process::safe_open::{Missing, Place};

const HEAD: &str = "# Kept by `wacd account`; `wacd reload` applies it.\n";

/// Reads a file.
///
/// # Errors
/// Every mistake, with its place.
pub(super) fn read(path: &Path) -> Result<Text, Vec<String>> {
    let shown = path.display();
    let text = read_private(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            vec![format!(
                "{shown}: {error}; `wacd account add NAME` makes it"
            )]
        }
        _ => vec![format!("{shown}: {error}")],
    })?;
    Text::parse(&text).map_err(|mistakes| {
        let told = |(line, why)| format!("{shown}:{line}: {why}");
        mistakes.into_iter().map(told).collect()
    })
}

/// Reads a file, or begins one.
///
/// # Errors
/// Every mistake, with its place.
pub(super) fn read_or_begin(path: &Path) -> Result<Text, Vec<String>> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Text::parse(HEAD).expect("a comment is no mistake"))
        }
        _ => read(path),
    }
}

/// Changes a file, while nobody else changes it: what others have written meanwhile is kept.
///
/// # Errors
/// Whatever `change` says, or why the file can't be read or written.
pub(super) fn change(
    path: &Path,
    change: impl FnOnce(&mut Text) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let unwritten = |error: io::Error| {
        anyhow::Error::new(error).context(format!("cannot write {}", path.display()))
    };
    let place = Place::of(path, Missing::Made, None).map_err(unwritten)?;
    let _lock = place.lock_folder().map_err(unwritten)?;
    let mut text = read_or_begin(path).map_err(wac_settings::Problems)?;
    change(&mut text)?;
    place
        .keeping_owner()
        .and_then(|place| {
            let mode = Mode::from_raw_mode(PRIVATE);
            place.replace(text.to_string().as_bytes(), mode)
        })
        .map_err(unwritten)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::accounts::NOBODYS;

    fn add(path: &Path, name: &str) {
        let name = name.parse().unwrap();
        change(path, |text| Ok(text.add(name, NOBODYS.to_owned())?)).unwrap();
    }

    #[test]
    fn a_new_file_is_private_and_a_looser_one_is_refused_with_a_way_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/accounts");
        add(&path, "Ann");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        for loose in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(loose)).unwrap();
            let problem = read(&path).err().unwrap().join("\n");
            assert!(problem.ends_with(&format!("run chmod 600 {}", path.display())));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read(&path).unwrap().accounts().count(), 1);
    }

    #[test]
    fn two_who_change_it_at_once_both_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        let begin = Barrier::new(8);
        thread::scope(|scope| {
            for number in 0..8 {
                let (path, begin) = (&path, &begin);
                scope.spawn(move || {
                    begin.wait();
                    add(path, &format!("user{number}"));
                });
            }
        });
        assert_eq!(read(&path).unwrap().accounts().count(), 8);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing else is left");
    }

    #[test]
    fn a_file_keeps_its_owner_and_a_new_one_is_the_folders() {
        use std::os::unix::fs::{MetadataExt, chown};
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        let path = theirs.join("accounts");
        let owner = || fs::metadata(&path).map(|it| (it.uid(), it.gid())).unwrap();
        chown(&theirs, Some(1), Some(1)).unwrap();
        add(&path, "Ann");
        assert_eq!(owner(), (1, 1));
        chown(&path, Some(2), Some(2)).unwrap();
        add(&path, "Bob");
        assert_eq!(owner(), (2, 2));
    }
}
