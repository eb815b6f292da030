//! Interrupt: Ctrl-C ends the sending; sent messages are awaited and reported.

use wac_tests::Server;

use crate::tester::Tester;

#[test]
fn ctrl_c_drains_and_reports() {
    let server = Server::start();
    let flags = "--users 20 --rate 100/s --duration 30s";
    let mut tester = Tester::start(server.address().tcp(), flags);
    tester.shows_deliveries();
    tester.interrupt();
    let told = tester.told();
    told.ended_with(130);
    told.shows("RESULT  INTERRUPTED");
    let sent = told.number("/sent");
    assert!(0 < sent && sent < told.number("/messages"));
    assert_eq!(told.number("/delivery/expected"), sent * 19);
    assert_eq!(told.number("/delivery/received"), sent * 19);
    assert_eq!(told.faults(), [0; 6]);
}
