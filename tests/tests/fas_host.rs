//! Story *a host of FAS's*: a one-time code by real ssh, rules by the type of a group, and the homes of whoever has left.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use muster_tests::world::three::{FAS_PEOPLE, secret};
use muster_tests::world::{Output, Sim, World};
use serde_json::{Value, json};

const YUBIKEY: &str = "cccccccfhcbe";
const CODES: [&str; 2] = [
    "cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj",
    "cccccccfhcbetjrkgkilnlukcrdebbbvivnukgcbutil",
];

/// Answers sshd's two questions, as a person at a terminal does.
fn ssh_with_code(world: &World, password: &str, code: &str) -> Output {
    let script = format!(
        "set timeout 30\nlog_user 0\nspawn ssh -F/dev/null -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null \
         -oLogLevel=ERROR -oNumberOfPasswordPrompts=1 -oPreferredAuthentications=keyboard-interactive -l dennis 127.0.0.1 {{echo I am `id -un`}}\n\
         expect assword: {{ send \"{password}\\r\" }}\nexpect code: {{ send \"{code}\\r\" }}\n\
         expect {{\n  {{I am dennis}} {{ puts in; exit 0 }}\n  eof {{ exit 1 }}\n  timeout {{ exit 2 }}\n}}\n"
    );
    let output = world.run_with(&script, ["expect", "-"]);
    assert_ne!(output.code, 2, "{output}");
    output
}

fn configure(world: &World) {
    let (url, ca) = (world.url_of(Sim::Fas), Sim::Fas.ca());
    let password = world.secret("fas", secret::SERVICE_PASSWORD);
    world.write_config(&format!(
        r#"version = 1

[ids]
accept = [400000, 499999]

[[directory]]
name = "fedora"
kind = "fas"
url = "{url}"
user = "hosts"
password_file = "{password}"
ca_file = "{ca}"
otp = "field"

[access]
allow = ["group:fedora/@type:system"]
"#
    ));
}

#[test]
fn a_person_of_fas_logs_in_with_password_and_code_and_leaves_a_home_that_is_locked() {
    let Some(mut world) = World::new() else {
        return;
    };
    let of_dennis = r#""password": "the c language","#;
    let with_key = format!("{of_dennis} \"yubikey\": \"{YUBIKEY}\",");
    let people = FAS_PEOPLE.replacen(of_dennis, &with_key, 1);
    world.start_simulator(Sim::Fas, &people);
    configure(&world);
    world.start_muster();
    world.sync().said();
    world.start_sshd();

    assert_eq!(ssh_with_code(&world, secret::DENNIS, CODES[0]).said(), "in");
    ssh_with_code(&world, secret::DENNIS, CODES[0]).refused();
    ssh_with_code(&world, "wrong", CODES[1]).refused();
    // sshd's own password method cannot show the second question, and never takes the password for the code.
    world.ssh("dennis", secret::DENNIS, "id -un").refused();
    assert_eq!(ssh_with_code(&world, secret::DENNIS, CODES[1]).said(), "in");
    let why = world.run(["muster", "explain", "dennis", "--service", "sshd"]);
    assert!(why.said().contains("@type:system"), "{why}");

    world.tell(Sim::Fas, "set-status dennis inactive");
    world
        .run(["muster", "sync", "--accept-shrink", "fedora"])
        .said();
    let listed = world.run(["muster", "homes", "lock", "--departed"]);
    assert!(listed.out.contains("/home/dennis"), "{listed}");
    let mode = || world.run(["stat", "-c", "%U %a", "/home/dennis"]);
    assert_ne!(mode().said(), "root 700", "listing changes nothing");
    world
        .run(["muster", "homes", "lock", "--departed", "--yes"])
        .said();
    assert_eq!(mode().said(), "root 700");
    assert!(
        world.journal().contains("/home/dennis"),
        "{}",
        world.journal()
    );
    world.run(["muster", "homes", "unlock", "dennis"]).said();
    assert_ne!(mode().said(), "root 700");
}

const FAS_CONF: &str = "[global]
url = https://admin.example.org/accounts/
temp = /var/db
login = hosts
password = service-secret
prefix = /
modefile = /var/lib/fas/client_dir_perms
cla_group = cla_done

[host]
groups = sysadmin-main, @system
ssh_restricted_groups = packager
aliases_template =

[users]
shell = /bin/bash
home = /home/fedora
ssh_restricted_app = /usr/bin/serve
ssh_restricted_shell = /bin/sh
ssh_key_options = no-pty,no-port-forwarding
";

