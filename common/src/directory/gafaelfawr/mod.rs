//! Gafaelfawr, which the Rubin Observatory's science platforms log people in with.
//!
//! People prove who they are by a token of their own, typed in the place of a password;
//! muster looks others up with a service token. Gafaelfawr answers about anybody with
//! 200: existing means having a uid. It cannot look up ids. Servers of 15.4.0 and newer
//! with LDAP behind them list everybody; on deployments without LDAP nobody can be looked
//! up at all ([`DirectoryError::Misconfigured`]): there people become known by logging in,
//! or by their tokens ([`Directory::introduce`]). A hung LDAP hangs its answers without
//! limit, so all deadlines are ours.
//!
//! [`Api`] is the same server for other programs: its calls, typed, with the cache rules
//! of the vendor's own client.

mod api;
mod client;
mod discovery;
mod grammar;
mod lists;
mod mapping;
mod model;
mod remembered;
mod terms;
mod verdict;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use self::client::{Client, ClientSettings, Token};
use self::model::{TokenInfo, UserInfo};
use self::remembered::{Place, Remembered};
use self::terms::Terms;
use self::verdict::{believed, misconfigured, nonsense};
use super::http::Timeouts;
use super::{Directory, DirectoryError, Listing, Refusal, ServerVersion, Sighting, Verified};
use crate::clock::{Clock, SystemClock, Time};
use crate::name::UserName;
use crate::secret::Secret;
use crate::text;

pub use self::api::{
    Api, ApiError, GroupInfo, Groups, Health, NewServiceToken, NotebookQuota, Quota, TokenRecord,
    User,
};
pub use self::discovery::{Host, NoHost, Whereabouts};
pub use self::lists::Lists;
pub use self::terms::{ScopesMatch, TokenType, UnknownTokenType};

/// The scope with which our service token looks people up.
const LOOK_UP: &str = "admin:userinfo";

/// Everything that a Gafaelfawr server needs to be asked.
pub struct GafaelfawrSettings {
    /// Where the server is.
    pub server: Whereabouts,
    /// Our service token, with the scope `admin:userinfo`; not a person's.
    pub token: Secret,
    /// The only certificate authorities to trust; without it the host's.
    pub ca_pem: Option<Vec<u8>>,
    /// Deadlines; a login's two questions share that of a request.
    pub timeouts: Timeouts,
    /// Whether everybody is read.
    pub lists: Lists,
    /// The scopes that a person's token needs.
    pub scopes: Vec<String>,
    /// All of them, or one.
    pub scopes_match: ScopesMatch,
    /// The types that a person's token may have.
    pub token_types: Vec<TokenType>,
    /// How long a person's token may live in all; eternal ones are refused then.
    pub max_token_lifetime: Option<Duration>,
    /// Whether eternal tokens are refused.
    pub require_expiry: bool,
    /// What expiry is measured by on our side.
    pub clock: Arc<dyn Clock>,
    /// How many reading questions may be open at once.
    pub readings_at_once: usize,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

impl GafaelfawrSettings {
    /// What must be said; the rest has defaults.
    pub fn new(url: Url, token: Secret) -> Self {
        Self {
            server: Whereabouts::Url(url),
            token,
            ca_pem: None,
            timeouts: Timeouts::default(),
            lists: Lists::Auto,
            scopes: vec!["exec:login".to_owned()],
            scopes_match: ScopesMatch::All,
            token_types: vec![TokenType::User],
            max_token_lifetime: None,
            require_expiry: false,
            clock: Arc::new(SystemClock),
            readings_at_once: 4,
            logins_at_once: 16,
        }
    }
}

/// A Gafaelfawr server as one service token sees it.
pub struct Gafaelfawr {
    client: Client,
    /// Our own token.
    service: Secret,
    lists: Lists,
    terms: Terms,
    by_name: Remembered<Sighting>,
    by_token: Remembered<Sighting>,
}

impl Gafaelfawr {
    /// Sets up the client; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(settings: GafaelfawrSettings) -> Result<Self, DirectoryError> {
        if Token::of(&settings.token).is_none() {
            return Err(misconfigured(
                "token_file does not hold a token: they look like gt-KEY.SECRET, with 22 \
                 characters each",
            ));
        }
        let terms = Terms {
            scopes: settings.scopes,
            scopes_match: settings.scopes_match,
            token_types: settings.token_types,
            max_token_lifetime: settings.max_token_lifetime,
            require_expiry: settings.require_expiry,
            clock: Arc::clone(&settings.clock),
        };
        let making = ClientSettings {
            server: settings.server,
            ca_pem: settings.ca_pem,
            timeouts: settings.timeouts,
            readings_at_once: settings.readings_at_once,
            logins_at_once: settings.logins_at_once,
            clock: settings.clock,
        };
        Ok(Self {
            client: Client::new(making)?,
            service: settings.token,
            lists: settings.lists,
            terms,
            by_name: Remembered::new(),
            by_token: Remembered::new(),
        })
    }

    /// One person by name, from an answer as old as Gafaelfawr's policy for clients allows
    /// (five minutes; that nobody is there, half a minute), or asked for: once, however
    /// many want to know. For look-ups by others; the broker keeps its own answers.
    pub async fn look_up(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        check_name(name)?;
        let ask = self.ask_about(name);
        self.by_name.get_or_ask(self.place_of(name), ask).await
    }

