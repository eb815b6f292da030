//! Memory: where it is short, a server serves, refuses, or ends and says why; it never hangs.

use wac_tests::{Daemon, Peer, Server, Setup, limit, mapped_bytes};

const MIB: usize = 1 << 20;

fn with_memory(bytes: usize) -> Setup {
    Server::setup()
        .with("--shards", "2")
        .through(&["prlimit", &format!("--as={bytes}")])
}

#[test]
fn a_start_with_too_little_memory_serves_or_ends_and_says_why() {
    let mut served = 0;
    // From hardly enough for the program itself to more than enough.
    for bytes in (6..18).map(|step| (2 + step % 2) * (MIB << (step / 2))) {
        match with_memory(bytes).try_start() {
            Ok(server) => {
                served += 1;
                let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
                ann.send("MSG hello");
                bob.expect("ann: hello");
                assert_eq!(server.stop().code, Some(0));
            }
            Err(stopped) => {
                assert_eq!(served, 0, "less was enough: {stopped:?}");
                assert_ne!(stopped.code, Some(0), "{stopped:?}");
                assert!(!stopped.log.is_empty(), "{stopped:?}");
            }
        }
    }
    assert!(served > 0, "half a gigabyte is enough");
}

#[test]
fn a_reload_for_which_no_thread_can_be_started_is_refused_and_the_server_goes_on() {
    let daemon = Daemon::folder();
    let address = daemon.start(&[]).address();
    let pid = daemon.pid().unsigned_abs();
    let mut ann = Peer::dial(&address);
    ann.greeted();
    // Less than the stack of a thread.
    limit(pid, &format!("--as={}:", mapped_bytes(pid) + MIB / 2));
    let refused = daemon.reload(&[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.text.contains("cannot start a thread"),
        "{refused:?}"
    );
    ann.silent_until_fence();
    limit(pid, "--as=unlimited:");
    assert_eq!(daemon.reload(&[]).code, Some(0));
    assert_eq!(daemon.stop(&[]).code, Some(0));
}

#[test]
fn a_server_that_runs_out_of_memory_ends_at_once_and_says_why() {
    let server = Server::setup()
        .with("--window", "1GiB")
        .with("--room-rate", "0")
        .start();
    let ann = server.user("ann");
    limit(
        server.pid(),
        &format!("--as={}:", mapped_bytes(server.pid()) + 16 * MIB),
    );
    let (line, talk) = (
        format!("MSG {}\n", "x".repeat(4000)).repeat(16),
        ann.writer(),
    );
    // The window keeps all of it.
    while talk.send_bytes(line.as_bytes()).is_ok() {}
    let stopped = server.wait_for_exit();
    assert_eq!(stopped.code, None, "a signal ends it: {stopped:?}");
    assert!(
        stopped.text().contains("memory allocation of "),
        "{stopped:?}"
    );
}
