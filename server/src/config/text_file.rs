//! Text files that the configuration names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytesize::ByteSize;
use wac_core::text_file::decode;

/// The most that is read of a file, so that one named by mistake, such as a device, ends.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a text file, or a pipe.
///
/// # Errors
/// An I/O error; or a message that says why the file is no text, and where.
pub(super) fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// Reads an open text file.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn read_from(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = ByteSize::b(MOST_BYTES);
        return Err(io::Error::other(format!("it holds more than {most}")));
    }
    let text = decode(&bytes).map_err(io::Error::other)?;
    Ok(text.to_owned())
}
