//! The only HTTP: every question to every directory goes through here, and no other file names reqwest.
//!
//! What holds for all of them: TLS verified against the host's authorities or
//! one CA file; a deadline over everything (waiting for a place, DNS, connect,
//! body); capped bodies, never decompressed; no redirects, so credentials go
//! nowhere else; no proxy from the environment; no URL in an error, since
//! queries hold names. Logins have their own client and their own places: no
//! cookie is ever kept there, nothing is retried, and bulk reading cannot
//! crowd them out.
//!
//! Host names are resolved by `getaddrinfo`. That reads the `hosts` line of
//! nsswitch.conf only; passwd and group, where muster itself answers, are
//! never asked.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, RETRY_AFTER};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use tokio::io::AsyncBufRead;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::DirectoryError;
use crate::clock::{Clock as _, SystemClock, Time};
use crate::secret::Secret;
use crate::text;

/// The cap of an answer about one person or thing.
pub const SMALL_BODY: usize = 1 << 20;
/// The cap of a page of people: 1,000 of them with long SSH keys stay far below.
pub const PAGE_BODY: usize = 16 << 20;
/// The cap of a streamed answer, of which only a piece is in memory at a time.
pub const STREAM_BODY: usize = 256 << 20;

/// How much of a server's text an error quotes, in bytes.
const QUOTE_MAX: usize = 200;
/// No server keeps us away for longer than this, whatever its Retry-After says.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// Shorter than the keep-alive of the usual servers, so that a login is not sent
/// into a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(5);

/// All but the unreserved characters of RFC 3986; a space becomes `%20`, never `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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

/// Our own credentials, sent with every question.
#[derive(Debug)]
pub enum Credentials<'a> {
    /// HTTP Basic.
    Basic {
        /// The application or service user.
        user: &'a str,
        /// Its password.
        secret: &'a Secret,
    },
    /// A bearer token.
    Bearer(&'a Secret),
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
    /// How many questions may be read at once.
    pub readings_at_once: usize,
    /// How many logins may be asked at once.
    pub logins_at_once: usize,
}

/// Where a question waits for its place, and with which client it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Reading,
    Login,
}

/// One question: a GET, or a POST that carries a secret.
#[derive(Debug)]
pub struct Question<'a> {
    path: &'a str,
    query: Vec<(&'a str, Cow<'a, str>)>,
    accept: &'static str,
    cap: usize,
    within: Duration,
    lane: Lane,
    body: Option<SensitiveBody>,
}

/// JSON that holds a secret, in a buffer that is wiped when the last owner drops
/// it. (The TLS layer's own copies are beyond our reach.)
pub struct SensitiveBody(Zeroizing<Vec<u8>>);

impl SensitiveBody {
    /// The object `{ key: secret, … }` of text values. The buffer is large enough
    /// from the start for every character to be escaped: it never moves.
    pub fn json(fields: &[(&str, &str)]) -> Self {
        let most = |text: &str| text.len().saturating_mul(6).saturating_add(4);
        let size = fields
            .iter()
            .map(|(key, value)| most(key).saturating_add(most(value)))
            .fold(2_usize, usize::saturating_add);
        let mut buffer = Zeroizing::new(Vec::with_capacity(size));
        for (nth, (key, value)) in fields.iter().enumerate() {
            buffer.push(if nth == 0 { b'{' } else { b',' });
            append_json(&mut buffer, key);
            buffer.push(b':');
            append_json(&mut buffer, value);
        }
        buffer.push(b'}');
        Self(buffer)
    }
}

/// Text into a vector: neither half of it can fail.
fn append_json(buffer: &mut Vec<u8>, text: &str) {
    let written = serde_json::to_writer(buffer, text);
    debug_assert!(written.is_ok());
}

impl std::fmt::Debug for SensitiveBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl<'a> Question<'a> {
    /// A GET below the base URL.
    pub fn get(path: &'a str, within: Duration) -> Self {
        Self {
            path,
            query: Vec::new(),
            accept: "application/json",
            cap: SMALL_BODY,
            within,
            lane: Lane::Reading,
            body: None,
        }
    }

    /// A POST that checks a person's secret: never retried, no cookies, its own places.
    pub fn login(path: &'a str, body: SensitiveBody, within: Duration) -> Self {
        Self {
            lane: Lane::Login,
            body: Some(body),
            ..Self::get(path, within)
        }
    }

