//! The only HTTP: every question to every directory goes through here, and no other file names reqwest.
//!
//! What holds for all of them: TLS verified against the host's authorities or
//! one CA file; a deadline over everything (waiting for a place, DNS, connect,
//! body); capped bodies, never decompressed; no redirects, so credentials go
//! nowhere else; no proxy from the environment; no URL in an error, since
//! queries hold names. Logins have their own client and their own places: no
//! cookie is ever kept there, nothing is retried, and bulk reading cannot
//! crowd them out. A question may carry credentials of its own (a bearer, a
//! session's cookie), which stand in the place of the directory's.
//!
//! Host names are resolved by `getaddrinfo`. That reads the `hosts` line of
//! nsswitch.conf only; passwd and group, where muster itself answers, are
//! never asked.

pub mod handshake;
mod page;
mod pause;
mod question;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderName};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use tokio::io::AsyncBufRead;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use self::question::{Lane, PathShown, Repeats, Verb};
use super::DirectoryError;
use crate::clock::{Clock as _, SystemClock};
use crate::secret::Secret;
use crate::text;

pub use self::page::quoted;
pub use self::question::{
    Change, PAGE_BODY, Question, SMALL_BODY, STREAM_BODY, SensitiveBody, encoded,
};

/// How much of a server's text an error quotes, in bytes.
const QUOTE_MAX: usize = 200;
/// Shorter than the keep-alive of the usual servers, so that a login is not sent
/// into a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(5);

/// How long each kind of question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS together.
    pub connect: Duration,
    /// A small question from waiting for its place to the last byte of the answer.
    pub request: Duration,
    /// A page of people, or a stream, in the same way.
    pub bulk: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            request: Duration::from_secs(10),
            bulk: Duration::from_secs(60),
        }
    }
}

/// Whether what the server sets is sent back when reading. Logins never do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// One jar for this directory.
    Kept,
    /// None at all.
    Dropped,
}

/// Whether a login may go out over a connection that an earlier one has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// It may: the service judges each request by itself.
    Kept,
    /// Each has one of its own.
    Fresh,
}

/// Our own credentials, sent with every question that carries none of its own.
#[derive(Debug)]
pub enum Credentials<'a> {
    /// HTTP Basic.
    Basic {
        /// The application or service user.
        user: &'a str,
        /// Its password.
        secret: &'a Secret,
    },
    /// The questions carry their own.
    None,
}

/// Everything that a directory says about its server.
#[derive(Debug)]
pub struct HttpSettings<'a> {
    /// The URL below which all questions lie.
    pub base: &'a Url,
    /// The only authorities to trust, in PEM; without it the host's.
    pub ca_pem: Option<&'a [u8]>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Who we are.
    pub credentials: Credentials<'a>,
    /// Headers of every question.
    pub headers: &'a [(&'static str, &'static str)],
    /// Cookies when reading.
    pub cookies: Cookies,
    /// The connections of logins.
    pub login_connections: Connections,
    /// How many questions may be read at once.
    pub readings_at_once: usize,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

/// What an answer says before its body.
#[derive(Debug)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The media type in lower case, without parameters; empty if there is none.
    pub media: String,
    headers: HeaderMap,
}

impl Head {
    /// A header as text, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers of this name that are text: `Set-Cookie` may come several times.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.headers.get_all(name).into_iter();
        values.filter_map(|value| value.to_str().ok())
    }

    /// A head that no server sent.
    #[cfg(test)]
    pub(crate) fn for_tests(
        status: u16,
        media: &str,
        header: Option<(&'static str, &'static str)>,
    ) -> Self {
        let headers = header.into_iter().map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).expect("a header's name"),
                HeaderValue::from_static(value),
            )
        });
        Self {
            status,
            media: media.to_owned(),
            headers: headers.collect(),
        }
    }

    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body claims to be JSON.
    pub fn is_json(&self) -> bool {
        self.media == "application/json" || self.media.ends_with("+json")
    }

    /// Whether the body claims to be XML.
    pub fn is_xml(&self) -> bool {
        matches!(self.media.as_str(), "application/xml" | "text/xml")
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Status and headers.
    pub head: Head,
    /// The body, no longer than the question's cap.
    pub body: Vec<u8>,
}

/// An answer of which only the head has arrived. Keeps its place until dropped.
#[derive(Debug)]
pub struct Opened {
    /// Status and headers.
    pub head: Head,
    response: reqwest::Response,
    read: usize,
    cap: usize,
    deadline: Instant,
    within: Duration,
    _place: OwnedSemaphorePermit,
}

