//! Model of the room log and its cursors: for each reader, a plain list of the bytes it is to receive.

mod due;

use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};

use super::{Cursor, Private, Written};
use crate::log::{CHUNK_BYTES, Position, RoomLog, View, line_feeds};
use crate::unix_time::UnixSeconds;
pub(crate) use due::Due;

/// Gives a socket up to `room` bytes of what a cursor gathers; tells `advance` how many it took of the slices.
pub(crate) fn write(
    cursor: &Cursor,
    view: &View,
    said: &[u8],
    due: &mut Due,
    room: usize,
) -> usize {
    let mut slices = [IoSlice::new(&[]); 3];
    let filled = cursor.gather(view, &mut slices, room);
    let mut taken = 0;
    for slice in &slices[..filled] {
        let now = slice.len().min(room - taken);
        due.receive(said, &slice[..now]);
        taken += now;
    }
    taken
}

/// A run: some shards with a view each, five readers, and what happens.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) shards: usize,
    /// The size of the window.
    pub(crate) window_chunks: usize,
    /// The bytes between the head and the end of its chunk, when the readers come.
    pub(crate) before_end: u16,
    pub(crate) steps: Vec<Step>,
}

/// Something that happens. Readers and shards are counted round.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Step {
    /// A reader sends a line.
    Say {
        from: u8,
        bytes: u16,
    },
    /// A reader's line is appended by somebody else; its shard is told before it reads the log again.
    SayElsewhere {
        from: u8,
        bytes: u16,
    },
    /// Private text for a reader, posted some bytes before the head.
    Tell {
        to: u8,
        kind: Kind,
        back: u16,
        bytes: u8,
    },
    /// A reader is shown some lines again, which begin and end as far from the first and the last that its shard has.
    ShowAgain {
        to: u8,
        back: u16,
        from: u8,
        before_end: u8,
    },
    /// A reader's gate is closed, or the first one opened.
    Shut(u8),
    Open(u8),
    /// A shard reads the log.
    CatchUp {
        shard: u8,
        back: u16,
    },
    /// A reader's socket takes some bytes.
    Write {
        to: u8,
        bytes: u16,
    },
    /// A reader receives everything up to here, and nothing more.
    Close(u8),
    /// Others fill the chunk, or the next one, but for some bytes.
    Fill {
        before_end: u8,
    },
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Kind {
    Own,
    Whisper,
    Reply,
}

impl<'a> Arbitrary<'a> for Run {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut run = Self {
            shards: u.int_in_range(1..=3)?,
            window_chunks: if u.arbitrary()? { 1 } else { 64 },
            before_end: u.arbitrary()?,
            steps: Vec::new(),
        };
        while !u.is_empty() {
            run.steps.push(u.arbitrary()?);
        }
        Ok(run)
    }
}

const READERS: usize = 5;
/// Bytes of the longest line.
const LINE_BYTES: usize = if cfg!(fuzzing) { 600 } else { 5000 };
/// Chunks that a run fills at most, so that it is short.
const MOST_FILLED: usize = if cfg!(fuzzing) { 100 } else { 4 };

struct World {
    log: RoomLog,
    /// The whole log.
    said: Vec<u8>,
    /// The places where lines begin.
    starts: Vec<usize>,
    views: Vec<View>,
    readers: Vec<Reader>,
    filled: usize,
    serial: u32,
}

struct Reader {
    shard: usize,
    cursor: Cursor,
    /// Own lines of which the shard has not been told.
    untold: Vec<Range<usize>>,
    due: Due,
    state: State,
    /// The weights that came, less those that went.
    waiting: Waiting,
    lines: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    /// Bytes that it had not read have left the window.
    Lost,
}

/// The weights of the detours that wait.
#[derive(Debug, Default, PartialEq, Eq)]
struct Waiting {
    own: usize,
    whispers: usize,
    replies: usize,
}

/// Plays a run.
///
/// # Panics
/// If a reader receives something else than what is due to it.
pub(crate) fn play(run: &Run) {
    let mut world = World::new(run);
    for step in &run.steps {
        world.step(*step);
    }
    world.finish();
}

