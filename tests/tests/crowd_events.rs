//! The simulated Crowd's `/event`: what both generations of servers tell, and when they
//! tell nothing more.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::Duration;

use common::{APPLICATION, Asker, people};
use muster_tests::sim::control;
use muster_tests::sim::crowd::{
    AttributeChanges, EventSettings, EventStore, Group, MembershipEvents, Population, Renames, User,
};
use muster_tests::sim::fault::Fault;
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// Somebody who asks a Crowd for events.
struct Watcher {
    asker: Asker,
}

impl Watcher {
    fn of(settings: EventSettings) -> Self {
        let asker = Asker::new(people());
        asker.crowd.set_events(settings);
        Self { asker }
    }

    fn newer() -> Self {
        Self::of(EventSettings::default())
    }

    fn older() -> Self {
        Self::of(EventSettings::of(EventStore::Memory))
    }

    fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.asker.crowd.update(change)
    }

    async fn token(&self) -> String {
        let (status, first) = self.asker.get("/event").await;
        assert_eq!(status, 200, "{first}");
        assert_eq!(first["incrementalSynchronisationAvailable"], true);
        first["newEventToken"].as_str().unwrap().to_owned()
    }

    async fn since(&self, token: &str) -> (u16, Value) {
        self.asker.get(&path(token)).await
    }

    /// The events since a token, each as a line.
    async fn told(&self, token: &str) -> Vec<String> {
        let (status, list) = self.since(token).await;
        assert_eq!(status, 200, "{list}");
        list["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(line)
            .collect()
    }

    async fn assert_expired(&self, token: &str) {
        let (status, error) = self.since(token).await;
        assert_eq!(
            (status, &error["reason"]),
            (410, &json!("EVENT_TOKEN_EXPIRED")),
            "{token}"
        );
    }
}

fn path(token: &str) -> String {
    format!("/event/{}", token.replace(':', "%3A"))
}

