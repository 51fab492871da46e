//! From FAS's JSON to our meaning: persons, teams, verdicts. Checks that a value
//! *is* what it should be; whether it may be used is admission's to decide.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::remarks::Remarks;
use super::super::{
    DirectoryError, ImmutableKey, Membership, Person, Roster, Sighting, Team, Verified,
};
use super::model::{self, Groups, Hash, Id, Lenient, UserEntry, Users};
use super::verdict::nonsense;
use crate::name::{GroupTypeName, UserName};
use crate::text;

/// The states in which FAS lets somebody log in.
const IN_USE: [&str; 2] = ["active", "bot"];
const APPROVED: &str = "approved";

/// The key of what has this id: ids are never given twice.
fn key(id: Id) -> ImmutableKey {
    ImmutableKey::given(&id.0.to_string())
}

/// The verdict in a good answer to a password check, if it is about `asked`.
pub(super) fn verified(
    person: &model::Person,
    asked: &UserName,
) -> Result<Verified, DirectoryError> {
    let sighting = sighting(person)?;
    check_name(&sighting.person.name, asked.as_str())?;
    if !sighting.person.active {
        return Err(DirectoryError::Locked);
    }
    Ok(Verified {
        key: sighting.person.key.clone(),
        name: sighting.person.name.clone(),
        expires: None,
        sighting: Some(sighting),
    })
}

/// One person, with the groups that the person is an approved member of.
pub(super) fn sighting(person: &model::Person) -> Result<Sighting, DirectoryError> {
    let (Some(id), Some(name), Some(status)) = (
        person.id,
        person.username.as_deref().filter(|name| !name.is_empty()),
        person.status.as_deref(),
    ) else {
        return Err(nonsense(
            "the answer about a person lacks the id, the name or the status",
        ));
    };
    let Some(groups) = &person.approved_memberships else {
        return Err(nonsense("the answer about a person lacks the groups"));
    };
    let unapproved = Unapproved::of(person);
    let groups = groups
        .iter()
        .filter_map(|group| membership(group.understood()?))
        .filter(|group| !unapproved.has(group))
        .collect();
    // One's own login shows even what is hidden from everybody else.
    let hidden = person.privacy == Some(true);
    let full_name = person.human_name.as_deref().filter(|_| !hidden);
    let mut found = made(id, name, full_name, person.ssh_key.as_deref());
    found.active = IN_USE.contains(&status);
    Ok(Sighting {
        person: found,
        groups,
    })
}

fn made(id: Id, name: &str, full_name: Option<&str>, ssh_keys: Option<&str>) -> Person {
    let full_name = full_name.filter(|text| !text.is_empty());
    Person {
        display_name: full_name.unwrap_or(name).to_owned(),
        uid: Some(id.0),
        ssh_keys: lines(ssh_keys.unwrap_or_default()),
        ..Person::named(key(id), name)
    }
}

