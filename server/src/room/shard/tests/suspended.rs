//! Suspended processes: time in which nobody was served is not held against anybody.

use std::time::Duration;

use super::world::World;

const STOPPED: Duration = Duration::from_secs(125);

#[test]
fn a_paste_survives_a_process_that_was_stopped() {
    let mut world = World::new(&["--shards", "1"]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(0, "Bob"));
    world.send(ann, &"MSG pasted\n".repeat(60));
    world.settle();
    world.pass(Duration::from_secs(1));
    world.now += STOPPED;
    world.settle();
    world.pass(Duration::from_secs(60));
    assert_eq!(world.lines(bob), ["Ann: pasted"; 60]);
    assert!(!world.people[ann].is_shut_down());
}

#[test]
fn a_client_may_read_its_last_bytes_after_the_process_was_stopped() {
    let (mut world, ann) = stopped_while_last_bytes_wait();
    (0..3).for_each(|_| world.turn(0));
    world.people[ann].make_room(1000);
    world.settle();
    assert_eq!(world.lines(ann), ["PONG x", "* closing: goodbye"]);
    assert!(world.people[ann].is_shut_down());
}

#[test]
fn a_client_that_does_not_read_its_last_bytes_is_still_closed() {
    let (mut world, _) = stopped_while_last_bytes_wait();
    world.turn(0);
    world.pass(Duration::from_secs(31));
    assert_eq!(world.sessions(), 0);
}

/// Ann has quit and not read her last bytes when the process is stopped for a while.
fn stopped_while_last_bytes_wait() -> (World, usize) {
    let mut world = World::new(&["--shards", "1"]);
    let ann = world.join(0, "Ann");
    world.people[ann].limit(10);
    world.send(ann, "PING x\nQUIT\n");
    world.settle();
    world.now += STOPPED;
    (world, ann)
}
