//! Atlassian Crowd.
//!
//! Crowd speaks JSON (and XML for bulk memberships) under
//! `/rest/usermanagement/1`; an application of its own on the Crowd side lets
//! muster in. Its reads are not limited to the people who may log in: only
//! [`Directory::verify`] enforces the application's groups, so whoever lets
//! people in by other means must ask `[access]`.
//!
//! Two of Crowd's calls are left alone: the mails that reset a password and that remind
//! of a user name. They go to an address that Crowd knows and lead to its own pages;
//! nothing on a Linux host should make Crowd write to people.

mod calls;
mod changes;
mod client;
mod events;
mod kin;
mod listing;
mod mapping;
mod membership;
mod model;
mod password;
mod permission;
mod restriction;
mod session;
mod verdict;
mod xml;

#[cfg(test)]
mod tests;

use url::Url;

use self::client::Client;
use self::listing::{Entry, Roll};
use self::membership::{Member, Membership};
use super::http::Timeouts;
use super::passwords::Passwords;
use super::remarks::Remarks;
use super::sessions::Sessions;
use super::{
    Changes, Directory, DirectoryError, Listing, Person, Projection, Rolls, ServerVersion,
    Sighting, Team, Verified,
};
use crate::name::UserName;
use crate::secret::Secret;

pub use self::kin::Reach;
pub use self::mapping::AttributeNames;
pub use self::permission::MayModify;
pub use self::restriction::{Match, Property, Restriction, Unsayable};
pub use self::session::{Credential, NewSession};

/// Everything that a Crowd directory needs to be asked.
#[derive(Debug)]
pub struct CrowdSettings {
    /// Crowd's base URL, usually ending in `/crowd`.
    pub url: Url,
    /// The application's name in Crowd.
    pub application: String,
    /// The application's password, not a person's.
    pub password: Secret,
    /// The only certificate authorities to trust; without it the host's.
    pub ca_pem: Option<Vec<u8>>,
    /// Which custom attributes hold POSIX data.
    pub attributes: AttributeNames,
    /// Whether people may change their passwords from here.
    pub change_passwords: bool,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// How many people or groups are asked for at once.
    pub page_size: usize,
    /// How many reading questions may be open at once.
    pub readings_at_once: usize,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

impl CrowdSettings {
    /// What must be said; the rest has defaults.
    pub fn new(url: Url, application: String, password: Secret) -> Self {
        Self {
            url,
            application,
            password,
            ca_pem: None,
            attributes: AttributeNames::default(),
            change_passwords: false,
            timeouts: Timeouts::default(),
            page_size: 500,
            readings_at_once: 4,
            logins_at_once: 16,
        }
    }
}

/// How many single questions prove that nobody has attributes, when a listing shows none.
const SAMPLES: usize = 16;

/// A Crowd server as one application sees it.
///
/// Beside what every [`Directory`] can be asked it has Crowd's own calls: single
/// persons, groups and memberships, searches (`calls.rs`), changed passwords
/// (`password.rs`) and sessions (`session.rs`).
#[derive(Debug)]
pub struct Crowd {
    attributes: AttributeNames,
    change_passwords: bool,
    client: Client,
    permission: permission::Remembered,
}

impl Crowd {
    /// Sets up the client; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(settings: CrowdSettings) -> Result<Self, DirectoryError> {
        Ok(Self {
            client: Client::new(&settings)?,
            change_passwords: settings.change_passwords,
            attributes: settings.attributes,
            permission: permission::Remembered::default(),
        })
    }