/// Whoever ran fasClient has a configuration, and is told who would gain and lose by it.
#[test]
fn a_configuration_of_fas_client_is_carried_over_and_compared() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Fas, FAS_PEOPLE);
    configure(&world);
    world.start_muster();
    world.sync().said();
    world.write("/etc/fas.conf", FAS_CONF);
    let carried = world.run([
        "muster",
        "config",
        "import-fas",
        "/etc/fas.conf",
        "--out",
        "/root/new.toml",
    ]);
    assert!(
        carried.succeeded() && !format!("{carried}").contains("service-secret"),
        "{carried}"
    );
    let new = world.read("/root/new.toml");
    for line in [
        "@type:system",
        "[[restricted]]",
        "packager",
        "/usr/bin/serve",
    ] {
        assert!(new.contains(line), "{line}: {new}");
    }
    world
        .run(["muster", "config", "check", "/root/new.toml"])
        .said();

    let present = world.read("/etc/muster/muster.toml");
    world.write(
        "/root/nobody.toml",
        present.replace("@type:system", "@type:shell"),
    );
    let diff = ["muster", "config", "diff", "/etc/muster/muster.toml"];
    let same = world.run(diff.iter().chain(&["/etc/muster/muster.toml"]));
    assert!(same.said().contains("Nobody"), "{same}");
    let fewer = world.run(diff.iter().chain(&["/root/nobody.toml"]));
    assert!(fewer.code == 1 && fewer.out.contains("dennis"), "{fewer}");
    let broken = world.run(diff.iter().chain(&["/etc/hostname"]));
    assert_eq!(broken.code, 3, "{broken}");
}

/// What `muster --json fas` answers.
fn asked(world: &World, words: &[&str]) -> Value {
    let answer = world.run(["muster", "--json", "fas"].iter().chain(words));
    serde_json::from_str(answer.said()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// The values of one field in a list.
fn each<'v>(list: &'v Value, field: &str) -> Vec<&'v Value> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|entry| &entry[field]).collect()
}

/// Every reading call of python-fedora's that an administrator can want, the whole way to the server and back.
#[test]
fn an_administrator_asks_fas_everything_on_the_command_line() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Fas, FAS_PEOPLE);
    configure(&world);
    world.start_muster();

    let dennis = asked(&world, &["person-by-username", "dennis"]);
    assert_eq!(
        (&dennis["id"], &dennis["status"]),
        (&json!(400_101), &json!("active"))
    );
    assert!(dennis.get("password").is_none(), "{dennis}");
    let left = asked(&world, &["person-by-id", "400103"]);
    assert_eq!(
        (&left["username"], &left["status"]),
        (&json!("left"), &json!("inactive"))
    );
    let found = asked(&world, &["people-by-key", "bri*", "--field", "email"]);
    assert!(found.to_string().contains("\"brian\""), "{found}");
    assert!(!found.to_string().contains("dennis"), "{found}");
    let rows = asked(&world, &["people-query", "id,username", "username=denn%"]);
    assert_eq!(each(&rows, "id"), [&json!(400_101)]);

    let packagers = asked(&world, &["people-by-groupname", "packager"]);
    let mut ids = each(&packagers, "id");
    ids.sort_by_key(|id| id.as_u64());
    assert_eq!(ids, [&json!(400_101), &json!(400_102)]);
    let main = asked(&world, &["group-by-name", "sysadmin-main"]);
    assert_eq!(
        each(&main["unapproved_roles"], "person_id"),
        [&json!(400_102)]
    );
    assert_eq!(
        asked(&world, &["group-by-id", "400202"])["name"],
        "packager"
    );
    let members = asked(&world, &["group-members", "sysadmin-main"]);
    let members = each(&members, "username");
    assert!(members.contains(&&json!("dennis")) && !members.contains(&&json!("brian")));
    let listed = asked(&world, &["group-list", "pack*", "--with-members"]);
    assert_eq!(each(&listed["groups"], "name"), [&json!("packager")]);
    let roles = &listed["memberships"]["400202"];
    assert_eq!(each(roles, "role_type"), [&json!("user"), &json!("user")]);

    for more in [&["group-data"][..], &["group-data", "--force-refresh"]] {
        let groups = asked(&world, more);
        assert_eq!(
            groups["sysadmin-main"]["sponsors"],
            json!([400_101]),
            "{more:?}"
        );
    }
    let everybody = asked(&world, &["user-data"]);
    assert_eq!(everybody["400101"]["username"], "dennis");
    assert!(everybody.get("400103").is_none(), "who left is not active");
    assert_eq!(asked(&world, &["user-id"])["400103"], "left");
    assert_eq!(
        asked(&world, &["get-config", "hosts", "openid", "x"]),
        Value::Null
    );
    assert_eq!(
        asked(&world, &["get-configs-like", "hosts", "openid"]),
        json!({})
    );
    let picture = asked(&world, &["avatar-url", "dennis"]);
    assert!(
        picture.as_str().is_some_and(|url| url.starts_with("http")),
        "{picture}"
    );

    let people = world.run(["muster", "fas", "person-by-username", "dennis"]);
    assert!(people.said().contains("username: dennis"), "{people}");
    let nobody = world.run(["muster", "fas", "person-by-username", "nemo"]);
    assert_ne!(nobody.code, 0, "{nobody}");
    let others = world.run(["muster", "fas", "get-configs-like", "dennis", "openid"]);
    assert!(
        others.code != 0 && format!("{others}").contains("AuthorizationError"),
        "{others}"
    );
    let unprivileged = world.run_as("nobody", &["muster", "fas", "user-id"]);
    assert_ne!(unprivileged.code, 0, "only root asks: {unprivileged}");
}
