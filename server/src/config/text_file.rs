//! Text files that the configuration names.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bytesize::ByteSize;
use rustix::fs::{FileType, OFlags};
use wac_core::text_file::decode;

use crate::process::safe_open::{Missing, Place};

/// The permissions of a private file.
pub(crate) const PRIVATE: u32 = 0o600;
/// The permissions of others.
const OTHERS: u32 = 0o077;
/// The most that is read of a file, so that one named by mistake, such as a device, ends.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a text file, or a pipe.
///
/// # Errors
/// An I/O error; or a message that says why the file is no text, and where.
pub(super) fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// Reads a text file that its owner alone may read or write.
///
/// # Errors
/// Those of [`read`], and those of [`Place`]; or a message that says that others may, and the remedy.
pub(crate) fn read_private(path: &Path) -> io::Result<String> {
    let place = Place::of(path, Missing::Refused, None)?;
    let file = place.open(OFlags::RDONLY, &[FileType::RegularFile])?;
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        let shown = path.display();
        return Err(io::Error::other(format!(
            "others may read or write it; run chmod {PRIVATE:o} {shown}"
        )));
    }
    read_from(file)
}

fn read_from(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = ByteSize::b(MOST_BYTES);
        return Err(io::Error::other(format!("it holds more than {most}")));
    }
    let text = decode(&bytes).map_err(io::Error::other)?;
    Ok(text.to_owned())
}
