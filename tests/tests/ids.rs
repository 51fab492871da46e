//! Story *ids*: an administrator settles whose ids are, and carries the ledger to another host.

use muster_tests::world::World;
use muster_tests::world::usual::password;

#[test]
fn a_pinned_id_is_what_names_and_logins_go_by_until_it_is_taken_away() {
    let Some(world) = World::usual() else { return };
    let uid = world.run(["id", "-u", "vera"]).said().to_owned();
    let pinned = world.run(["muster", "id", "pin", "user", "vera", "30000"]);
    let find = format!("find / -xdev -uid {uid}");
    assert!(pinned.said().contains(&find), "{pinned}");
    assert_eq!(world.run(["id", "-u", "vera"]).said(), "30000");
    assert_eq!(world.ssh("vera", password::VERA, "id -u").said(), "30000");
    let taken = world.run(["muster", "id", "pin", "user", "vera", "20001"]);
    assert_eq!(taken.code, 1, "{taken}");
    let listed = world.run(["muster", "id", "list", "--user", "vera"]);
    assert!(listed.said().contains("kept from others"), "{listed}");
    world.run(["muster", "id", "unpin", "user", "vera"]).said();
    assert_eq!(world.run(["id", "-u", "vera"]).said(), uid);
    world.run_as("larry", &["muster", "id", "list"]).refused();
}

#[test]
fn what_is_exported_is_taken_in_again_without_a_word_of_news() {
    let Some(world) = World::usual() else { return };
    world.run(["muster", "id", "export", "/root/ledger"]).said();
    let import = ["muster", "id", "import", "/root/ledger"];
    let imported = world.run(import);
    assert!(
        imported.said().starts_with("0 ids and 0 names are added"),
        "{imported}"
    );
    let cut = world.read("/root/ledger").replace("{\"end\"", "{\"fin\"");
    world.write("/root/ledger", cut);
    let refused = world.run(import);
    assert_eq!(refused.code, 1, "{refused}");
}