/// The client of one directory.
#[derive(Debug)]
pub struct Http {
    base: Url,
    reading: reqwest::Client,
    login: reqwest::Client,
    reading_places: Arc<Semaphore>,
    login_places: Arc<Semaphore>,
}

impl Http {
    /// Builds the clients; nothing is sent. Errors are all *Misconfigured*.
    pub fn new(settings: &HttpSettings<'_>) -> Result<Self, DirectoryError> {
        check_base(settings.base)?;
        let tls = tls::config(settings.base, settings.ca_pem)?;
        let headers = fixed_headers(settings)?;
        let reading = client(settings, tls.clone(), headers.clone())
            .cookie_store(settings.cookies == Cookies::Kept)
            .build();
        let kept = match settings.login_connections {
            Connections::Kept => usize::MAX,
            Connections::Fresh => 0,
        };
        let login = client(settings, tls, headers)
            .pool_max_idle_per_host(kept)
            .build();
        Ok(Self {
            base: settings.base.clone(),
            reading: reading.map_err(unbuildable)?,
            login: login.map_err(unbuildable)?,
            reading_places: Arc::new(Semaphore::new(settings.readings_at_once.max(1))),
            login_places: Arc::new(Semaphore::new(settings.logins_at_once.max(1))),
        })
    }

    /// The base URL as configured; it holds no credentials.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Asks and reads the whole answer. Redirects, 429 and 503 are errors already;
    /// every other status is the caller's to judge.
    pub async fn ask(&self, question: Question<'_>) -> Result<Answer, DirectoryError> {
        self.open(question).await?.whole().await
    }

    /// Asks and waits for the head only, so that the body can be streamed.
    pub async fn open(&self, question: Question<'_>) -> Result<Opened, DirectoryError> {
        let (within, cap, path) = (question.within, question.cap, question.path_shown());
        let deadline = Instant::now() + within;
        let (places, client) = match question.lane {
            Lane::Reading => (&self.reading_places, &self.reading),
            Lane::Login => (&self.login_places, &self.login),
        };
        let place = tokio::time::timeout_at(deadline, Arc::clone(places).acquire_owned())
            .await
            .map_err(|_elapsed| silent("too many questions are waiting already"))?
            .map_err(|closed| unreachable_because("shutting down", closed))?;
        let url = question.url(&self.base)?;
        let response = tokio::time::timeout_at(deadline, send(client, url, question))
            .await
            .map_err(|_elapsed| too_late(within))??;
        let head = judged(&response, path)?;
        Ok(Opened {
            head,
            response,
            read: 0,
            cap,
            deadline,
            within,
            _place: place,
        })
    }
}

impl Opened {
    /// Reads the rest, up to the cap.
    pub async fn whole(mut self) -> Result<Answer, DirectoryError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            head: self.head,
            body,
        })
    }

    /// The body as a stream with the same cap and deadline. Their breach, and a
    /// broken connection, surface as `io::Error`; see [`stream_error`].
    pub fn reader(self) -> impl AsyncBufRead + Send + Unpin {
        let chunks = futures_util::stream::try_unfold(self, |mut opened| async move {
            let chunk = opened.chunk().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(chunk.map(|chunk| (chunk, opened)))
        });
        tokio_util::io::StreamReader::new(Box::pin(chunks))
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, DirectoryError> {
        let within = self.within;
        let chunk = tokio::time::timeout_at(self.deadline, self.response.chunk())
            .await
            .map_err(|_elapsed| too_late(within))?
            .map_err(broken_off)?;
        self.read = self
            .read
            .saturating_add(chunk.as_ref().map_or(0, bytes::Bytes::len));
        if self.read > self.cap {
            return Err(too_long(self.cap));
        }
        Ok(chunk)
    }
}

/// The error that a streamed body met, if `error` came from [`Opened::reader`].
pub fn stream_error(error: &std::io::Error) -> Option<DirectoryError> {
    let met = error.get_ref()?.downcast_ref::<DirectoryError>()?;
    Some(match met {
        DirectoryError::Nonsense { reason, .. } => nonsense(reason.clone()),
        met => silent(&met.to_string()),
    })
}

