//! `muster doctor` on hosts whose directory shows a certificate that is not as it should be.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use muster_tests::sim::tls::Authority;
use muster_tests::world::usual::PEOPLE;
use muster_tests::world::{Sim, World};
use serde_json::Value;

/// What doctor finds by this check.
fn findings(world: &World, check: &str) -> Value {
    let output = world.run(["muster", "--json", "doctor"]);
    let document: Value = serde_json::from_str(&output.out).unwrap_or_default();
    let checks = document["checks"].as_array().cloned().unwrap_or_default();
    let found = checks.into_iter().find(|one| one["name"] == check);
    found.unwrap_or_else(|| panic!("{check}: {output}"))
}

/// A host whose Crowd shows a certificate of this kind.
fn host(certificate: &str) -> Option<World> {
    let mut world = World::new()?;
    world.start_simulator_showing(Sim::Crowd, PEOPLE, certificate);
    world.configure("");
    Some(world)
}

/// Level and words of each check, on a host whose Crowd shows such a certificate.
#[track_caller]
fn check(certificate: &str, wanted: [(&str, &str, &str); 2]) {
    let Some(world) = host(certificate) else {
        return;
    };
    for (check, level, words) in wanted {
        let found = findings(&world, check);
        assert_eq!(found["level"], level, "{found}");
        let first = &found["findings"][0];
        let says = first["says"].as_str().unwrap_or_default();
        assert!(says.contains(words), "{found}");
        assert!(!first["evidence"]["place"].is_null(), "{found}");
    }
}

#[test]
fn a_sound_certificate_is_fine() {
    check(
        "sound",
        [
            ("tls-chain", "fine", "is believed"),
            ("tls-authorities", "fine", "days more"),
        ],
    );
}

#[test]
fn an_expired_certificate_is_an_error() {
    check(
        "expired",
        [
            ("tls-chain", "error", "has expired"),
            ("tls-expiry", "error", "has expired"),
        ],
    );
}

#[test]
fn a_certificate_that_ends_soon_is_a_warning() {
    check(
        "ends-soon",
        [
            ("tls-chain", "fine", "is believed"),
            ("tls-expiry", "warning", "it expires in"),
        ],
    );
}

#[test]
fn a_certificate_of_another_host_is_an_error_that_names_both() {
    check(
        "other-name",
        [
            ("tls-chain", "error", "elsewhere.example.org"),
            ("tls-expiry", "skipped", "no handshake"),
        ],
    );
}

#[test]
fn an_authority_that_is_not_known_is_an_error_and_one_that_is_not_there_is_told() {
    let Some(world) = host("sound") else {
        return;
    };
    // The authority of another server.
    let other = Authority::new().unwrap_or_else(|error| panic!("{error}"));
    world.write(&Sim::Crowd.ca(), other.pem());
    let found = findings(&world, "tls-chain");
    assert_eq!(found["level"], "error", "{found}");
    let says = found["findings"][0]["says"].as_str().unwrap_or_default();
    assert!(says.contains("authority that is not known here"), "{found}");

    world.write(&Sim::Crowd.ca(), "nothing");
    let found = findings(&world, "tls-authorities");
    assert_eq!(found["level"], "error", "{found}");
}
