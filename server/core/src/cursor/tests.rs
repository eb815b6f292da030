//! Model test of the cursor: each reader's bytes equal a simple model's, whatever happens in between.

use super::*;
use crate::log::{CHUNK_BYTES, RoomLog};
use proptest::prelude::*;

/// A token of the simple model: bytes that a reader has yet to receive.
#[derive(Debug, Clone)]
enum Token {
    Line(Position, Vec<u8>),
    Own(Position),
    Private(Vec<u8>),
}

/// The bytes that a reader should receive, as a plain list.
#[derive(Debug, Default)]
struct Model {
    left: VecDeque<Token>,
    /// Bytes of the first token already received.
    begun: usize,
}

impl Model {
    fn insert(&mut self, at: Position, bytes: Vec<u8>) {
        let mut index = usize::from(self.begun > 0);
        while let Some(token) = self.left.get(index) {
            match token {
                Token::Line(here, _) | Token::Own(here) if *here >= at => break,
                _ => index += 1,
            }
        }
        // A position inside a skip is the skip's end: nothing is read in between.
        while matches!(self.left.get(index), Some(Token::Own(_))) {
            index += 1;
        }
        while matches!(self.left.get(index), Some(Token::Private(_))) {
            index += 1;
        }
        self.left.insert(index, Token::Private(bytes));
    }

    fn take(&mut self, mut bytes: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        loop {
            match self.left.front() {
                Some(Token::Own(_)) => _ = self.left.pop_front(),
                Some(Token::Line(_, whole) | Token::Private(whole)) if bytes > 0 => {
                    let step = bytes.min(whole.len() - self.begun);
                    taken.extend_from_slice(&whole[self.begun..self.begun + step]);
                    self.begun += step;
                    bytes -= step;
                    if self.begun == whole.len() {
                        self.left.pop_front();
                        self.begun = 0;
                    }
                }
                _ => return taken,
            }
        }
    }
}

struct Reader {
    shard: usize,
    cursor: Cursor,
    model: Model,
    closed: bool,
}

/// Writes up to `bytes`, as a socket with that much room would take them.
fn write(cursor: &mut Cursor, view: &View, mut bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let mut slices = [IoSlice::new(&[]); 3];
        let filled = cursor.gather(view, &mut slices);
        let all: Vec<u8> = slices[..filled]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        let taken = all.len().min(bytes);
        out.extend_from_slice(&all[..taken]);
        cursor.advance(taken, view);
        bytes -= taken;
        if taken == 0 {
            return out;
        }
    }
}

#[derive(Debug, Clone)]
enum Action {
    /// A reader sends a line of this length.
    Say(usize, usize),
    /// A private line for a reader, posted some bytes before the head.
    Private(usize, u64),
    /// A shard catches up with the log.
    CatchUp(usize),
    /// A reader's socket takes some bytes.
    Write(usize, usize),
    Close(usize),
}

const READERS: usize = 5;

fn action() -> impl Strategy<Value = Action> {
    let reader = 0..READERS;
    prop_oneof![
        4 => (reader.clone(), prop_oneof![2usize..90, 3000usize..5000]).prop_map(|(r, n)| Action::Say(r, n)),
        3 => (reader.clone(), 0u64..300).prop_map(|(r, back)| Action::Private(r, back)),
        3 => (0usize..3).prop_map(Action::CatchUp),
        5 => (reader.clone(), prop_oneof![0usize..40, 0usize..9000]).prop_map(|(r, n)| Action::Write(r, n)),
        1 => reader.prop_map(Action::Close),
    ]
}