/// Sends, and once more if that can do no harm and no byte of an answer came.
async fn send(
    client: &reqwest::Client,
    url: Url,
    question: Question<'_>,
) -> Result<reqwest::Response, DirectoryError> {
    let again = question.repeats == Repeats::Once;
    let request = request(client, url, question)?;
    let spare = again.then(|| request.try_clone()).flatten();
    match (client.execute(request).await, spare) {
        (Err(error), Some(spare)) if !error.is_timeout() && !error.is_builder() => {
            client.execute(spare).await
        }
        (first, _) => first,
    }
    .map_err(unanswered)
}

fn request(
    client: &reqwest::Client,
    url: Url,
    question: Question<'_>,
) -> Result<reqwest::Request, DirectoryError> {
    let builder = client.request(method(question.verb), url);
    let mut builder = match question.body {
        Some(body) => builder
            .header(CONTENT_TYPE, body.media())
            .body(bytes::Bytes::from_owner(body.into_wiped())),
        None if question.verb == Verb::Get => builder,
        // What bears no media type could be a browser's form: servers refuse it.
        None => builder.header(CONTENT_TYPE, "application/json"),
    };
    builder = builder.header(ACCEPT, question.accept);
    if let Some(bearer) = question.bearer {
        builder = builder.header(AUTHORIZATION, sensitive(&bearer_text(bearer))?);
    }
    if let Some((user, secret)) = question.basic {
        builder = builder.header(AUTHORIZATION, sensitive(&basic_text(user, secret))?);
    }
    if let Some((header, secret)) = question.key {
        builder = builder.header(header, sensitive(secret.expose())?);
    }
    if let Some(cookie) = question.cookie {
        builder = builder.header(COOKIE, sensitive(cookie.as_bytes())?);
    }
    builder.build().map_err(unbuildable)
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Change(Change::Post) => Method::POST,
        Verb::Change(Change::Put) => Method::PUT,
        Verb::Change(Change::Delete) => Method::DELETE,
    }
}

