//! `muster doctor` on a host that serves people: nothing of muster's own is wrong, and what is broken is found.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use muster_tests::world::World;

/// The level of a check in the document.
fn level(world: &World, check: &str) -> String {
    let output = world.run(["muster", "--json", "doctor"]);
    let document: serde_json::Value = serde_json::from_str(&output.out).unwrap_or_default();
    let checks = document["checks"].as_array().cloned().unwrap_or_default();
    let found = checks.iter().find(|one| one["name"] == check);
    let level = found.and_then(|one| one["level"].as_str());
    level.map_or_else(|| panic!("{check}: {output}"), str::to_owned)
}

const OF_A_HOST_THAT_SERVES: [&str; 14] = [
    "nsswitch-users",
    "nsswitch-groups",
    "nsswitch-order",
    "nsswitch-reached",
    "nss-module",
    "pam-module",
    "pam-proof",
    "pam-local-accounts",
    "pam-account-local",
    "pam-account-closed",
    "snapshot",
    "broker",
    "publishing",
    "directories",
];

#[test]
fn a_host_that_serves_people_is_fine_and_what_is_broken_is_found() {
    let Some(world) = World::usual() else {
        return;
    };
    for check in OF_A_HOST_THAT_SERVES {
        assert_eq!(level(&world, check), "fine", "{check}");
    }

    world.write("/etc/nsswitch.conf", "passwd: files\ngroup: files muster\n");
    world.write(
        "/etc/pam.d/open",
        "auth sufficient pam_muster.so\nauth optional pam_permit.so\n",
    );
    world
        .run(["chmod", "666", "/etc/muster/muster.toml"])
        .said();
    world.kill("musterd");
    for check in [
        "nsswitch-users",
        "pam-proof",
        "configuration-mode",
        "broker",
    ] {
        assert_eq!(level(&world, check), "error", "{check}");
    }
    assert_eq!(world.run(["muster", "doctor"]).code, 5);

    world.run(["muster", "doctor", "--fix"]);
    assert_eq!(level(&world, "configuration-mode"), "fine");
}
