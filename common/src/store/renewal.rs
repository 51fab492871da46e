//! What directories say about single persons and groups, kept beside what is known of
//! everybody else: answers to look-ups, refreshes of people who are known, logins, changes.

use std::collections::BTreeMap;

use super::disk::{OptionalExtension, Store, StoreError, Transaction, params, signed};
use super::projection::{
    NEW_TEAM, WRITE_PERSON, WRITE_TEAM_IF_DIFFERENT, keys, mark_synced, number_text, type_text,
};
use super::written::{Touched, stays};
use crate::clock::Time;
use crate::directory::{Cursor, ImmutableKey, Membership, Person, Sighting, Team, TeamSighting};
use crate::name::DirectoryName;

/// What a round of questions about single persons and groups of one directory has come to.
#[derive(Debug, Clone, Default)]
pub struct Renewal {
    /// Who is there, as they are now.
    pub seen: Vec<Sighting>,
    /// Who is not there any more.
    pub gone: Vec<ImmutableKey>,
    /// Groups that are there, as they are now.
    pub teams_seen: Vec<TeamSighting>,
    /// Groups that are not there any more.
    pub teams_gone: Vec<ImmutableKey>,
    /// Where the directory's history has been read up to, if that is what this comes from:
    /// then it vouches for everybody else, too.
    pub until: Option<Cursor>,
}

/// Whether what is known is other than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the moment is new.
    None,
    /// Somebody is new, different or gone.
    Some,
}

impl Change {
    /// A change if `changed`.
    pub fn of(changed: bool) -> Self {
        if changed { Self::Some } else { Self::None }
    }
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
        let mut renewing = Renewing {
            transaction: &transaction,
            directory,
            now,
            changed: false,
            told: 0,
            touched: BTreeMap::new(),
        };
        renewing.take_in(renewal)?;
        if let Some(until) = &renewal.until {
            let counted = transaction.total_changes();
            mark_synced(&transaction, directory, now)?;
            let read_up_to = "UPDATE directory SET cursor = ?2 WHERE name = ?1";
            transaction.execute(read_up_to, params![directory.as_str(), until.0])?;
            let moments = transaction.total_changes().saturating_sub(counted);
            renewing.told = renewing.told.saturating_add(moments);
        }
        let Renewing {
            changed,
            told,
            touched,
            ..
        } = renewing;
        transaction.commit()?;
        self.tell_written(told, touched);
        Ok(Change::of(changed))
    }
}

/// A directory's contribution while pieces of it are renewed.
struct Renewing<'a> {
    transaction: &'a Transaction<'a>,
    directory: &'a DirectoryName,
    now: Time,
    changed: bool,
    /// The rows written of persons who stay who they are.
    told: u64,
    /// Those persons.
    touched: BTreeMap<(DirectoryName, ImmutableKey), Touched>,
}

