//! Pitfalls of reading people and groups.

use muster_common::directory::crowd::{Match, Property, Reach, Restriction};
use muster_common::directory::{Directory as _, Listing as _};
use muster_tests::sim::crowd::{Group, Population, Size, User, generate};
use muster_tests::sim::fault::{Fault, Rule};

use crate::common::corp::{Corp, decision, people, us, user};

fn crowded(users: u32) -> Corp {
    let population = generate(Size { users, groups: 1 });
    Corp::of(population.application(us()))
}

/// 11: a list holds a thousand entries unless one asks on.
#[tokio::test]
async fn a_thousand_is_not_everybody() {
    let corp = crowded(2_100);
    assert_eq!(corp.crowd.everybody().await.unwrap().people.len(), 2_100);
    let members = corp.crowd.members("group0000", Reach::Direct).await;
    assert_eq!(members.unwrap().len(), 2_100);
    let everybody = Restriction::text(Property::Name, Match::StartsWith, "user0000").unwrap();
    let found = corp.crowd.search_people(&everybody).await.unwrap();
    assert_eq!(found.len(), 10);
}

/// 12: attributes that could not be read are not missing. (Listings that do not show
/// them: crowd/tests.rs.)
#[tokio::test]
async fn a_failure_while_attributes_are_read_gives_nobody_another_id() {
    let corp = crowded(1_200);
    for (place, fault) in [
        ("/search", Fault::Truncated),
        ("/search", Fault::OperationFailed),
        ("/search", Fault::RateLimited(1)),
    ] {
        let rule = Rule::from(fault.clone()).below(place);
        corp.simulator.fault(rule);
        let error = corp.crowd.everybody().await.unwrap_err();
        assert!(error.is_silence(), "{fault}: {error}");
    }
}

/// 13: `attributes` in `attributes`, and an id is text that has to be strictly decimal.
#[tokio::test]
async fn attributes_are_lists_of_text_and_an_id_is_strictly_decimal() {
    let with = |name: &str, id: &str| User::new(name).attribute("uidNumber", id);
    let mut population = Population::new().application(us());
    for (name, id) in [
        ("a", "20001"),
        ("b", "020001"),
        ("c", "+20001"),
        ("d", "2e4"),
    ] {
        population = population.user(with(name, id));
    }
    let corp = Corp::of(population);
    let uid = async |name| corp.crowd.person(&user(name)).await.unwrap().uid;
    assert_eq!(uid("a").await, Some(20_001));
    for name in ["b", "c", "d"] {
        assert_eq!(uid(name).await, None, "{name}");
    }
    let alone = corp.crowd.attributes(&user("a")).await.unwrap();
    assert_eq!(alone["uidNumber"], ["20001"]);
    assert_eq!(corp.crowd.everybody().await.unwrap().remarks.len(), 3);
}

/// 14: each value of the attribute is a key.
#[tokio::test]
async fn every_value_of_the_ssh_attribute_is_a_key() {
    let keys = ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"];
    let with_keys = keys.into_iter().fold(User::new("ann"), |user, key| {
        user.attribute("sshPublicKey", key)
    });
    let corp = Corp::of(Population::new().application(us()).user(with_keys));
    assert_eq!(
        corp.crowd.person(&user("ann")).await.unwrap().ssh_keys,
        keys
    );
}

/// 15: bulk memberships are XML whatever one accepts. (Entities and half documents:
/// crowd/membership.rs.)
#[tokio::test]
async fn memberships_are_read_as_the_xml_that_they_are() {
    let name = "r&d \"<x>\" 'y' ü";
    let population = Population::new().application(us()).user(User::new("ann"));
    let corp = Corp::of(population.group(Group::new(name).users(["ann"])));
    let projection = corp.crowd.everybody().await.unwrap();
    assert_eq!(projection.teams[0].entry.name, name);
    assert_eq!(projection.members(name), ["ann"]);
    assert!(corp.asked().contains(&"GET /group/membership".to_owned()));
}

