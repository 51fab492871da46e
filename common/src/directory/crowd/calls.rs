//! Crowd's single calls, typed: persons, groups, memberships, searches.
//!
//! None of them goes through a cache or decides anything. *NotFound* is Crowd's own
//! statement; an empty list about a name that Crowd does not know proves nothing, since
//! some versions answer so and others with 404.

use std::collections::{BTreeMap, HashSet};

use super::super::remarks::Remarks;
use super::super::{DirectoryError, ImmutableKey, Person, Team};
use super::kin::{Kin, Reach};
use super::listing::{Entry, Listing};
use super::model::{Group, User};
use super::restriction::Restriction;
use super::verdict::nonsense;
use super::{Crowd, mapping};
use crate::name::UserName;

impl Crowd {
    /// One person by name, read with attributes.
    pub async fn person(&self, name: &UserName) -> Result<Person, DirectoryError> {
        let user: User = self.client.entity(name.as_str()).await?;
        mapping::check_about(user.name.as_deref(), name.as_str())?;
        self.whole(&user)
    }

    /// The person with this key, whatever the name is by now. Without a key of the
    /// server's own (old servers) the name that stands for it is asked about.
    pub async fn person_with_key(&self, key: &ImmutableKey) -> Result<Person, DirectoryError> {
        let user = match key.as_str().split_once(':') {
            Some(("key", given)) => self.client.user_with_key(given).await?,
            Some((_, name)) => self.client.entity(name).await?,
            None => return Err(DirectoryError::NotFound),
        };
        let person = self.whole(&user)?;
        if person.key == *key {
            return Ok(person);
        }
        Err(nonsense(
            "asked about one key, the server answers about another",
        ))
    }

    /// All attributes of a person: each name with its values, in the server's order.
    pub async fn attributes(
        &self,
        name: &UserName,
    ) -> Result<BTreeMap<String, Vec<String>>, DirectoryError> {
        let found = self.client.attributes(name.as_str()).await?;
        Ok(found.into_pairs().collect())
    }

    /// The names of the groups that a person is in.
    pub async fn groups_of(
        &self,
        person: &UserName,
        reach: Reach,
    ) -> Result<Vec<String>, DirectoryError> {
        self.kin::<Group>(Kin::GroupsOfUser, reach, person.as_str())
            .await
    }

    /// Whether `person` belongs to `group`, through other groups as well. A person
    /// or group that Crowd does not know does not belong.
    pub async fn belongs(&self, person: &UserName, group: &str) -> Result<bool, DirectoryError> {
        self.is_in(person, group, Reach::Nested).await
    }

    /// Whether `person` belongs to `group`, asked from the person's side.
    pub async fn is_in(
        &self,
        person: &UserName,
        group: &str,
        reach: Reach,
    ) -> Result<bool, DirectoryError> {
        let name = person.as_str();
        self.client
            .relates(Kin::GroupsOfUser, reach, name, group)
            .await
    }

    /// A group by name, without its members; *NotFound* also for the roles of very old servers.
    pub async fn team(&self, group: &str) -> Result<Team, DirectoryError> {
        let found: Group = self.client.entity(group).await?;
        let team = mapping::team(&found, &self.attributes, &mut Remarks::default());
        team.ok_or(DirectoryError::NotFound)
    }

    /// The names of the people in a group.
    pub async fn members(&self, group: &str, reach: Reach) -> Result<Vec<String>, DirectoryError> {
        self.kin::<User>(Kin::Users, reach, group).await
    }

    /// Whether `person` belongs to `group`, asked from the group's side.
    pub async fn has_member(
        &self,
        group: &str,
        person: &UserName,
        reach: Reach,
    ) -> Result<bool, DirectoryError> {
        let name = person.as_str();
        self.client.relates(Kin::Users, reach, group, name).await
    }

    /// The names of the groups in a group.
    pub async fn children(&self, group: &str, reach: Reach) -> Result<Vec<String>, DirectoryError> {
        self.kin::<Group>(Kin::Children, reach, group).await
    }

    /// Whether the group `child` is in `group`.
    pub async fn has_child(
        &self,
        group: &str,
        child: &str,
        reach: Reach,
    ) -> Result<bool, DirectoryError> {
        self.client
            .relates(Kin::Children, reach, group, child)
            .await
    }

    /// The names of the groups that a group is in.
    pub async fn parents(&self, group: &str, reach: Reach) -> Result<Vec<String>, DirectoryError> {
        self.kin::<Group>(Kin::Parents, reach, group).await
    }

    /// Whether `group` is in the group `parent`.
    pub async fn has_parent(
        &self,
        group: &str,
        parent: &str,
        reach: Reach,
    ) -> Result<bool, DirectoryError> {
        self.client
            .relates(Kin::Parents, reach, group, parent)
            .await
    }

    /// The people whom a restriction suits. Each is asked about singly, since what a
    /// search shows of attributes depends on the server: for a few, not for everybody.
    pub async fn search_people(
        &self,
        restriction: &Restriction,
    ) -> Result<Vec<Person>, DirectoryError> {
        let mut people = Vec::new();
        let add = |user: User| people.extend(self.read(&user, &mut Remarks::default()));
        self.search(restriction, add).await?;
        Ok(people)
    }

    /// The groups that a restriction suits, without members; otherwise as [`Self::search_people`].
    pub async fn search_teams(
        &self,
        restriction: &Restriction,
    ) -> Result<Vec<Team>, DirectoryError> {
        let (mut teams, names) = (Vec::new(), &self.attributes);
        let add = |group: Group| {
            teams.extend(mapping::team(&group, names, &mut Remarks::default()));
        };
        self.search(restriction, add).await?;
        Ok(teams)
    }

    async fn search<E: Entry>(
        &self,
        restriction: &Restriction,
        each: impl FnMut(E) + Send,
    ) -> Result<(), DirectoryError> {
        let xml = restriction.document();
        let names = self.names::<E>(&Listing::found(E::ENTITY, &xml)).await?;
        self.client.each_singly(names, each).await
    }

    async fn kin<E: Entry>(
        &self,
        kin: Kin,
        reach: Reach,
        name: &str,
    ) -> Result<Vec<String>, DirectoryError> {
        self.names::<E>(&Listing::kin(kin, reach, name)).await
    }

    /// The names in a listing, each once: the set may shift between two pages.
    async fn names<E: Entry>(&self, listing: &Listing<'_>) -> Result<Vec<String>, DirectoryError> {
        let (mut names, mut seen) = (Vec::new(), HashSet::new());
        let add = |entry: E| {
            let name = entry.name().unwrap_or_default();
            if !name.is_empty() && seen.insert(mapping::canonical(name)) {
                names.push(name.to_owned());
            }
        };
        self.client.every(listing, add).await?;
        Ok(names)
    }

    fn whole(&self, user: &User) -> Result<Person, DirectoryError> {
        self.read(user, &mut Remarks::default())
            .ok_or_else(|| nonsense("the server names nobody in its answer"))
    }
}