/// `CREATED user ada`, `DELETED ada in Staff`, `CREATED leaf below dev team`.
fn line(event: &Value) -> String {
    let (kind, event) = event.as_object().unwrap().iter().next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let operation = text(&event["operation"]);
    let parents = || {
        let groups = event["parentGroups"]["groups"].as_array().unwrap();
        let names = groups.iter().map(|group| text(&group["name"]));
        names.collect::<Vec<_>>().join("+")
    };
    match kind.as_str() {
        "userEvent" => format!("{operation} user {}", text(&event["user"]["name"])),
        "groupEvent" => format!("{operation} group {}", text(&event["group"]["name"])),
        "userMembershipEvent" => {
            let user = text(&event["childUser"]["name"]);
            format!("{operation} {user} in {}", parents())
        }
        "groupMembershipEvent" => {
            let child = text(&event["group"]["name"]);
            format!("{operation} {child} below {}", parents())
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_first_token_is_given_in_both_forms() {
    let newer = Watcher::newer();
    let token = newer.token().await;
    assert!(token.ends_with(":32769"), "{token}");
    let xml = newer.asker.xml("/event").await;
    assert!(xml.contains("<events newEventToken=\"1:"), "{xml}");
    assert!(xml.contains("incrementalSynchronisationAvailable=\"true\"/>"));
    let older = Watcher::older();
    assert!(older.token().await.ends_with(":0"));
    assert_eq!(older.told(&older.token().await).await, [""; 0]);
    let (status, list) = older.since(&older.token().await).await;
    assert_eq!(status, 200);
    assert_eq!(list.get("incrementalSynchronisationAvailable"), None);
    let deletion = older.asker.delete("/event").await;
    assert_eq!(deletion, 405);
}

#[tokio::test]
async fn events_are_xml_as_documented() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.update(|people| {
        people.user_mut("ada").unwrap().email = "new@example.org".to_owned();
        people.remove_user("gone");
        people.add_member("alone", "ALEE");
        people
            .group_mut("alone")
            .unwrap()
            .groups
            .push("LEAF".to_owned());
        people.group_mut("alone").unwrap().description = "d".to_owned();
    });
    let xml = watcher.asker.xml(&path(&token)).await;
    for part in [
        "<userEvent><operation>UPDATED</operation><user name=\"ada\" expand=\"attributes\">",
        "<email>new@example.org</email>",
        "<key>32769:ada</key><active>true</active>",
        "<userEvent><operation>DELETED</operation><user name=\"gone\" expand=\"attributes\">",
        "<groupEvent><operation>UPDATED</operation><group name=\"alone\" expand=\"attributes\">",
        "<userMembershipEvent><operation>CREATED</operation><childUser name=\"ALee\"><link",
        "</childUser><parentGroups expand=\"group\"><group name=\"alone\"><link",
        "<groupMembershipEvent><operation>CREATED</operation><group name=\"leaf\"><link",
        "</parentGroups><childGroups expand=\"group\"/></groupMembershipEvent></events>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    // Attributes are never told by this store, dates and directories by none.
    for absent in [
        "uidNumber",
        "Attributes>",
        "-date>",
        "directory-id",
        "absolute",
    ] {
        assert!(!xml.contains(absent), "{absent} in {xml}");
    }
}

#[tokio::test]
async fn the_newer_store_tells_everything_once_and_in_its_order() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.update(|people| {
        people.remove_member("dev team", "ada");
        people.add_user(User::new("eve"));
        people.user_mut("alee").unwrap().active = false;
        people.add_member("alone", "eve");
    });
    watcher.update(|people| {
        people.remove_user("old");
        people.remove_group("leaf");
        people.add_group(Group::new("fresh").users(["ada"]).groups(["alone"]));
        people.user_mut("alee").unwrap().email = "a@example.org".to_owned();
        people.user_mut("eve").unwrap().email = "e@example.org".to_owned();
        people.group_mut("staff").unwrap().active = false;
        people.add_member("staff", "alee");
        people.remove_member("staff", "alee");
    });
    let expected = [
        "DELETED ada in dev team",
        "DELETED user old",
        "DELETED group leaf",
        "CREATED group fresh",
        "UPDATED group Staff",
        "CREATED user eve",
        "UPDATED user ALee",
        "CREATED ada in fresh",
        "CREATED eve in alone",
        "CREATED alone below fresh",
    ];
    assert_eq!(watcher.told(&token).await, expected);
    let (_, list) = watcher.since(&token).await;
    let gone = &list["events"][1]["userEvent"]["user"];
    assert_eq!((gone.get("key"), &gone["active"]), (None, &json!(false)));
    assert_eq!(list["events"][6]["userEvent"]["user"]["active"], false);
}

#[tokio::test]
async fn who_is_made_again_is_told_as_deleted_and_created() {
    for watcher in [Watcher::newer(), Watcher::older()] {
        let token = watcher.token().await;
        watcher.update(|people| people.remove_user("alee"));
        assert_eq!(watcher.told(&token).await, ["DELETED user ALee"]);
        watcher.update(|people| people.add_user(User::new("alee")));
        watcher.update(|people| people.add_member("leaf", "alee"));
        let expected = [
            "DELETED user ALee",
            "CREATED user alee",
            "CREATED alee in leaf",
        ];
        assert_eq!(watcher.told(&token).await, expected);
    }
    // In one go it is the same: the key tells.
    for watcher in [Watcher::newer(), Watcher::older()] {
        let token = watcher.token().await;
        watcher.update(|people| {
            people.remove_user("alee");
            people.add_user(User::new("ALee"));
            people.add_member("leaf", "alee");
        });
        let expected = [
            "DELETED user ALee",
            "CREATED user ALee",
            "CREATED ALee in leaf",
        ];
        assert_eq!(watcher.told(&token).await, expected);
    }
}

#[tokio::test]
async fn what_vanishes_within_a_window_is_told_as_deleted_alone() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.update(|people| people.add_user(User::new("eve")));
    watcher.update(|people| people.add_member("alone", "eve"));
    watcher.update(|people| people.remove_user("eve"));
    assert_eq!(watcher.told(&token).await, ["DELETED user eve"]);
}

#[tokio::test]
async fn tokens_of_the_newer_store_are_dated_back_by_five_minutes() {
    let watcher = Watcher::newer();
    let first = watcher.token().await;
    watcher.update(|people| people.remove_user("old"));
    let (_, list) = watcher.since(&first).await;
    let second = list["newEventToken"].as_str().unwrap().to_owned();
    for token in [&first, &second, &watcher.token().await] {
        assert_eq!(watcher.told(token).await, ["DELETED user old"]);
    }
    watcher.asker.crowd.advance(6 * MINUTE);
    assert_eq!(watcher.told(&second).await, ["DELETED user old"]);
    assert_eq!(watcher.told(&watcher.token().await).await, [""; 0]);
    watcher.asker.crowd.restart();
    assert_eq!(watcher.told(&second).await, ["DELETED user old"]);
}

#[tokio::test]
async fn the_newer_store_refuses_tokens_that_it_cannot_serve() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    let directories = token.replace("32769", "32769-32770");
    for wrong in [
        "x",
        "1:2:3:4",
        "1:x:32769",
        &directories,
        &token.replacen('1', "2", 1),
    ] {
        watcher.assert_expired(wrong).await;
    }
    watcher
        .asker
        .crowd
        .advance(Duration::from_secs(4 * 24 * 60 * 60));
    watcher.assert_expired(&token).await;

    let token = watcher.token().await;
    watcher.asker.crowd.set_events(EventSettings {
        limit: 2,
        ..EventSettings::default()
    });
    watcher.update(|people| people.remove_user("old") && people.remove_user("gone"));
    assert_eq!(watcher.told(&token).await.len(), 2);
    watcher.update(|people| people.remove_user("alee"));
    watcher.assert_expired(&token).await;

    watcher.asker.crowd.set_events(EventSettings {
        directories: vec![32770, 32769],
        ..EventSettings::default()
    });
    watcher.assert_expired(&token).await;
    assert_eq!(watcher.told(&watcher.token().await).await.len(), 3);
}

