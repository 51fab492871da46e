//! What directories say about single persons, kept beside what is known of everybody
//! else: answers to look-ups, refreshes of people who are known, logins.

use std::collections::HashSet;

use super::disk::{OptionalExtension, Store, StoreError, Transaction, params, signed};
use super::projection::{INSERT_PERSON, INSERT_TEAM, teams_of};
use crate::clock::Time;
use crate::directory::{ImmutableKey, Membership, Person, Sighting, Team};
use crate::name::DirectoryName;

/// What a round of questions about single persons of one directory has come to.
#[derive(Debug, Clone, Default)]
pub struct Renewal {
    /// Who is there, as they are now.
    pub seen: Vec<Sighting>,
    /// Who is not there any more.
    pub gone: Vec<ImmutableKey>,
}

/// Whether a renewal says anything but that all is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the moment is new.
    None,
    /// Somebody is new, different or gone.
    Some,
}

impl Store {
    /// Keeps what `directory` has just said, in one transaction. Whoever bore the name of
    /// somebody seen under another key does not bear it any more, and is forgotten.
    pub fn renew(
        &self,
        directory: &DirectoryName,
        renewal: &Renewal,
        now: Time,
    ) -> Result<Change, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut changed = false;
        let mut roster = Roster::of(&transaction, directory)?;
        for key in &renewal.gone {
            changed |= forget(&transaction, directory, key, &mut roster)?;
        }
        for sighting in &renewal.seen {
            for key in namesakes(&transaction, directory, &sighting.person)? {
                changed |= forget(&transaction, directory, &key, &mut roster)?;
            }
            changed |= see(&transaction, directory, &sighting.person, now, &mut roster)?;
            roster.list(&sighting.person.name, &sighting.groups);
        }
        changed |= roster.write(&transaction, directory)?;
        transaction.commit()?;
        Ok(if changed { Change::Some } else { Change::None })
    }
}

