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

#[test]
fn a_node_that_lags_behind_answers_once_it_has_read_what_others_have() {
    let brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let (mut ann, mut bob) = (nodes[0].user("ann"), nodes[1].user("bob"));
    for number in 0..ROUNDS / 3 {
        nodes[1].while_stopped(|| {
            ann.send(&format!("MSG {number}"));
            ann.silent_until_fence();
            bob.send("PING late");
        });
        assert_eq!(bob.lines_until("PONG late"), [format!("ann: {number}")]);
    }
}