#[tokio::test]
async fn a_limit_of_nothing_turns_events_off() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.asker.crowd.set_events(EventSettings {
        limit: 0,
        ..EventSettings::default()
    });
    let (status, first) = watcher.asker.get("/event").await;
    let expected = json!({"incrementalSynchronisationAvailable": false});
    assert_eq!((status, first), (200, expected));
    let xml = watcher.asker.xml("/event").await;
    assert!(xml.ends_with("<events incrementalSynchronisationAvailable=\"false\"/>"));
    watcher.assert_expired(&token).await;
}

#[tokio::test]
async fn a_changed_application_must_read_everything_for_five_minutes() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.update(|people| {
        people
            .applications
            .get_mut("staff-only")
            .unwrap()
            .allowed_groups = None;
    });
    assert_eq!(watcher.told(&token).await, [""; 0]);
    watcher.update(|people| {
        let us = people.applications.get_mut(APPLICATION.0).unwrap();
        us.allowed_groups = Some(vec!["Staff".to_owned()]);
    });
    watcher.assert_expired(&token).await;
    // A new token is dated back to before the change.
    watcher.assert_expired(&watcher.token().await).await;
    watcher.asker.crowd.advance(6 * MINUTE);
    let token = watcher.token().await;
    assert_eq!(watcher.told(&token).await, [""; 0]);
    watcher.asker.crowd.expire_events();
    watcher.assert_expired(&token).await;
    // So it is when a backup is restored; the older store has new tokens at once.
    for watcher in [Watcher::newer(), Watcher::older()] {
        let token = watcher.token().await;
        watcher.update(|people| *people = people.clone().user(User::new("eve")));
        watcher.assert_expired(&token).await;
    }
    let older = Watcher::older();
    let token = older.token().await;
    older.asker.crowd.expire_events();
    older.assert_expired(&token).await;
    assert_eq!(older.told(&older.token().await).await, [""; 0]);
}