    async fn ask_about(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        let answer = self.client.user(&self.service, name.as_str()).await?;
        let info: UserInfo = believed(&answer, verdict::of_name)?;
        mapping::sighting(&info, name.as_str())
    }

    /// Whom a token belongs to, for look-ups: the answer may be some minutes old, and
    /// proves nothing about the token. *NotFound* is an owner without POSIX data.
    pub async fn user_info(&self, token: &Secret) -> Result<Sighting, DirectoryError> {
        let token_like = Token::of(token).ok_or_else(no_token)?;
        let ask = self.ask_whose(token, token_like.key);
        self.by_token.get_or_ask(Place::of_token(token), ask).await
    }

    async fn ask_whose(&self, token: &Secret, key: &str) -> Result<Sighting, DirectoryError> {
        let answer = self.client.user_info(token).await?;
        let info: UserInfo = believed(&answer, |answer| verdict::of_person(answer, key))?;
        mapping::sighting(&info, &info.username)
    }

    /// Forgets all that is kept.
    pub fn clear(&self) {
        self.by_name.clear();
        self.by_token.clear();
    }

    fn place_of(&self, name: &UserName) -> Place {
        Place::of_name(&self.service, name.as_str())
    }

    /// The two questions of a login, under one deadline.
    async fn log_in(
        &self,
        name: &UserName,
        token: Token<'_>,
    ) -> Result<(Option<u64>, Sighting), DirectoryError> {
        let (begun, within) = (Instant::now(), self.client.within());
        let record = self.client.login_token(token, within).await?;
        self.terms.check(&record, token.key, name)?;
        let left = within.saturating_sub(begun.elapsed());
        let info = self.client.login_user(token, left).await?;
        if info.username != name.as_str() {
            return Err(nonsense("two answers about one token name two people"));
        }
        let sighting = match mapping::sighting(&info, name.as_str()) {
            // The token is good; what is missing may come.
            Err(DirectoryError::NotFound) => Err(DirectoryError::Refused(Refusal::doubtful(
                format!("the owner of the token {} has no uid", token.key),
            ))),
            read => read,
        }?;
        Ok((record.expires, sighting))
    }
}

/// Off the grammar there is nobody, and a question would be answered by 422.
fn check_name(name: &UserName) -> Result<(), DirectoryError> {
    if grammar::is_username(name.as_str()) {
        return Ok(());
    }
    Err(DirectoryError::NotFound)
}

const NO_TOKEN: &str = "what was typed does not look like a token";

fn no_token() -> DirectoryError {
    DirectoryError::Refused(Refusal::certain(NO_TOKEN))
}

#[async_trait::async_trait]
impl Directory for Gafaelfawr {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        let answer = self.client.token_info(&self.service).await?;
        let record: TokenInfo = believed(&answer, verdict::of_us)?;
        if !record.scopes.iter().any(|scope| scope == LOOK_UP) {
            return Err(misconfigured(verdict::LACKS_SCOPE));
        }
        // At the root of a site another program may live, which says nothing about this one.
        let version = match self.client.about().await {
            Ok(about) if about.name == "gafaelfawr" => format!("Gafaelfawr {}", about.version),
            _ => "Gafaelfawr".to_owned(),
        };
        Ok(ServerVersion(text::safe(&version, 64)))
    }

    /// Asks the server, never a cache: a refresh that answered from one would see nobody leave.
    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        check_name(name)?;
        let fresh = self.ask_about(name).await;
        match &fresh {
            Ok(found) => self.by_name.keep(self.place_of(name), found).await,
            Err(DirectoryError::NotFound) => self.by_name.forget(&self.place_of(name)).await,
            Err(_) => {}
        }
        fresh
    }

    fn plausible(&self, name: &UserName, secret: &Secret) -> Result<(), Refusal> {
        if check_name(name).is_err() {
            return Err(Refusal::certain(
                "the name cannot be anybody's at Gafaelfawr",
            ));
        }
        match Token::of(secret) {
            Some(_) => Ok(()),
            None => Err(Refusal::certain(NO_TOKEN)),
        }
    }

    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        self.plausible(name, secret)
            .map_err(DirectoryError::Refused)?;
        let token = Token::of(secret).ok_or_else(no_token)?;
        let (expires, sighting) = match self.log_in(name, token).await {
            Ok(answered) => answered,
            Err(error) => {
                if matches!(error, DirectoryError::Refused(_)) {
                    self.by_token.forget(&Place::of_token(secret)).await;
                }
                return Err(error);
            }
        };
        // So that whoever looks after a login sees what it saw.
        self.by_token.keep(Place::of_token(secret), &sighting).await;
        self.by_name.learn(self.place_of(name), &sighting).await;
        Ok(Verified {
            key: sighting.person.key.clone(),
            name: sighting.person.name.clone(),
            expires: expires.map(Time::from_unix),
            sighting: Some(sighting),
        })
    }

    /// Asks whose the token is; every type of token may introduce its owner, since that lets nobody in.
    async fn introduce(&self, secret: &Secret) -> Result<Sighting, DirectoryError> {
        let token = Token::of(secret).ok_or_else(no_token)?;
        self.ask_whose(secret, token.key).await
    }

    fn introduces(&self) -> bool {
        true
    }

    fn listing(&self) -> Option<&dyn Listing> {
        match self.lists {
            Lists::Never => None,
            Lists::Auto | Lists::Always => Some(self),
        }
    }
}
