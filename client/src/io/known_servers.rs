//! Known servers: the keys that servers showed the first time, kept across runs in
//! `$XDG_STATE_HOME/wac/known_servers`.
//!
//! ```text
//! chat.lan:4701 sha256:3b0c…
//! ```
//! A server's first line counts. Nothing is ever replaced: its user takes out a line to forget a key.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use wac_tls::{Fingerprint, NotAFingerprint};

use super::line_file::{self, LOCK_ATTEMPTS};

/// The file of known servers.
#[derive(Debug, Clone)]
pub(crate) struct KnownServers {
    path: PathBuf,
}

/// A key, and the number of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownKey {
    pub(super) key: Fingerprint,
    pub(super) line: usize,
}

/// Why it is not known whether a server is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KnownServersError {
    #[error("cannot read {path}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}:{line}", path = path.display())]
    Line {
        path: PathBuf,
        line: usize,
        source: NotAFingerprint,
    },
}

impl KnownServers {
    /// Returns the file at its default path, if the environment says where the user's files are.
    pub(crate) fn usual(environment: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let path = line_file::usual_path("known_servers", environment)?;
        Some(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Finds the key of a server, written `host:port`.
    ///
    /// # Errors
    /// The file, or the server's line, cannot be read: it may be known.
    pub(super) fn find(&self, server: &str) -> Result<Option<KnownKey>, KnownServersError> {
        let text = self
            .read()
            .map_err(|source| KnownServersError::Unreadable {
                path: self.path.clone(),
                source,
            })?;
        let mut lines = (1..).zip(text.lines());
        let found = lines.find_map(|(line, text)| {
            let (named, key) = text.trim().split_once(char::is_whitespace)?;
            named.eq_ignore_ascii_case(server).then_some((line, key))
        });
        let Some((line, key)) = found else {
            return Ok(None);
        };
        match key.trim_start().parse() {
            Ok(key) => Ok(Some(KnownKey { key, line })),
            Err(source) => Err(KnownServersError::Line {
                path: self.path.clone(),
                line,
                source,
            }),
        }
    }

    fn read(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        match line_file::open(&self.path, OpenOptions::new().read(true)) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Adds a server that was not known.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(&self, server: &str, key: Fingerprint) -> io::Result<()> {
        line_file::append(&self.path, &[format!("{server} {key}")], LOCK_ATTEMPTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(home: &tempfile::TempDir) -> KnownServers {
        let path = home.path().join("wac/known_servers");
        KnownServers { path }
    }

    fn key(digit: &str) -> Fingerprint {
        format!("sha256:{}", digit.repeat(64)).parse().unwrap()
    }

    #[test]
    fn a_server_is_known_once_it_was_added() {
        let home = tempfile::tempdir().unwrap();
        let known = file(&home);
        assert_eq!(known.find("chat.lan:4701").unwrap(), None);
        known.add("other:4701", key("a")).unwrap();
        known.add("chat.lan:4701", key("b")).unwrap();
        known.add("chat.lan:4701", key("c")).unwrap();
        let (key, line) = (key("b"), 2);
        let found = known.find("Chat.lan:4701").unwrap();
        assert_eq!(found, Some(KnownKey { key, line }));
        assert_eq!(known.find("chat.lan:4702").unwrap(), None);
        let mode = fs::metadata(known.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn comments_and_blank_lines_may_stand_between() {
        let home = tempfile::tempdir().unwrap();
        let known = file(&home);
        known.add("other:1", key("a")).unwrap();
        let text = format!("\n# chat:1 x\n  chat:1   {}", key("b"));
        fs::write(known.path(), text).unwrap();
        assert_eq!(known.find("chat:1").unwrap().unwrap().line, 3);
        known.add("work:1", key("c")).unwrap();
        assert_eq!(known.find("work:1").unwrap().unwrap().line, 4);
    }

    #[test]
    fn a_line_that_cannot_be_read_makes_no_server_a_new_one() {
        let home = tempfile::tempdir().unwrap();
        let known = file(&home);
        known.add("chat:1", key("a")).unwrap();
        fs::write(known.path(), "chat:1 sha256:half\n").unwrap();
        assert!(matches!(
            known.find("chat:1"),
            Err(KnownServersError::Line { line: 1, .. })
        ));
        fs::remove_file(known.path()).unwrap();
        fs::create_dir(known.path()).unwrap();
        assert!(matches!(
            known.find("chat:1"),
            Err(KnownServersError::Unreadable { .. })
        ));
    }
}
