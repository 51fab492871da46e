//! Where Gafaelfawr is: at the URL that was said, or where Repertoire says.
//!
//! What Repertoire says counts for five minutes. While it does not answer, or says what
//! cannot be followed, the former answer stands, as with its own client. People's tokens
//! go where it points, so it may point at its own host, and at those that an
//! administrator has named, only.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use super::super::DirectoryError;
use super::super::http::{
    Answer, Connections, Cookies, Credentials, Http, HttpSettings, Question, Timeouts,
};
use super::model::Discovered;
use super::verdict::{believed, nonsense, unreachable};
use crate::clock::Clock;
use crate::text;

/// How long an answer of Repertoire counts.
const KEPT: Duration = Duration::from_secs(300);
/// How long Repertoire is left alone after a failure, while a former answer stands.
const PAUSE: Duration = Duration::from_secs(30);
/// How long it is where there is none.
const SHORT_PAUSE: Duration = Duration::from_secs(5);
/// The longest that asking anew may take whoever could go on with the former answer.
const REFRESH: Duration = Duration::from_secs(3);
/// Below the server's base URL.
const API: &str = "auth/api/v1";

/// A host that a Repertoire may point at, beside its own, with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: u16,
}

/// Text that is neither `HOST` nor `HOST:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is neither HOST nor HOST:PORT")]
pub struct NoHost;

impl FromStr for Host {
    type Err = NoHost;

    /// `HOST` (port 443) or `HOST:PORT`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.contains(['/', '@', '?', '#', '\\']) {
            return Err(NoHost);
        }
        let url = Url::parse(&format!("https://{text}/")).map_err(|_unfit| NoHost)?;
        Self::of(&url).ok_or(NoHost)
    }
}

