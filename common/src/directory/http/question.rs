//! What is asked: a path below the base URL, encoded parameters, perhaps a secret.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use url::Url;
use zeroize::Zeroizing;

use super::{DirectoryError, misconfigured};
use crate::secret::Secret;

/// The cap of an answer about one person or thing.
pub const SMALL_BODY: usize = 1 << 20;
/// The cap of a page of people: 1,000 of them with long SSH keys stay far below.
pub const PAGE_BODY: usize = 16 << 20;
/// The cap of a streamed answer, of which only a piece is in memory at a time.
pub const STREAM_BODY: usize = 256 << 20;

/// All but the unreserved characters of RFC 3986; a space becomes `%20`, never `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where a question waits for its place, and with which client it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Reading,
    Login,
}

/// Whether a question may be asked once more when no byte of an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Once,
    Never,
}

/// How a question changes what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something is made, or something happens.
    Post,
    /// Something is put in the place of what was there.
    Put,
    /// Something is taken away.
    Delete,
}

/// Whether an error may tell the path that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathShown {
    Allowed,
    Never,
}

/// What HTTP calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Change(Change),
}

/// One question: a GET, a POST that carries a form or a secret, or a change.
#[derive(Debug)]
pub struct Question<'a> {
    pub(super) verb: Verb,
    path: Cow<'a, str>,
    last: Option<&'a Secret>,
    query: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) accept: &'static str,
    pub(super) cap: usize,
    pub(super) within: Duration,
    pub(super) lane: Lane,
    pub(super) repeats: Repeats,
    pub(super) body: Option<SensitiveBody>,
    pub(super) bearer: Option<&'a Secret>,
    pub(super) cookie: Option<&'a str>,
    pub(super) basic: Option<(&'a str, &'a Secret)>,
    pub(super) key: Option<(&'static str, &'a Secret)>,
}

