//! What an administrator's calls come to, through the same functions that the connection calls.

use std::sync::Arc;

use muster_common::directory::{ImmutableKey, Person, Projection, Roster, Team};
use muster_common::store::ledger::{Holder, IdKind, derive};
use muster_common::wire::message::*;

use super::*;
use crate::fixture::{NOW, World};

const SEVERAL: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[[directory]]
name = "lab"
kind = "crowd"
namespace = "lab"
url = "https://lab.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/lab"
[override.user.olga]
uid = 5000
"#;

fn person(key: &str, name: &str, uid: Option<u32>) -> Person {
    Person {
        uid,
        ..Person::named(ImmutableKey::given(key), name)
    }
}

fn team(key: &str, name: &str, gid: Option<u32>) -> Team {
    Team {
        key: ImmutableKey::given(key),
        name: name.into(),
        active: true,
        gid,
        group_type: None,
    }
}

fn pin_of(name: &str, id: u32) -> PinId {
    PinId {
        name: name.into(),
        id,
        ..PinId::default()
    }
}

fn unpin_of(name: &str) -> UnpinId {
    UnpinId {
        name: name.into(),
        ..UnpinId::default()
    }
}

impl World {
    /// Two directories; what they contribute is said by [`reads`](Self::reads).
    fn two() -> Self {
        Self::of(SEVERAL)
    }

    /// What a directory contributes from now on.
    fn reads(&self, directory: usize, people: Vec<Person>, teams: Vec<Team>) {
        let rosters = teams.into_iter().map(|team| Roster {
            team,
            members: vec![],
        });
        let projection = Projection::of(people, rosters.collect());
        let name = &self.broker.config.directories[directory].name;
        let store = &self.broker.store;
        store.replace(name, &projection, NOW).unwrap();
        self.publish();
    }

    fn uid(&self, name: &str) -> Option<u32> {
        let snapshot = self.broker.snapshot().unwrap();
        let found = snapshot.user_by_name(name).unwrap();
        found.map(|user| user.account.uid.get())
    }

    async fn pin(&self, call: PinId) -> PinReply {
        pin_id(Arc::clone(&self.broker), call).await.unwrap()
    }

    async fn unpin(&self, call: UnpinId) -> PinReply {
        unpin_id(Arc::clone(&self.broker), call).await.unwrap()
    }

    async fn accept(&self, name: &str) -> AcceptNameReply {
        let call = AcceptName {
            group: false,
            name: name.into(),
        };
        accept_name(Arc::clone(&self.broker), call).await.unwrap()
    }

    fn ids(&self, call: &ListIds) -> Vec<IdEntry> {
        list_ids(&self.broker, call).unwrap().entries
    }

    fn names(&self, call: &ListNames) -> Vec<HeldName> {
        list_names(&self.broker, call).unwrap().names
    }

    /// Everything that this host's ledger says.
    fn exported(&self) -> StageImport {
        let everything = ListIds {
            former: Some(true),
            ..ListIds::default()
        };
        let names = [false, true].map(|group| {
            self.names(&ListNames {
                group,
                ..ListNames::default()
            })
        });
        let name = |held: HeldName| NameEntry {
            kind: held.kind,
            name: held.name,
            directory: held.directory,
            key: held.key,
        };
        StageImport {
            ids: self.ids(&everything),
            names: names.into_iter().flatten().map(name).collect(),
        }
    }

    async fn import(&self, batches: &[&StageImport], dry_run: bool) -> CommitImportReply {
        let mut staged = Staged::default();
        for batch in batches {
            staged.stage(batch).unwrap();
        }
        let call = CommitImport { dry_run };
        commit_import(&self.broker, staged, &call).await.unwrap()
    }
}

#[tokio::test]
async fn whoever_is_left_out_for_an_id_is_served_after_a_pin() {
    let world = World::two();
    let both = || {
        vec![
            person("1", "ada", Some(20_001)),
            person("2", "bob", Some(20_001)),
        ]
    };
    world.reads(0, both(), vec![]);
    assert_eq!((world.uid("ada"), world.uid("bob")), (None, None));
    let pinned = world.pin(pin_of("bob", 30_000)).await;
    assert_eq!(pinned.refused, None);
    assert_eq!(pinned.before, None);
    assert_eq!(pinned.now.unwrap().source, "pinned");
    assert_eq!(pinned.generation, 1);
    assert_eq!(world.uid("bob"), Some(30_000));
    assert_eq!(world.uid("ada"), Some(20_001), "nobody else claims it now");
    let back = world.unpin(unpin_of("bob")).await;
    let now = back.now.unwrap();
    assert_eq!((back.before, now.id), (Some(30_000), 30_000));
    assert_eq!(now.source, "unpinned", "the service's id is ada's");
    assert_eq!(world.uid("bob"), None);
    let taken = world.pin(pin_of("ada", 30_000)).await.refused.unwrap();
    assert!(taken.contains("belongs to user bob"), "{taken}");
}