#[tokio::test]
async fn attributes_alone_are_told_by_the_newer_store_only_if_they_move_the_date() {
    let change = |watcher: &Watcher| {
        watcher.update(|people| {
            let shell = ("loginShell".to_owned(), vec!["/bin/zsh".to_owned()]);
            people.user_mut("ada").unwrap().attributes.extend([shell]);
            let ids = &mut people.group_mut("leaf").unwrap().attributes;
            ids.remove("gidNumber");
        });
    };
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    change(&watcher);
    assert_eq!(watcher.told(&token).await, [""; 0]);

    let watcher = Watcher::of(EventSettings {
        attributes: AttributeChanges::Told,
        ..EventSettings::default()
    });
    let token = watcher.token().await;
    let login = json!({"value": "pw"});
    let (status, _) = watcher
        .asker
        .post("/authentication?username=alee", login)
        .await;
    assert_eq!(status, 200);
    change(&watcher);
    assert_eq!(
        watcher.told(&token).await,
        ["UPDATED group leaf", "UPDATED user ada"]
    );
    let (_, list) = watcher.since(&token).await;
    assert_eq!(list["events"][1]["userEvent"].get("storedAttributes"), None);
    assert_eq!(
        list["events"][1]["userEvent"]["user"]["attributes"]["attributes"],
        json!([])
    );

    let watcher = Watcher::older();
    let token = watcher.token().await;
    change(&watcher);
    let (_, list) = watcher.since(&token).await;
    let (group, user) = (
        &list["events"][0]["groupEvent"],
        &list["events"][1]["userEvent"],
    );
    assert_eq!(
        group["deletedAttributes"],
        json!({"attributes": [{"name": "gidNumber"}]})
    );
    assert_eq!(
        user["storedAttributes"]["attributes"][0]["values"],
        json!(["/bin/zsh"])
    );
    assert_eq!(user.get("deletedAttributes"), None);
    let xml = watcher.asker.xml(&path(&token)).await;
    let deleted = "<deletedAttributes><attribute name=\"gidNumber\"/></deletedAttributes>";
    assert!(xml.contains(deleted), "{xml}");
    assert!(xml.contains("<storedAttributes><link"), "{xml}");
}

#[tokio::test]
async fn a_rename_is_no_operation_of_its_own() {
    let check = async |store, renames, expected: &[&str]| {
        let watcher = Watcher::of(EventSettings {
            renames,
            ..EventSettings::of(store)
        });
        let token = watcher.token().await;
        watcher.update(|people| assert!(people.rename_user("ada", "lovelace")));
        assert_eq!(watcher.told(&token).await, expected);
        let (_, list) = watcher.since(&token).await;
        let last_user = list["events"].as_array().unwrap().iter();
        let last_user = last_user.rev().find_map(|event| event.get("userEvent"));
        assert_eq!(last_user.unwrap()["user"]["key"], "32769:ada");
    };
    let again = [
        "DELETED user ada",
        "CREATED user lovelace",
        "CREATED lovelace in dev team",
    ];
    // The older store tells of a new user's attributes by themselves.
    let with_attributes = [again[0], again[1], "UPDATED user lovelace", again[2]];
    check(EventStore::Timestamps, Renames::Recreated, &again).await;
    check(EventStore::Memory, Renames::Recreated, &with_attributes).await;
    for store in [EventStore::Memory, EventStore::Timestamps] {
        check(store, Renames::Updated, &["UPDATED user lovelace"]).await;
        let watcher = Watcher::of(EventSettings {
            renames: Renames::Expiring,
            ..EventSettings::of(store)
        });
        let token = watcher.token().await;
        watcher.update(|people| people.rename_user("ada", "lovelace"));
        watcher.assert_expired(&token).await;
    }
}

#[tokio::test]
async fn a_name_that_was_given_up_can_be_somebody_elses_at_once() {
    let lines = ["CREATED user ada", "UPDATED user lovelace"];
    for (watcher, expected) in [
        (Watcher::newer(), lines),
        (Watcher::older(), [lines[1], lines[0]]),
    ] {
        let token = watcher.token().await;
        watcher.update(|people| {
            people.rename_user("ada", "lovelace");
            people.add_user(User::new("ada"));
        });
        assert_eq!(watcher.told(&token).await, expected);
    }
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.update(|people| people.add_user(User::new("eve")));
    watcher.update(|people| people.add_member("alone", "eve"));
    watcher.update(|people| people.rename_user("eve", "adam"));
    let expected = ["CREATED user adam", "CREATED adam in alone"];
    assert_eq!(watcher.told(&token).await, expected);
}

