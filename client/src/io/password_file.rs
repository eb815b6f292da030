//! Password file: its first line is the password.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::protocol::password::{self, Password};

/// Most bytes read: far more than a password has.
const MAX_BYTES: u64 = 4096;
/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// A file that no password is taken from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordFileError {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("others may read it (mode {0:03o})")]
    Readable(u32),
    #[error("its first line is no password")]
    NoPassword,
}

/// Reads a password. What is no file, such as a pipe of the shell, has no others to read it.
///
/// # Errors
/// [`PasswordFileError`].
pub(crate) fn read(path: &Path) -> Result<Password, PasswordFileError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & OTHERS != 0 {
        return Err(PasswordFileError::Readable(mode));
    }
    let mut line = String::new();
    BufReader::new(file.take(MAX_BYTES)).read_line(&mut line)?;
    let text = line.trim_end_matches(['\n', '\r']);
    password::typed(text).ok_or(PasswordFileError::NoPassword)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_first_line_is_the_password() {
        for text in [" two words ", " two words \r\nmore\n"] {
            let read = read(file(text, 0o600).path()).unwrap();
            assert_eq!(Some(read), password::typed(" two words "));
        }
    }

    #[test]
    fn a_file_that_others_may_read_or_without_a_password_is_refused() {
        let error = |text, mode| read(file(text, mode).path()).unwrap_err().to_string();
        assert_eq!(error("secret", 0o640), "others may read it (mode 640)");
        assert_eq!(error("secret", 0o604), "others may read it (mode 604)");
        for text in ["", "\nsecret"] {
            assert_eq!(error(text, 0o400), "its first line is no password");
        }
    }
}
