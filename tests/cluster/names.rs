//! Names over nodes: of two who want the same or a similar one at the same time, one gets it.

use wac_tests::{Brokers, Peer};

use crate::start;

const ROUNDS: usize = 1000;
/// Rounds that go on at a time.
const AT_ONCE: usize = 50;

/// Returns the answer to a login.
#[track_caller]
fn answer(peer: &mut Peer) -> String {
    loop {
        let line = peer.line();
        if line.starts_with("* welcome") || line.starts_with('!') {
            return line;
        }
    }
}

#[test]
fn of_two_claims_on_two_nodes_one_wins() {
    let brokers = Brokers::one();
    let setup = brokers
        .node()
        .with("--max-per-ip", "4000")
        .with("--connect-rate", "0");
    let nodes: [_; 2] = start(&setup);
    let mut wins = [0, 0];
    let rounds: Vec<usize> = (0..ROUNDS).collect();
    for batch in rounds.chunks(AT_ONCE) {
        let pairs = batch.iter().map(|&round| {
            // The same, another case, or a Cyrillic letter that looks like a Latin one.
            let other = ["jack", "JACK", "j\u{430}ck"][round % 3];
            let names = [format!("jack{round}"), format!("{other}{round}")];
            (names, [nodes[0].connect(), nodes[1].connect()])
        });
        let mut pairs: Vec<_> = pairs.collect();
        for (names, peers) in &mut pairs {
            peers
                .iter_mut()
                .zip(names)
                .for_each(|(peer, name)| peer.send(&format!("LIN {name}")));
        }
        for (names, peers) in &mut pairs {
            let answers = peers.each_mut().map(answer);
            let has_won = [0, 1].map(|it| answers[it] == format!("* welcome, {}", names[it]));
            let is_refused = [0, 1]
                .map(|it| answers[it].starts_with(&format!("! the name {} is taken", names[it])));
            assert!(
                has_won != is_refused && has_won[0] != has_won[1],
                "{answers:?}"
            );
            wins[usize::from(has_won[1])] += 1;
        }
    }
    println!("{wins:?}");
    assert_eq!(wins[0] + wins[1], ROUNDS);
    assert!(
        wins[1] > 0,
        "the second came first at least once, or they did not compete"
    );
}
