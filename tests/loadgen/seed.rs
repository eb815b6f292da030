//! Seeds: the same seed produces the same load.

use wac_tests::Server;

use crate::tester::run;

#[test]
fn the_same_seed_gives_the_same_schedule_and_the_same_texts() {
    let server = Server::start();
    let hash = |seed| {
        let flags = format!("--users 3 --rate 100/s --duration 200ms --size 16-64 --seed {seed}");
        let told = run(server.address().tcp(), &flags);
        told.ended_with(0);
        ["schedule", "payload"].map(|of| told.words(&format!("/hashes/{of}")).to_owned())
    };
    let seven = hash(7);
    assert_eq!(seven, hash(7));
    for (seven, eight) in seven.iter().zip(hash(8)) {
        assert_ne!(*seven, eight);
    }
}
