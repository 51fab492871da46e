//! Services built on apicrud, whose `SessionAuth` logs people in by password.
//!
//! Nobody but an administrator can list accounts, and an administrator's password does not
//! belong on hosts: so the configuration says who is known, by name and by the id that
//! apicrud gave ([`PersonId`]), and muster has no credentials of its own there. What groups
//! hold somebody, apicrud tells in the roles of a session, and so at a login only.
//!
//! A login is: the password, a one-time code where the server wants one, and a second call
//! in the session that was opened, which must show an account of the very name. The session
//! is ended in any case.
//!
//! [`SessionAuth`] is the same server for other programs, call by call.

mod client;
mod grammar;
mod model;
mod password;
mod session;
mod session_auth;
mod verdict;
mod visit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use url::Url;

use self::client::{Client, Typed};
use self::verdict::{certain, misconfigured, nonsense};
use self::visit::Visit;
use super::http::Timeouts;
use super::{
    Directory, DirectoryError, ImmutableKey, Membership, Person, Refusal, ServerVersion, Sighting,
    Verified,
};
use crate::name::{GroupName, UserName};
use crate::secret::Secret;

pub use self::grammar::{NoPersonId, PersonId, is_name, is_role};
pub use self::model::{AuthParams, Methods};
pub use self::session::Standing;
pub use self::session_auth::{ApiKeys, Login, NewPassword, SessionAuth};

/// Everything that an apicrud directory needs to be asked.
#[derive(Debug)]
pub struct ApicrudSettings {
    /// The base of the API, usually ending in `/api/v1`.
    pub url: Url,
    /// The only certificate authorities to trust; without it the host's.
    pub ca_pem: Option<Vec<u8>>,
    /// Deadlines; a login's calls share that of a request, which is at least eight seconds.
    pub timeouts: Timeouts,
    /// Who is known.
    pub people: BTreeMap<UserName, PersonId>,
    /// Which role makes somebody a member of which group.
    pub roles: Vec<(String, GroupName)>,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

impl ApicrudSettings {
    /// What must be said; the rest has defaults.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            ca_pem: None,
            timeouts: Timeouts::default(),
            people: BTreeMap::new(),
            roles: Vec::new(),
            logins_at_once: 16,
        }
    }
}

/// A server built on apicrud.
#[derive(Debug)]
pub struct Apicrud {
    client: Arc<Client>,
    people: BTreeMap<UserName, PersonId>,
    roles: Vec<(String, GroupName)>,
}

impl Apicrud {
    /// Sets up the client; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(settings: ApicrudSettings) -> Result<Self, DirectoryError> {
        let client = Client::new(
            &settings.url,
            settings.ca_pem.as_deref(),
            settings.timeouts,
            settings.logins_at_once,
        )?;
        Ok(Self {
            client: Arc::new(client),
            people: settings.people,
            roles: settings.roles,
        })
    }

    /// The password checked, with a code if one was typed.
    async fn checked(
        &self,
        name: &UserName,
        secret: &Secret,
        code: Option<&Secret>,
    ) -> Result<Verified, DirectoryError> {
        let until = self.client.deadline();
        let typed = typed(name, secret)?;
        let visit = self.client.log_in(typed, until).await?;
        let visit = match (visit.session().standing(), code) {
            (Standing::CodeWanted, None) => return Err(DirectoryError::CodeWanted),
            (Standing::CodeWanted, Some(code)) => {
                let code = code
                    .expose_text()
                    .ok_or_else(|| certain("the code is not UTF-8 text"))?;
                let opened = self.client.log_in_with_code(typed, code, &visit, until);
                same_person(opened.await?, &visit)?
            }
            _ => visit,
        };
        self.confirmed(name, &visit, until).await
    }

    /// Asks in the session whether it is the one of the person who is meant.
    async fn confirmed(
        &self,
        name: &UserName,
        visit: &Visit,
        until: Instant,
    ) -> Result<Verified, DirectoryError> {
        let session = visit.session();
        match session.standing() {
            Standing::LoggedIn => {}
            Standing::MustChange => return Err(DirectoryError::SecretExpired),
            Standing::CodeWanted => {
                return Err(nonsense("apicrud takes a one-time code and wants another"));
            }
            held_back @ (Standing::MustEnrol | Standing::Powerless) => {
                log::info!("{name}: {}", why_locked(held_back));
                return Err(DirectoryError::Locked);
            }
        }
        let account = self.client.account(visit, name.as_str(), until).await?;
        if account.uid.as_deref() != Some(session.person.as_str()) {
            return Err(nonsense(
                "the account of this name is another person's than the session",
            ));
        }
        if account.status.as_deref() != Some("active") {
            return Err(DirectoryError::Locked);
        }
        if account.password_must_change {
            return Err(DirectoryError::SecretExpired);
        }
        Ok(Verified {
            sighting: Some(Sighting {
                groups: self.groups(&session.roles),
                ..seen(name, &session.person)
            }),
            ..verified(name, &session.person)
        })
    }

    /// The groups that these roles stand for here, each once.
    fn groups(&self, roles: &[String]) -> Vec<Membership> {
        let named = self.roles.iter().filter(|(role, _)| roles.contains(role));
        let named: BTreeSet<&str> = named.map(|(_, group)| group.as_str()).collect();
        let membership = |name: &str| Membership {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            gid: None,
            group_type: None,
        };
        named.into_iter().map(membership).collect()
    }
}