/// The keys of others who are known by this person's name.
fn namesakes(
    transaction: &Transaction<'_>,
    directory: &DirectoryName,
    person: &Person,
) -> Result<Vec<ImmutableKey>, StoreError> {
    let mut select = transaction.prepare_cached(
        "SELECT key FROM person WHERE directory = ?1 AND name = ?2 AND key <> ?3",
    )?;
    let keys = select.query_map(
        params![directory.as_str(), person.name, person.key.as_str()],
        |row| Ok(ImmutableKey::stored(&row.get::<_, String>(0)?)),
    )?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// Whether there was anybody to forget.
fn forget(
    transaction: &Transaction<'_>,
    directory: &DirectoryName,
    key: &ImmutableKey,
    roster: &mut Roster,
) -> Result<bool, StoreError> {
    let name = transaction
        .prepare_cached("DELETE FROM person WHERE directory = ?1 AND key = ?2 RETURNING name")?
        .query_row([directory.as_str(), key.as_str()], |row| {
            row.get::<_, String>(0)
        })
        .optional()?;
    if let Some(name) = &name {
        roster.strike(name);
    }
    Ok(name.is_some())
}

/// Whether the person is new or different.
fn see(
    transaction: &Transaction<'_>,
    directory: &DirectoryName,
    person: &Person,
    now: Time,
    roster: &mut Roster,
) -> Result<bool, StoreError> {
    let body = serde_json::to_string(person)?;
    let former = transaction
        .prepare_cached("SELECT name, body FROM person WHERE directory = ?1 AND key = ?2")?
        .query_row([directory.as_str(), person.key.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    if let Some((name, _)) = former.as_ref().filter(|(name, _)| *name != person.name) {
        roster.strike(name);
    }
    transaction.prepare_cached(INSERT_PERSON)?.execute(params![
        directory.as_str(),
        person.key.as_str(),
        person.name,
        body,
        signed(now.unix())
    ])?;
    Ok(former.is_none_or(|(_, former)| former != body))
}

/// A directory's groups while single persons move in and out of them.
struct Roster {
    teams: Vec<Team>,
    /// The keys of those that must be written.
    touched: HashSet<ImmutableKey>,
    /// The keys of those that must go: another key has their name now.
    replaced: Vec<ImmutableKey>,
}

impl Roster {
    fn of(transaction: &Transaction<'_>, directory: &DirectoryName) -> Result<Self, StoreError> {
        Ok(Self {
            teams: teams_of(transaction, directory)?,
            touched: HashSet::new(),
            replaced: Vec::new(),
        })
    }

    /// Takes somebody out of every group.
    fn strike(&mut self, name: &str) {
        self.list(name, &[]);
    }

    /// Puts somebody into these groups and into no other.
    fn list(&mut self, name: &str, groups: &[Membership]) {
        for group in groups {
            self.know(group);
        }
        for team in &mut self.teams {
            let wanted = groups.iter().any(|group| group.key == team.key);
            let place = team.members.iter().position(|member| member == name);
            match (place, wanted) {
                (None, true) => team.members.push(name.to_owned()),
                (Some(place), false) => _ = team.members.remove(place),
                (None, false) | (Some(_), true) => continue,
            }
            self.touched.insert(team.key.clone());
        }
    }

    /// Takes note of a group's name and id; a group of the same name and another key is gone.
    fn know(&mut self, group: &Membership) {
        let (touched, replaced) = (&mut self.touched, &mut self.replaced);
        self.teams.retain(|team| {
            let goes = team.name == group.name && team.key != group.key;
            if goes {
                replaced.push(team.key.clone());
            }
            !goes
        });
        match self.teams.iter_mut().find(|team| team.key == group.key) {
            Some(team) => {
                let gid = group.gid.or(team.gid);
                if team.name != group.name || team.gid != gid {
                    team.name.clone_from(&group.name);
                    team.gid = gid;
                    touched.insert(team.key.clone());
                }
            }
            None => {
                touched.insert(group.key.clone());
                self.teams.push(Team {
                    key: group.key.clone(),
                    name: group.name.clone(),
                    active: true,
                    gid: group.gid,
                    members: Vec::new(),
                });
            }
        }
    }

    /// Whether there was anything to write.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        directory: &DirectoryName,
    ) -> Result<bool, StoreError> {
        let mut delete =
            transaction.prepare_cached("DELETE FROM team WHERE directory = ?1 AND key = ?2")?;
        for key in &self.replaced {
            delete.execute([directory.as_str(), key.as_str()])?;
        }
        let mut insert = transaction.prepare_cached(INSERT_TEAM)?;
        for team in self
            .teams
            .iter()
            .filter(|team| self.touched.contains(&team.key))
        {
            insert.execute(params![
                directory.as_str(),
                team.key.as_str(),
                serde_json::to_string(team)?
            ])?;
        }
        Ok(!self.touched.is_empty() || !self.replaced.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Projection;

    fn sighting(key: &str, name: &str, groups: &[(&str, u32)]) -> Sighting {
        let group = |(name, gid): &(&str, u32)| Membership {
            key: ImmutableKey::given(&gid.to_string()),
            name: (*name).to_owned(),
            gid: Some(*gid),
        };
        Sighting {
            person: Person::named(ImmutableKey::given(key), name),
            groups: groups.iter().map(group).collect(),
        }
    }

    struct Known {
        store: Store,
        rubin: DirectoryName,
    }

    impl Known {
        fn new() -> Self {
            Self {
                store: Store::in_memory().unwrap(),
                rubin: DirectoryName::new("rubin").unwrap(),
            }
        }

        fn see(&self, sightings: &[Sighting], now: u64) -> Change {
            self.renew(sightings, &[], now)
        }

        fn renew(&self, seen: &[Sighting], gone: &[&str], now: u64) -> Change {
            let renewal = Renewal {
                seen: seen.to_vec(),
                gone: gone.iter().map(|key| ImmutableKey::given(key)).collect(),
            };
            self.store
                .renew(&self.rubin, &renewal, Time::from_unix(now))
                .unwrap()
        }

        /// `ada@5`: who is known, and since when.
        fn people(&self) -> Vec<String> {
            let people = self.store.people(&self.rubin).unwrap();
            let mut shown: Vec<_> = people
                .iter()
                .map(|known| format!("{}@{}", known.person.name, known.seen.unix()))
                .collect();
            shown.sort_unstable();
            shown
        }

        /// `staff=61000: ada bob`.
        fn groups(&self) -> Vec<String> {
            let teams = self.store.teams(&self.rubin).unwrap();
            let mut shown: Vec<_> = teams
                .iter()
                .map(|team| {
                    let gid = team.gid.unwrap_or_default();
                    format!("{}={gid}: {}", team.name, team.members.join(" "))
                })
                .collect();
            shown.sort_unstable();
            shown
        }
    }

    #[test]
    fn who_is_seen_again_as_before_is_only_seen_later() {
        let known = Known::new();
        let ada = sighting("1", "ada", &[("staff", 61_000)]);
        assert_eq!(known.see(std::slice::from_ref(&ada), 5), Change::Some);
        assert_eq!(known.see(&[ada], 9), Change::None);
        assert_eq!(known.people(), ["ada@9"]);
        assert_eq!(known.groups(), ["staff=61000: ada"]);
    }

    #[test]
    fn memberships_of_others_stay_when_one_person_changes() {
        let known = Known::new();
        let ada = sighting("1", "ada", &[("staff", 61_000), ("ops", 61_001)]);
        let bob = sighting("2", "bob", &[("staff", 61_000)]);
        known.see(&[ada, bob], 5);
        known.see(&[sighting("1", "ada", &[("ops", 61_001)])], 6);
        assert_eq!(known.groups(), ["ops=61001: ada", "staff=61000: bob"]);
        known.renew(&[], &["1"], 7);
        assert_eq!(known.people(), ["bob@5"]);
        assert_eq!(known.groups(), ["ops=61001: ", "staff=61000: bob"]);
        assert_eq!(known.renew(&[], &["1"], 8), Change::None);
    }

    #[test]
    fn a_name_with_another_key_is_another_person_and_the_former_one_is_forgotten() {
        let known = Known::new();
        known.see(&[sighting("1", "ada", &[("staff", 61_000)])], 5);
        assert_eq!(known.see(&[sighting("2", "ada", &[])], 6), Change::Some);
        assert_eq!(known.people(), ["ada@6"]);
        assert_eq!(known.groups(), ["staff=61000: "]);
    }

    #[test]
    fn a_person_with_another_name_leaves_the_old_one_in_no_group() {
        let known = Known::new();
        known.see(&[sighting("1", "ada", &[("staff", 61_000)])], 5);
        known.see(&[sighting("1", "ada-lovelace", &[("staff", 61_000)])], 6);
        assert_eq!(known.groups(), ["staff=61000: ada-lovelace"]);
    }

    #[test]
    fn a_group_that_is_renumbered_or_renamed_is_there_once() {
        let known = Known::new();
        known.see(&[sighting("1", "ada", &[("staff", 61_000)])], 5);
        known.see(&[sighting("1", "ada", &[("staff", 62_000)])], 6);
        assert_eq!(known.groups(), ["staff=62000: ada"]);
        known.see(&[sighting("1", "ada", &[("people", 62_000)])], 7);
        assert_eq!(known.groups(), ["people=62000: ada"]);
    }

    #[test]
    fn what_a_full_sync_said_is_renewed_in_place() {
        let known = Known::new();
        let team = Team {
            key: ImmutableKey::given("61000"),
            name: "staff".to_owned(),
            active: true,
            gid: Some(61_000),
            members: vec!["ada".to_owned(), "bob".to_owned()],
        };
        let projection = Projection {
            people: vec![Person::named(ImmutableKey::given("1"), "ada")],
            teams: vec![team],
            remarks: vec![],
        };
        let now = Time::from_unix(5);
        known.store.replace(&known.rubin, &projection, now).unwrap();
        let mut ada = sighting("1", "ada", &[("staff", 61_000)]);
        ada.groups[0].gid = None;
        assert_eq!(known.see(&[ada], 6), Change::None, "not said is not gone");
        assert_eq!(known.groups(), ["staff=61000: ada bob"]);
        known.see(&[sighting("1", "ada", &[])], 7);
        assert_eq!(known.groups(), ["staff=61000: bob"]);
    }
}
