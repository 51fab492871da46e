//! Crowd's calls: one function each, typed. Nothing is decided here.

use futures_util::StreamExt as _;
use url::Url;

use super::super::http::{
    Answer, Change, Connections, Cookies, Credentials, Head, Http, HttpSettings, Opened, PAGE_BODY,
    Question, STREAM_BODY, SensitiveBody, Timeouts, encoded,
};
use super::super::{Cursor, DirectoryError, Notices, Refusal, ServerVersion};
use super::CrowdSettings;
use super::events;
use super::kin::{Kin, Reach};
use super::listing::{Entry, Listing, Paging};
use super::membership::{self, Member, Membership};
use super::model::{Attributes, Group, Page, Present, Related, User};
use super::verdict::{Quoting, VERSION_HEADER, believed, check_origin, nonsense, refused};
use crate::secret::Secret;
use crate::text;

/// Crowd refuses POSTs without the first as cross-site forgery.
const HEADERS: &[(&str, &str)] = &[("x-atlassian-token", "no-check")];

/// Whether the server offers all memberships in one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    Read,
    NotOffered,
}

/// Talks to one Crowd server as one application.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    timeouts: Timeouts,
    page_size: usize,
    at_once: usize,
}

impl Client {
    pub(super) fn new(settings: &CrowdSettings) -> Result<Self, DirectoryError> {
        if settings.application.contains(':') {
            return Err(DirectoryError::Misconfigured {
                reason: "the application's name must not hold a colon".to_owned(),
            });
        }
        let base = rest_base(&settings.url);
        let http = Http::new(&HttpSettings {
            base: &base,
            ca_pem: settings.ca_pem.as_deref(),
            timeouts: settings.timeouts,
            credentials: Credentials::Basic {
                user: &settings.application,
                secret: &settings.password,
            },
            headers: HEADERS,
            // Without its session cookie Crowd hashes our password for every question.
            cookies: Cookies::Kept,
            login_connections: Connections::Kept,
            readings_at_once: settings.readings_at_once,
            logins_at_once: settings.logins_at_once,
        })?;
        Ok(Self {
            http,
            timeouts: settings.timeouts,
            page_size: settings.page_size.clamp(1, 1000),
            at_once: settings.readings_at_once.max(1),
        })
    }

    /// The cheapest question that needs our credentials.
    pub(super) async fn version(&self) -> Result<ServerVersion, DirectoryError> {
        let answer = self.http.ask(self.get("config/cookie")).await?;
        let _cookie: serde_json::Value = believed(&answer, Quoting::Allowed)?;
        let version = answer.head.header(VERSION_HEADER).unwrap_or_default();
        Ok(ServerVersion(text::safe(version, 64)))
    }

    /// Checks a person's password. Counts as a try at the server: never retried.
    pub(super) async fn authenticate(
        &self,
        name: &str,
        secret: &Secret,
    ) -> Result<User, DirectoryError> {
        // JSON cannot carry other bytes, so they cannot be anybody's password; and an
        // empty one could be an anonymous bind at a directory behind Crowd.
        let Some(password) = secret.expose_text().filter(|text| !text.is_empty()) else {
            return Err(DirectoryError::Refused(Refusal::certain(
                "this cannot be a password of Crowd's",
            )));
        };
        let body = SensitiveBody::json(&[("value", password)]);
        let question =
            Question::login("authentication", body, self.timeouts.request).with("username", name);
        let answer = self.http.ask(question).await?;
        believed(&answer, Quoting::Never)
    }

    /// A user or group by name, with attributes.
    pub(super) async fn entity<E: Entry>(&self, name: &str) -> Result<E, DirectoryError> {
        let question = self
            .get(E::PATH)
            .with(E::PARAMETER, name)
            .with("expand", "attributes");
        believed(&self.http.ask(question).await?, Quoting::Allowed)
    }

