//! Place file: the place in the room up to which `wac listen --since FILE` has written its output.
//!
//! ```text
//! MARK 1f0c9a6c5be54c11-123456-1795957277
//! bob: hello
//! ```
//! The first line is a mark of the server, or `MARK` alone, which is the beginning of the room; each of the others is a line of
//! the room that was written out since. So the next run knows to the line where to go on, however this one ended. A new mark replaces the file at once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use wac_core::mark::may_be_mark;

use super::line_file;
use crate::protocol::catch_up::{Place, Progress};

/// Stands before the mark, as on the wire.
const MARK: &str = "MARK";

/// A file with a place.
#[derive(Debug)]
pub(crate) struct PlaceFile {
    path: PathBuf,
    /// Lines are appended to it; `None`: there is no mark yet that they could follow.
    file: Option<File>,
}

/// A reason why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceFileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it holds something else than a place of wac listen")]
    Strange,
}

impl PlaceFile {
    /// Opens a file, and returns the place in it; a missing or empty file has none.
    ///
    /// # Errors
    /// It cannot be read and written, or holds something else.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Place>), PlaceFileError> {
        let path = path.to_owned();
        let file = match line_file::open(&path, OpenOptions::new().read(true).append(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok((Self { path, file: None }, None));
            }
            Err(error) => return Err(error.into()),
        };
        let mut text = Vec::new();
        (&file).read_to_end(&mut text)?;
        if text.is_empty() {
            return Ok((Self { path, file: None }, None));
        }
        let whole = text.iter().rposition(|&byte| byte == b'\n');
        text.truncate(whole.map_or(0, |end| end + 1));
        let place = parse(&text).ok_or(PlaceFileError::Strange)?;
        // A line that was cut off would make the next one another.
        file.set_len(text.len() as u64)?;
        let file = Some(file);
        Ok((Self { path, file }, Some(place)))
    }

    /// Writes what is new. Lines before the last mark need not be written.
    ///
    /// # Errors
    /// The system's, with the path.
    pub(crate) fn write(&mut self, news: &[Progress]) -> io::Result<()> {
        self.try_write(news).map_err(|error| {
            let path = self.path.display();
            io::Error::new(error.kind(), format!("{path}: {error}"))
        })
    }

    fn try_write(&mut self, news: &[Progress]) -> io::Result<()> {
        let is_mark = |news: &Progress| matches!(news, Progress::Mark(_));
        let begin = news.iter().rposition(is_mark).unwrap_or(0);
        let mut lines = String::new();
        for news in &news[begin..] {
            match news {
                Progress::Mark(mark) => {
                    let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
                    let text = first_line(mark.as_deref());
                    self.file = Some(line_file::replace(&path, &text)?);
                }
                Progress::Line(line) => {
                    lines.push_str(line);
                    lines.push('\n');
                }
            }
        }
        self.append(&lines)
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()),
            None => Ok(()),
        }
    }
}

fn parse(text: &[u8]) -> Option<Place> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let mark = match lines.next()?.strip_prefix(MARK)? {
        "" => None,
        mark => Some(mark.strip_prefix(' ').filter(|mark| may_be_mark(mark))?),
    };
    Some(Place::with(mark, lines.map(str::to_owned)))
}

fn first_line(mark: Option<&str>) -> String {
    match mark {
        Some(mark) => format!("{MARK} {mark}\n"),
        None => format!("{MARK}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn line(text: &str) -> Progress {
        Progress::Line(text.to_owned())
    }

    fn mark(text: &str) -> Progress {
        Progress::Mark(Some(text.to_owned()))
    }

    fn place(mark: &str, lines: &[&str]) -> Place {
        Place::with(Some(mark), lines.iter().map(ToString::to_string))
    }

    #[track_caller]
    fn reads(path: &Path) -> Option<Place> {
        PlaceFile::open(path).unwrap().1
    }

    #[test]
    fn a_place_is_the_last_mark_and_the_lines_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("place");
        assert_eq!(reads(&path), None);
        let (mut file, _) = PlaceFile::open(&path).unwrap();
        file.write(&[line("bob: before")]).unwrap();
        assert_eq!(reads(&path), None);
        file.write(&[line("bob: one"), mark("a-1"), line("bob: two")])
            .unwrap();
        file.write(&[line("bob: three")]).unwrap();
        assert_eq!(
            reads(&path),
            Some(place("a-1", &["bob: two", "bob: three"]))
        );
        let (mut again, _) = PlaceFile::open(&path).unwrap();
        again.write(&[line("bob: four")]).unwrap();
        let lines = ["bob: two", "bob: three", "bob: four"];
        assert_eq!(reads(&path), Some(place("a-1", &lines)));
        again.write(&[mark("a-2")]).unwrap();
        assert_eq!(reads(&path), Some(place("a-2", &[])));
        again
            .write(&[Progress::Mark(None), line("bob: five")])
            .unwrap();
        let beginning = Place::with(None, ["bob: five".to_owned()]);
        assert_eq!(reads(&path), Some(beginning));
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn a_line_that_was_cut_off_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("place");
        fs::write(&path, b"MARK a-1\nbob: zero\nZo\xc3").unwrap();
        let (mut file, _) = PlaceFile::open(&path).unwrap();
        file.write(&[line("bob: two")]).unwrap();
        assert_eq!(reads(&path), Some(place("a-1", &["bob: zero", "bob: two"])));
    }

    #[test]
    fn what_is_no_place_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        for text in [
            "my notes\n",
            "MARK \n",
            "MARKa-1\n",
            "MARK a b\n",
            "\u{fffd}",
        ] {
            fs::write(&path, text).unwrap();
            assert!(matches!(
                PlaceFile::open(&path),
                Err(PlaceFileError::Strange)
            ));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, "").unwrap();
        assert_eq!(reads(&path), None);
        let null = Path::new("/dev/null");
        assert!(matches!(PlaceFile::open(null), Err(PlaceFileError::Io(_))));
    }
}