#[tokio::test]
async fn the_older_store_tells_each_change_as_it_was_made() {
    let watcher = Watcher::older();
    let token = watcher.token().await;
    for active in [false, true] {
        watcher.update(|people| people.user_mut("ada").unwrap().active = active);
    }
    watcher.update(|people| people.add_member("alone", "ada"));
    let expected = [
        "UPDATED user ada",
        "UPDATED user ada",
        "CREATED ada in alone",
    ];
    assert_eq!(watcher.told(&token).await, expected);
    let (_, list) = watcher.since(&token).await;
    assert_eq!(list["events"][0]["userEvent"]["user"]["active"], false);
    let next = list["newEventToken"].as_str().unwrap();
    assert!(next.ends_with(":3"), "{next}");
    assert_eq!(watcher.told(next).await, [""; 0]);
}

#[tokio::test]
async fn tokens_of_the_older_store_end_with_the_process_and_with_the_ring() {
    let watcher = Watcher::of(EventSettings {
        kept: 2,
        ..EventSettings::of(EventStore::Memory)
    });
    let token = watcher.token().await;
    for name in ["old", "gone"] {
        watcher.update(|people| people.remove_user(name));
    }
    assert_eq!(watcher.told(&token).await.len(), 2);
    watcher.update(|people| people.remove_user("alee"));
    watcher.assert_expired(&token).await;

    let token = watcher.token().await;
    watcher.asker.crowd.restart();
    watcher.assert_expired(&token).await;
    let token = watcher.token().await;
    assert_eq!(watcher.told(&token).await, [""; 0]);
    let (instance, _) = token.split_once(':').unwrap();
    for wrong in [
        format!("{instance}:4"),
        format!("{instance}:x"),
        instance.to_owned(),
    ] {
        watcher.assert_expired(&wrong).await;
    }
}

#[tokio::test]
async fn a_server_without_events_has_no_such_place() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher
        .asker
        .crowd
        .set_events(EventSettings::of(EventStore::Absent));
    assert_eq!(watcher.asker.get("/event").await, (404, Value::Null));
    assert_eq!(watcher.since(&token).await, (404, Value::Null));
}

#[tokio::test]
async fn events_can_be_refused_whatever_the_token() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    watcher.asker.crowd.fault(Fault::EventsExpired);
    assert_eq!(watcher.token().await.len(), token.len());
    watcher.assert_expired(&token).await;
    watcher.asker.crowd.fault(Fault::NoIncrementalSync);
    for path in ["/event", &path(&token)] {
        let (status, error) = watcher.asker.get(path).await;
        let reason = json!("INCREMENTAL_SYNC_NOT_AVAILABLE");
        assert_eq!((status, &error["reason"]), (400, &reason));
    }
}

#[tokio::test]
async fn changes_by_rest_are_told() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    let asker = &watcher.asker;
    asker
        .post("/user", json!({"name": "eve", "password": {"value": "pw"}}))
        .await;
    asker
        .post("/group", json!({"name": "new", "type": "GROUP"}))
        .await;
    asker
        .post("/user/group/direct?username=eve", json!({"name": "new"}))
        .await;
    let child = json!({"name": "leaf"});
    asker
        .post("/group/child-group/direct?groupname=new", child)
        .await;
    let change = json!({"name": "alee", "active": false});
    asker.send(Method::PUT, "/user?username=alee", change).await;
    asker.delete("/user?username=old").await;
    asker.delete("/group?groupname=alone").await;
    asker
        .delete("/group/user/direct?groupname=dev%20team&username=ada")
        .await;
    asker
        .delete("/group/child-group/direct?groupname=leaf&child-groupname=staff")
        .await;
    // What is refused, read, or about attributes alone is no event.
    asker.post("/user", json!({"name": "ada"})).await;
    asker.get("/group?groupname=leaf").await;
    let shell = json!({"attributes": [{"name": "loginShell", "values": ["/bin/zsh"]}]});
    asker.post("/user/attribute?username=ada", shell).await;
    let expected = [
        "DELETED ada in dev team",
        "DELETED Staff below leaf",
        "DELETED user old",
        "DELETED group alone",
        "CREATED group new",
        "CREATED user eve",
        "UPDATED user ALee",
        "CREATED eve in new",
        "CREATED leaf below new",
    ];
    assert_eq!(watcher.told(&token).await, expected);
}