    /// The user with a key, with attributes.
    pub(super) async fn user_with_key(&self, key: &str) -> Result<User, DirectoryError> {
        let question = self.get("user").with("key", key);
        let question = question.with("expand", "attributes");
        believed(&self.http.ask(question).await?, Quoting::Allowed)
    }

    /// A user's attributes alone.
    pub(super) async fn attributes(&self, name: &str) -> Result<Attributes, DirectoryError> {
        let question = self.get("user/attribute").with("username", name);
        believed(&self.http.ask(question).await?, Quoting::Allowed)
    }

    /// The users or groups of these names, a few at a time; who has gone meanwhile is passed over.
    pub(super) async fn each_singly<E: Entry>(
        &self,
        names: Vec<String>,
        mut each: impl FnMut(E) + Send,
    ) -> Result<(), DirectoryError> {
        let mut answers = futures_util::stream::iter(names)
            .map(|name| async move { self.entity::<E>(&name).await })
            .buffered(self.at_once);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(entry) => each(entry),
                Err(DirectoryError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Every entry of a listing, page by page, each page dropped before the next is asked for.
    pub(super) async fn every<E: Entry>(
        &self,
        listing: &Listing<'_>,
        mut each: impl FnMut(E) + Send,
    ) -> Result<(), DirectoryError> {
        let mut paging = Paging::default();
        loop {
            let page: Page<E> = self.page(listing, paging.start()).await?;
            if page.entries.is_empty() {
                return Ok(());
            }
            paging.turn(&page.entries)?;
            page.entries.into_iter().for_each(&mut each);
        }
    }

    async fn page<E: Entry>(
        &self,
        listing: &Listing<'_>,
        start: usize,
    ) -> Result<Page<E>, DirectoryError> {
        let within = self.timeouts.bulk;
        let question = match listing.restriction {
            None => Question::get(listing.path, within),
            Some(xml) => Question::form(listing.path, SensitiveBody::xml(xml), within),
        };
        let mut question = question.cap(PAGE_BODY);
        for &(key, value) in &listing.parameters {
            question = question.with(key, value);
        }
        let question = question
            .with("start-index", start.to_string())
            .with("max-results", self.page_size.to_string());
        believed(&self.http.ask(question).await?, Quoting::Allowed)
    }

    /// All direct memberships in one stream, if the server has that call.
    pub(super) async fn memberships(
        &self,
        each: impl FnMut(Membership<'_>) + Send,
    ) -> Result<Bulk, DirectoryError> {
        let question = Question::get("group/membership", self.timeouts.bulk)
            .accept("application/xml")
            .cap(STREAM_BODY);
        let opened = self.http.open(question).await?;
        match opened.head.status {
            200..300 => {
                check_origin(&opened.head)?;
                check_xml(&opened)?;
                membership::read(opened.reader(), each).await?;
                Ok(Bulk::Read)
            }
            404 => Ok(Bulk::NotOffered),
            _ => Err(refused(&opened.whole().await?, Quoting::Allowed)),
        }
    }

    /// The direct members of one group, for servers without [`Self::memberships`].
    pub(super) async fn direct_members(
        &self,
        group: &str,
        mut each: impl FnMut(Membership<'_>) + Send,
    ) -> Result<(), DirectoryError> {
        let users = Listing::users_of(group);
        let took_users = self.every(&users, |user: User| {
            if let Some(name) = user.name.as_deref() {
                each(Membership {
                    group,
                    member: Member::User(name),
                });
            }
        });
        still_there(took_users.await)?;
        let groups = Listing::groups_of(group);
        let took_groups = self.every(&groups, |child: Group| {
            if let Some(name) = child.name.as_deref() {
                each(Membership {
                    group,
                    member: Member::Group(name),
                });
            }
        });
        still_there(took_groups.await)
    }

    /// The groups that hold `person` directly: names only.
    pub(super) async fn groups_of(
        &self,
        person: &str,
        each: impl FnMut(Group) + Send,
    ) -> Result<(), DirectoryError> {
        self.every(&Listing::groups_holding_user(person), each)
            .await
    }

    /// The groups that hold `group` directly: names only.
    pub(super) async fn parents_of(
        &self,
        group: &str,
        each: impl FnMut(Group) + Send,
    ) -> Result<(), DirectoryError> {
        self.every(&Listing::groups_holding_group(group), each)
            .await
    }

    /// Whether `other` is on the other side of `kin` from `name`. What Crowd does not
    /// know belongs nowhere.
    pub(super) async fn relates(
        &self,
        kin: Kin,
        reach: Reach,
        name: &str,
        other: &str,
    ) -> Result<bool, DirectoryError> {
        let question = self
            .get(kin.path(reach))
            .with(kin.asked(), name)
            .with(kin.one(), other);
        let answer = self.http.ask(question).await?;
        match believed::<Related>(&answer, Quoting::Allowed) {
            // Whoever does not understand the question may answer with the whole list.
            Ok(found) => Ok(found.names().any(|found| same(found, other))),
            Err(DirectoryError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The present moment of the server's history; `None` where it keeps none.
    pub(super) async fn present(&self) -> Result<Option<Cursor>, DirectoryError> {
        let answer = self.http.ask(self.get("event")).await?;
        let present: Result<Present, _> = believed(&answer, Quoting::Allowed);
        match present {
            Ok(present) => Ok(present.cursor()),
            Err(error) => no_history(&answer.head).map_or(Err(error), |()| Ok(None)),
        }
    }

    /// What has happened since `cursor`; `None` where the history does not reach back so far.
    pub(super) async fn events(&self, cursor: &Cursor) -> Result<Option<Notices>, DirectoryError> {
        let path = format!("event/{}", encoded(&cursor.0));
        let question = Question::get(path, self.timeouts.bulk)
            .accept("application/xml")
            .cap(STREAM_BODY);
        let opened = self.http.open(question).await?;
        if opened.head.is_success() {
            check_origin(&opened.head)?;
            check_xml(&opened)?;
            return events::read(opened.reader()).await;
        }
        let answer = opened.whole().await?;
        match no_history(&answer.head) {
            Some(()) => Ok(None),
            None => Err(refused(&answer, Quoting::Allowed)),
        }
    }

    /// Asks a question whose answer the caller reads.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Answer, DirectoryError> {
        self.http.ask(question).await
    }

    /// A question that changes something, and how long it may take.
    pub(super) fn change<'a>(&self, change: Change, path: &'a str) -> Question<'a> {
        Question::change(change, path, self.timeouts.request)
    }

    /// A question that reads.
    pub(super) fn get<'a>(&self, path: &'a str) -> Question<'a> {
        Question::get(path, self.timeouts.request)
    }
}

/// What Crowd says of a history that is lost (410), switched off (400) or was never kept
/// (404). From whatever else stands in front these are failures.
fn no_history(head: &Head) -> Option<()> {
    let lost = matches!(head.status, 400 | 404 | 410);
    (lost && check_origin(head).is_ok()).then_some(())
}

/// Whether two names are one to Crowd.
fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// A group that has gone since it was listed has no members.
fn still_there(listed: Result<(), DirectoryError>) -> Result<(), DirectoryError> {
    match listed {
        Err(DirectoryError::NotFound) => Ok(()),
        listed => listed,
    }
}

fn check_xml(opened: &Opened) -> Result<(), DirectoryError> {
    if opened.head.is_xml() {
        return Ok(());
    }
    Err(nonsense(format!(
        "Crowd answers with {:?} instead of XML",
        opened.head.media
    )))
}

/// `{base}/rest/usermanagement/1`, whether or not the base ends in a slash.
fn rest_base(base: &Url) -> Url {
    let mut url = base.clone();
    let path = format!(
        "{}/rest/usermanagement/1",
        base.path().trim_end_matches('/')
    );
    url.set_path(&path);
    url
}