/// What is sent for a login, or why nothing is.
fn typed<'a>(name: &'a UserName, secret: &'a Secret) -> Result<Typed<'a>, DirectoryError> {
    if !is_name(name) {
        return Err(certain("the name cannot be anybody's at apicrud"));
    }
    let password = secret
        .expose_text()
        .filter(|text| grammar::is_password(text));
    let password =
        password.ok_or_else(|| certain("the password is not text of 8 to 64 characters"))?;
    Ok(Typed {
        name: name.as_str(),
        password,
    })
}

/// The session that a code has opened, which must be that of whoever was asked for the code.
fn same_person(opened: Visit, before: &Visit) -> Result<Visit, DirectoryError> {
    if opened.session().person != before.session().person {
        return Err(nonsense("a one-time code opens another person's session"));
    }
    Ok(opened)
}

fn why_locked(standing: Standing) -> &'static str {
    match standing {
        Standing::MustEnrol => "apicrud wants a second factor to be set up first",
        _ => "apicrud gives the person no role (is the contact's address confirmed?)",
    }
}

fn verified(name: &UserName, person: &PersonId) -> Verified {
    Verified {
        key: ImmutableKey::given(person.as_str()),
        name: name.as_str().to_owned(),
        // The session's end is not the password's.
        expires: None,
        sighting: None,
    }
}

fn seen(name: &UserName, person: &PersonId) -> Sighting {
    let key = ImmutableKey::given(person.as_str());
    Sighting {
        person: Person::named(key, name.as_str()),
        groups: Vec::new(),
    }
}

#[async_trait::async_trait]
impl Directory for Apicrud {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        if !self
            .client
            .methods()
            .await?
            .items
            .iter()
            .any(|one| one == "local")
        {
            return Err(misconfigured(
                "apicrud has no accounts of its own (/auth_methods lacks local): nobody can log \
                 in by password",
            ));
        }
        Ok(ServerVersion("apicrud".to_owned()))
    }

    /// Answers from the configuration; nobody but an administrator could ask apicrud.
    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        let person = self.people.get(name).ok_or(DirectoryError::NotFound)?;
        Ok(seen(name, person))
    }

    fn plausible(&self, name: &UserName, secret: &Secret) -> Result<(), Refusal> {
        match typed(name, secret) {
            Err(DirectoryError::Refused(refusal)) => Err(refusal),
            _ => Ok(()),
        }
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

    /// A session that waits for a code proves the password, and a new one needs no code there.
    async fn verify_for_change(
        &self,
        name: &UserName,
        secret: &Secret,
    ) -> Result<Verified, DirectoryError> {
        let until = self.client.deadline();
        let visit = self.client.log_in(typed(name, secret)?, until).await?;
        match visit.session().standing() {
            Standing::CodeWanted => Ok(verified(name, &visit.session().person)),
            _ => self.confirmed(name, &visit, until).await,
        }
    }

    fn passwords(&self) -> Option<&dyn super::passwords::Passwords> {
        Some(self)
    }
}