/// A body that holds a secret, in a buffer that is wiped when the last owner drops
/// it. (The TLS layer's own copies are beyond our reach.)
pub struct SensitiveBody {
    media: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

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
        Self {
            media: "application/json",
            bytes: buffer,
        }
    }

    /// The form `key=value&…` of text values (`application/x-www-form-urlencoded`, a space
    /// as `%20`), in a buffer that never moves.
    pub fn form(fields: &[(&str, &str)]) -> Self {
        let most = |text: &str| text.len().saturating_mul(3).saturating_add(1);
        let size = fields
            .iter()
            .map(|(key, value)| most(key).saturating_add(most(value)))
            .fold(0_usize, usize::saturating_add);
        let mut buffer = Zeroizing::new(Vec::with_capacity(size));
        for (nth, (key, value)) in fields.iter().enumerate() {
            if nth > 0 {
                buffer.push(b'&');
            }
            append_encoded(&mut buffer, key);
            buffer.push(b'=');
            append_encoded(&mut buffer, value);
        }
        Self {
            media: "application/x-www-form-urlencoded",
            bytes: buffer,
        }
    }

    /// Any JSON. It is measured first, so that the buffer never moves.
    pub fn json_of(value: &impl serde::Serialize) -> Self {
        let mut size = Counted(0);
        append_value(&mut size, value);
        let mut buffer = Zeroizing::new(Vec::with_capacity(size.0));
        append_value(&mut *buffer, value);
        Self {
            media: "application/json",
            bytes: buffer,
        }
    }

    /// An XML document.
    pub fn xml(document: &str) -> Self {
        Self {
            media: "application/xml",
            bytes: Zeroizing::new(document.as_bytes().to_vec()),
        }
    }

    /// The media type.
    pub(super) fn media(&self) -> &'static str {
        self.media
    }

    /// The bytes, still wiped when their owner goes.
    pub(super) fn into_wiped(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

/// Piece by piece into the buffer: no other copy is made.
fn append_encoded(buffer: &mut Vec<u8>, text: &str) {
    for piece in utf8_percent_encode(text, ENCODED) {
        buffer.extend_from_slice(piece.as_bytes());
    }
}

fn append_json(buffer: &mut Vec<u8>, text: &str) {
    append_value(buffer, &text);
}

/// Neither what is written (text, lists and structures) nor where (memory) can fail.
fn append_value(place: impl std::io::Write, value: &impl serde::Serialize) {
    let written = serde_json::to_writer(place, value);
    debug_assert!(written.is_ok());
}

/// Counts what is written to it and keeps nothing.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for SensitiveBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// `text` as one component of a path, or as one value: everything but the
/// unreserved characters of RFC 3986 as `%XX`.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

impl<'a> Question<'a> {
    /// A GET below the base URL. What is no fixed part of `path` must have gone
    /// through [`encoded`].
    pub fn get(path: impl Into<Cow<'a, str>>, within: Duration) -> Self {
        Self {
            verb: Verb::Get,
            path: path.into(),
            last: None,
            query: Vec::new(),
            accept: "application/json",
            cap: SMALL_BODY,
            within,
            lane: Lane::Reading,
            repeats: Repeats::Once,
            body: None,
            bearer: None,
            cookie: None,
            basic: None,
            key: None,
        }
    }

    /// A POST that reads and changes nothing, however often it is sent.
    pub fn form(path: impl Into<Cow<'a, str>>, body: SensitiveBody, within: Duration) -> Self {
        Self {
            verb: Verb::Change(Change::Post),
            body: Some(body),
            ..Self::get(path, within)
        }
    }

    /// A question that changes something: never retried.
    pub fn change(change: Change, path: impl Into<Cow<'a, str>>, within: Duration) -> Self {
        Self {
            verb: Verb::Change(change),
            repeats: Repeats::Never,
            ..Self::get(path, within)
        }
    }

    /// A POST that checks a person's secret: never retried, no cookies, its own places.
    pub fn login(path: impl Into<Cow<'a, str>>, body: SensitiveBody, within: Duration) -> Self {
        Self {
            body: Some(body),
            ..Self::change(Change::Post, path, within).alone()
        }
    }

    /// A GET that checks a person's secret (a token, see [`Question::bearer`]): as [`Question::login`].
    pub fn login_get(path: impl Into<Cow<'a, str>>, within: Duration) -> Self {
        Self {
            repeats: Repeats::Never,
            ..Self::get(path, within).alone()
        }
    }

    /// Goes out as logins do: no cookies, and places that bulk reading cannot take.
    pub fn alone(mut self) -> Self {
        self.lane = Lane::Login;
        self
    }

    /// Carries this body.
    pub fn carrying(mut self, body: SensitiveBody) -> Self {
        self.body = Some(body);
        self
    }

    /// Adds a last component to the path that no Debug shows. It must not be `.` or `..`,
    /// which no encoding keeps from meaning another place.
    pub fn below(mut self, secret: &'a Secret) -> Self {
        self.last = Some(secret);
        self
    }

    /// Sends this pair by HTTP Basic, and not the directory's own credentials.
    pub fn basic(mut self, user: &'a str, secret: &'a Secret) -> Self {
        self.basic = Some((user, secret));
        self
    }

    /// Sends this secret in a header of its own.
    pub fn key(mut self, header: &'static str, secret: &'a Secret) -> Self {
        self.key = Some((header, secret));
        self
    }

    /// Sends this bearer token, and not the directory's own credentials.
    pub fn bearer(mut self, token: &'a Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// Sends this `Cookie` header: a session that the caller keeps.
    pub fn cookie(mut self, pairs: &'a str) -> Self {
        self.cookie = Some(pairs);
        self
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

    /// Whether the path may be told.
    pub(super) fn path_shown(&self) -> PathShown {
        match self.last {
            Some(_) => PathShown::Never,
            None => PathShown::Allowed,
        }
    }

    /// Where the question goes.
    pub(super) fn url(&self, base: &Url) -> Result<Url, DirectoryError> {
        let mut text = format!("{}/{}", base.as_str().trim_end_matches('/'), self.path);
        if let Some(secret) = self.last {
            text.push('/');
            text.extend(percent_encode(secret.expose(), ENCODED));
        }
        for (nth, (key, value)) in self.query.iter().enumerate() {
            text.push(if nth == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(key, ENCODED));
            text.push('=');
            text.extend(utf8_percent_encode(value, ENCODED));
        }
        Url::parse(&text)
            .map_err(|error| misconfigured(format!("the URL cannot be built: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_add_a_parameter_and_a_space_is_never_a_plus() {
        let base = Url::parse("http://127.0.0.1/crowd/").unwrap();
        let name = "a b&key=1%41#+/ü";
        let question = Question::get("user", Duration::from_secs(1)).with("username", name);
        let url = question.url(&base).unwrap();
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
        assert!(body.bytes.capacity() >= body.bytes.len());
        let sized = SensitiveBody::json(&[("value", &"\u{1}".repeat(512))]);
        assert!(sized.bytes.len() <= 2 + 34 + 512 * 6 + 4, "never grown");
        let read: serde_json::Value = serde_json::from_slice(&body.bytes).unwrap();
        assert_eq!(read["value"], secret);
    }

    #[test]
    fn a_form_is_encoded_in_place_and_no_value_can_add_a_field() {
        let secret = "p&q=r +%\u{e4}\n";
        let body = SensitiveBody::form(&[("user_name", "ada"), ("password", secret)]);
        assert_eq!(
            body.bytes.as_slice(),
            b"user_name=ada&password=p%26q%3Dr%20%2B%25%C3%A4%0A"
        );
        assert_eq!(format!("{body:?}"), "***");
        let sized = SensitiveBody::form(&[("a", &"\n".repeat(512))]);
        assert!(sized.bytes.len() <= 4 + 512 * 3 + 1, "never grown");
    }

    #[test]
    fn any_json_is_measured_first_and_written_in_place() {
        let body = SensitiveBody::json_of(&vec![("name", "\"\u{1}ü"), ("b", "")]);
        assert_eq!(
            body.bytes.as_slice(),
            "[[\"name\",\"\\\"\\u0001ü\"],[\"b\",\"\"]]".as_bytes()
        );
        assert_eq!(body.bytes.capacity(), body.bytes.len(), "never grown");
    }

    #[test]
    fn a_change_is_sent_once_and_a_secret_in_its_path_is_not_shown() {
        let token = Secret::typed(b"a/b?c+ d").unwrap();
        let question = Question::change(Change::Delete, "session", Duration::from_secs(1));
        let question = question.below(&token).with("expand", "user");
        assert_eq!(question.repeats, Repeats::Never);
        assert!(!format!("{question:?}").contains("a/b"), "{question:?}");
        let url = question.url(&Url::parse("http://127.0.0.1/crowd").unwrap());
        assert_eq!(
            url.unwrap().as_str(),
            "http://127.0.0.1/crowd/session/a%2Fb%3Fc%2B%20d?expand=user"
        );
        let login = Question::login("x", SensitiveBody::json(&[]), Duration::from_secs(1));
        assert_eq!((login.repeats, login.lane), (Repeats::Never, Lane::Login));
    }

    #[test]
    fn a_component_of_a_path_cannot_leave_its_place() {
        assert_eq!(encoded("a/../b?c"), "a%2F..%2Fb%3Fc");
    }
}