#[tokio::test]
async fn changes_are_told_however_they_are_made() {
    let watcher = Watcher::newer();
    let token = watcher.token().await;
    // Listed before there was anybody of that name.
    watcher.update(|people| people.add_user(User::new("nobody-known")));
    // Renamed by hand.
    watcher.update(|people| people.user_mut("ada").unwrap().name = "lovelace".to_owned());
    assert_eq!(watcher.asker.get("/user?username=lovelace").await.0, 200);
    assert_eq!(watcher.asker.get("/user?username=ada").await.0, 404);
    watcher.update(|people| people.group_mut("leaf").unwrap().name = "twig".to_owned());
    // Touched, and left as it was.
    watcher.update(|people| people.user_mut("alee").map(|user| user.active = true));
    watcher.update(|people| people.group_mut("alone").map(|group| group.users.clear()));
    let expected = [
        "DELETED group leaf",
        "CREATED group twig",
        "CREATED user nobody-known",
        "UPDATED user lovelace",
        "CREATED ALee in twig",
        "CREATED nobody-known in dev team",
        "CREATED Staff below twig",
        "CREATED twig below dev team",
    ];
    assert_eq!(watcher.told(&token).await, expected);
}

#[tokio::test]
async fn memberships_can_be_told_as_all_that_there_are() {
    for store in [EventStore::Memory, EventStore::Timestamps] {
        let watcher = Watcher::of(EventSettings {
            memberships: MembershipEvents::Absolute,
            ..EventSettings::of(store)
        });
        let token = watcher.token().await;
        watcher.update(|people| {
            people.add_member("alone", "ada");
            people.remove_member("leaf", "alee");
            people
                .group_mut("alone")
                .unwrap()
                .groups
                .push("leaf".to_owned());
        });
        let expected = [
            "UPDATED ada in alone+dev team",
            "UPDATED ALee in ",
            "UPDATED leaf below alone+dev team",
        ];
        assert_eq!(watcher.told(&token).await, expected);
        let xml = watcher.asker.xml(&path(&token)).await;
        assert!(
            xml.contains("<userMembershipEvent absolute=\"true\">"),
            "{xml}"
        );
        assert!(xml.contains("<childGroups expand=\"group\"><group name=\"Staff\">"));
    }
}

#[tokio::test]
async fn orders_choose_what_is_told() {
    let watcher = Watcher::newer();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ctl");
    watcher.asker.crowd.control_at(&socket).unwrap();
    let order = |order: Value| control::send(&socket, &order);

    order(json!({"do": "set-events", "store": "memory", "kept": 5})).unwrap();
    let token = watcher.token().await;
    order(json!({"do": "rename-group", "name": "alone", "new": "together"})).unwrap();
    let expected = ["DELETED group alone", "CREATED group together"];
    assert_eq!(watcher.told(&token).await, expected);
    order(json!({"do": "restart"})).unwrap();
    watcher.assert_expired(&token).await;

    let all = json!({"do": "set-events", "store": "timestamps", "limit": 9, "directories": [1, 2],
        "tombstone_lifetime": 600, "attributes": "told", "renames": "expiring",
        "memberships": "absolute"});
    order(all).unwrap();
    let token = watcher.token().await;
    assert!(token.ends_with(":1-2"), "{token}");
    order(json!({"do": "expire-events"})).unwrap();
    watcher.assert_expired(&token).await;
    order(json!({"do": "set-events", "store": "absent"})).unwrap();
    assert_eq!(watcher.asker.get("/event").await.0, 404);
    assert!(order(json!({"do": "set-events", "store": "x"})).is_err());
    assert!(order(json!({"do": "set-events", "stores": "memory"})).is_err());
}
