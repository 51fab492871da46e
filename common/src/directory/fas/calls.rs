//! FAS's reading calls, typed: one method for each of python-fedora's `AccountSystem`,
//! under its name and with its meaning, asked in the service account's session. Where
//! the meaning is a known fault, the method's text says what is done here instead.
//!
//! *NotFound* is FAS's own "no": python-fedora answers some of these with an empty
//! object, some with an error and one with `KeyError`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::DirectoryError;
use super::super::http::encoded;
use super::client::{Extent, found};
use super::model::{Dump, GroupEntry, Id, Lenient, UserEntry};
use super::queries::Column;
use super::records::{
    Contact, GroupList, GroupRecord, GroupWithRoles, HostGroup, HostUser, ListedRole, Member,
    PersonRecord, RoleType,
};
use super::tolerant::Ids;
use super::verdict::nonsense;
use super::{Fas, mapping};

/// What `json/person_by_…` answers.
#[derive(Deserialize)]
struct PersonAnswer {
    success: Option<bool>,
    person: Option<PersonRecord>,
}

/// What `json/group_by_…` answers.
#[derive(Deserialize)]
struct GroupAnswer {
    success: Option<bool>,
    group: Option<GroupWithRoles>,
}

/// What `json/user_id` answers.
#[derive(Deserialize)]
struct Names {
    people: Option<BTreeMap<String, Lenient<String>>>,
}

/// What `group/list` answers.
#[derive(Deserialize)]
struct Groups {
    groups: Option<Vec<Lenient<GroupRecord>>>,
    memberships: Option<BTreeMap<String, Vec<Lenient<ListedRole>>>>,
}

/// What `config/list/…` answers.
#[derive(Deserialize)]
struct Configs {
    configs: Option<BTreeMap<String, Lenient<String>>>,
}

/// Whether a list of groups names their members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// It does.
    Named,
    /// It does not: a much smaller answer.
    LeftOut,
}

impl Fas {
    /// The person of exactly this name, active or not; *NotFound* where python-fedora
    /// answers with an empty object.
    pub async fn person_by_username(&self, name: &str) -> Result<PersonRecord, DirectoryError> {
        let fields = [("username", name)];
        let path = "json/person_by_username";
        let answer: PersonAnswer = self.client.read(path, &fields, Extent::One).await?;
        let person = found(answer.success, answer.person)?;
        mapping::check_name(&person.username, name)?;
        Ok(person)
    }

    /// The person with this id, active or not. *NotFound* where python-fedora answers with
    /// an empty object, or dies of `KeyError` in its other class.
    pub async fn person_by_id(&self, id: u32) -> Result<PersonRecord, DirectoryError> {
        let text = id.to_string();
        let fields = [("person_id", text.as_str())];
        let path = "json/person_by_id";
        let answer: PersonAnswer = self.client.read(path, &fields, Extent::One).await?;
        let person = found(answer.success, answer.person)?;
        mapping::check_id(Some(person.id), id)?;
        Ok(person)
    }

    /// The members of a group, with addresses and full names. Where python-fedora mixes
    /// applicants in, these are members only; and where it reads the whole directory, this
    /// asks three questions about the group.
    pub async fn people_by_groupname(&self, group: &str) -> Result<Vec<Contact>, DirectoryError> {
        let members = self.group_members(group).await?;
        let columns = [
            Column::Id,
            Column::Username,
            Column::Group,
            Column::RoleStatus,
        ];
        let rows = self
            .people_query(
                &columns,
                &[(Column::Group, group), (Column::RoleStatus, "approved")],
            )
            .await?;
        // An underscore in the group's name has matched others, too.
        let ours = rows
            .into_iter()
            .filter(|row| row.group.as_deref() == Some(group));
        let ids: BTreeMap<String, u32> = ours
            .filter_map(|row| Some((row.username?, row.id?)))
            .collect();
        let contact = |member: Member| {
            Some(Contact {
                id: *ids.get(&member.username)?,
                username: member.username,
                email: member.email,
                human_name: member.human_name,
            })
        };
        // Whoever came between the questions is there next time.
        Ok(members.into_iter().filter_map(contact).collect())
    }

    /// The group of exactly this name with everybody's place in it; *NotFound* where
    /// python-fedora raises `AppError`.
    pub async fn group_by_name(&self, name: &str) -> Result<GroupWithRoles, DirectoryError> {
        let fields = [("groupname", name)];
        let path = "json/group_by_name";
        let answer: GroupAnswer = self.client.read(path, &fields, Extent::Members).await?;
        let found = found(answer.success, answer.group)?;
        mapping::check_name(&found.group.name, name)?;
        Ok(found)
    }

    /// The group with this id with everybody's place in it; *NotFound* where python-fedora
    /// answers with an empty object (although it raises an error for a name).
    pub async fn group_by_id(&self, id: u32) -> Result<GroupWithRoles, DirectoryError> {
        let text = id.to_string();
        let fields = [("group_id", text.as_str())];
        let path = "json/group_by_id";
        let answer: GroupAnswer = self.client.read(path, &fields, Extent::Members).await?;
        let found = found(answer.success, answer.group)?;
        mapping::check_id(Some(found.group.id), id)?;
        Ok(found)
    }