    /// Adds a query parameter; the value is encoded here and nowhere else.
    pub fn with(mut self, key: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Asks for another media type than JSON.
    pub fn accept(mut self, media: &'static str) -> Self {
        self.accept = media;
        self
    }

    /// Allows a larger answer.
    pub fn cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }
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
        let tls = tls(settings.base, settings.ca_pem)?;
        let headers = fixed_headers(settings)?;
        let reading = client(settings, tls.clone(), headers.clone())
            .cookie_store(settings.cookies == Cookies::Kept)
            .build();
        let login = client(settings, tls, headers).build();
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
        let (within, cap) = (question.within, question.cap);
        let deadline = Instant::now() + within;
        let (places, client) = match question.lane {
            Lane::Reading => (&self.reading_places, &self.reading),
            Lane::Login => (&self.login_places, &self.login),
        };
        let place = tokio::time::timeout_at(deadline, Arc::clone(places).acquire_owned())
            .await
            .map_err(|_elapsed| silent("too many questions are waiting already"))?
            .map_err(|closed| unreachable_because("shutting down", closed))?;
        let url = self.url(question.path, &question.query)?;
        let response = tokio::time::timeout_at(deadline, send(client, url, question))
            .await
            .map_err(|_elapsed| too_late(within))??;
        let head = judged(&response)?;
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

