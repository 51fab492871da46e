//! Handshakes as doctor shakes hands: with servers whose certificates are sound, and with such that nobody should believe.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::net::TcpListener;
use std::time::Duration;

use muster_common::certificate::Certificate;
use muster_common::directory::http::handshake::{HandshakeError, Untrusted, shake_hands};
use muster_tests::sim::crowd::{Crowd, Population};
use muster_tests::sim::running::{ANY_PORT, Encryption};
use muster_tests::sim::tls::{Authority, Leaf};
use reqwest::Url;

const LONG: Duration = Duration::from_secs(60);
const DAY: u64 = 86_400;

fn shaken(url: &str, ca: &str, within: Duration) -> Result<Vec<Certificate>, HandshakeError> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = Url::parse(url).unwrap();
    runtime.block_on(shake_hands(&url, Some(ca.as_bytes()), within))
}

fn server(encryption: Encryption) -> Crowd {
    Crowd::start_at(Population::new(), ANY_PORT, encryption, "/crowd").unwrap()
}

/// What is said of a server with such a certificate.
fn refused(leaf: Leaf) -> Untrusted {
    let server = server(Encryption::TlsWith(leaf));
    match shaken(server.url(), server.authority_pem(), LONG) {
        Err(HandshakeError::Untrusted(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sound_certificate_is_believed_and_says_until_when_it_counts() {
    let server = server(Encryption::Tls);
    let chain = shaken(server.url(), server.authority_pem(), LONG).unwrap();
    assert_eq!(chain[0].subject, "CN=localhost");
    assert!(chain[0].not_before < chain[0].not_after);
}

#[test]
fn a_certificate_that_ends_soon_is_believed_and_its_days_can_be_counted() {
    let server = server(Encryption::TlsWith(Leaf::EndsSoon));
    let chain = shaken(server.url(), server.authority_pem(), LONG).unwrap();
    assert_eq!(chain[0].not_after - chain[0].not_before, 35 * DAY);
}

#[test]
fn an_expired_certificate_is_refused_with_the_day_of_its_end() {
    let Untrusted::Expired(ended) = refused(Leaf::Expired) else {
        panic!("it is believed");
    };
    let told = Untrusted::Expired(ended).to_string();
    assert!(told.starts_with("its certificate has expired ("), "{told}");
    assert!(told.contains("GMT"), "{told}");
}

#[test]
fn a_certificate_of_tomorrow_is_refused_as_not_valid_yet() {
    let why = refused(Leaf::NotYetValid);
    assert!(matches!(why, Untrusted::NotYetValid(_)), "{why}");
}

#[test]
fn a_certificate_of_another_host_is_refused_and_both_names_are_told() {
    let told = refused(Leaf::OtherName).to_string();
    assert!(told.contains("(elsewhere.example.org)"), "{told}");
    assert!(told.contains("127.0.0.1"), "{told}");
}

#[test]
fn a_certificate_of_an_authority_that_nobody_knows_is_refused() {
    let server = server(Encryption::Tls);
    let other = Authority::new().unwrap();
    let refused = shaken(server.url(), other.pem(), LONG).unwrap_err();
    let wanted = HandshakeError::Untrusted(Untrusted::UnknownAuthority);
    assert_eq!(refused.to_string(), wanted.to_string());
}

#[test]
fn a_server_without_tls_is_told_from_one_that_is_not_believed() {
    let server = server(Encryption::Plain);
    let url = server.url().replace("http://", "https://");
    let refused = shaken(&url, Authority::new().unwrap().pem(), LONG);
    assert!(
        matches!(refused, Err(HandshakeError::NoTls(_))),
        "{refused:?}"
    );
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind(ANY_PORT).unwrap();
    let url = format!("https://{}/crowd", silent.local_addr().unwrap());
    let soon = Duration::from_millis(200);
    let refused = shaken(&url, Authority::new().unwrap().pem(), soon);
    assert!(
        matches!(refused, Err(HandshakeError::Silent(_))),
        "{refused:?}"
    );
}

#[test]
fn where_nobody_listens_that_is_said() {
    let gone = TcpListener::bind(ANY_PORT).unwrap();
    let url = format!("https://{}/crowd", gone.local_addr().unwrap());
    drop(gone);
    let refused = shaken(&url, Authority::new().unwrap().pem(), LONG);
    assert!(
        matches!(refused, Err(HandshakeError::Unreachable(_))),
        "{refused:?}"
    );
}

#[test]
fn a_ca_file_that_holds_no_certificate_is_a_matter_of_the_setup() {
    let refused = shaken("https://127.0.0.1:9/", "nothing", LONG);
    assert!(
        matches!(refused, Err(HandshakeError::Setup(_))),
        "{refused:?}"
    );
}
