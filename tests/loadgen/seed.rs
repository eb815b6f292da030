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

#[test]
fn a_seed_keeps_its_schedule_and_its_texts_from_version_to_version() {
    let server = Server::start();
    let flags = "--users 10 --senders 2 --stages 1s:@100/s,1s:@50/s --seed 42";
    let told = run(server.address().tcp(), flags);
    told.ended_with(0);
    assert_eq!(told.words("/hashes/schedule"), "53dbd74722647bb8");
    assert_eq!(told.words("/hashes/payload"), "300250ee4a5570a0");
}