impl Renewing<'_> {
    fn take_in(&mut self, renewal: &Renewal) -> Result<(), StoreError> {
        for key in &renewal.gone {
            self.forget("person", key)?;
        }
        for key in &renewal.teams_gone {
            self.forget("team", key)?;
        }
        for sighting in &renewal.teams_seen {
            self.see_team(sighting)?;
        }
        for sighting in &renewal.seen {
            self.see(sighting)?;
        }
        Ok(())
    }

    fn forget(&mut self, table: &str, key: &ImmutableKey) -> Result<(), StoreError> {
        let delete = format!("DELETE FROM {table} WHERE directory = ?1 AND key = ?2");
        let gone = self
            .transaction
            .prepare_cached(&delete)?
            .execute([self.directory.as_str(), key.as_str()])?;
        self.changed |= gone > 0;
        Ok(())
    }

    /// Forgets whatever else of `table` bears this name.
    fn forget_namesakes(
        &mut self,
        table: &str,
        name: &str,
        bearer: &ImmutableKey,
    ) -> Result<(), StoreError> {
        let select =
            format!("SELECT key FROM {table} WHERE directory = ?1 AND name = ?2 COLLATE NOCASE");
        let bearers = keys(self.transaction, &select, self.directory, Some(name))?;
        for other in bearers.iter().filter(|other| *other != bearer) {
            self.forget(table, other)?;
        }
        Ok(())
    }

    fn see(&mut self, Sighting { person, groups }: &Sighting) -> Result<(), StoreError> {
        self.forget_namesakes("person", &person.name, &person.key)?;
        let groups = self.numbers(groups)?;
        let body = serde_json::to_string(person)?;
        let before = self.before(person)?;
        let now = (body.as_str(), groups.as_str());
        let is_known = |(body, groups): &(String, String)| (body.as_str(), groups.as_str()) == now;
        self.changed |= before.as_ref().is_none_or(|before| !is_known(before));
        let mut write = self.transaction.prepare_cached(WRITE_PERSON)?;
        let written = write.execute(params![
            self.directory.as_str(),
            person.key.as_str(),
            person.name,
            body,
            signed(self.now.unix()),
            groups
        ])?;
        if let Some((former, held)) = before
            // What cannot be read is written over.
            && serde_json::from_str(&former).is_ok_and(|former| stays(&former, person))
        {
            self.told = self
                .told
                .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
            let who = (self.directory.clone(), person.key.clone());
            self.touched.entry(who).or_default().memberships |= held != groups;
        }
        Ok(())
    }

    /// Body and groups of `person` as they were.
    fn before(&self, person: &Person) -> Result<Option<(String, String)>, StoreError> {
        let mut select = self
            .transaction
            .prepare_cached("SELECT body, groups FROM person WHERE directory = ?1 AND key = ?2")?;
        let known = [self.directory.as_str(), person.key.as_str()];
        let before = select.query_row(known, |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(before.optional()?)
    }

    fn see_team(&mut self, TeamSighting { team, groups }: &TeamSighting) -> Result<(), StoreError> {
        let id = self.know(team)?;
        let groups = self.numbers(groups)?;
        let written = self
            .transaction
            .prepare_cached(WRITE_TEAM_IF_DIFFERENT)?
            .execute(params![
                id,
                team.name,
                team.gid,
                team.active,
                groups,
                type_text(team.group_type.as_ref())
            ])?;
        self.changed |= written > 0;
        Ok(())
    }

    /// The numbers of these groups as they are stored; those that are new get one.
    fn numbers(&mut self, groups: &[Membership]) -> Result<String, StoreError> {
        let mut ids = Vec::with_capacity(groups.len());
        for group in groups {
            ids.push(self.know_by_name(group)?);
        }
        number_text(ids)
    }

    /// A group's number; its name and id are taken note of, as far as they are said.
    fn know_by_name(&mut self, group: &Membership) -> Result<i64, StoreError> {
        let id = self.know(&Team {
            key: group.key.clone(),
            name: group.name.clone(),
            active: true,
            gid: group.gid,
            group_type: group.group_type.clone(),
        })?;
        let written = self
            .transaction
            .prepare_cached(
                "UPDATE team SET name = ?2, gid = coalesce(?3, gid), group_type = coalesce(?4, group_type) WHERE id = ?1
                 AND (name <> ?2 OR gid IS NOT coalesce(?3, gid) OR group_type IS NOT coalesce(?4, group_type))",
            )?
            .execute(params![
                id,
                group.name,
                group.gid,
                type_text(group.group_type.as_ref())
            ])?;
        self.changed |= written > 0;
        Ok(id)
    }

    /// A group's number; it gets one if it is new. A group of the same name and another key is gone.
    fn know(&mut self, team: &Team) -> Result<i64, StoreError> {
        self.forget_namesakes("team", &team.name, &team.key)?;
        let (directory, key) = (self.directory.as_str(), team.key.as_str());
        let known = self
            .transaction
            .prepare_cached("SELECT id FROM team WHERE directory = ?1 AND key = ?2")?
            .query_row([directory, key], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.changed = true;
        let mut insert = self.transaction.prepare_cached(NEW_TEAM)?;
        let kind = type_text(team.group_type.as_ref());
        let new = params![directory, key, team.name, team.gid, team.active, kind];
        Ok(insert.query_row(new, |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Projection, Roster, Team};
    use crate::store::projection::KnownTeam;

    fn sighting(key: &str, name: &str, groups: &[(&str, u32)]) -> Sighting {
        let group = |(name, gid): &(&str, u32)| Membership {
            key: ImmutableKey::given(&gid.to_string()),
            name: (*name).to_owned(),
            gid: Some(*gid),
            group_type: None,
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
                ..Renewal::default()
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
            let people = self.store.people(&self.rubin).unwrap();
            let members = |id: i64| {
                let members = people.iter().filter(|known| known.groups.contains(&id));
                let mut names: Vec<_> = members.map(|known| known.person.name.as_str()).collect();
                names.sort_unstable();
                names.join(" ")
            };
            let teams = self.store.teams(&self.rubin).unwrap();
            let mut shown: Vec<_> = teams
                .iter()
                .map(|KnownTeam { id, team, .. }| {
                    let gid = team.gid.unwrap_or_default();
                    format!("{}={gid}: {}", team.name, members(*id))
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
            group_type: None,
        };
        let members = vec!["ada".to_owned(), "bob".to_owned()];
        let people = ["ada", "bob"].into_iter().zip(["1", "2"]);
        let people = people.map(|(name, key)| Person::named(ImmutableKey::given(key), name));
        let projection = Projection::of(people.collect(), vec![Roster { team, members }]);
        let now = Time::from_unix(5);
        known.store.replace(&known.rubin, &projection, now).unwrap();
        let mut ada = sighting("1", "ada", &[("staff", 61_000)]);
        ada.groups[0].gid = None;
        assert_eq!(known.see(&[ada], 6), Change::None, "not said is not gone");
        assert_eq!(known.groups(), ["staff=61000: ada bob"]);
        known.see(&[sighting("1", "ada", &[])], 7);
        assert_eq!(known.groups(), ["staff=61000: bob"]);
    }

    #[test]
    fn groups_are_renewed_and_history_vouches_for_everybody() {
        let known = Known::new();
        known.see(&[sighting("1", "ada", &[("staff", 61_000)])], 5);
        let staff = Team {
            key: ImmutableKey::given("61000"),
            name: "Staff".to_owned(),
            active: false,
            gid: Some(61_000),
            group_type: None,
        };
        let all = Membership {
            key: ImmutableKey::given("61001"),
            name: "all".to_owned(),
            gid: Some(61_001),
            group_type: None,
        };
        let renewal = Renewal {
            teams_seen: vec![TeamSighting {
                team: staff,
                groups: vec![all],
            }],
            until: Some(Cursor("7".to_owned())),
            ..Renewal::default()
        };
        let renew = |now| {
            let (store, now) = (&known.store, Time::from_unix(now));
            store.renew(&known.rubin, &renewal, now).unwrap()
        };
        assert_eq!(renew(9), Change::Some);
        assert_eq!(renew(10), Change::None);
        assert_eq!(known.people(), ["ada@10"]);
        assert_eq!(known.groups(), ["Staff=61000: ada", "all=61001: "]);
        let teams = known.store.teams(&known.rubin).unwrap();
        let [staff, all] = teams.as_slice() else {
            panic!("{teams:?}");
        };
        assert_eq!(staff.groups, [all.id]);
        let reading = known.store.reading(&known.rubin).unwrap().unwrap();
        assert_eq!(reading.cursor, Some(Cursor("7".to_owned())));
        let renewal = Renewal {
            teams_gone: vec![ImmutableKey::given("61000")],
            ..Renewal::default()
        };
        let now = Time::from_unix(11);
        known.store.renew(&known.rubin, &renewal, now).unwrap();
        assert_eq!(known.groups(), ["all=61001: "]);
    }
}
