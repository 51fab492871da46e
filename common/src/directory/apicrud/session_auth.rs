//! apicrud's `SessionAuth` for programs: its calls, typed, with its meaning.

use std::sync::Arc;

use url::Url;

use super::client::{Client, Typed};
use super::grammar::{is_password, weakness};
use super::model::{AuthParams, Methods};
use super::password::changed;
use super::session::Standing;
use super::verdict::{certain, doubtful, misconfigured};
use super::visit::Visit;
use super::{PersonId, is_name};
use crate::clock::Time;
use crate::directory::DirectoryError;
use crate::directory::http::Timeouts;
use crate::directory::passwords::Change;
use crate::name::UserName;
use crate::secret::Secret;

/// Whether API keys are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiKeys {
    /// They are not: [`SessionAuth::api_access`] sends nothing.
    #[default]
    Off,
    /// They are, whatever its documentation says about them.
    Believed,
}

/// What became of a new password.
pub type NewPassword = Change;

/// The logins of one apicrud server.
#[derive(Debug)]
pub struct SessionAuth {
    client: Arc<Client>,
    api_keys: ApiKeys,
}

/// A session that is open. It is ended at the server when this is dropped.
#[derive(Debug)]
pub struct Login {
    visit: Visit,
    name: String,
}

impl Login {
    /// What the session is good for: apicrud answers 201 also to whoever is not logged in.
    pub fn standing(&self) -> Standing {
        self.visit.session().standing()
    }

    /// The person's id.
    pub fn person(&self) -> &PersonId {
        &self.visit.session().person
    }

    /// When the session ends, where apicrud says it; it may be a day, whatever its settings are.
    pub fn expires(&self) -> Option<Time> {
        self.visit.session().expires
    }
}

impl SessionAuth {
    /// Sets up the client for the API at `url`; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(
        url: &Url,
        ca_pem: Option<&[u8]>,
        timeouts: Timeouts,
        api_keys: ApiKeys,
    ) -> Result<Self, DirectoryError> {
        let client = Arc::new(Client::new(url, ca_pem, timeouts, 16)?);
        Ok(Self { client, api_keys })
    }

    /// How people can log in, and who may register.
    pub async fn methods(&self) -> Result<Methods, DirectoryError> {
        self.client.methods().await
    }

    /// Opens a session by the password, and by a one-time code if the server wants one and one
    /// is given. What the session is good for is its [`Login::standing`]. Where it is a whole
    /// login, a second call has shown an account of this very name. Addresses are refused:
    /// apicrud would log in somebody of another name.
    pub async fn account_login(
        &self,
        name: &UserName,
        password: &Secret,
        code: Option<&Secret>,
    ) -> Result<Login, DirectoryError> {
        if !is_name(name) {
            return Err(certain("the name cannot be anybody's at apicrud"));
        }
        let until = self.client.deadline();
        let typed = Typed {
            name: name.as_str(),
            password: text(password)?,
        };
        let mut visit = self.client.log_in(typed, until).await?;
        if visit.session().standing() == Standing::CodeWanted
            && let Some(code) = code
        {
            let code = code
                .expose_text()
                .ok_or_else(|| certain("the code is no text"))?;
            let opened = self.client.log_in_with_code(typed, code, &visit, until);
            visit = super::same_person(opened.await?, &visit)?;
        }
        if visit.session().standing() == Standing::LoggedIn {
            let account = self.client.account(&visit, name.as_str(), until).await?;
            if account.uid.as_deref() != Some(visit.session().person.as_str()) {
                return Err(doubtful("the account of this name is another person's"));
            }
        }
        let name = name.as_str().to_owned();
        Ok(Login { visit, name })
    }

    /// Who has the session: account, person, settings, and whether codes are set up.
    pub async fn auth_params(&self, login: &Login) -> Result<AuthParams, DirectoryError> {
        self.client.auth_params(&login.visit).await
    }

    /// The roles of the session, of the form `RESOURCE-ID-LEVEL` where a membership gives them:
    /// all, or those of one resource, or of one thing.
    pub fn get_roles<'a>(
        &self,
        login: &'a Login,
        resource: Option<&str>,
        id: Option<&str>,
    ) -> Vec<&'a str> {
        let start = match (resource, id) {
            (None, _) => String::new(),
            (Some(resource), None) => format!("{resource}-"),
            (Some(resource), Some(id)) => format!("{resource}-{id}-"),
        };
        let roles = login.visit.session().roles.iter().map(String::as_str);
        roles.filter(|role| role.starts_with(&start)).collect()
    }

    /// Gives whoever has the session a new password, by the old one. The rules for new
    /// passwords are applied first. Never retried; an error means that nothing was changed.
    pub async fn change_password(
        &self,
        login: &Login,
        old: &Secret,
        new: &Secret,
    ) -> Result<NewPassword, DirectoryError> {
        let password = new.expose_text().unwrap_or_default();
        if let Some(weakness) = weakness(password) {
            let message = weakness.to_owned();
            return Ok(Change::Unfit { message });
        }
        let sent = self.client.put_password(&login.visit, text(old)?, password);
        match sent.await {
            Ok(answer) => changed(&answer, &login.name, login.person().as_str(), [old, new]),
            Err(error) => Ok(Change::InDoubt(error)),
        }
    }

    /// Whose API key this is (`KEYID.SECRET`, of 8 and 32 characters). Off unless
    /// [`ApiKeys::Believed`] was asked for, and for nobody to log in with: **apicrud's check is
    /// broken**. Once a key has been used, the server keeps its id in memory and takes that id
    /// with *any* secret behind it, for as long as it keeps it and also after the key was
    /// revoked. What this returns is whose key has that id, and proves nothing about whoever
    /// holds it. (Of the key's scopes apicrud tells nothing.)
    pub async fn api_access(&self, api_key: &Secret) -> Result<AuthParams, DirectoryError> {
        if self.api_keys == ApiKeys::Off {
            return Err(misconfigured(
                "API keys are off: apicrud takes a key that was used once with any secret",
            ));
        }
        let parts = api_key.expose_text().and_then(|text| text.split_once('.'));
        let word = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !parts.is_some_and(|(id, secret)| word(id, 8) && word(secret, 32)) {
            return Err(certain("what was given does not look like an API key"));
        }
        self.client.auth_params_by_key(api_key).await
    }
}

fn text(password: &Secret) -> Result<&str, DirectoryError> {
    let text = password.expose_text().filter(|text| is_password(text));
    text.ok_or_else(|| certain("the password is not text of 8 to 64 characters"))
}
