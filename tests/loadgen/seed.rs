//! The same seed asks the same of the server.

use wac_tests::Server;

use crate::tester::run;

#[test]
fn the_same_seed_gives_the_same_schedule() {
    let server = Server::start();
    let hash = |seed| {
        let flags = format!("--users 3 --rate 100/s --duration 200ms --seed {seed}");
        let told = run(server.address().tcp(), &flags);
        told.ended_with(0);
        told.words("/plan/schedule_hash").to_owned()
    };
    let seven = hash(7);
    assert_eq!(seven, hash(7));
    assert_ne!(seven, hash(8));
}
