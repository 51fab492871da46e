//! What FAS's calls answer, typed, with FAS's own names for the fields: what
//! python-fedora hands out, without what nobody needs. Password hashes, tokens and the
//! answers to security questions are not read, so that none of these can hold one.
//!
//! Text is what somebody typed into FAS's forms: whoever shows it strips it
//! ([`crate::text::safe`]). Dates are FAS's own text, `2010-01-02 03:04:05.000006+00:00`,
//! where the microseconds may be absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::model::{Id, Lenient, lenient};

/// The states in which FAS lets somebody log in.
const IN_USE: [&str; 2] = ["active", "bot"];

/// What somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleType {
    /// An ordinary member.
    User,
    /// Who may let others in.
    Sponsor,
    /// Who may do everything to the group.
    Administrator,
}

/// Whether somebody is in a group or has only asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleStatus {
    /// A member.
    Approved,
    /// An applicant: no member.
    Unapproved,
}

/// One person's place in one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The person's id.
    #[serde(deserialize_with = "id")]
    pub person_id: u32,
    /// The group's id.
    #[serde(deserialize_with = "id")]
    pub group_id: u32,
    /// What the person is there.
    pub role_type: RoleType,
    /// Whether the person is there at all.
    pub role_status: RoleStatus,
    /// The id of who let the person in.
    #[serde(default, deserialize_with = "lenient_id")]
    pub sponsor_id: Option<u32>,
    /// When the person asked.
    #[serde(default, deserialize_with = "lenient")]
    pub creation: Option<String>,
    /// When somebody agreed.
    #[serde(default, deserialize_with = "lenient")]
    pub approval: Option<String>,
}

/// A group without its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRecord {
    /// The id, which is never given again.
    #[serde(deserialize_with = "id")]
    pub id: u32,
    /// The short name.
    pub name: String,
    /// The id of who owns it.
    #[serde(deserialize_with = "id")]
    pub owner_id: u32,
    /// `cla`, `system`, `bugzilla`, `git`, `shell`, `tracking` and others.
    pub group_type: String,
    /// The long name.
    #[serde(default, deserialize_with = "lenient")]
    pub display_name: Option<String>,
    /// A page about it.
    #[serde(default, deserialize_with = "lenient")]
    pub url: Option<String>,
    /// Its list.
    #[serde(default, deserialize_with = "lenient")]
    pub mailing_list: Option<String>,
    /// Its list's page.
    #[serde(default, deserialize_with = "lenient")]
    pub mailing_list_url: Option<String>,
    /// Its channel on IRC.
    #[serde(default, deserialize_with = "lenient")]
    pub irc_channel: Option<String>,
    /// The network of that channel.
    #[serde(default, deserialize_with = "lenient")]
    pub irc_network: Option<String>,
    /// Whether a sponsor must agree to new members.
    #[serde(default, deserialize_with = "lenient")]
    pub needs_sponsor: Option<bool>,
    /// Whether members may leave.
    #[serde(default, deserialize_with = "lenient")]
    pub user_can_remove: Option<bool>,
    /// Whether nobody may ask to be let in.
    #[serde(default, deserialize_with = "lenient")]
    pub invite_only: Option<bool>,
    /// The id of a group that members must be in before.
    #[serde(default, deserialize_with = "lenient_id")]
    pub prerequisite_id: Option<u32>,
    /// What new members are told.
    #[serde(default, deserialize_with = "lenient")]
    pub joinmsg: Option<String>,
    /// What applicants are told.
    #[serde(default, deserialize_with = "lenient")]
    pub apply_rules: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient")]
    pub creation: Option<String>,
}

/// A group with everybody's place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupWithRoles {
    /// The group.
    #[serde(flatten)]
    pub group: GroupRecord,
    /// Its members, whether their accounts are in use or not.
    pub approved_roles: Vec<Role>,
    /// Those who have asked to be.
    pub unapproved_roles: Vec<Role>,
}

