//! Tests of the journal's form.

use proptest::prelude::*;

use super::*;
use crate::log::{CHUNK_BYTES, RoomLog};

const ROOM: RoomId = RoomId(0xa5);
/// 2026-11-29 13:01:17 UTC
const NOON: UnixSeconds = UnixSeconds(1_795_957_277);

/// Returns a segment of a room in which these lines are said, some seconds after another.
fn segment(from: Position, said: &[(u64, &str)]) -> Vec<u8> {
    let mut log = RoomLog::beginning_at(from, 1 << 20, NOON);
    let mut now = NOON.0;
    for (later, line) in said {
        now += later;
        let line = format!("{line}{LINE_END}");
        log.append(line.as_bytes(), UnixSeconds(now)).unwrap();
    }
    let mut view = View::default();
    view.catch_up(&log);
    let mut text = Head { room: ROOM, from }.to_line().into_bytes();
    write_span(&view, from..view.head(), &mut text);
    text
}

/// Reads a segment to its end, or the fault in it.
fn blocks(bytes: &[u8]) -> (Vec<Block<'_>>, Option<Fault<'_>>) {
    let mut blocks = Vec::new();
    let mut segment = match Segment::begin(bytes) {
        Ok(segment) => segment,
        Err(fault) => return (blocks, Some(fault)),
    };
    loop {
        match segment.next_block() {
            Ok(Some(block)) => blocks.push(block),
            Ok(None) => return (blocks, None),
            Err(fault) => return (blocks, Some(fault)),
        }
    }
}

fn lines<'a>(blocks: &[Block<'a>]) -> Vec<&'a str> {
    let texts = blocks.iter().map(|it| str::from_utf8(it.lines).unwrap());
    texts
        .flat_map(|text| text.split_terminator(LINE_END))
        .collect()
}

const TALK: &[(u64, &str)] = &[(0, "Ann: hi"), (0, "Bob: hello"), (43, "* Eve joined")];

#[test]
fn a_segment_is_text_with_a_block_for_each_second() {
    let text = String::from_utf8(segment(Position(1234), TALK)).unwrap();
    assert_eq!(
        text.replace("\r\n", "\n"),
        "WAC history 1, room 00000000000000a5, from 1234, 054a442a\n\
         @ 1234 2026-11-29 13:01:17 UTC 21 b466b27a\nAnn: hi\nBob: hello\n\
         @ 1255 2026-11-29 13:02:00 UTC 14 f125e175\n* Eve joined\n"
    );
    let (blocks, fault) = blocks(text.as_bytes());
    assert_eq!(fault, None);
    assert_eq!(
        blocks
            .iter()
            .map(|it| (it.at, it.second))
            .collect::<Vec<_>>(),
        [
            (Position(1234), NOON),
            (Position(1255), UnixSeconds(NOON.0 + 43))
        ]
    );
    assert_eq!(lines(&blocks), ["Ann: hi", "Bob: hello", "* Eve joined"]);
}

#[test]
fn a_cut_leaves_the_whole_lines_of_the_last_block() {
    let whole = segment(Position(0), TALK);
    let text = str::from_utf8(&whole).unwrap();
    let cut_behind = |mark: &str| &whole[..text.find(mark).unwrap() + mark.len()];
    for (mark, kept) in [
        ("13:01:17 UTC 2", None),
        ("Ann: h", None),
        ("Ann: hi\r", None),
        ("Bob: hel", Some("Ann: hi\r\n")),
    ] {
        let (before, fault) = blocks(cut_behind(mark));
        let kept = kept.map(|lines| Block {
            at: Position(0),
            second: NOON,
            lines: lines.as_bytes(),
        });
        assert_eq!((before, fault), (vec![], Some(Fault::Torn(kept))), "{mark}");
    }
    assert_eq!(blocks(cut_behind("from ")).1, Some(Fault::NotBegun));
    assert_eq!(blocks(b"").1, Some(Fault::NotBegun));
}

