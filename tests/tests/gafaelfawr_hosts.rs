//! Story: a host whose Gafaelfawr lists everybody, and one whose Gafaelfawr knows nobody by
//! name, as with GitHub: `muster gafaelfawr import`, a rotated service token.

use muster_tests::world::three::{GAFAELFAWR_PEOPLE, secret};
use muster_tests::world::{Sim, World};

#[test]
fn where_everybody_is_listed_ids_resolve_and_a_missing_name_is_certain() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_three_listing(GAFAELFAWR_PEOPLE, "auto");
    world.tell(Sim::Gafaelfawr, "fault hang --below /users");
    // Nobody was asked for by name: ids and groups are known from the list.
    let by_id = world.run(["getent", "passwd", "60002"]);
    assert!(by_id.said().starts_with("jocelyn:*:60002:"), "{by_id}");
    let group = world.run(["getent", "group", "g_radio"]);
    assert!(group.said().contains("rosalind"), "{group}");
    assert_eq!(world.run(["getent", "passwd", "nemo"]).code, 2);
    assert_eq!(world.run(["getent", "passwd", "nobodyposix"]).code, 2);
    let user = world.run(["muster", "user", "nemo"]);
    assert_eq!(user.code, 1, "certain: {user}");
    world.tell(Sim::Gafaelfawr, "fault none");
    let login = world.pam(
        "sshd",
        "rosalind",
        secret::ROSALIND,
        &["authenticate", "acct_mgmt"],
    );
    assert!(login.succeeded(), "{login}");
}

#[test]
fn where_nobody_can_be_looked_up_an_imported_token_makes_its_owner_known() {
    let Some(mut world) = World::new() else {
        return;
    };
    let github = GAFAELFAWR_PEOPLE
        .replace("\"ldap\": true", "\"ldap\": false")
        .replace(
            r#""token_name": "laptop", "scopes": ["exec:login"]"#,
            r#""token_name": "laptop", "scopes": ["exec:login"], "uid": 60001, "gid": 60001,
               "groups": [{"name": "g_astro", "id": 61000}, {"name": "rosalind", "id": 60001}]"#,
        );
    world.start_three_listing(&github, "auto");
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("LDAP"), "{status}");
    assert_eq!(world.run(["getent", "passwd", "rosalind"]).code, 2);

    let on_the_line = world.run(["muster", "gafaelfawr", "import", secret::ROSALIND]);
    assert_eq!(on_the_line.code, 1, "{on_the_line}");
    world.write("/root/token", format!("{}\n", secret::ROSALIND));
    let imported = world.run(["muster", "gafaelfawr", "import", "/root/token"]);
    assert!(imported.said().contains("rosalind"), "{imported}");
    assert_eq!(world.run(["id", "-u", "rosalind"]).said(), "60001");
    let login = world.pam(
        "sshd",
        "rosalind",
        secret::ROSALIND,
        &["authenticate", "acct_mgmt"],
    );
    assert!(login.succeeded(), "{login}");
    let from_input = format!(
        "muster gafaelfawr import - <<'END'\n{}\nEND",
        secret::ROSALIND
    );
    let again = world.run(["sh", "-c", &from_input]);
    assert!(again.said().contains("60001"), "{again}");
}

#[test]
fn a_rotated_service_token_counts_without_a_restart() {
    let Some(mut world) = World::new() else {
        return;
    };
    let people = GAFAELFAWR_PEOPLE.replace(
        r#""tokens": ["#,
        r#""tokens": [
    {"token": "gt-bot-muster-key-0000001.bot-muster-secret-0001", "username": "bot-muster", "token_type": "service", "scopes": ["admin:userinfo"]},"#,
    );
    world.start_three_with(&people);
    assert_eq!(world.run(["id", "-u", "rosalind"]).said(), "60001");
    world.tell(Sim::Gafaelfawr, "revoke-token bot-muster-key-0000000");
    world.secret(
        "gafaelfawr",
        "gt-bot-muster-key-0000001.bot-muster-secret-0001",
    );
    assert_eq!(
        world.run(["id", "-u", "jocelyn"]).said(),
        "60002",
        "the refused token had the new one looked for, at once"
    );
}
