//! The Fedora Account System, FAS2.
//!
//! FAS speaks JSON over form-encoded POSTs. Reading needs a session of a service
//! account, of which there is one, shared and in memory; membership of `thirdparty`
//! is all the rights that it needs. A person's password is checked by a login of its
//! own that carries no cookie and no token: with a live session beside it FAS would
//! answer a *wrong* password with that session's user.

mod avatar;
mod calls;
mod client;
mod mapping;
mod model;
mod personal;
mod queries;
mod questions;
mod records;
mod session;
mod tolerant;
mod verdict;
mod visit;
#[cfg(feature = "fas-writing")]
mod writing;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::client::{Client, Credentials, Typed};
use super::http::{STREAM_BODY, Timeouts};
use super::remarks::Remarks;
use super::{
    Directory, DirectoryError, Listing, Projection, Refusal, Roster, ServerVersion, Sighting, Team,
    Verified,
};
use crate::name::UserName;
use crate::secret::Secret;

pub use self::avatar::{AvatarService, AvatarSize};
pub use self::calls::Members;
pub use self::personal::PersonalSession;
pub use self::queries::{Column, PEOPLE_FIELDS, PeopleByKey, PeopleKey, QueryRow};
pub use self::records::{
    Contact, GroupList, GroupRecord, GroupWithRoles, HostGroup, HostUser, ListedRole, Member,
    PersonRecord, Role, RoleStatus, RoleType,
};
#[cfg(feature = "fas-writing")]
pub use self::writing::{Certificate, NewGroup};

/// How a server takes one-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Otp {
    /// Not at all: nobody is asked for one.
    #[default]
    None,
    /// Behind the password, in one string.
    Append,
    /// In the form's field `otp`. FAS looks at a code only if one is sent: here nobody
    /// is let in without.
    Field,
}

/// Everything that a FAS directory needs to be asked.
#[derive(Debug)]
pub struct FasSettings {
    /// FAS's base URL, usually ending in `/accounts`.
    pub url: Url,
    /// The service account's user name in FAS.
    pub user: String,
    /// The service account's password, not a person's.
    pub password: Secret,
    /// The only certificate authorities to trust; without it the host's.
    pub ca_pem: Option<Vec<u8>>,
    /// The name of the session's cookie: the server's `visit.cookie.name`.
    pub session_cookie: String,
    /// How one-time codes are sent.
    pub otp: Otp,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Whether a full sync asks for groups as they are now. Otherwise FAS answers from
    /// a cache, and whoever left a group stays in it for up to a quarter of an hour.
    pub force_refresh: bool,
    /// The longest answer about everybody that is read, in bytes; a longer one is refused.
    pub everybody_max: usize,
    /// How long a refused service account is not tried again.
    pub login_pause: Duration,
    /// How many reading questions may be open at once.
    pub readings_at_once: usize,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

impl FasSettings {
    /// What must be said; the rest has defaults.
    pub fn new(url: Url, user: String, password: Secret) -> Self {
        Self {
            url,
            user,
            password,
            ca_pem: None,
            session_cookie: "tg-visit".to_owned(),
            otp: Otp::None,
            timeouts: Timeouts::default(),
            force_refresh: true,
            everybody_max: STREAM_BODY,
            login_pause: Duration::from_secs(60),
            readings_at_once: 4,
            logins_at_once: 16,
        }
    }
}

/// A FAS server as one service account sees it.
#[derive(Debug)]
pub struct Fas {
    client: Arc<Client>,
    force_refresh: bool,
    otp: Otp,
}

impl Fas {
    /// Sets up the client; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(settings: FasSettings) -> Result<Self, DirectoryError> {
        let (force_refresh, otp) = (settings.force_refresh, settings.otp);
        Ok(Self {
            client: Arc::new(Client::new(settings)?),
            force_refresh,
            otp,
        })
    }

    /// The person with this id, active or not.
    pub async fn person_with_id(&self, id: u32) -> Result<Sighting, DirectoryError> {
        let sighting = mapping::sighting(&self.client.person_by_id(id).await?)?;
        mapping::check_id(sighting.person.uid, id)?;
        Ok(sighting)
    }

