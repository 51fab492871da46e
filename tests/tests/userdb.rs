//! Story *systemd's user database*: userdbctl and nss-systemd ask muster-userdb, which reads the snapshot.

use muster_tests::world::World;

#[test]
fn userdbctl_and_nss_systemd_see_the_people_of_the_directories() {
    let Some(mut world) = World::usual() else {
        return;
    };
    world.start_userdb();

    let ada = world.run(["userdbctl", "user", "ada", "--output=json"]);
    for words in [
        "\"userName\":\"ada\"",
        "\"uid\":20001",
        "org.muster1.UserDatabase",
    ] {
        let said: String = ada.said().split_whitespace().collect();
        assert!(said.contains(words), "{words}: {ada}");
    }
    let by_id = world.run(["userdbctl", "user", "20001", "--output=classic"]);
    assert!(
        by_id
            .said()
            .starts_with("ada:x:20001:20001:Ada Lovelace:/home/ada:"),
        "{by_id}"
    );
    let group = world.run(["userdbctl", "group", "engineers", "--output=classic"]);
    assert!(group.said().starts_with("engineers:x:21001:"), "{group}");
    let members = world.run(["userdbctl", "users-in-group", "engineers", "--no-legend"]);
    assert!(members.said().contains("ada"), "{members}");
    let groups = world.run(["userdbctl", "groups-of-user", "ada", "--no-legend"]);
    assert!(groups.said().contains("linux-users"), "{groups}");

    let through_nss = world.run(["getent", "-s", "systemd", "passwd", "ada"]);
    assert!(
        through_nss.said().starts_with("ada:x:20001:20001:"),
        "{through_nss}"
    );
    let stranger = world.run(["getent", "-s", "systemd", "passwd", "nosuch"]);
    assert_eq!(stranger.code, 2, "{stranger}");
    let root = world.run(["userdbctl", "user", "root", "--output=classic"]);
    assert!(root.said().starts_with("root:"), "{root}");
    assert!(!format!("{root}").contains("Not root"), "{root}");
}