impl Host {
    fn of(url: &Url) -> Option<Self> {
        Some(Self {
            name: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

/// How the server is found.
#[derive(Debug, Clone)]
pub enum Whereabouts {
    /// Its base URL, below which `/auth/api/v1` lies.
    Url(Url),
    /// A Repertoire says it.
    Repertoire {
        /// Repertoire's base URL, such as `https://data.example.org/repertoire`.
        url: Url,
        /// Where it may point beside its own host.
        allow: Vec<Host>,
    },
}

/// What every client of the server is made from.
pub(super) struct Makings {
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) timeouts: Timeouts,
    pub(super) readings_at_once: usize,
    pub(super) logins_at_once: usize,
}

impl Makings {
    fn http(&self, base: &Url) -> Result<Http, DirectoryError> {
        Http::new(&HttpSettings {
            base,
            ca_pem: self.ca_pem.as_deref(),
            timeouts: self.timeouts,
            // Each question carries its own, ours or a person's.
            credentials: Credentials::None,
            headers: &[],
            // A cookie would go before the token.
            cookies: Cookies::Dropped,
            login_connections: Connections::Kept,
            readings_at_once: self.readings_at_once,
            logins_at_once: self.logins_at_once,
        })
    }
}

/// A server that can be asked.
pub(super) struct Server {
    pub(super) http: Http,
    /// The URL of its API, as far as it is known not to lie below `/auth/api/v1`.
    bare: bool,
}

impl Server {
    /// The server whose API is at `api`.
    fn at_api(makings: &Makings, api: &Url) -> Result<Self, DirectoryError> {
        let mut base = api.clone();
        let path = api.path().trim_end_matches('/');
        let root = path.strip_suffix(API).filter(|root| root.ends_with('/'));
        base.set_path(root.unwrap_or(path));
        Ok(Self {
            http: makings.http(&base)?,
            bare: root.is_none(),
        })
    }

    /// The path of an endpoint of the API.
    pub(super) fn api(&self, endpoint: &str) -> String {
        if self.bare {
            return endpoint.to_owned();
        }
        format!("{API}/{endpoint}")
    }

    /// The path of what lies beside the API, where that is known.
    pub(super) fn beside(&self, path: &'static str) -> Result<&'static str, DirectoryError> {
        if self.bare {
            return Err(nonsense(
                "where the API is says nothing about what lies beside it",
            ));
        }
        Ok(path)
    }
}

/// The way to the server.
pub(super) enum Way {
    /// Always the same.
    Said(Arc<Server>),
    /// Asked for.
    Asked(Box<Discovery>),
}

impl Way {
    /// Errors are all *Misconfigured*; nothing is sent.
    pub(super) fn new(
        to: &Whereabouts,
        makings: Makings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DirectoryError> {
        Ok(match to {
            Whereabouts::Url(url) => Self::Said(Arc::new(Server {
                http: makings.http(url)?,
                bare: false,
            })),
            Whereabouts::Repertoire { url, allow } => Self::Asked(Box::new(Discovery {
                repertoire: makings.http(url)?,
                allow: allow.clone(),
                makings,
                clock,
                kept: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
            })),
        })
    }

    /// The server, and what of `within` is left for asking it.
    pub(super) async fn server(
        &self,
        within: Duration,
    ) -> Result<(Arc<Server>, Duration), DirectoryError> {
        match self {
            Self::Said(server) => Ok((Arc::clone(server), within)),
            Self::Asked(discovery) => {
                let begun = Instant::now();
                let server = tokio::time::timeout(within, discovery.server(within)).await;
                let server = server.map_err(|_elapsed| unreachable("Repertoire is slow"))??;
                Ok((server, within.saturating_sub(begun.elapsed())))
            }
        }
    }
}

/// What Repertoire said last.
#[derive(Default)]
struct Kept {
    server: Option<(Url, Arc<Server>)>,
    /// Until when nothing is asked, by the boot clock.
    until: Duration,
    /// Why nothing is known, where that is so.
    failure: Option<String>,
}

/// Asks Repertoire.
pub(super) struct Discovery {
    repertoire: Http,
    allow: Vec<Host>,
    makings: Makings,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    /// Whoever asks holds it.
    turn: tokio::sync::Mutex<()>,
}

impl Discovery {
    async fn server(&self, within: Duration) -> Result<Arc<Server>, DirectoryError> {
        if let Some(settled) = self.settled() {
            return settled;
        }
        if let Some(former) = self.former() {
            // One asks anew; everybody else goes on with what was said last.
            if let Ok(_turn) = self.turn.try_lock() {
                self.ask(within.min(REFRESH) / 2).await;
            }
            return Ok(self.former().unwrap_or(former));
        }
        let _turn = self.turn.lock().await;
        if let Some(settled) = self.settled() {
            return settled;
        }
        self.ask(within).await;
        self.settled()
            .unwrap_or_else(|| Err(unreachable("Repertoire gave no answer that counts")))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn former(&self) -> Option<Arc<Server>> {
        self.kept()
            .server
            .as_ref()
            .map(|(_, server)| Arc::clone(server))
    }

    /// What needs no asking at present.
    fn settled(&self) -> Option<Result<Arc<Server>, DirectoryError>> {
        let kept = self.kept();
        if self.clock.since_boot() >= kept.until {
            return None;
        }
        match (&kept.server, &kept.failure) {
            (Some((_, server)), _) => Some(Ok(Arc::clone(server))),
            (None, Some(failure)) => Some(Err(unreachable(failure))),
            (None, None) => None,
        }
    }

    async fn ask(&self, within: Duration) {
        let said = self.said(within).await;
        let mut kept = self.kept();
        let now = self.clock.since_boot();
        let made = said.and_then(|url| match &kept.server {
            Some((same, _)) if *same == url => Ok(None),
            _ => Ok(Some((Arc::new(Server::at_api(&self.makings, &url)?), url))),
        });
        match made {
            Ok(new) => {
                if let Some((server, url)) = new {
                    kept.server = Some((url, server));
                }
                kept.failure = None;
                kept.until = now.saturating_add(KEPT);
            }
            Err(error) => {
                let pause = if kept.server.is_some() {
                    PAUSE
                } else {
                    SHORT_PAUSE
                };
                log::warn!("Repertoire does not say where Gafaelfawr is: {error}");
                kept.failure = Some(format!(
                    "Repertoire does not say where Gafaelfawr is: {error}"
                ));
                kept.until = now.saturating_add(pause);
            }
        }
    }

    async fn said(&self, within: Duration) -> Result<Url, DirectoryError> {
        let question = Question::get("discovery", within);
        let answer = self.repertoire.ask(question).await?;
        let discovered: Discovered = believed(&answer, of_repertoire)?;
        let Some(url) = discovered.gafaelfawr() else {
            return Err(nonsense("it knows no Gafaelfawr of version v1 here"));
        };
        let url = Url::parse(url).map_err(|_unfit| nonsense("what it says is no URL"))?;
        check(&url, self.repertoire.base(), &self.allow)?;
        Ok(url)
    }
}

fn of_repertoire(answer: &Answer) -> DirectoryError {
    match answer.head.status {
        status @ (408 | 500..) => unreachable(format!("it is sick (HTTP {status})")),
        status => nonsense(format!(
            "HTTP {status}: is `repertoire` the URL below which /discovery lies?"
        )),
    }
}

/// Whether people's tokens may be sent to `found`, which the Repertoire at `own` has named.
fn check(found: &Url, own: &Url, allow: &[Host]) -> Result<(), DirectoryError> {
    let plain = found.username().is_empty() && found.password().is_none();
    if !plain || found.query().is_some() || found.fragment().is_some() {
        return Err(nonsense("its URL of Gafaelfawr is more than a place"));
    }
    if found.scheme() != "https" && found.scheme() != own.scheme() {
        return Err(nonsense("its URL of Gafaelfawr is not https"));
    }
    let host = Host::of(found);
    let is_allowed = host.is_some()
        && (host == Host::of(own) || allow.iter().any(|one| Some(one) == host.as_ref()));
    if is_allowed {
        return Ok(());
    }
    let shown = host.map(|host| format!("{}:{}", host.name, host.port));
    Err(nonsense(format!(
        "it points at {}, which is another host: if that is right, name it in repertoire_allow",
        text::safe(&shown.unwrap_or_default(), 120)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_repertoires_own_host_and_to_those_that_are_named() {
        let own = Url::parse("https://data.example.org/repertoire").unwrap();
        let allow = ["id.example.org", "other.example.org:8443"].map(|host| host.parse().unwrap());
        let check = |found: &str, fine: bool| {
            let outcome = check(&Url::parse(found).unwrap(), &own, &allow);
            assert_eq!(outcome.is_ok(), fine, "{found}: {outcome:?}");
        };
        check("https://data.example.org/auth/api/v1", true);
        check("https://DATA.example.org:443/auth/api/v1", true);
        check("https://id.example.org/auth/api/v1", true);
        check("https://other.example.org:8443/auth/api/v1", true);
        for found in [
            "https://data.example.org:8443/auth/api/v1",
            "https://evil.example.org/auth/api/v1",
            "https://data.example.org.evil.org/auth/api/v1",
            "https://other.example.org/auth/api/v1",
            "http://data.example.org/auth/api/v1",
            "http://data.example.org:443/auth/api/v1",
            "https://data.example.org@evil.org/auth/api/v1",
            "https://u:p@data.example.org/auth/api/v1",
            "https://data.example.org/auth/api/v1?x=",
            "ftp://data.example.org/auth/api/v1",
            "data:text/plain,x",
        ] {
            check(found, false);
        }
    }

    #[test]
    fn a_host_is_a_name_and_a_port_and_nothing_else() {
        assert_eq!(
            "ID.example.org".parse::<Host>(),
            "id.example.org:443".parse()
        );
        for text in [
            "",
            "a/b",
            "https://a",
            "a@b",
            "a b",
            "a:99999",
            "a?b",
            "a\\b",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NoHost), "{text:?}");
        }
    }

    #[test]
    fn an_api_that_lies_elsewhere_is_asked_where_it_lies() {
        let makings = Makings {
            ca_pem: None,
            timeouts: Timeouts::default(),
            readings_at_once: 1,
            logins_at_once: 1,
        };
        let check = |api: &str, path: &str, beside: bool| {
            let server = Server::at_api(&makings, &Url::parse(api).unwrap()).unwrap();
            let base = server.http.base().path().trim_end_matches('/').to_owned();
            assert_eq!(format!("{base}/{}", server.api("user-info")), path, "{api}");
            assert_eq!(server.beside("health").is_ok(), beside, "{api}");
        };
        check("https://d.org/auth/api/v1", "/auth/api/v1/user-info", true);
        check(
            "https://d.org/x/auth/api/v1/",
            "/x/auth/api/v1/user-info",
            true,
        );
        check(
            "https://d.org/gafaelfawr/v1",
            "/gafaelfawr/v1/user-info",
            false,
        );
        check(
            "https://d.org/xauth/api/v1",
            "/xauth/api/v1/user-info",
            false,
        );
    }
}