/// A header that no Debug shows.
fn sensitive(text: &[u8]) -> Result<HeaderValue, DirectoryError> {
    let mut value = HeaderValue::from_bytes(text)
        .map_err(|_cause| misconfigured("credentials hold a character that HTTP cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Refuses what no directory may send: redirects, pauses, compressed bodies.
fn judged(response: &reqwest::Response, path: PathShown) -> Result<Head, DirectoryError> {
    let headers = response.headers();
    let status = response.status().as_u16();
    if matches!(status, 300..400) {
        return Err(nonsense(format!(
            "the server redirects (HTTP {status}) to {}; set the directory's URL to where it really is",
            redirect_target(response.url(), headers, path)
        )));
    }
    if matches!(status, 429 | 503) {
        return Err(DirectoryError::Unreachable {
            reason: format!("the server asks for a pause (HTTP {status})"),
            retry_after: pause::wanted(|name| headers.get(name)?.to_str().ok(), SystemClock.now()),
            source: None,
        });
    }
    if header_text(headers, &CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(nonsense(
            "the answer is compressed, which was not asked for".to_owned(),
        ));
    }
    let media = header_text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    Ok(Head {
        status,
        media: media.to_ascii_lowercase(),
        headers: headers.clone(),
    })
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Where a redirect leads, without its query, which may hold a token; nor with its path
/// where ours holds one.
fn redirect_target(from: &Url, headers: &HeaderMap, path: PathShown) -> String {
    let target = header_text(headers, &LOCATION).and_then(|to| from.join(to).ok());
    match target {
        Some(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            if path == PathShown::Never {
                url.set_path("");
            }
            // Both fail only where there is nothing to take away.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            text::safe(url.as_str(), QUOTE_MAX)
        }
        None => "nowhere".to_owned(),
    }
}

fn client(
    settings: &HttpSettings<'_>,
    tls: rustls::ClientConfig,
    headers: HeaderMap,
) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(settings.base.scheme() == "https")
        // One dead HTTP/2 connection would take every login with it.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(settings.timeouts.connect)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
}

/// The headers of every question, our credentials among them (marked sensitive,
/// so that no Debug shows them; reqwest keeps them for the client's life).
fn fixed_headers(settings: &HttpSettings<'_>) -> Result<HeaderMap, DirectoryError> {
    let mut headers: HeaderMap = settings
        .headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    if let Some(text) = authorization(&settings.credentials) {
        headers.insert(AUTHORIZATION, sensitive(&text)?);
    }
    Ok(headers)
}

fn bearer_text(token: &Secret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([b"Bearer ", token.expose()].concat())
}

fn authorization(credentials: &Credentials<'_>) -> Option<Zeroizing<Vec<u8>>> {
    match credentials {
        Credentials::None => None,
        Credentials::Basic { user, secret } => Some(basic_text(user, secret)),
    }
}

fn basic_text(user: &str, secret: &Secret) -> Zeroizing<Vec<u8>> {
    let pair = Zeroizing::new([user.as_bytes(), b":", secret.expose()].concat());
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_slice()));
    Zeroizing::new([b"Basic ", encoded.as_bytes()].concat())
}

/// The base URL must be HTTPS and hold no credentials. Plain HTTP is for loopback
/// alone; whether even that is wanted is the configuration's to say.
fn check_base(base: &Url) -> Result<(), DirectoryError> {
    let loopback = match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(misconfigured("the URL names no host")),
    };
    if !(base.scheme() == "https" || base.scheme() == "http" && loopback) {
        return Err(misconfigured("the URL must start with https://"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(misconfigured("the URL must not hold credentials"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(misconfigured("the URL must not hold ? or #"));
    }
    Ok(())
}

fn unbuildable(error: reqwest::Error) -> DirectoryError {
    misconfigured(format!(
        "the HTTP client cannot be built: {}",
        root_cause(&error.without_url())
    ))
}

/// No byte of an answer came.
fn unanswered(error: reqwest::Error) -> DirectoryError {
    let what = if error.is_timeout() {
        "no connection in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no answer"
    };
    failed(what, error)
}

/// The answer began and did not end.
fn broken_off(error: reqwest::Error) -> DirectoryError {
    failed("the answer broke off", error)
}

fn failed(what: &str, error: reqwest::Error) -> DirectoryError {
    let error = error.without_url();
    let reason = format!("{what}: {}", root_cause(&error));
    DirectoryError::Unreachable {
        reason: text::safe(&reason, QUOTE_MAX),
        retry_after: None,
        source: Some(error.into()),
    }
}

/// The last cause says what a person needs: `Connection refused`, `UnknownIssuer`.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

fn unreachable_because(
    reason: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> DirectoryError {
    DirectoryError::Unreachable {
        reason: reason.to_owned(),
        retry_after: None,
        source: Some(Box::new(cause)),
    }
}

fn silent(reason: &str) -> DirectoryError {
    DirectoryError::Unreachable {
        reason: reason.to_owned(),
        retry_after: None,
        source: None,
    }
}

fn too_late(within: Duration) -> DirectoryError {
    silent(&format!(
        "no complete answer within {} s",
        within.as_secs_f32()
    ))
}

fn too_long(cap: usize) -> DirectoryError {
    nonsense(format!("the answer is longer than {cap} bytes"))
}

fn nonsense(reason: String) -> DirectoryError {
    DirectoryError::Nonsense {
        reason,
        source: None,
    }
}

fn misconfigured(reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Misconfigured {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base: &Url) -> HttpSettings<'_> {
        HttpSettings {
            base,
            ca_pem: None,
            timeouts: Timeouts::default(),
            credentials: Credentials::None,
            headers: &[],
            cookies: Cookies::Dropped,
            login_connections: Connections::Kept,
            readings_at_once: 1,
            logins_at_once: 1,
        }
    }

    fn http(base: &str) -> Result<Http, DirectoryError> {
        Http::new(&settings(&Url::parse(base).unwrap()))
    }

    #[test]
    fn plain_http_leaves_the_host_never() {
        for (base, allowed) in [
            ("http://127.0.0.1:8095/crowd", true),
            ("http://[::1]:8095/crowd", true),
            ("http://localhost/crowd", true),
            ("http://crowd.example.org/crowd", false),
            ("http://localhost.example.org/", false),
            ("ftp://crowd.example.org/", false),
            ("http://user:pw@127.0.0.1/", false),
            ("http://127.0.0.1/?a=b", false),
        ] {
            assert_eq!(http(base).is_ok(), allowed, "{base}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable_and_its_url_is_not_told() {
        let http = http("http://127.0.0.1:1/crowd").unwrap();
        let question =
            Question::get("user", Duration::from_secs(5)).with("username", "topsecretname");
        let error = http.ask(question).await.unwrap_err();
        assert!(matches!(error, DirectoryError::Unreachable { .. }));
        assert!(!format!("{error} {error:?}").contains("topsecretname"));
        assert!(error.to_string().contains("refused"), "{error}");
    }
}
