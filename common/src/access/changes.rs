//! Who gains and who loses access when one configuration's rules take another's place,
//! decided for the people of a snapshot.

use std::collections::HashMap;

use super::{AccessRules, Directories, Memberships};
use crate::name::{ServiceName, UserName};
use crate::snapshot::content::{GroupRecord, UserRecord};
use crate::snapshot::reader::{Damaged, Snapshot};

/// What changes at one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The service; `None` stands for every one that has no rules of its own in either configuration.
    pub service: Option<ServiceName>,
    /// Who may use it now and could not before, in order.
    pub gain: Vec<UserName>,
    /// Who could use it and may not any more, in order.
    pub lose: Vec<UserName>,
}

/// The changes from `old` to `new` for everybody in `snapshot`, a record a service. Whether an
/// account is active, revoked or too old to be believed is left out: only rules are compared.
pub fn changes(
    snapshot: &Snapshot,
    old: &AccessRules,
    new: &AccessRules,
) -> Result<Vec<Changes>, Damaged> {
    let mut services: Vec<_> = old.services().iter().chain(new.services()).collect();
    services.sort_unstable();
    services.dedup();
    let scopes = std::iter::once(None).chain(services.into_iter().map(Some));
    let mut found: Vec<_> = scopes
        .map(|service| Changes {
            service: service.cloned(),
            gain: Vec::new(),
            lose: Vec::new(),
        })
        .collect();
    let directories = Directories::of(snapshot)?;
    let groups = snapshot.groups().collect::<Result<Vec<_>, _>>()?;
    let held = Held::of(&groups);
    for record in snapshot.users() {
        let record = record?;
        let memberships = held.memberships(&directories, &record)?;
        memberships.with_facts(|facts| {
            for one in &mut found {
                let service = one.service.as_ref();
                let list = match (old.allows(facts, service), new.allows(facts, service)) {
                    (false, true) => &mut one.gain,
                    (true, false) => &mut one.lose,
                    _ => continue,
                };
                list.push(record.account.name.clone());
            }
        });
    }
    for one in &mut found {
        one.gain.sort_unstable();
        one.lose.sort_unstable();
    }
    Ok(found)
}

/// Groups by who is in them, so that nobody is looked for in every group.
struct Held<'a> {
    by_member: HashMap<&'a str, Vec<&'a GroupRecord>>,
    by_id: HashMap<u32, &'a GroupRecord>,
}

impl<'a> Held<'a> {
    fn of(groups: &'a [GroupRecord]) -> Self {
        let mut by_member: HashMap<_, Vec<_>> = HashMap::new();
        for group in groups {
            for member in group.group.members.iter() {
                by_member.entry(member).or_default().push(group);
            }
        }
        let by_id = groups.iter().map(|group| (group.group.gid.get(), group));
        Self {
            by_member,
            by_id: by_id.collect(),
        }
    }

    fn memberships<'d>(
        &self,
        directories: &'d Directories,
        record: &UserRecord,
    ) -> Result<Memberships<'d>, Damaged> {
        let mut memberships = Memberships::without_groups(directories, record)?;
        let held = self.by_member.get(record.account.name.as_str());
        let private = self.by_id.get(&record.account.uid.get());
        for group in private.into_iter().chain(held.into_iter().flatten()) {
            memberships.add(record, group);
        }
        Ok(memberships)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Gid, Group, Uid};
    use crate::clock::Time;
    use crate::snapshot::content::{Access, Content, DirectoryRecord, Misses};
    use crate::snapshot::writer;

    fn snapshot() -> Snapshot {
        let user = |name: &str, uid: u32| UserRecord {
            account: Account {
                name: name.parse().unwrap(),
                uid: Uid::new(uid).unwrap(),
                gid: Gid::new(uid).unwrap(),
                gecos: String::new(),
                home: format!("/home/{name}"),
                shell: "/bin/sh".into(),
            },
            groups: vec![Gid::new(uid).unwrap()],
            directory: 0,
            access: Access::default(),
            ssh_keys: Vec::new(),
        };
        let group = |name: &str, gid: u32, members: &[&str]| GroupRecord {
            group: Group {
                name: name.parse().unwrap(),
                gid: Gid::new(gid).unwrap(),
                members: members.iter().map(|name| name.parse().unwrap()).collect(),
            },
            directory: 0,
        };
        let content = Content {
            created: Time::from_unix(1),
            directories: vec![DirectoryRecord {
                name: "corp".parse().unwrap(),
                misses: Misses::Final,
                synced: None,
            }],
            users: vec![user("bob", 20_002), user("ada", 20_001)],
            groups: vec![
                group("ada", 20_001, &[]),
                group("linux", 30_001, &["ada", "bob"]),
                group("admins", 30_002, &["ada"]),
            ],
            ..Content::default()
        };
        Snapshot::from_bytes(&writer::write(&content, 1).unwrap()).unwrap()
    }

    fn rules(access: &str) -> AccessRules {
        let directory = crate::config::keys::EXAMPLE
            .split("[access]")
            .next()
            .unwrap();
        let text = format!("{directory}{access}");
        let config = crate::config::parse(&text, std::path::Path::new("muster.toml"));
        config.unwrap_or_else(|errors| panic!("{errors}")).access
    }

    /// `sshd +ada -bob`, a line a service; `*` is every other one.
    fn told(old: &str, new: &str) -> Vec<String> {
        let changes = changes(&snapshot(), &rules(old), &rules(new)).unwrap();
        let told = changes.iter().map(|one| {
            let service = one.service.as_ref().map_or("*", ServiceName::as_str);
            let gain = one.gain.iter().map(|name| format!(" +{name}"));
            let lose = one.lose.iter().map(|name| format!(" -{name}"));
            format!("{service}{}", gain.chain(lose).collect::<String>())
        });
        told.collect()
    }

    #[test]
    fn who_gains_and_who_loses_is_told_per_service() {
        let old = "[access]\nallow = [\"group:linux\"]\n[access.service.sudo]\nallow = [\"group:admins\"]\n";
        let new =
            "[access]\nallow = [\"group:admins\"]\n[access.service.cron]\nallow = [\"everyone\"]\n";
        // cron had the rules of all others before, sudo has them now.
        assert_eq!(told(old, new), ["* -bob", "cron", "sudo"]);
        assert_eq!(told(new, old), ["* +bob", "cron", "sudo"]);
        let deny = format!("{old}deny = [\"user:ada\"]\n");
        assert_eq!(told(old, &deny), ["*", "sudo -ada"]);
        assert_eq!(told(old, old), ["*", "sudo"]);
        assert_eq!(told("", "[access]\nallow = [\"group:ada\"]\n"), ["* +ada"]);
    }
}