#[test]
fn zeros_where_the_power_was_lost_are_an_end() {
    let mut cut = segment(Position(0), &TALK[..2]);
    cut.truncate(cut.len() - 3);
    cut.resize(5000, 0);
    let (_, fault) = blocks(&cut);
    let Some(Fault::Torn(Some(block))) = fault else {
        panic!("{fault:?}");
    };
    assert_eq!(lines(&[block]), ["Ann: hi"]);
}

#[test]
fn lines_that_were_never_written_are_a_hole_between_two_blocks() {
    let mut text = segment(Position(0), &TALK[..1]);
    let late = Block {
        at: Position(100),
        second: NOON,
        lines: b"Bob: back\r\n",
    };
    late.write(&mut text);
    let (found, fault) = blocks(&text);
    assert_eq!((found[0].end(), found[1], fault), (Position(9), late, None));
    // No block comes twice.
    late.write(&mut text);
    assert_eq!(blocks(&text).1, Some(Fault::Damaged(6)));
}

#[test]
fn a_newer_form_is_told_from_damage() {
    let text = segment(Position(0), TALK);
    let with_head = |head: &str| [head.as_bytes(), b"\n", &text].concat();
    for (head, fault) in [
        ("WAC history 2, room and more", Fault::Newer),
        (
            "WAC history 1, room a5, from 0, 00000000",
            Fault::Damaged(1),
        ),
        ("WAC history 0, room", Fault::Damaged(1)),
        ("Ann: hi", Fault::Damaged(1)),
    ] {
        assert_eq!(blocks(&with_head(head)).1, Some(fault), "{head}");
    }
}

#[test]
fn any_changed_byte_is_found_where_it_stands() {
    let whole = segment(Position(1234), TALK);
    let begins: Vec<_> = [0].into_iter().chain(starts_of_blocks(&whole)).collect();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            let (found, fault) = blocks(&changed);
            let place = begins.iter().filter(|&&begin| begin <= at).count() - 1;
            assert_eq!(found.len(), place.saturating_sub(1), "byte {at}, bit {bit}");
            match fault {
                Some(Fault::Damaged(line)) => {
                    let before = &whole[..begins[place]];
                    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
                    assert_eq!(line, lines + 1, "byte {at}, bit {bit}");
                }
                Some(Fault::Newer) => assert_eq!(place, 0),
                // The last block seems longer than it is: all its lines are there.
                Some(Fault::Torn(Some(block))) => {
                    assert_eq!(place, 2, "byte {at}, bit {bit}");
                    assert_eq!(lines(&[block]), ["* Eve joined"]);
                }
                _ => panic!("byte {at}, bit {bit}: {fault:?}"),
            }
        }
    }
}

fn starts_of_blocks(text: &[u8]) -> Vec<usize> {
    let is_start = |at: &usize| text[at - 1] == b'\n' && text[*at..].starts_with(b"@ ");
    (1..text.len()).filter(is_start).collect()
}

proptest! {
    #[test]
    fn what_was_said_is_read_again_wherever_chunks_and_seconds_end(
        from in 0u64..3 * CHUNK_BYTES as u64,
        said in proptest::collection::vec((0u64..3, 0usize..9000), 1..40),
    ) {
        let said: Vec<(u64, String)> = said
            .into_iter()
            .map(|(later, length)| (later, format!("Ann: {}", "x".repeat(length))))
            .collect();
        let said: Vec<(u64, &str)> = said.iter().map(|(later, line)| (*later, &**line)).collect();
        let text = segment(Position(from), &said);
        let (blocks, fault) = blocks(&text);
        prop_assert_eq!(fault, None);
        let mut at = Position(from);
        for block in &blocks {
            prop_assert_eq!(block.at, at);
            at = block.end();
        }
        let seconds = said[1..].iter().filter(|(later, _)| *later > 0).count();
        prop_assert!(blocks.len() <= seconds + 1);
        let read = lines(&blocks);
        prop_assert_eq!(read, said.iter().map(|(_, line)| *line).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        crate::fuzz::journal(&bytes);
    }

    #[test]
    fn any_cut_leaves_whole_lines(text in "[ -~\n]{0,200}", cut: u8) {
        crate::fuzz::journal(&[&[9, cut], text.as_bytes()].concat());
    }
}