    /// The group of this name, with the names of its approved members. Those whose
    /// accounts are not in use are among them: the call does not tell.
    pub async fn group(&self, name: &str) -> Result<Roster, DirectoryError> {
        let team = mapping::team_alone(&self.client.group_by_name(name).await?)?;
        mapping::check_name(&team.name, name)?;
        self.with_members(team).await
    }

    /// The group with this id, as [`Self::group`] gives it.
    pub async fn group_with_id(&self, id: u32) -> Result<Roster, DirectoryError> {
        let team = mapping::team_alone(&self.client.group_by_id(id).await?)?;
        mapping::check_id(team.gid, id)?;
        self.with_members(team).await
    }

    /// Whether the password, and the code where codes are taken, are the person's.
    async fn checked(
        &self,
        name: &UserName,
        secret: &Secret,
        code: Option<&Secret>,
    ) -> Result<Verified, DirectoryError> {
        let credentials = self.credentials(name, secret, code)?;
        let person = self.client.authenticate(&credentials).await?;
        mapping::verified(&person, name)
    }

    /// What is sent for a login, or why nothing is.
    fn credentials<'a>(
        &self,
        name: &'a UserName,
        secret: &'a Secret,
        code: Option<&'a Secret>,
    ) -> Result<Credentials<'a>, DirectoryError> {
        // FAS would log in whoever has that address: somebody of another name.
        if is_address(name) {
            return Err(refused("FAS would take this name for an e-mail address"));
        }
        // A form is text here, so other bytes cannot be anybody's password.
        let text = |secret: &'a Secret| secret.expose_text().filter(|text| !text.is_empty());
        let password = text(secret).ok_or_else(|| refused("the password is not UTF-8 text"))?;
        let code = match code {
            Some(code) => Some(text(code).ok_or_else(|| refused("the code is not UTF-8 text"))?),
            None => None,
        };
        let (password, otp) = match (self.otp, code) {
            (Otp::Field, None) => return Err(refused("a one-time code is wanted")),
            (Otp::Field, Some(code)) => (Typed::Alone(password), Some(code)),
            (Otp::Append, Some(code)) => (Typed::with_code(password, code), None),
            (Otp::None, _) | (Otp::Append, None) => (Typed::Alone(password), None),
        };
        Ok(Credentials {
            name: name.as_str(),
            password,
            otp,
        })
    }

    /// An unknown group is an empty one to the call that names members: `team` must
    /// have been found before.
    async fn with_members(&self, team: Team) -> Result<Roster, DirectoryError> {
        let members = self.client.member_names(&team.name).await?;
        Ok(Roster { team, members })
    }
}

#[async_trait::async_trait]
impl Directory for Fas {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        self.client.verify_session().await?;
        Ok(ServerVersion("FAS".to_owned()))
    }

    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        if is_address(name) {
            return Err(DirectoryError::NotFound);
        }
        let person = self.client.person_by_username(name.as_str()).await?;
        let sighting = mapping::sighting(&person)?;
        mapping::check_name(&sighting.person.name, name.as_str())?;
        Ok(sighting)
    }

    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        self.checked(name, secret, None).await
    }

    async fn verify_with_code(
        &self,
        name: &UserName,
        secret: &Secret,
        code: &Secret,
    ) -> Result<Verified, DirectoryError> {
        self.checked(name, secret, Some(code)).await
    }

    fn code_prompt(&self) -> Option<&'static str> {
        match self.otp {
            Otp::None => None,
            Otp::Append | Otp::Field => Some("One-time code: "),
        }
    }

    fn questions(&self) -> Option<&dyn super::questions::Questions> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

fn refused(reason: &'static str) -> DirectoryError {
    DirectoryError::Refused(Refusal::certain(reason))
}

/// Whether FAS would look the name up among the addresses.
fn is_address(name: &UserName) -> bool {
    name.as_str().contains('@')
}

#[async_trait::async_trait]
impl Listing for Fas {
    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        let mut remarks = Remarks::default();
        let users = self.client.user_data().await?;
        let roll = mapping::people(users, self.client.user(), &mut remarks);
        let groups = self.client.group_data(self.force_refresh).await?;
        let rosters = mapping::rosters(groups, &roll, &mut remarks);
        Ok(Projection {
            remarks: remarks.into_lines(),
            ..Projection::of(roll.into_people(), rosters)
        })
    }
}