impl World {
    fn new(run: &Run) -> Self {
        let mut world = Self {
            log: RoomLog::new(CHUNK_BYTES * run.window_chunks),
            said: Vec::new(),
            starts: vec![0],
            views: (0..run.shards).map(|_| View::default()).collect(),
            readers: Vec::new(),
            filled: 0,
            serial: 0,
        };
        if run.before_end > 0 {
            world.fill(run.before_end.into());
        }
        let log = &world.log;
        world.views.iter_mut().for_each(|view| view.catch_up(log));
        let reader = |n| Reader {
            shard: n % run.shards,
            cursor: Cursor::new(world.log.head()),
            untold: Vec::new(),
            due: Due::default(),
            state: State::Open,
            waiting: Waiting::default(),
            lines: 0,
        };
        world.readers = (0..READERS).map(reader).collect();
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say { from, bytes } => self.say(from, bytes),
            Step::SayElsewhere { from, bytes } => _ = self.append_own(from, bytes),
            Step::Tell {
                to,
                kind,
                back,
                bytes,
            } => self.tell(to, kind, back, bytes),
            Step::ShowAgain {
                to,
                back,
                from,
                before_end,
            } => self.show_again(to, back, from.into(), before_end.into()),
            Step::Shut(who) => self.shut(who),
            Step::Open(who) => _ = self.open(usize::from(who) % READERS),
            Step::CatchUp { shard, back } => self.catch_up(shard, back),
            Step::Write { to, bytes } => self.write(usize::from(to) % READERS, bytes.into()),
            Step::Close(who) => self.close(who),
            Step::Fill { before_end } => self.fill(before_end.into()),
        }
    }

    /// Appends a line; returns its place.
    fn append(&mut self, letter: u8, bytes: usize) -> Range<usize> {
        let begin = self.said.len();
        self.said.resize(begin + bytes, letter);
        self.said.push(b'\n');
        let at = self.log.append(&self.said[begin..], UnixSeconds::default());
        assert_eq!(at, Ok(position(begin)));
        self.starts.push(self.said.len());
        begin..self.said.len()
    }

    fn say(&mut self, from: u8, bytes: u16) {
        if let Some(shard) = self.append_own(from, bytes) {
            // A shard that appends reads the log before it does anything else.
            self.read(shard);
        }
    }

    /// Appends a line of a reader's; returns its shard.
    fn append_own(&mut self, from: u8, bytes: u16) -> Option<usize> {
        let from = usize::from(from) % READERS;
        if self.readers[from].state != State::Open {
            return None;
        }
        let line = self.append(b'a' + from as u8, usize::from(bytes) % LINE_BYTES);
        for (n, reader) in self.readers.iter_mut().enumerate() {
            match reader.state {
                State::Open if n == from => reader.untold.push(line.clone()),
                State::Open => reader.due.line(line.clone()),
                State::Closed | State::Lost => {}
            }
        }
        Some(self.readers[from].shard)
    }

    /// Has a shard read the log, once it knows which lines are whose.
    fn read(&mut self, shard: usize) {
        for reader in self.readers.iter_mut().filter(|it| it.shard == shard) {
            for line in reader.untold.drain(..) {
                reader.due.own_line(line.start);
                reader.waiting.own += reader.cursor.skip(position(line.start), line.len());
            }
        }
        self.views[shard].catch_up(&self.log);
    }

    fn fill(&mut self, before_end: usize) {
        if self.filled == MOST_FILLED {
            return;
        }
        self.filled += 1;
        let left = CHUNK_BYTES - self.said.len() % CHUNK_BYTES;
        let mut bytes = (left + CHUNK_BYTES - before_end % CHUNK_BYTES - 1) % CHUNK_BYTES + 1;
        while bytes > 0 {
            let now = bytes.min(LINE_BYTES);
            let line = self.append(b'x', now - 1);
            for reader in self.readers.iter_mut() {
                if reader.state == State::Open {
                    reader.due.line(line.clone());
                }
            }
            bytes -= now;
        }
    }

    fn tell(&mut self, to: u8, kind: Kind, back: u16, bytes: u8) {
        let reader = &self.readers[usize::from(to) % READERS];
        let view = &self.views[reader.shard];
        if reader.state != State::Open || reader.cursor.has_lost(view) {
            return;
        }
        let at = self.place(reader, back);
        let reader = &mut self.readers[usize::from(to) % READERS];
        self.serial += 1;
        let line = format!("{} {}\n", self.serial, "p".repeat(bytes.into())).into_bytes();
        let private = match kind {
            Kind::Own => Private::Own(line.into()),
            Kind::Whisper => Private::Whisper(line.into()),
            Kind::Reply => Private::Reply(Arc::from(line)),
        };
        reader.waiting.add(&private);
        reader.cursor.insert(position(at), private.clone(), view);
        reader.due.private(at, private);
    }

    /// Returns the last beginning of a line that is so far behind the log's head, or a later one.
    fn place(&self, reader: &Reader, back: u16) -> usize {
        // Own lines yet to be read were appended after all private bytes posted before them, if the shard has been told.
        let own = reader.due.last_own();
        let wanted = self.said.len().saturating_sub(back.into());
        let wanted = wanted.max(own.unwrap_or_default());
        let index = self.starts.partition_point(|start| *start <= wanted);
        let mut place = self.starts[index - 1];
        // Before or behind an own line is the same, but for what else is private there.
        if own == Some(place) {
            place = self.starts[index];
        }
        let next_line = reader.cursor.next_line(&self.views[reader.shard]);
        place = place.max(next_line.0 as usize);
        let untold = reader.untold.iter();
        untold.fold(
            place,
            |place, line| if line.start == place { line.end } else { place },
        )
    }

    fn show_again(&mut self, to: u8, back: u16, from: usize, before_end: usize) {
        let to = usize::from(to) % READERS;
        let reader = &self.readers[to];
        let view = &self.views[reader.shard];
        if reader.state != State::Open || reader.cursor.has_lost(view) {
            return;
        }
        let kept = |&&start: &&usize| (view.first_line()..=view.head()).contains(&position(start));
        let kept: Vec<usize> = self.starts.iter().filter(kept).copied().collect();
        let Some(last) = kept.len().checked_sub(1 + before_end) else {
            return;
        };
        if from >= last {
            return;
        }
        let (at, span) = (self.place(reader, back), kept[from]..kept[last]);
        let lines = view.lines_between(position(span.start), position(span.end));
        assert_eq!(lines as usize, last - from);
        let again = position(span.start)..position(span.end);
        let reader = &mut self.readers[to];
        reader.cursor.show_again(position(at), again, view);
        reader.due.span(at, span);
        reader.waiting.replies += 1;
    }

    fn shut(&mut self, who: u8) {
        let who = usize::from(who) % READERS;
        let reader = &self.readers[who];
        let view = &self.views[reader.shard];
        if reader.state != State::Open || reader.cursor.has_lost(view) {
            return;
        }
        let at = self.place(reader, 0);
        let reader = &mut self.readers[who];
        reader.cursor.close(position(at), view);
        reader.due.gate(at);
    }

    /// Opens the first gate of a reader; tells whether there is one.
    fn open(&mut self, who: usize) -> bool {
        let reader = &mut self.readers[who];
        let reply = Private::Reply(Arc::from(*b"open\n"));
        let is_open = reader.due.open(reply.clone());
        if is_open {
            reader.waiting.add(&reply);
            reader.cursor.open(reply);
        }
        is_open
    }

    fn catch_up(&mut self, shard: u8, back: u16) {
        let shard = usize::from(shard) % self.views.len();
        self.read(shard);
        let view = &self.views[shard];
        let (start, head) = (view.start().0 as usize, view.head().0 as usize);
        assert_eq!((head, view.start()), (self.said.len(), self.log.start()));
        let from = start.max(head.saturating_sub(back.into()));
        let rest = &self.said[from..];
        let lines = view.lines_between(position(from), view.head());
        assert_eq!(lines, line_feeds(rest));
        let first = view.first_line().0 as usize;
        let first = self.starts.partition_point(|&start| start < first);
        let lines = usize::from(back % 300).min(self.starts.len() - 1 - first);
        let wanted = self.starts[self.starts.len() - 1 - lines];
        assert_eq!(view.last_lines(lines as u64), position(wanted));
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.map_or(head, |end| from + end + 1);
        assert_eq!(view.line_end(position(from)), position(end));
    }

    fn write(&mut self, to: usize, mut room: usize) {
        let reader = &mut self.readers[to];
        let view = &self.views[reader.shard];
        if reader.state == State::Lost {
            return;
        }
        if reader.cursor.has_lost(view) {
            assert!(reader.due.begins_before(view.start().0 as usize));
            reader.state = State::Lost;
            return;
        }
        loop {
            let taken = write(&reader.cursor, view, &self.said, &mut reader.due, room);
            reader.note(taken, view);
            room -= taken;
            if taken == 0 {
                break;
            }
        }
        if reader.cursor.has_lost(view) {
            assert!(reader.due.begins_before(view.start().0 as usize));
            reader.state = State::Lost;
        }
    }

    fn close(&mut self, who: u8) {
        let who = usize::from(who) % READERS;
        if self.readers[who].state == State::Open {
            self.read(self.readers[who].shard);
            let reader = &mut self.readers[who];
            reader.cursor.end_at(self.log.head());
            reader.state = State::Closed;
        }
    }

    /// Lets everybody read to the end.
    fn finish(&mut self) {
        for n in 0..READERS {
            self.read(self.readers[n].shard);
            while self.open(n) {}
            self.write(n, usize::MAX);
            let Reader {
                shard,
                cursor,
                untold: _,
                due,
                state,
                waiting,
                lines,
            } = &mut self.readers[n];
            let view = &self.views[*shard];
            if *state == State::Lost {
                continue;
            }
            assert!(due.is_empty(), "{due:?}");
            assert!(cursor.is_done(view) && cursor.is_between_lines());
            assert!(cursor.at() >= cursor.end.min(self.log.head()));
            assert_eq!(*lines, due.line_feeds());
            assert_eq!(*waiting, Waiting::default());
            assert!(cursor.detours.is_none(), "read to the end, it owns no heap");
        }
    }
}

impl Reader {
    fn note(&mut self, bytes: usize, view: &View) {
        let written = self.cursor.advance(bytes, view);
        self.waiting.take(&written);
        self.lines += written.room_lines + written.private_lines;
    }
}

impl Waiting {
    fn add(&mut self, private: &Private) {
        match private {
            Private::Own(_) => self.own += private.weight(),
            Private::Whisper(_) => self.whispers += private.weight(),
            Private::Reply(_) => self.replies += 1,
        }
    }

    fn take(&mut self, written: &Written) {
        self.own -= written.own;
        self.whispers -= written.whispers;
        self.replies -= written.replies;
    }
}

fn position(at: usize) -> Position {
    Position(at as u64)
}