    /// The approved members of a group; those whose accounts are not in use are among
    /// them. An unknown group is *NotFound*, and not, as for python-fedora, one without members:
    /// FAS is asked whether there is such a group.
    pub async fn group_members(&self, group: &str) -> Result<Vec<Member>, DirectoryError> {
        // Without a name the call is about everybody, and dots would leave its path.
        if matches!(group, "" | "." | "..") {
            return Err(DirectoryError::NotFound);
        }
        let path = format!("group/dump/{}", encoded(group));
        let dump: Dump = self.client.read(&path, &[], Extent::Members).await?;
        let rows = dump
            .people
            .ok_or_else(|| nonsense("the answer about a group's members names none"))?;
        if rows.is_empty() {
            self.group_by_name(group).await?;
        }
        Ok(rows.iter().filter_map(|row| member(row)).collect())
    }

    /// The groups whose names match `search` (`*` stands for any text) and their approved
    /// members. python-fedora gets no members from servers that answer to `Accept` alone; these
    /// are asked so that they answer.
    pub async fn group_list(
        &self,
        search: &str,
        members: Members,
    ) -> Result<GroupList, DirectoryError> {
        let mut fields = vec![("search", search)];
        if members == Members::Named {
            fields.push(("with_members", "True"));
        }
        let answer: Groups = self
            .client
            .read("group/list", &fields, Extent::Everybody)
            .await?;
        let groups = answer
            .groups
            .ok_or_else(|| nonsense("the answer about groups lists none"))?;
        let listed = answer.memberships.unwrap_or_default();
        let memberships = listed
            .into_iter()
            .filter(|_| members == Members::Named)
            .filter_map(|(id, roles)| Some((Id::read(&id)?.0, understood(roles))));
        Ok(GroupList {
            groups: understood(groups),
            memberships: memberships.collect(),
        })
    }

    /// Every group by name, with its approved people by id. Up to a quarter of an hour
    /// old, unless `force_refresh`.
    pub async fn group_data(
        &self,
        force_refresh: bool,
    ) -> Result<BTreeMap<String, HostGroup>, DirectoryError> {
        let groups = self.client.group_data(force_refresh).await?;
        let group = |(name, entry): (String, Option<GroupEntry>)| Some((name, host_group(entry?)?));
        Ok(groups.0.into_iter().filter_map(group).collect())
    }

    /// Everybody who is active, by id. The password hashes that FAS shows to too mighty
    /// accounts are not in it; a status, which python-fedora's text promises, FAS does not send.
    pub async fn user_data(&self) -> Result<BTreeMap<u32, HostUser>, DirectoryError> {
        let users = self.client.user_data().await?;
        let user = |(id, entry): (String, Option<UserEntry>)| {
            let entry = entry?;
            let user = HostUser {
                username: entry.username?,
                human_name: entry.human_name,
                ssh_key: entry.ssh_key,
                email: entry.email,
            };
            Some((Id::read(&id)?.0, user))
        };
        Ok(users.0.into_iter().filter_map(user).collect())
    }

    /// Everybody's name by id, whatever the status.
    pub async fn user_id(&self) -> Result<BTreeMap<u32, String>, DirectoryError> {
        let answer: Names = self
            .client
            .read("json/user_id", &[], Extent::Everybody)
            .await?;
        let people = answer
            .people
            .ok_or_else(|| nonsense("the answer about everybody's id names nobody"))?;
        let named =
            |(id, name): (String, Lenient<String>)| Some((Id::read(&id)?.0, name.into_option()?));
        Ok(people.into_iter().filter_map(named).collect())
    }

    /// What `application` keeps for a person as `attribute`, exactly; `None` if nothing.
    /// FAS shows it to the person and to administrators: *Misconfigured* for others.
    pub async fn get_config(
        &self,
        person: &str,
        application: &str,
        attribute: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let mut found = self
            .get_configs_like(person, application, attribute)
            .await?;
        Ok(found.remove(attribute))
    }

    /// What `application` keeps for a person, by attribute, where the attribute matches
    /// `pattern` (`*` stands for any text, FAS takes it in lower case). Otherwise as [`Self::get_config`].
    /// The parts of the path are encoded, which python-fedora leaves undone.
    pub async fn get_configs_like(
        &self,
        person: &str,
        application: &str,
        pattern: &str,
    ) -> Result<BTreeMap<String, String>, DirectoryError> {
        let parts = [person, application, pattern];
        if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err(DirectoryError::NotFound);
        }
        let path = format!("config/list/{}", parts.map(encoded).join("/"));
        let answer: Configs = self.client.read(&path, &[], Extent::One).await?;
        let configs = answer
            .configs
            .ok_or_else(|| nonsense("the answer about settings holds none"))?;
        let kept = |(name, value): (String, Lenient<String>)| Some((name, value.into_option()?));
        Ok(configs.into_iter().filter_map(kept).collect())
    }
}

/// One row of `group/dump`: name, address, full name, role, how many were let in.
fn member(row: &[serde_json::Value]) -> Option<Member> {
    let text = |place: usize| row.get(place)?.as_str().map(str::to_owned);
    Some(Member {
        username: text(0).filter(|name| !name.is_empty())?,
        email: text(1),
        human_name: text(2).filter(|name| !name.is_empty()),
        role_type: RoleType::deserialize(row.get(3)?).ok()?,
        sponsored: row.get(4).and_then(serde_json::Value::as_u64).unwrap_or(0),
    })
}

fn host_group(entry: GroupEntry) -> Option<HostGroup> {
    let ids = |list: &Ids| list.ids.iter().map(|id| id.0).collect();
    let [administrators, sponsors, users] = entry.lists()?.map(ids);
    Some(HostGroup {
        id: entry.id?.0,
        group_type: entry.group_type.unwrap_or_default(),
        administrators,
        sponsors,
        users,
    })
}

pub(super) fn understood<T>(list: Vec<Lenient<T>>) -> Vec<T> {
    list.into_iter().filter_map(Lenient::into_option).collect()
}
