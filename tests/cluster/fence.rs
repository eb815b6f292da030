//! The fence over nodes: what was said before one `PONG` comes before every `PONG` that is asked for later, on any node.

use wac_tests::Brokers;

use crate::nodes;

const ROUNDS: usize = 300;

#[test]
fn lines_before_one_pong_come_before_every_later_pong_on_other_nodes() {
    let brokers = Brokers::one();
    let nodes: [_; 3] = nodes(&brokers);
    let names = ["ann", "bob", "cat"];
    let mut users: [_; 3] = std::array::from_fn(|number| nodes[number].user(names[number]));
    for number in 0..ROUNDS {
        let talker = number % 3;
        users[talker].send(&format!("MSG {number}"));
        users[talker].silent_until_fence();
        for listener in (0..3).filter(|&it| it != talker) {
            assert_eq!(
                users[listener].fence(),
                [format!("{}: {number}", names[talker])]
            );
        }
    }
}
