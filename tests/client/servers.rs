//! Several servers of one room: the client goes on at the next when it loses one. Two ways to one server stand in for two
//! servers of a room.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};
use wac_tests::Server;

use crate::proxy::{Cut, Proxy};
use crate::run::{Running, run, wac};
use crate::term::{Term, at};

fn server() -> Server {
    Server::setup().listen("127.0.0.1:0").start()
}

/// An address at which nobody listens, as long as the socket is held.
fn nobody() -> (Socket, String) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there is a free file");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).expect("there is a free port");
    let address = socket.local_addr().expect("it is bound");
    let address = address.as_socket().expect("it is of TCP");
    (socket, address.to_string())
}

#[test]
fn a_lost_server_gives_way_to_the_next_and_nothing_is_missed() {
    let server = server();
    let mut bob = server.user("bob");
    let [first, second] = [(); 2].map(|()| Proxy::to(&server));
    let mut term = Term::start(&[&format!("{},{}", first.at("Ann"), second.address())]);
    term.shows(&format!("✓ connected to {} as Ann", first.address()));
    bob.send("MSG one");
    term.shows_said("bob", "one");
    first.passes("MARK ", 1);
    first.close();
    term.shows("✓ back as Ann after ");
    term.shows(&format!("# connected to {}", second.address()));
    second.passes("SINCE ", 1);
    bob.send("MSG two");
    term.shows_said("bob", "two");
    assert_eq!(term.said("bob"), ["one", "two"]);
    term.types("/status\r");
    term.shows(&format!("# online as Ann at {}", second.address()));
}

#[test]
fn what_was_said_while_no_server_answered_is_shown_by_the_one_that_does() {
    let server = server();
    let mut bob = server.user("bob");
    let [first, second] = [(); 2].map(|()| Proxy::to(&server));
    second.close();
    let mut term = Term::start(&[&format!("{},{}", first.at("Ann"), second.address())]);
    term.shows_row("Ann▸");
    first.passes("MARK ", 1);
    first.close();
    term.shows("✗ connection lost: ");
    term.shows_row("Ann⟳");
    bob.send("MSG two");
    bob.fence();
    second.open(&server);
    term.shows("── 1 line missed");
    term.shows("── from now on ──");
    assert_eq!(term.said("bob"), ["two"]);
    term.types("/status\r");
    term.shows(&format!("# online as Ann at {}", second.address()));
}

#[test]
fn a_server_that_stops_gives_way_to_the_next_whose_room_is_shown() {
    let [first, second] = [server(), server()];
    let mut bob = second.user("bob");
    bob.send("MSG welcome here");
    bob.fence();
    let proxy = Proxy::to(&first);
    let mut term = Term::start(&[&format!("{},{}", proxy.at("Ann"), at(&second))]);
    term.shows(&format!("✓ connected to {} as Ann", proxy.address()));
    term.shows_row("Ann▸");
    proxy.passes("MARK ", 1);
    let _stopped = first.stop();
    term.shows("* closing: the server is stopping");
    term.shows(&format!("# connected to {}", at(&second)));
    term.shows("── the server's history began anew");
    term.shows_said("bob", "welcome here");
    term.shows_row("Ann▸");
    term.types("hello\r");
    bob.expect("Ann: hello");
}

#[test]
fn each_connection_on_demand_is_to_the_next_server_and_another_name_stays() {
    let server = server();
    let proxies = [(); 3].map(|()| Proxy::to(&server));
    let addresses = proxies.each_ref().map(|proxy| proxy.address().to_string());
    let mut term = Term::start(&[&format!("Ann@{}", addresses.join(","))]);
    term.shows_row("Ann▸");
    for next in [1, 2, 0] {
        term.types("/reconnect\r");
        term.shows(&format!("# connected to {}", addresses[next]));
        term.shows_row("Ann▸");
    }
    term.types("/name Bea\r");
    term.shows("✓ back as Bea after ");
    term.types("/status\r");
    term.shows(&format!("# online as Bea at {}", addresses[0]));
}

#[test]
fn scripts_take_the_first_server_that_answers() {
    let server = server();
    let mut bob = server.user("bob");
    let (_held, nobody) = nobody();
    let proxy = Proxy::to(&server);
    let servers = format!("{nobody},{}", proxy.address());
    let ran = run(&["who", &servers], "");
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "bob\n", ""));
    let ran = run(&["send", &format!("ann@{servers}"), "hello"], "");
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    bob.expect("ann: hello");
    let listening = Running::start(wac(&["listen", "--count", "1", &servers]));
    proxy.passes("MARK", 1);
    bob.send("MSG hi");
    assert_eq!(listening.ends_by_itself().out, "bob: hi\n");
    let mut of_environment = wac(&["who"]);
    of_environment.env("WAC_HOST", &servers);
    assert_eq!(Running::start(of_environment).ends().out, "bob\n");
}

#[test]
fn a_message_is_confirmed_by_the_next_server() {
    let server = server();
    let mut bob = server.user("bob");
    let [first, second] = [(); 2].map(|()| Proxy::to(&server));
    let target = format!("{},{}", first.at("ann"), second.address());
    let mut sending = Running::start(wac(&["send", "--confirm", &target]));
    first.passes("MARK ", 1);
    first.cut_at(Cut::ForGood, "MARK ");
    sending.types("hello\n");
    let ran = sending.ends();
    assert_eq!(bob.fence(), ["ann: hello"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    second.passes("SINCE ", 1);
}

#[test]
fn what_each_server_did_is_told_if_none_answers() {
    let ((_held, first), (_too, second)) = (nobody(), nobody());
    let ran = run(&["who", &format!("{first},{second}")], "");
    assert_eq!(ran.code, Some(4));
    let refused = "Connection refused (os error 111)";
    let told = format!("wac: no server answers: {first}: {refused}; {second}: {refused}\nhint: ");
    assert!(ran.err.starts_with(&told), "{}", ran.err);
}

#[test]
fn a_list_that_makes_no_sense_is_a_usage_error() {
    for (target, told) in [
        ("jack@a,,b", "an address is missing beside a comma"),
        ("jack@a,", "an address is missing beside a comma"),
        ("jack@", "the host is missing"),
        ("jack@a,jane@b", "jack and jane are two names"),
    ] {
        let ran = run(&[target], "");
        assert_eq!(ran.code, Some(2), "{target}");
        assert!(ran.err.contains(told), "{target}: {}", ran.err);
    }
}
