//! TLS: the same work, encrypted; with a server that proves what was asked of it.

use wac_tests::{Authority, Identity, TlsServer};

use crate::tester::run;

const WORK: &str = "--users 20 --senders 5 --rate 50/s --duration 1s --size 16-4000 --churn 20%/s";

#[test]
fn every_line_comes_once_over_tls_and_the_report_says_that_any_key_was_taken() {
    let server = TlsServer::start(&Identity::new());
    let told = run(server.over_tls(), &format!("--tls {WORK}"));
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(told.number("/delivery/received") > 0);
    let shown = format!("tls:{} (any key)", server.over_tls());
    assert_eq!(told.json["server"], shown.as_str());
    let line = format!(" TLS       {} (any key)", server.over_tls());
    assert!(told.text.contains(&line), "{}", told.text);
}

#[test]
fn a_closed_loop_goes_over_tls() {
    let server = TlsServer::start(&Identity::new());
    let flags = "--tls --users 20 --senders 4 --rate 100000/s --in-flight 64 --duration 500ms";
    let told = run(server.over_tls(), flags);
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(told.number("/delivery/received") > 0);
}

#[test]
fn a_key_is_demanded_and_a_certificate() {
    let authority = Authority::new();
    let identity = authority.signs("127.0.0.1");
    let server = TlsServer::start(&identity);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let short = "--users 2 --rate 10/s --duration 100ms";
    for proof in [
        format!("--tls-pin {}", identity.fingerprint()),
        format!("--tls-ca {}", ca.display()),
    ] {
        let told = run(server.over_tls(), &format!("--tls {proof} {short}"));
        assert_eq!(told.code, Some(0), "{proof}: {}", told.text);
    }
    let other = Identity::new();
    server.becomes(&other);
    let pinned = run(
        server.over_tls(),
        &format!("--tls-pin {} {short}", identity.fingerprint()),
    );
    let told = format!(
        "its key is {}, not {}",
        other.fingerprint(),
        identity.fingerprint()
    );
    assert_eq!(pinned.code, Some(6), "{}", pinned.text);
    assert!(pinned.text.contains(&told), "{}", pinned.text);
    let vouched = run(
        server.over_tls(),
        &format!("--tls-ca {} {short}", ca.display()),
    );
    assert_eq!(vouched.code, Some(6), "{}", vouched.text);
    assert!(
        vouched.text.contains("no authority that is trusted"),
        "{}",
        vouched.text
    );
}

#[test]
fn plain_text_where_tls_is_meant_is_told_and_the_reverse() {
    let server = TlsServer::start(&Identity::new());
    let short = "--users 2 --rate 10/s --duration 100ms";
    let told = run(server.address().tcp(), &format!("--tls {short}"));
    assert_eq!(told.code, Some(6), "{}", told.text);
    assert!(
        told.text.contains("it speaks plain text, not TLS"),
        "{}",
        told.text
    );
    let told = run(server.over_tls(), short);
    assert_eq!(told.code, Some(6), "{}", told.text);
    assert!(told.text.contains("this port speaks TLS"), "{}", told.text);
}

#[test]
fn bad_clients_do_not_speak_tls() {
    let told = run("127.0.0.1:9", "--tls --hostile 3");
    assert_eq!(told.code, Some(2));
    assert!(
        told.text.contains("they don't go with --tls"),
        "{}",
        told.text
    );
}