    /// Lists all people or all groups, with attributes, each once.
    ///
    /// Older servers do not expand attributes in a listing: an empty list there is
    /// not "no attributes", and reading it so would give everybody another id.
    /// Where a listing shows none at all, single questions decide.
    async fn roll<E: Entry>(
        &self,
        read: impl Fn(&E, &mut Remarks) -> Option<E::Meaning> + Send + Sync,
        remarks: &mut Remarks,
    ) -> Result<Vec<E::Meaning>, DirectoryError> {
        let mut roll = Roll::default();
        let add = |entry: E| roll.add(&entry, |entry| read(entry, remarks));
        self.client.every(&E::listing(), add).await?;
        if !self.must_ask_singly::<E>(&roll).await? {
            return Ok(roll.into_meanings());
        }
        let names = roll.into_names();
        let mut roll = Roll::default();
        let add = |entry: E| roll.add(&entry, |entry| read(entry, remarks));
        self.client.each_singly(names, add).await?;
        Ok(roll.into_meanings())
    }

    async fn must_ask_singly<E: Entry>(
        &self,
        roll: &Roll<E::Meaning>,
    ) -> Result<bool, DirectoryError> {
        if roll.is_minimal() {
            return Ok(true);
        }
        if roll.shows_attributes() {
            return Ok(false);
        }
        let mut found = false;
        let look = |entry: E| found |= entry.has_attributes();
        self.client.each_singly(roll.sample(SAMPLES), look).await?;
        Ok(found)
    }

    fn read(&self, user: &model::User, remarks: &mut Remarks) -> Option<Person> {
        mapping::person(user, &self.attributes, remarks)
    }

    /// Who is in which group, directly.
    async fn rolls(&self, people: &[Person], teams: &[Team]) -> Result<Rolls, DirectoryError> {
        let mut rolls = Rolls::new(people, teams);
        let read = self
            .client
            .memberships(|membership| enter(&mut rolls, &membership))
            .await?;
        if read == client::Bulk::NotOffered {
            for group in teams.iter().filter(|team| team.active) {
                self.client
                    .direct_members(&group.name, |membership| enter(&mut rolls, &membership))
                    .await?;
            }
        }
        Ok(rolls)
    }

    /// The person whom Crowd means by `name`, with the groups that hold the person directly.
    async fn sighting(&self, user: &model::User) -> Result<Sighting, DirectoryError> {
        let person = self
            .read(user, &mut Remarks::default())
            .ok_or_else(|| verdict::nonsense("the server names nobody in its answer"))?;
        let mut groups = Vec::new();
        self.client
            .groups_of(&person.name, |group| {
                groups.extend(mapping::membership(&group));
            })
            .await?;
        Ok(Sighting { person, groups })
    }
}

fn enter(rolls: &mut Rolls, membership: &Membership<'_>) {
    match membership.member {
        Member::User(name) => rolls.add_person(membership.group, name),
        Member::Group(name) => rolls.add_team(membership.group, name),
    }
}

#[async_trait::async_trait]
impl Directory for Crowd {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        self.client.version().await
    }

    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        let user: model::User = self.client.entity(name.as_str()).await?;
        mapping::check_about(user.name.as_deref(), name.as_str())?;
        self.sighting(&user).await
    }

    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        let user = self.client.authenticate(name.as_str(), secret).await?;
        mapping::verified(&user, name)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn changes(&self) -> Option<&dyn Changes> {
        Some(self)
    }

    fn passwords(&self) -> Option<&dyn Passwords> {
        self.change_passwords.then_some(self as &dyn Passwords)
    }

    fn sessions(&self) -> Option<&dyn Sessions> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Listing for Crowd {
    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        let mut remarks = Remarks::default();
        let people = self
            .roll(|user, remarks| self.read(user, remarks), &mut remarks)
            .await?;
        let attributes = &self.attributes;
        let teams = self
            .roll(
                |group, remarks| mapping::team(group, attributes, remarks),
                &mut remarks,
            )
            .await?;
        let rolls = self.rolls(&people, &teams).await?;
        remarks.count(rolls.strangers(), "memberships of unknown people left out");
        if !self.change_passwords {
            self.remark_on_permission(&people, &mut remarks).await;
        }
        let (people, teams) = rolls.fill(people, teams);
        Ok(Projection {
            people,
            teams,
            remarks: remarks.into_lines(),
            until: None,
        })
    }
}
