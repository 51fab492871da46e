//! `muster doctor` on real hosts, on each of which a few things are really broken: every check there is finds its own,
//! says where and what to do, and nothing else than what is broken changes; made good, all is as it was before.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]
#![allow(unreachable_pub, reason = "one program's modules")]

/// Where Debian keeps libraries on this machine.
#[cfg(target_arch = "x86_64")]
macro_rules! lib {
    () => {
        "/usr/lib/x86_64-linux-gnu"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! lib {
    () => {
        "/usr/lib/aarch64-linux-gnu"
    };
}

mod broker;
mod files;
mod ids;
mod kept;
mod logins;
mod machine;
mod names;
mod report;
mod rules;
mod scene;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use muster_tests::world::World;
use scene::Scene;
use table::Broken;

/// What makes a program see another time.
const FAKETIME: &str = concat!(lib!(), "/faketime/libfaketime.so.1");

const TABLES: [&[Broken]; 7] = [
    names::BROKEN,
    ids::BROKEN,
    logins::BROKEN,
    rules::BROKEN,
    files::BROKEN,
    broker::BROKEN,
    machine::BROKEN,
];

/// Carries out the rows of these tables on a host of their own.
#[track_caller]
fn prove(tables: &[&[Broken]]) {
    let Some(mut scene) = Scene::new() else {
        return;
    };
    for broken in tables.iter().copied().flatten() {
        scene.prove(broken);
    }
    scene.end();
}

#[test]
fn what_is_broken_about_names_logins_and_rules_is_found() {
    prove(&[names::BROKEN, ids::BROKEN, logins::BROKEN, rules::BROKEN]);
}

#[test]
fn what_is_broken_about_files_broker_and_machine_is_found() {
    prove(&[files::BROKEN, broker::BROKEN, machine::BROKEN]);
}

#[test]
fn every_check_that_there_is_has_been_broken() {
    let Some(world) = World::new() else {
        return;
    };
    let listed = world.run(["muster", "--json", "doctor", "--list"]);
    let listed: Vec<serde_json::Value> = serde_json::from_str(listed.said()).unwrap();
    let there: BTreeSet<&str> = listed
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    let hosts: Vec<&Broken> = TABLES.into_iter().flatten().collect();
    let rows: Vec<_> = hosts.iter().flat_map(|host| host.breakages).collect();
    let broken: BTreeSet<&str> = rows.iter().map(|one| one.check).collect();
    assert_eq!(there, broken);

    let (checks, rows, hosts) = (there.len(), rows.len(), hosts.len());
    let figures = format!("{checks} checks, {rows} breakages, {hosts} broken hosts");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&figures),
        "docs/doctor.md should say {figures:?}"
    );
}
