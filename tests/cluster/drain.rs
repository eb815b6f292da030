//! A node that stops: everyone on it ends at one line, and the others lose nothing.

use wac_tests::{Brokers, Signal};

use crate::chat::{Chat, assert_same, numbers};
use crate::nodes;

#[test]
fn a_node_that_stops_under_load_takes_nothing_along() {
    let brokers = Brokers::one();
    let nodes: [_; 3] = nodes(&brokers);
    let mut chat = Chat::begin(&nodes);
    let others = [nodes[2].connect(), nodes[2].connect()];
    chat.goes_on(200);
    nodes[2].signal(Signal::SIGTERM);
    let (mut log, talker, name) = chat.lose(2);
    let ends: Vec<_> = others
        .into_iter()
        .map(|it| it.read_to_end().lines)
        .collect();
    let closing = log.pop().expect("there is an end");
    assert!(
        closing.starts_with("* closing: the server is stopping"),
        "{closing}"
    );
    assert_eq!(talker.last(), Some(&closing));
    for mut lines in ends {
        assert_eq!(lines.pop().as_ref(), Some(&closing));
        assert_same(&lines, &log[log.len() - lines.len()..]);
    }
    let [first, _second, stopped] = nodes;
    assert_eq!(stopped.wait_for_exit().code, Some(0));
    // It has said that it leaves: its names are free at once.
    let mut heir = first.connect();
    heir.send(&format!("LIN {name}"));
    assert!(heir.fence().contains(&format!("* welcome, {name}")));
    drop(heir);
    chat.goes_on(100);
    let room = chat.end();
    assert_same(&log, &room[..log.len()]);
    let counted: Vec<_> = (0..numbers(&room, &name).len()).collect();
    assert_eq!(
        numbers(&room, &name),
        counted,
        "what it took is there, up to one line"
    );
    assert_eq!(
        numbers(&log, &name),
        counted,
        "and its own people have read it"
    );
}
