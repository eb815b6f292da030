//! Model test of the cursor: each reader's bytes equal a simple model's, whatever happens in between.

use proptest::prelude::*;

use super::model::{Kind, Run, Step, play};

fn step() -> impl Strategy<Value = Step> {
    let reader = any::<u8>;
    let line = || prop_oneof![2u16..90, 3000u16..5000];
    let kind = prop_oneof![Just(Kind::Own), Just(Kind::Whisper), Just(Kind::Shared)];
    let room = prop_oneof![0u16..40, 0u16..9000];
    prop_oneof![
        8 => (reader(), line()).prop_map(|(from, bytes)| Step::Say { from, bytes }),
        6 => (reader(), kind, 0u16..300, any::<u8>())
            .prop_map(|(to, kind, back, bytes)| Step::Tell { to, kind, back, bytes }),
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