#[tokio::test]
async fn a_group_is_pinned_as_a_user_is() {
    let world = World::two();
    world.reads(0, vec![], vec![team("g", "devs", Some(31_000))]);
    let call = PinId {
        group: true,
        ..pin_of("devs", 32_000)
    };
    let pinned = world.pin(call).await;
    assert_eq!(
        (pinned.before, pinned.now.unwrap().id),
        (Some(31_000), 32_000)
    );
    let devs = world.broker.snapshot().unwrap();
    let devs = devs.group_by_name("devs").unwrap().unwrap();
    assert_eq!(devs.group.gid.get(), 32_000);
    let user = world.pin(pin_of("devs", 33_000)).await;
    assert!(user.refused.unwrap().contains("no user devs is known here"));
}

#[tokio::test]
async fn a_pin_that_cannot_be_is_refused_with_its_reason_and_changes_nothing() {
    let world = World::two();
    world.reads(
        0,
        vec![person("1", "ada", Some(20_001)), person("2", "olga", None)],
        vec![team("g", "devs", Some(31_000))],
    );
    let before = world.exported();
    for (name, id, why) in [
        ("ada", 999, "below 1000"),
        ("ada", 65_535, "reserved"),
        ("ada", 1000, "a local account's"),
        ("ada", 5001, "widen ids.accept in muster.toml"),
        ("ada", 31_000, "belongs to group devs"),
        ("olga", 30_000, "[override.user.olga]"),
        ("nobody", 30_000, "no user nobody is known here"),
        ("a\u{1b}[31m", 30_000, "no user a[31m is known here"),
    ] {
        let refused = world.pin(pin_of(name, id)).await.refused.unwrap();
        assert!(refused.contains(why), "{refused}");
    }
    let refused = world.unpin(unpin_of("ada")).await.refused.unwrap();
    assert!(refused.contains("user ada has no pinned id"), "{refused}");
    assert_eq!(world.exported(), before);
}

#[tokio::test]
async fn where_several_have_the_name_it_must_be_said_which() {
    let world = World::two();
    world.reads(0, vec![person("1", "ada", None)], vec![]);
    world.reads(1, vec![person("9", "Ada", None)], vec![]);
    let refused = world.pin(pin_of("ada", 30_000)).await.refused.unwrap();
    assert!(refused.contains("key:1 of corp, key:9 of lab"), "{refused}");
    let in_lab = PinId {
        directory: Some("lab".into()),
        ..pin_of("ada", 30_000)
    };
    assert_eq!(world.pin(in_lab).await.refused, None);
    assert_ne!(world.uid("ada"), Some(30_000), "the name is corp's");
    let by_key = PinId {
        key: Some("key:1".into()),
        ..pin_of("ada", 30_001)
    };
    assert_eq!(world.pin(by_key).await.refused, None);
    assert_eq!(world.uid("ada"), Some(30_001));
}

#[tokio::test]
async fn a_name_given_over_brings_another_id_and_the_old_one_is_named_and_kept() {
    let world = World::two();
    world.reads(0, vec![person("1", "ada", Some(20_001))], vec![]);
    world.reads(0, vec![person("2", "ada", None)], vec![]);
    let held = world.names(&ListNames {
        claimed: Some(true),
        ..ListNames::default()
    });
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].key.as_str(), held[0].id), ("key:1", Some(20_001)));
    assert_eq!(held[0].claimants[0].key, "key:2");
    let accepted = world.accept("ada").await;
    assert_eq!(accepted.before.unwrap().id, Some(20_001));
    let now = accepted.now.unwrap();
    assert_eq!(now.key, "key:2");
    assert_eq!(now.id, world.uid("ada"));
    assert_ne!(now.id, Some(20_001));
    let about = world.ids(&ListIds {
        name: Some("ada".into()),
        ..ListIds::default()
    });
    assert_eq!(about.len(), 2, "both whom the name was given under");
    let old = world.pin(pin_of("ada", 20_001)).await.refused.unwrap();
    assert!(old.contains("20001"), "{old}");
    let nobody = world.accept("nobody").await;
    assert!(!nobody.held && nobody.before.is_none() && nobody.now.is_none());
}