/// 16: direct members are not all members.
#[tokio::test]
async fn membership_through_groups_is_asked_for_as_such() {
    let population = Population::new()
        .application(us())
        .user(User::new("ann"))
        .group(Group::new("all").groups(["dev"]))
        .group(Group::new("dev").groups(["ops"]))
        .group(Group::new("ops").groups(["all"]).users(["ann"]));
    let corp = Corp::of(population);
    let (crowd, ann) = (&corp.crowd, user("ann"));
    let (direct, nested) = (Reach::Direct, Reach::Nested);
    assert_eq!(crowd.groups_of(&ann, direct).await.unwrap(), ["ops"]);
    assert_eq!(crowd.groups_of(&ann, nested).await.unwrap().len(), 3);
    assert_eq!(crowd.find(&ann).await.unwrap().groups.len(), 1);
    let everybody = crowd.everybody().await.unwrap();
    for group in ["all", "dev", "ops"] {
        assert_eq!(everybody.members(group), ["ann"], "{group}");
    }
    assert!(crowd.members("all", direct).await.unwrap().is_empty());
    assert_eq!(crowd.members("all", nested).await.unwrap(), ["ann"]);
    assert!(!crowd.is_in(&ann, "all", direct).await.unwrap());
    assert!(crowd.is_in(&ann, "all", nested).await.unwrap());
    assert!(!crowd.has_member("all", &ann, direct).await.unwrap());
    assert!(crowd.has_member("all", &ann, nested).await.unwrap());
    assert_eq!(crowd.children("all", direct).await.unwrap(), ["dev"]);
    assert_eq!(crowd.children("all", nested).await.unwrap(), ["dev", "ops"]);
    assert_eq!(crowd.parents("ops", direct).await.unwrap(), ["dev"]);
    assert!(crowd.has_child("all", "ops", nested).await.unwrap());
    assert!(!crowd.has_parent("ops", "all", direct).await.unwrap());
    assert!(crowd.has_parent("ops", "all", nested).await.unwrap());
}

/// 18: names are encoded, a space as %20, and cannot become another parameter.
#[tokio::test]
async fn a_name_is_one_parameter_whatever_it_holds() {
    let odd = "x&key=32769%3Aa#+ y?=/\\\"'";
    let group = "g&username=ann%41#+ /";
    let population = people()
        .user(User::new(odd).key("32769:odd"))
        .group(Group::new(group).users([odd]));
    let corp = Corp::of(population);
    let plus = corp.crowd.person(&user("ann+ops@example.org")).await;
    assert_eq!(plus.unwrap().name, "ann+ops@example.org");
    let members = corp.crowd.members(group, Reach::Direct).await.unwrap();
    assert_eq!(members, [odd]);
    assert_eq!(corp.crowd.team(group).await.unwrap().name, group);
    let search = Restriction::text(Property::Name, Match::Exactly, odd).unwrap();
    assert_eq!(corp.crowd.search_people(&search).await.unwrap().len(), 1);
    let inside = Restriction::text(Property::Name, Match::Contains, group).unwrap();
    assert_eq!(corp.crowd.search_teams(&inside).await.unwrap().len(), 1);
}

/// 25: a 200 with nobody in it is told as it is; that it is not believed is the sync's part.
#[tokio::test]
async fn an_empty_answer_is_empty_and_nothing_is_made_up() {
    let corp = Corp::of(people());
    corp.simulator.fault(Fault::EmptyUsers);
    let projection = corp.crowd.everybody().await.unwrap();
    assert!(projection.people.is_empty());
    assert!(!projection.teams.is_empty());
}

/// 26: names of groups come as they are; whether they can be served is admission's part.
#[tokio::test]
async fn names_of_groups_are_passed_on_as_they_are() {
    let names = ["a,b", "a:b", "wheel", "Domain Users"];
    let population = Population::new().application(us());
    let population = names.into_iter().fold(population, |population, name| {
        population.group(Group::new(name))
    });
    let corp = Corp::of(population);
    let projection = corp.crowd.everybody().await.unwrap();
    let mut found: Vec<_> = projection
        .teams
        .iter()
        .map(|team| &*team.entry.name)
        .collect();
    found.sort_unstable();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(found, expected);
    let unknown = corp.crowd.team("nobody's").await;
    assert_eq!(decision(&unknown), "not found");
}