/// Several keys come in one text, with whatever line ends the browser sent.
fn lines(text: &str) -> Vec<String> {
    text.split(['\r', '\n'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn membership(group: &model::Group) -> Option<Membership> {
    let id = group.id?;
    Some(Membership {
        key: key(id),
        name: group.name.clone().filter(|name| !name.is_empty())?,
        gid: Some(id.0),
        group_type: group_type(group.group_type.as_deref()),
    })
}

/// A type that can be written in a rule: FAS's own are lower-case words.
fn group_type(said: Option<&str>) -> Option<GroupTypeName> {
    GroupTypeName::new(said?).ok()
}

/// The groups in which a person's role is said not to be approved, whichever list
/// they stand in.
struct Unapproved<'a> {
    names: HashSet<&'a str>,
    ids: HashSet<u32>,
}

impl<'a> Unapproved<'a> {
    fn of(person: &'a model::Person) -> Self {
        let by_name = person.group_roles.iter().flatten();
        let names = by_name
            .filter(|(_, role)| is_unapproved(role))
            .map(|(name, _)| name.as_str());
        let listed = person.roles.iter().flatten();
        let ids = listed
            .filter(|role| is_unapproved(role))
            .filter_map(|role| Some(role.understood()?.group_id?.0));
        Self {
            names: names.collect(),
            ids: ids.collect(),
        }
    }

    fn has(&self, group: &Membership) -> bool {
        self.names.contains(group.name.as_str())
            || group.gid.is_some_and(|id| self.ids.contains(&id))
    }
}

fn is_unapproved(role: &Lenient<model::Role>) -> bool {
    let status = role
        .understood()
        .and_then(|role| role.role_status.as_deref());
    status.is_some_and(|status| status != APPROVED)
}

/// Whether an answer is about the name that was asked for, to the letter.
pub(super) fn check_name(name: &str, asked: &str) -> Result<(), DirectoryError> {
    if name == asked {
        return Ok(());
    }
    Err(nonsense(format!(
        "asked about {:?}, the server answers about {:?}",
        text::safe(asked, 64),
        text::safe(name, 64)
    )))
}

/// Whether an answer is about the id that was asked for.
pub(super) fn check_id(found: Option<u32>, asked: u32) -> Result<(), DirectoryError> {
    if found == Some(asked) {
        return Ok(());
    }
    Err(nonsense(format!(
        "asked about the id {asked}, the server answers about another"
    )))
}

/// A group by itself, without members.
pub(super) fn team_alone(group: &model::Group) -> Result<Team, DirectoryError> {
    let group = membership(group)
        .ok_or_else(|| nonsense("the answer about a group lacks the id or the name"))?;
    Ok(Team {
        key: group.key,
        name: group.name,
        active: true,
        gid: group.gid,
        group_type: group.group_type,
    })
}

/// Everybody, by id.
pub(super) struct Roll(BTreeMap<Id, Person>);

impl Roll {
    pub(super) fn into_people(self) -> Vec<Person> {
        self.0.into_values().collect()
    }
}

/// Everybody who is active, from the answer for whole hosts. `us` is the service
/// account, whose rights show in what it sees.
pub(super) fn people(users: Users, us: &str, remarks: &mut Remarks) -> Roll {
    let mut roll = BTreeMap::new();
    let mut seen = Seen::default();
    for (id, entry) in users.0 {
        match Id::read(&id).zip(entry) {
            Some((id, entry)) => {
                seen.note(&entry);
                roll.extend(person(id, &entry, remarks).map(|person| (id, person)));
            }
            None => remarks.add(format!(
                "user with id {:?}: not understood, left out",
                text::safe(&id, 32)
            )),
        }
    }
    if !roll.is_empty() {
        seen.remark(us, remarks);
    }
    Roll(roll)
}

fn person(id: Id, entry: &UserEntry, remarks: &mut Remarks) -> Option<Person> {
    let name = entry.username.as_deref().filter(|name| !name.is_empty());
    let Some(name) = name else {
        remarks.add(format!("user with id {}: no name, left out", id.0));
        return None;
    };
    let full_name = entry.human_name.as_deref();
    Some(made(id, name, full_name, entry.ssh_key.as_deref()))
}

/// What the service account gets to see of people.
#[derive(Default)]
struct Seen {
    hashes: usize,
    keys: usize,
}

impl Seen {
    fn note(&mut self, entry: &UserEntry) {
        if entry.password == Hash::Shown {
            self.hashes = self.hashes.saturating_add(1);
        }
        if entry
            .ssh_key
            .as_deref()
            .is_some_and(|keys| !keys.trim().is_empty())
        {
            self.keys = self.keys.saturating_add(1);
        }
    }

    fn remark(&self, us: &str, remarks: &mut Remarks) {
        let us = text::safe(us, 64);
        if self.hashes > 0 {
            remarks.add(format!(
                "FAS shows password hashes to {us:?}, which muster has no use for: take it out of \
                 the groups fas-system and accounts; thirdparty is enough"
            ));
        }
        if self.keys == 0 {
            remarks.add(format!(
                "FAS shows nobody's SSH keys to {us:?}: put it into the group thirdparty"
            ));
        }
    }
}

/// Every group, with the names of its members among `roll`: whoever is not in use is
/// not there, and is no member.
pub(super) fn rosters(groups: Groups, roll: &Roll, remarks: &mut Remarks) -> Vec<Roster> {
    let mut rosters = Vec::new();
    let mut strangers = 0_usize;
    for (name, entry) in groups.0 {
        let whole = entry
            .as_ref()
            .and_then(|entry| Some((entry, entry.id?, entry.lists()?)));
        let Some((entry, id, lists)) = whole.filter(|_| !name.is_empty()) else {
            remarks.add(format!(
                "group {:?}: not understood, left out",
                text::safe(&name, 64)
            ));
            continue;
        };
        let ids: BTreeSet<Id> = lists.iter().flat_map(|list| &list.ids).copied().collect();
        let known = ids
            .iter()
            .filter_map(|id| Some(roll.0.get(id)?.name.clone()));
        let members: Vec<String> = known.collect();
        let others = lists.iter().map(|list| list.others);
        strangers = strangers
            .saturating_add(ids.len().saturating_sub(members.len()))
            .saturating_add(others.sum());
        let team = Team {
            key: key(id),
            name,
            active: true,
            gid: Some(id.0),
            group_type: group_type(entry.group_type.as_deref()),
        };
        rosters.push(Roster { team, members });
    }
    remarks.count(
        strangers,
        "memberships of people who are not active left out",
    );
    rosters
}