proptest! {
    #[test]
    fn each_readers_bytes_equal_the_models(
        shards in 1usize..=3,
        steps in proptest::collection::vec(action(), 1..250),
    ) {
        let mut log = RoomLog::new(CHUNK_BYTES * 64);
        let mut views: Vec<View> = (0..shards).map(|_| View::default()).collect();
        let mut starts = vec![Position(0)];
        let mut readers: Vec<Reader> = (0..READERS)
            .map(|n| Reader { shard: n % shards, cursor: Cursor::new(Position(0)), model: Model::default(), closed: false })
            .collect();
        let mut serial = 0;
        for step in steps {
            match step {
                Action::Say(from, length) if !readers[from].closed => {
                    let line = [vec![b'a' + from as u8; length], b"\n".to_vec()].concat();
                    let at = log.append(&line).unwrap();
                    starts.push(log.head());
                    for (n, reader) in readers.iter_mut().enumerate().filter(|(_, reader)| !reader.closed) {
                        reader.model.left.push_back(if n == from { Token::Own(at) } else { Token::Line(at, line.clone()) });
                    }
                    readers[from].cursor.skip(at, line.len());
                    // A shard that appends reads the log before it does anything else.
                    views[readers[from].shard].catch_up(&log);
                }
                Action::Private(to, back) if !readers[to].closed => {
                    let Reader { shard, cursor, model, .. } = &mut readers[to];
                    let wanted = log.head().0.saturating_sub(back);
                    let at = starts.iter().copied().rfind(|start| start.0 <= wanted).unwrap();
                    serial += 1;
                    let line = format!("private {serial}\n").into_bytes();
                    // Own lines yet to be read were appended after all private bytes posted before them.
                    let after_own = model.left.iter().rev().find_map(|token| match token {
                        Token::Own(at) => Some(*at),
                        _ => None,
                    });
                    let at = at.max(after_own.unwrap_or_default());
                    cursor.insert(at, Private::Own(line.clone().into()), &views[*shard]);
                    model.insert(at, line);
                }
                Action::CatchUp(shard) if shard < shards => views[shard].catch_up(&log),
                Action::Write(to, bytes) if !readers[to].closed => {
                    let Reader { shard, cursor, model, .. } = &mut readers[to];
                    let written = write(cursor, &views[*shard], bytes);
                    prop_assert_eq!(&written, &model.take(written.len()));
                }
                Action::Close(who) => {
                    // It receives everything up to here, and nothing more.
                    let Reader { shard, cursor, closed, .. } = &mut readers[who];
                    if !*closed {
                        views[*shard].catch_up(&log);
                        cursor.end_at(log.head());
                        *closed = true;
                    }
                }
                _ => {}
            }
        }
        for reader in &mut readers {
            views[reader.shard].catch_up(&log);
            let ends = reader.cursor.end.min(log.head());
            let written = write(&mut reader.cursor, &views[reader.shard], usize::MAX);
            let due: Vec<u8> = reader.model.take(usize::MAX);
            prop_assert_eq!(written, due);
            prop_assert!(reader.cursor.at() >= ends);
            prop_assert!(reader.cursor.is_done(&views[reader.shard]));
            prop_assert!(reader.cursor.is_between_lines());
            prop_assert!(reader.closed || reader.cursor.detours.is_none(), "read to the end, it owns no heap");
        }
    }
}

#[test]
fn a_pause_begins_after_the_line_that_is_being_written_and_ends_where_it_is_told() {
    let mut log = RoomLog::new(1 << 20);
    let mut view = View::default();
    let mut say = |view: &mut View, line: &str| {
        log.append(line.as_bytes()).unwrap();
        view.catch_up(&log);
    };
    let mut cursor = Cursor::new(Position(0));
    say(&mut view, "one\r\n");
    cursor.advance(2, &view);
    let answer = |text: &str| Private::Own(text.as_bytes().into());
    cursor.insert(view.head(), answer("early\r\n"), &view);
    say(&mut view, "two\r\n");
    cursor.insert(view.head(), answer("late\r\n"), &view);
    cursor.pause(&view);
    say(&mut view, "three\r\n");
    let read = |cursor: &Cursor, view: &View| {
        let mut slices = [IoSlice::new(&[]); 8];
        let filled = cursor.gather(view, &mut slices);
        let bytes = slices[..filled].iter().flat_map(|it| it.to_vec());
        String::from_utf8(bytes.collect()).unwrap()
    };
    assert_eq!(read(&cursor, &view), "e\r\nearly\r\nlate\r\n");
    assert_eq!(cursor.resume(view.head()), DETOUR_BYTES);
    say(&mut view, "four\r\n");
    assert_eq!(read(&cursor, &view), "e\r\nearly\r\nlate\r\nfour\r\n");
    let written = cursor.advance("e\r\nearly\r\nlate\r\nfour\r\n".len(), &view);
    let answers = answer("early\r\n").weight() + answer("late\r\n").weight();
    assert_eq!(written.own, answers + DETOUR_BYTES);
    assert!(cursor.is_done(&view) && !cursor.is_paused());
}
