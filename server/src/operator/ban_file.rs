//! File of the bans: written anew with every change, and read at the start, so that bans outlive the server.
//!
//! ```toml
//! [[ban]]
//! network = "192.0.2.0/24"
//! until = "2026-12-01T00:00:00Z"
//! reason = "spam"
//! ```

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};
use wac_core::admission::bans::Bans;
use wac_settings::Problems;

use crate::config::identity::Identity;
use crate::operator::protocol::BanRow;
use crate::process::safe_open::{Missing, Place};

const HEAD: &str =
    "# Kept by `wacd ban` and `wacd unban`. Edit it only while the server is stopped.\n\n";
const MODE: u32 = 0o600;

/// The place where bans are kept; without a path, none are.
#[derive(Debug, Clone)]
pub struct BanFile(Option<PathBuf>);

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    ban: Vec<BanRow>,
}

impl BanFile {
    /// Reads the bans of a file, if it is there. If `server` is another user, its folder is made, for only root can.
    ///
    /// # Errors
    /// [`Problems`], with the line that is wrong.
    pub fn open(path: Option<&Path>, server: Option<&Identity>) -> Result<(Self, Bans), Problems> {
        let bans = path.map_or(Ok(Bans::default()), |path| read(path, server))?;
        Ok((Self(path.map(Path::to_owned)), bans))
    }

    /// Writes the bans: a reader finds the old file or the new one, whole.
    ///
    /// # Errors
    /// Why they can't be written.
    pub(crate) fn write(&self, bans: &Bans) -> Result<(), String> {
        let Some(path) = &self.0 else {
            return Err("it has no file for bans; name one with --bans".to_owned());
        };
        let content = Content {
            ban: bans.iter().map(BanRow::from).collect(),
        };
        let text = toml::to_string(&content).expect("a ban is a table of texts");
        let replace = || {
            let place = Place::of(path, Missing::Made, None)?;
            place.replace(
                format!("{HEAD}{text}").as_bytes(),
                Mode::from_raw_mode(MODE),
            )
        };
        replace().map_err(|error: io::Error| {
            // The sandbox lets through the folder that was there at the start.
            let remedy = match error.kind() {
                io::ErrorKind::PermissionDenied => "; if its folder is a new one, restart wacd",
                _ => "",
            };
            format!("cannot write {}: {error}{remedy}", path.display())
        })
    }
}

fn read(path: &Path, server: Option<&Identity>) -> Result<Bans, Problems> {
    let shown = path.display();
    let problem = |why: String| Problems(vec![why]);
    match text_of(path, server) {
        Ok(text) => parse(&text).map_err(|(line, why)| {
            problem(format!(
                "{shown}:{line}: {why}; mend it, or take that ban out and use `wacd ban`"
            ))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Bans::default()),
        Err(error) => Err(problem(format!("cannot read the bans in {shown}: {error}"))),
    }
}

fn text_of(path: &Path, server: Option<&Identity>) -> io::Result<String> {
    let missing = match server {
        Some(_) => Missing::Made,
        None => Missing::Refused,
    };
    let place = Place::of(path, missing, server)?;
    let mut text = String::new();
    let mut file = place.open(OFlags::RDONLY, &[FileType::RegularFile])?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Parses a file; an error has its line.
fn parse(text: &str) -> Result<Bans, (usize, String)> {
    let content: Content = toml::from_str(text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start)];
        let line = 1 + before.matches('\n').count();
        (line, error.message().to_owned())
    })?;
    Ok(content.ban.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};

    use wac_core::admission::bans::Ban;

    use super::*;

    fn bans() -> Bans {
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ban = |until, reason: Option<&str>| Ban {
            until,
            reason: reason.map(Into::into),
        };
        [
            ("192.0.2.0/24", ban(Some(until), Some("too \"loud\"\\"))),
            ("2001:db8::/64", ban(None, None)),
        ]
        .map(|(network, ban)| (network.parse().unwrap(), ban))
        .into_iter()
        .collect()
    }

    #[test]
    fn bans_are_read_as_they_were_written_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/bans.toml");
        let (file, none) = BanFile::open(Some(&path), None).unwrap();
        assert_eq!(none, Bans::default());
        assert!(!path.exists(), "nothing is made before there is a ban");
        for bans in [bans(), Bans::default(), bans()] {
            file.write(&bans).unwrap();
            assert_eq!(BanFile::open(Some(&path), None).unwrap().1, bans);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_writer_that_was_killed_left_behind_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bans.toml");
        fs::write(folder.path().join("bans.toml.new"), "half of a").unwrap();
        let (file, _) = BanFile::open(Some(&path), None).unwrap();
        file.write(&bans()).unwrap();
        assert_eq!(BanFile::open(Some(&path), None).unwrap().1, bans());
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line_and_a_way_on() {
        for (line, text) in [
            (2, "[[ban]]\nnetwork = \"here\"\n"),
            (
                3,
                "[[ban]]\nnetwork = \"192.0.2.1\"\nuntil = \"tomorrow\"\n",
            ),
            (
                3,
                "[[ban]]\nnetwork = \"192.0.2.1\"\nreason = \"\\u0007\"\n",
            ),
            (3, "[[ban]]\nnetwork = \"192.0.2.1\"\nwhy = \"x\"\n"),
            (1, "[[ban]]\nreason = \"x\"\n"),
            (2, "[[ban]]\nnetwork = \n"),
            (1, "bans = []\n"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("bans.toml");
            fs::write(&path, text).unwrap();
            let error = BanFile::open(Some(&path), None).unwrap_err().to_string();
            let place = format!("{}:{line}: ", path.display());
            assert!(error.starts_with(&place), "{text}: {error}");
            assert!(
                error.contains("mend it") && !error.contains('\n'),
                "{error}"
            );
            assert_eq!(
                fs::read_to_string(&path).unwrap(),
                text,
                "it is left as it is"
            );
        }
    }

    #[test]
    fn a_server_without_a_file_says_so() {
        let (file, _) = BanFile::open(None, None).unwrap();
        assert!(file.write(&bans()).unwrap_err().contains("--bans"));
    }
}