#[tokio::test]
async fn ids_are_listed_page_by_page_and_those_kept_from_others_only_when_asked_for() {
    let world = World::two();
    world.reads(0, vec![person("1", "ada", Some(20_001))], vec![]);
    world.pin(pin_of("ada", 30_000)).await;
    let ids = |call: &ListIds| {
        world
            .ids(call)
            .iter()
            .map(|entry| entry.id)
            .collect::<Vec<_>>()
    };
    let current = ListIds::default();
    assert_eq!(ids(&current), [30_000]);
    let all = ListIds {
        former: Some(true),
        ..ListIds::default()
    };
    assert_eq!(ids(&all), [20_001, 30_000]);
    let behind = ListIds {
        after: Some(20_001),
        ..all
    };
    assert_eq!(ids(&behind), [30_000]);
    let one = ListIds {
        id: Some(20_001),
        ..ListIds::default()
    };
    assert!(!world.ids(&one)[0].current);
    let both = ListIds {
        name: Some("ada".into()),
        ..one
    };
    assert!(matches!(
        list_ids(&world.broker, &both),
        Err(ResolveError::Invalid)
    ));
}

#[tokio::test]
async fn a_fresh_host_with_an_imported_ledger_gives_everybody_the_same_ids() {
    let people = || {
        vec![
            person("1", "ada", Some(20_001)),
            person("2", "bob", None),
            person("3", "cleo", Some(20_003)),
        ]
    };
    let teams = || vec![team("g", "devs", None)];
    let first = World::two();
    // On this host dora came first and has what bob derives.
    let holder = Holder {
        kind: IdKind::User,
        namespace: "crowd".into(),
        key: ImmutableKey::given("2"),
    };
    let bobs = derive(&first.broker.config.ids.derive, &holder);
    first.reads(0, vec![person("4", "dora", Some(bobs))], vec![]);
    first.reads(0, people(), teams());
    first.pin(pin_of("cleo", 40_000)).await;
    assert_eq!(first.uid("bob"), None);
    first.pin(pin_of("bob", 40_001)).await;

    let second = World::two();
    let exported = first.exported();
    let dry = second.import(&[&exported], true).await;
    assert_eq!(dry.ids, u64::try_from(exported.ids.len()).unwrap());
    assert!(
        second.exported().ids.is_empty(),
        "a dry run changes nothing"
    );
    let imported = second.import(&[&exported], false).await;
    assert_eq!((imported.ids, imported.names), (dry.ids, dry.names));
    assert_eq!(imported.conflicts, [""; 0]);
    second.reads(0, people(), teams());
    for name in ["ada", "bob", "cleo"] {
        assert!(second.uid(name).is_some());
        assert_eq!(second.uid(name), first.uid(name), "{name}");
    }
    assert_eq!(second.exported(), exported);
    let again = second.import(&[&exported], false).await;
    assert_eq!((again.ids, again.names), (0, 0));
    assert_eq!(second.exported(), exported, "once more changes nothing");
}

#[tokio::test]
async fn what_an_import_contradicts_is_listed_and_stays_as_it_is() {
    let first = World::two();
    first.reads(0, vec![person("1", "ada", Some(20_001))], vec![]);
    first.reads(1, vec![person("9", "eve", Some(20_009))], vec![]);
    let second = World::two();
    second.reads(0, vec![person("2", "ada", Some(20_001))], vec![]);
    let before = second.exported();
    let mut exported = first.exported();
    exported.names.push(NameEntry {
        kind: "user".into(),
        name: "finn".into(),
        directory: "elsewhere".into(),
        key: "key:7".into(),
    });
    let reply = second.import(&[&exported], false).await;
    assert_eq!((reply.ids, reply.names), (1, 1), "eve is new");
    let told = reply.conflicts.join("\n");
    for words in [
        "id 20001 of user ada (crowd key:1): here the id belongs to user ada (crowd key:2)",
        "the name of user ada, key:1 of corp: here it is held for key:2 of corp",
        "no directory elsewhere is configured here",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let after = second.exported();
    assert!(before.ids.iter().all(|entry| after.ids.contains(entry)));
    assert!(before.names.iter().all(|entry| after.names.contains(entry)));
}

#[test]
fn a_line_that_cannot_be_is_refused_by_the_broker_itself() {
    let sound = IdEntry {
        id: 20_001,
        kind: "user".into(),
        name: "ada".into(),
        namespace: "crowd".into(),
        key: "key:1".into(),
        source: "service".into(),
        current: true,
    };
    let root = IdEntry {
        id: 0,
        ..sound.clone()
    };
    let mut staged = Staged::default();
    let batch = |ids: Vec<IdEntry>| StageImport { ids, names: vec![] };
    assert_eq!(staged.stage(&batch(vec![sound])).unwrap().staged, 1);
    assert!(staged.stage(&batch(vec![root])).is_err());
}
