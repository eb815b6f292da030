//! Errors of a history that can't be used, and what to do about them.

use std::io;
use std::path::{Path, PathBuf};

/// The error of a history that keeps the server from serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The system denies it.
    #[error("cannot use the history in {}{}", path.display(), by(user.as_deref()))]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// The serving user, if not the one who starts the server.
        user: Option<String>,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another server writes it.
    #[error("the history in {} is that of a server that runs", .0.display())]
    InUse(PathBuf),
    /// A newer version wrote it.
    #[error("{} was written by a newer wacd", .0.display())]
    Newer(PathBuf),
    /// It is not what was written.
    #[error("{}:{line}: the history is damaged here", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

fn by(user: Option<&str>) -> String {
    user.map_or_else(String::new, |user| format!(" as {user}"))
}

impl HistoryError {
    pub(super) fn unusable(path: &Path, user: Option<&str>, source: io::Error) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            user: user.map(str::to_owned),
            source,
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unusable { user, path, .. } => {
                let user = user.as_deref()?;
                let path = path.display();
                Some(format!(
                    "make {path}, and chown it with all that is in it to {user}"
                ))
            }
            Self::InUse(_) => Some("stop that server, or choose another --history".to_owned()),
            Self::Newer(_) => Some("start that version, or choose another --history".to_owned()),
            Self::Damaged { path, .. } => {
                let folder = path.parent().unwrap_or(path).display();
                Some(format!(
                    "put a copy of the file in its place; or move {folder} away: then the room begins anew, and knows no mark of before"
                ))
            }
        }
    }
}