/// A person, as far as FAS shows people to who asks: what is hidden is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// The id, which is never given again, nor to a group.
    #[serde(deserialize_with = "id")]
    pub id: u32,
    /// The name.
    pub username: String,
    /// `active`, `inactive`, `bot`, `expired`, `admin_disabled`, `spamcheck_awaiting`,
    /// `spamcheck_manual` or `spamcheck_denied`.
    pub status: String,
    /// The full name.
    #[serde(default, deserialize_with = "lenient")]
    pub human_name: Option<String>,
    /// The address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: Option<String>,
    /// SSH public keys, a line each, unparsed.
    #[serde(default, deserialize_with = "lenient")]
    pub ssh_key: Option<String>,
    /// The id of a GPG key.
    #[serde(default, deserialize_with = "lenient")]
    pub gpg_keyid: Option<String>,
    /// The name on IRC.
    #[serde(default, deserialize_with = "lenient")]
    pub ircnick: Option<String>,
    /// What the person says about themselves.
    #[serde(default, deserialize_with = "lenient")]
    pub comments: Option<String>,
    /// Whom the person works for.
    #[serde(default, deserialize_with = "lenient")]
    pub affiliation: Option<String>,
    /// The number of the last certificate.
    #[serde(default, deserialize_with = "lenient")]
    pub certificate_serial: Option<u64>,
    /// When the account was made.
    #[serde(default, deserialize_with = "lenient")]
    pub creation: Option<String>,
    /// When the person last logged in.
    #[serde(default, deserialize_with = "lenient")]
    pub last_seen: Option<String>,
    /// When the status last changed.
    #[serde(default, deserialize_with = "lenient")]
    pub status_change: Option<String>,
    /// The language.
    #[serde(default, deserialize_with = "lenient")]
    pub locale: Option<String>,
    /// The time zone.
    #[serde(default, deserialize_with = "lenient")]
    pub timezone: Option<String>,
    /// Where the person lives, in degrees north.
    #[serde(default, deserialize_with = "lenient")]
    pub latitude: Option<f64>,
    /// Where the person lives, in degrees east.
    #[serde(default, deserialize_with = "lenient")]
    pub longitude: Option<f64>,
    /// The country.
    #[serde(default, deserialize_with = "lenient")]
    pub country_code: Option<String>,
    /// Whether others may not see the full name.
    #[serde(default, deserialize_with = "lenient")]
    pub privacy: Option<bool>,
    /// The groups that the person is a member of.
    #[serde(default, deserialize_with = "each")]
    pub approved_memberships: Vec<GroupRecord>,
    /// The groups that the person has only asked to be let into.
    #[serde(default, deserialize_with = "each")]
    pub unapproved_memberships: Vec<GroupRecord>,
    /// The person's place in each group, members' and applicants' mixed, by the group's
    /// name: look at [`Role::role_status`].
    #[serde(default, deserialize_with = "by_name")]
    pub group_roles: BTreeMap<String, Role>,
}

impl PersonRecord {
    /// Whether FAS lets the person log in.
    pub fn may_log_in(&self) -> bool {
        IN_USE.contains(&self.status.as_str())
    }

    /// Whether the person is a member, and not only an applicant, of the group.
    pub fn is_in(&self, group: &str) -> bool {
        let listed = self.approved_memberships.iter();
        let unapproved = self
            .group_roles
            .get(group)
            .is_some_and(|role| role.role_status == RoleStatus::Unapproved);
        listed.map(|group| &group.name).any(|name| name == group) && !unapproved
    }
}

/// One member of a group, as the group's page shows people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The name.
    pub username: String,
    /// The address.
    pub email: Option<String>,
    /// The full name; `None` if it is hidden.
    pub human_name: Option<String>,
    /// What the person is in the group.
    pub role_type: RoleType,
    /// How many members the person has let in.
    pub sponsored: u64,
}

/// A member of a group with what it takes to write to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The id.
    pub id: u32,
    /// The name.
    pub username: String,
    /// The address.
    pub email: Option<String>,
    /// The full name; `None` if it is hidden.
    pub human_name: Option<String>,
}

/// A group's people by id, each in exactly one of the three lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostGroup {
    /// The group's id.
    pub id: u32,
    /// The group's type.
    #[serde(rename = "type")]
    pub group_type: String,
    /// Who may do everything to it.
    pub administrators: Vec<u32>,
    /// Who may let others in.
    pub sponsors: Vec<u32>,
    /// Ordinary members.
    pub users: Vec<u32>,
}

/// What a host needs to know of a person. There is no status: everybody is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostUser {
    /// The name.
    pub username: String,
    /// The full name; the name again if it is hidden.
    pub human_name: Option<String>,
    /// SSH public keys, a line each, unparsed; empty for who may not see them.
    pub ssh_key: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// Somebody's place in a group of a [`GroupList`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRole {
    /// The person's id.
    #[serde(deserialize_with = "id")]
    pub person_id: u32,
    /// What the person is there.
    pub role_type: RoleType,
}

/// Groups, and the members of each by the group's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupList {
    /// The groups.
    pub groups: Vec<GroupRecord>,
    /// The approved members of each, by the group's id.
    pub memberships: BTreeMap<u32, Vec<ListedRole>>,
}

/// An id, as a number or as its digits.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Id::deserialize(deserializer).map(|id| id.0)
}

fn lenient_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let id: Option<Id> = lenient(deserializer)?;
    Ok(id.map(|id| id.0))
}

/// The elements of a list that can be understood.
fn each<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let all: Option<Vec<Lenient<T>>> = lenient(deserializer)?;
    let understood = all.into_iter().flatten().filter_map(Lenient::into_option);
    Ok(understood.collect())
}

/// The entries of an object that can be understood; `login` answers a list of names instead.
fn by_name<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let all: Option<BTreeMap<String, Lenient<T>>> = lenient(deserializer)?;
    let understood = all
        .into_iter()
        .flatten()
        .filter_map(|(name, entry)| Some((name, entry.into_option()?)));
    Ok(understood.collect())
}
