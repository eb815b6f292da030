//! Model test of the cursor: each reader's bytes equal a simple model's, whatever happens in between.

use proptest::prelude::*;

use super::model::{Kind, Run, Step, play};
use super::*;
use crate::log::RoomLog;
use crate::unix_time::UnixSeconds;

const NOW: UnixSeconds = UnixSeconds(0);

fn step() -> impl Strategy<Value = Step> {
    let reader = any::<u8>;
    let line = || prop_oneof![2u16..90, 3000u16..5000];
    let kind = prop_oneof![Just(Kind::Own), Just(Kind::Whisper), Just(Kind::Reply)];
    let room = prop_oneof![0u16..40, 0u16..9000];
    prop_oneof![
        8 => (reader(), line()).prop_map(|(from, bytes)| Step::Say { from, bytes }),
        4 => (reader(), line()).prop_map(|(from, bytes)| Step::SayElsewhere { from, bytes }),
        6 => (reader(), kind, 0u16..300, any::<u8>())
            .prop_map(|(to, kind, back, bytes)| Step::Tell { to, kind, back, bytes }),
        3 => (reader(), 0u16..300, 0u8..20, 0u8..20).prop_map(|(to, back, from, before_end)| {
            Step::ShowAgain { to, back, from, before_end }
        }),
        1 => reader().prop_map(Step::Shut),
        1 => reader().prop_map(Step::Open),
        6 => (any::<u8>(), any::<u16>()).prop_map(|(shard, back)| Step::CatchUp { shard, back }),
        10 => (reader(), room).prop_map(|(to, bytes)| Step::Write { to, bytes }),
        2 => reader().prop_map(Step::Close),
        1 => any::<u8>().prop_map(|before_end| Step::Fill { before_end }),
    ]
}

proptest! {
    #[test]
    fn each_readers_bytes_equal_the_models(
        shards in 1usize..=3,
        window_chunks in prop_oneof![Just(1), Just(64)],
        before_end in 0u16..100,
        steps in proptest::collection::vec(step(), 1..250),
    ) {
        play(&Run { shards, window_chunks, before_end, steps });
    }
}

#[test]
fn a_pause_begins_after_the_line_that_is_being_written_and_ends_where_it_is_told() {
    let mut log = RoomLog::new(1 << 20);
    let mut view = View::default();
    let mut say = |view: &mut View, line: &str| {
        log.append(line.as_bytes(), NOW).unwrap();
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
        let filled = cursor.gather(view, &mut slices, usize::MAX);
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

#[test]
fn a_turn_shows_no_more_of_the_past_than_its_share_however_many_spans_there_are() {
    let mut log = RoomLog::new(1 << 20);
    let mut view = View::default();
    log.append(b"one\r\ntwo\r\n", NOW).unwrap();
    view.catch_up(&log);
    let (begin, middle, head) = (Position(0), Position(5), view.head());
    let mut cursor = Cursor::new(head);
    cursor.show_again(head, begin..middle, &view);
    cursor.insert(head, Private::Own((*b"time\r\n").into()), &view);
    cursor.show_again(head, middle..head, &view);
    for (share, shown) in [(5, "one\r\ntime\r\n"), (8, "one\r\ntime\r\ntwo"), (0, "")] {
        let mut slices = [IoSlice::new(&[]); 8];
        let filled = cursor.gather(&view, &mut slices, share);
        let bytes = slices[..filled].iter().flat_map(|it| it.to_vec());
        assert_eq!(String::from_utf8(bytes.collect()).unwrap(), shown);
    }
}
