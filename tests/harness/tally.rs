//! Tally of joins and leaves, counted from the notices.

/// Counts of joins and leaves, from single and gathered notices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Notices of joins and leaves.
    pub lines: usize,
    /// Notices among them about several people.
    pub gathered: usize,
    /// People who joined.
    pub joined: usize,
    /// People who left.
    pub left: usize,
}

impl Tally {
    /// Counts a line, if it is such a notice.
    ///
    /// # Panics
    ///
    /// If it is a notice of joins and leaves that violates the protocol.
    #[track_caller]
    pub fn add(&mut self, line: &str) {
        let Some(notice) = line.strip_prefix("* ") else {
            return;
        };
        if !notice.ends_with(" joined") && !notice.ends_with(" left") {
            return;
        }
        self.lines += 1;
        match notice.split_once(" more ") {
            Some(_) => self.add_gathered(notice),
            None if notice.ends_with(" joined") => self.joined += 1,
            None => self.left += 1,
        }
    }

    /// Parses `129 more joined, 12 more left`, or one half of it.
    #[track_caller]
    fn add_gathered(&mut self, notice: &str) {
        self.gathered += 1;
        for part in notice.split(", ") {
            let (number, what) = part
                .split_once(" more ")
                .expect("each half contains the word more");
            let number: usize = number.parse().expect("it tells how many");
            match what {
                "joined" => self.joined += number,
                "left" => self.left += number,
                other => panic!("not a notice: {other}"),
            }
        }
    }
}