    fn url(&self, path: &str, query: &[(&str, Cow<'_, str>)]) -> Result<Url, DirectoryError> {
        let mut text = format!("{}/{path}", self.base.as_str().trim_end_matches('/'));
        for (nth, (key, value)) in query.iter().enumerate() {
            text.push(if nth == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(key, ENCODED));
            text.push('=');
            text.extend(utf8_percent_encode(value, ENCODED));
        }
        // The parser's error names no part of the text, but there is nothing to add either.
        Url::parse(&text)
            .map_err(|error| misconfigured(format!("the URL cannot be built: {error}")))
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

/// Sends, and once more if that was a GET and no byte of an answer came.
async fn send(
    client: &reqwest::Client,
    url: Url,
    question: Question<'_>,
) -> Result<reqwest::Response, DirectoryError> {
    let Some(SensitiveBody(body)) = question.body else {
        let get = || {
            client
                .get(url.clone())
                .header(ACCEPT, question.accept)
                .send()
        };
        return match get().await {
            Err(error) if !error.is_timeout() && !error.is_builder() => get().await,
            first => first,
        }
        .map_err(unanswered);
    };
    client
        .post(url)
        .header(ACCEPT, question.accept)
        .header(CONTENT_TYPE, "application/json")
        .body(bytes::Bytes::from_owner(body))
        .send()
        .await
        .map_err(unanswered)
}

/// Refuses what no directory may send: redirects, pauses, compressed bodies.
fn judged(response: &reqwest::Response) -> Result<Head, DirectoryError> {
    let headers = response.headers();
    let status = response.status().as_u16();
    if matches!(status, 300..400) {
        return Err(nonsense(format!(
            "the server redirects (HTTP {status}) to {}; set the directory's URL to where it really is",
            redirect_target(response.url(), headers)
        )));
    }
    if matches!(status, 429 | 503) {
        return Err(DirectoryError::Unreachable {
            reason: format!("the server asks for a pause (HTTP {status})"),
            retry_after: header_text(headers, &RETRY_AFTER)
                .and_then(|value| retry_after(value, SystemClock.now())),
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

/// Where a redirect leads, without its query, which may hold a token.
fn redirect_target(from: &Url, headers: &HeaderMap) -> String {
    let target = header_text(headers, &LOCATION).and_then(|to| from.join(to).ok());
    match target {
        Some(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            // Both fail only where there is nothing to take away.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            text::safe(url.as_str(), QUOTE_MAX)
        }
        None => "nowhere".to_owned(),
    }
}

/// A Retry-After header: seconds or an HTTP date, capped.
fn retry_after(value: &str, now: Time) -> Option<Duration> {
    let value = value.trim();
    let span = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            Time::from_unix(date.as_secs()).since(now)
        }
    };
    Some(span.min(RETRY_AFTER_MAX))
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
        let mut value = HeaderValue::from_bytes(&text).map_err(|_cause| {
            misconfigured("our own credentials hold a character that HTTP cannot carry")
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn authorization(credentials: &Credentials<'_>) -> Option<Zeroizing<Vec<u8>>> {
    match credentials {
        Credentials::None => None,
        Credentials::Bearer(secret) => Some(Zeroizing::new([b"Bearer ", secret.expose()].concat())),
        Credentials::Basic { user, secret } => {
            let pair = Zeroizing::new([user.as_bytes(), b":", secret.expose()].concat());
            let encoded =
                Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_slice()));
            Some(Zeroizing::new([b"Basic ", encoded.as_bytes()].concat()))
        }
    }
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

fn tls(base: &Url, ca_pem: Option<&[u8]>) -> Result<rustls::ClientConfig, DirectoryError> {
    let roots = match ca_pem {
        Some(pem) => roots_of_file(pem)?,
        None if base.scheme() == "https" => roots_of_host()?,
        None => rustls::RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| misconfigured(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots_of_file(pem: &[u8]) -> Result<rustls::RootCertStore, DirectoryError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate
            .map_err(|error| format!("{error}"))
            .and_then(|der| roots.add(der).map_err(|error| format!("{error}")));
        added.map_err(|error| misconfigured(format!("the CA file is broken: {error}")))?;
    }
    if roots.is_empty() {
        return Err(misconfigured("the CA file holds no certificate"));
    }
    Ok(roots)
}

fn roots_of_host() -> Result<rustls::RootCertStore, DirectoryError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(misconfigured(
            "this host trusts no certificate authority: install ca-certificates or set ca_file",
        ));
    }
    Ok(roots)
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

/// Text of a page that was meant for people, for an administrator's log: without
/// tags, on one line, at most 200 bytes.
pub fn quoted(body: &[u8]) -> String {
    let start = body.get(..1024).unwrap_or(body);
    let mut inside_tag = false;
    let plain: String = String::from_utf8_lossy(start)
        .chars()
        .filter_map(|c| match c {
            '<' => {
                inside_tag = true;
                Some(' ')
            }
            '>' if inside_tag => {
                inside_tag = false;
                None
            }
            _ if inside_tag => None,
            c if c.is_whitespace() => Some(' '),
            c => Some(c),
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    text::safe(&words.join(" "), QUOTE_MAX)
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

    #[test]
    fn a_name_cannot_add_a_parameter_and_a_space_is_never_a_plus() {
        let http = http("http://127.0.0.1/crowd/").unwrap();
        let name = "a b&key=1%41#+/ü";
        let url = http.url("user", &[("username", name.into())]).unwrap();
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1/crowd/user?username=a%20b%26key%3D1%2541%23%2B%2F%C3%BC"
        );
    }

    #[test]
    fn a_secret_body_is_escaped_in_place_and_shows_nothing() {
        let secret = "\"\\\u{1}\n<&ü".repeat(70);
        let body = SensitiveBody::json(&[("value", &secret)]);
        assert_eq!(format!("{body:?}"), "***");
        assert!(body.0.capacity() >= body.0.len());
        let sized = SensitiveBody::json(&[("value", &"\u{1}".repeat(512))]);
        assert!(sized.0.len() <= 2 + 34 + 512 * 6 + 4, "never grown");
        let read: serde_json::Value = serde_json::from_slice(&body.0).unwrap();
        assert_eq!(read["value"], secret);
    }

    #[test]
    fn a_pause_is_seconds_or_a_date_and_never_for_ever() {
        let now = Time::from_unix(784_111_777);
        let check = |value: &str, expected: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                expected.map(Duration::from_secs),
                "{value}"
            );
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("99999999999", Some(900));
        check("soon", None);
        check("-1", None);
    }

    #[test]
    fn a_page_for_people_is_quoted_without_its_tags() {
        let page =
            b"<html><body><h1>Forbidden</h1>\r\n\x1b[31mClient with address \"10.0.0.9\"</body>";
        assert_eq!(
            quoted(page),
            "Forbidden [31mClient with address \"10.0.0.9\""
        );
        assert!(quoted(&[b'a'; 5000]).len() <= QUOTE_MAX + 3);
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_a_misconfiguration() {
        let base = Url::parse("https://crowd.example.org/").unwrap();
        let settings = HttpSettings {
            ca_pem: Some(b"nothing here"),
            ..settings(&base)
        };
        let error = Http::new(&settings).unwrap_err();
        assert!(matches!(error, DirectoryError::Misconfigured { .. }));
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
