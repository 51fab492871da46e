//! Certificates that are not believed, that end, and authorities that do.

use muster_common::directory::http::handshake::Untrusted;

use super::breakages::Breakage;
use super::level;
use super::scene::{Scene, authority};
use crate::doctor::facts::Shaken;
use crate::doctor::finding::Level::{Error, Fine, Warning};

const CA: &str = "/etc/muster/ca.pem";

pub(super) const BREAKAGES: &[Breakage] = &[
    ("tls-chain", Error, |s| {
        refuse(s, Untrusted::UnknownAuthority);
    }),
    ("tls-chain", Error, |s| refuse(s, wrong_name())),
    ("tls-chain", Error, |s| refuse(s, Untrusted::Expired(1))),
    ("tls-chain", Error, |s| {
        refuse(s, Untrusted::NotYetValid(1 << 40));
    }),
    ("tls-chain", Error, |s| {
        s.facts.handshakes[0].shaken = Shaken::Broken("no TLS".to_owned());
    }),
    ("tls-chain", Warning, |s| {
        s.facts.handshakes[0].shaken = Shaken::NotReached("no TLS within 5 s".to_owned());
    }),
    ("tls-expiry", Warning, |s| last(s, 13)),
    ("tls-expiry", Warning, |s| last(s, 0)),
    ("tls-expiry", Error, |s| refuse(s, Untrusted::Expired(1))),
    ("tls-authorities", Warning, |s| trust(s, &authority(13))),
    ("tls-authorities", Error, |s| trust(s, &authority(-1))),
    ("tls-authorities", Warning, |s| {
        trust(s, &(authority(-1) + &authority(300)));
    }),
    ("tls-authorities", Error, |s| trust(s, "nothing")),
    ("tls-authorities", Error, |s| {
        trust(s, &authority(300).replace("MII", "XXX"));
    }),
];

fn refuse(scene: &mut Scene, why: Untrusted) {
    scene.facts.handshakes[0].shaken = Shaken::Untrusted(why);
}

fn wrong_name() -> Untrusted {
    Untrusted::WrongName {
        wanted: "crowd.example.org".to_owned(),
        names: "other.example.org".to_owned(),
    }
}

/// The server's certificate ends in so many days.
fn last(scene: &mut Scene, days: u64) {
    let now = scene.facts.now;
    if let Shaken::Believed(chain) = &mut scene.facts.handshakes[0].shaken {
        chain[0].not_after = now + days * 86_400 + 60;
    }
}

fn trust(scene: &mut Scene, pem: &str) {
    scene.configure(&format!("ca_file = \"{CA}\""));
    scene.write(CA, pem);
}

#[test]
fn a_certificate_counts_as_long_lived_from_the_fourteenth_day_on() {
    let mut scene = Scene::sound();
    last(&mut scene, 14);
    let (level, shown) = level(&scene, "tls-expiry");
    assert_eq!(level, Fine, "{shown}");
}

#[test]
fn whoever_reads_of_a_wrong_name_is_told_both_names() {
    let mut scene = Scene::sound();
    refuse(&mut scene, wrong_name());
    let (_, shown) = level(&scene, "tls-chain");
    assert!(shown.contains("crowd.example.org"), "{shown}");
    assert!(shown.contains("other.example.org"), "{shown}");
}

#[test]
fn an_authority_that_lasts_is_fine() {
    let mut scene = Scene::sound();
    trust(&mut scene, &authority(300));
    let (level, shown) = level(&scene, "tls-authorities");
    assert_eq!(level, Fine, "{shown}");
}
