//! FAS's calls: one function each, typed. Nothing is decided here.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use zeroize::{Zeroize as _, Zeroizing};

use super::super::DirectoryError;
#[cfg(feature = "fas-writing")]
use super::super::http::Change;
use super::super::http::{
    Answer, Connections, Cookies, Credentials as Standing, Head, Http, HttpSettings,
    Opened as Unread, PAGE_BODY, Question, SensitiveBody, Timeouts, encoded,
};
use super::FasSettings;
use super::model::{Dump, Group, GroupAnswer, Groups, Login, Person, PersonAnswer, Users};
use super::session::Session;
use super::verdict::{
    believed, believed_whole, failed, is_anonymous, misconfigured, nonsense, refused_login,
};
use super::visit::Visit;
use crate::secret::Secret;
use crate::text;

/// Some of FAS's pages look at this and not at the Accept header.
const AS_JSON: (&str, &str) = ("tg_format", "json");

/// Talks to one FAS server as one service account.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    timeouts: Timeouts,
    everybody_max: usize,
    session: Session,
    session_cookie: String,
    user: String,
    password: Secret,
}

/// What a person types to be logged in.
pub(super) struct Credentials<'a> {
    pub(super) name: &'a str,
    /// The password, with the code behind it where FAS wants one string.
    pub(super) password: Typed<'a>,
    /// The code, where FAS wants it by itself.
    pub(super) otp: Option<&'a str>,
}

/// A password as it is sent: in memory that is wiped.
pub(super) enum Typed<'a> {
    Alone(&'a str),
    WithCode(Zeroizing<String>),
}

impl<'a> Typed<'a> {
    /// The password with the code behind it, in a buffer that never moves.
    pub(super) fn with_code(password: &str, code: &str) -> Self {
        let size = password.len().saturating_add(code.len());
        let mut both = Zeroizing::new(String::with_capacity(size));
        both.push_str(password);
        both.push_str(code);
        Self::WithCode(both)
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Alone(password) => password,
            Self::WithCode(both) => both,
        }
    }
}

/// How large and how slow an answer may be.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    /// About one person or group.
    One,
    /// The members of one group.
    Members,
    /// About everybody.
    Everybody,
    /// About a change, which is never sent twice.
    #[cfg(feature = "fas-writing")]
    Change,
}

impl Client {
    pub(super) fn new(settings: FasSettings) -> Result<Self, DirectoryError> {
        if settings.user.contains('@') {
            return Err(misconfigured(
                "the service account is named by its user name, not by an address".to_owned(),
            ));
        }
        if settings.password.expose_text().is_none() {
            return Err(misconfigured(
                "the service account's password is not UTF-8 text".to_owned(),
            ));
        }
        let http = Http::new(&HttpSettings {
            base: &settings.url,
            ca_pem: settings.ca_pem.as_deref(),
            timeouts: settings.timeouts,
            // The session goes with each question, and never with a login.
            credentials: Standing::None,
            headers: &[],
            cookies: Cookies::Dropped,
            login_connections: Connections::Fresh,
            readings_at_once: settings.readings_at_once,
            logins_at_once: settings.logins_at_once,
        })?;
        Ok(Self {
            http,
            timeouts: settings.timeouts,
            everybody_max: settings.everybody_max,
            session: Session::new(settings.login_pause),
            session_cookie: settings.session_cookie,
            user: settings.user,
            password: settings.password,
        })
    }

    /// The service account.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Checks a person's password, in a session that nobody else uses and that is
    /// ended behind the verdict's back. Counts as a try at the server: never retried.
    pub(super) async fn authenticate(
        self: &Arc<Self>,
        credentials: &Credentials<'_>,
    ) -> Result<Person, DirectoryError> {
        let answer = self.log_in(credentials).await?;
        if let Some(visit) = self.visit_of(&answer.head)
            && answer.head.status == 200
        {
            let client = Arc::clone(self);
            tokio::spawn(async move { client.log_out(visit).await });
        }
        Self::judged_login::<Login>(answer)?
            .user
            .ok_or_else(|| nonsense("FAS accepts a password and does not say whose"))
    }

    /// Logs a person in for whoever wants the session: what FAS says, and the session.
    pub(super) async fn log_in_as<T: DeserializeOwned>(
        &self,
        credentials: &Credentials<'_>,
    ) -> Result<(T, Option<Visit>), DirectoryError> {
        let answer = self.log_in(credentials).await?;
        let visit = self.visit_of(&answer.head);
        Ok((Self::judged_login(answer)?, visit))
    }

    fn judged_login<T: DeserializeOwned>(mut answer: Answer) -> Result<T, DirectoryError> {
        let read = match answer.head.status {
            200 => believed(&answer),
            _ => Err(refused_login(&answer)),
        };
        // The person's hash is in it.
        answer.body.zeroize();
        read
    }

    async fn log_in(&self, credentials: &Credentials<'_>) -> Result<Answer, DirectoryError> {
        let mut form = vec![
            ("user_name", credentials.name),
            ("password", credentials.password.as_str()),
            ("login", "Login"),
            AS_JSON,
        ];
        form.extend(credentials.otp.map(|code| ("otp", code)));
        let body = SensitiveBody::form(&form);
        let question = Question::login("login", body, self.timeouts.request);
        self.http.ask(question).await
    }

    /// The session that an answer's cookie names.
    pub(super) fn visit_of(&self, head: &Head) -> Option<Visit> {
        Visit::of(head, &self.session_cookie)
    }

    /// The session that has this key; `None` for what cannot be one.
    pub(super) fn visit_with_key(&self, key: &Secret) -> Option<Visit> {
        Visit::with_given_key(&self.session_cookie, key.expose_text()?)
    }

    /// That FAS's cookie has another name.
    pub(super) fn no_cookie(&self) -> DirectoryError {
        misconfigured(format!(
            "FAS sets no cookie {:?}: set session_cookie to its visit.cookie.name",
            text::safe(&self.session_cookie, 64)
        ))
    }

    /// Ends a session. That it may fail is nobody's business: FAS ends it, too.
    pub(super) async fn log_out(&self, visit: Visit) {
        let body = SensitiveBody::form(&[("_csrf_token", visit.token()), AS_JSON]);
        let question = Question::form("logout", body, self.timeouts.request).cookie(visit.cookie());
        if let Err(error) = self.http.ask(question).await {
            log::debug!("the session of a password check could not be ended: {error}");
        }
    }

    /// Opens the service account's session: the only call that sends its password.
    async fn open_session(&self) -> Result<Visit, DirectoryError> {
        let password = self.password.expose_text().unwrap_or_default();
        let credentials = Credentials {
            name: &self.user,
            password: Typed::Alone(password),
            otp: None,
        };
        let mut answer = self.log_in(&credentials).await?;
        if is_anonymous(&answer) {
            let reason = format!(
                "FAS refuses user and password of the service account {:?} (HTTP {}): compare them \
                 with FAS, and see whether the account is active there",
                text::safe(&self.user, 64),
                answer.head.status
            );
            self.session.pause(&reason);
            return Err(misconfigured(reason));
        }
        let read = believed::<Login>(&answer);
        answer.body.zeroize();
        let name = read?.user.and_then(|user| user.username);
        super::mapping::check_name(name.as_deref().unwrap_or_default(), &self.user)?;
        self.visit_of(&answer.head).ok_or_else(|| self.no_cookie())
    }

    /// Asks in the service account's session, and once more in a new one if FAS has
    /// forgotten the first.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        extent: Extent,
    ) -> Result<T, DirectoryError> {
        let opened = self.session.get(self.open_session()).await?;
        let answer = self.ask(&opened.visit, path, fields, extent).await?;
        if !is_anonymous(&answer) {
            return Self::judged(answer);
        }
        self.session.end(&opened).await;
        let opened = self.session.get(self.open_session()).await?;
        let answer = self.ask(&opened.visit, path, fields, extent).await?;
        if is_anonymous(&answer) {
            return Err(self.refuses(&answer));
        }
        Self::judged(answer)
    }

    /// Changes something in the service account's session: as [`Self::read`], since a question
    /// that FAS answers as a stranger's has changed nothing.
    #[cfg(feature = "fas-writing")]
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, DirectoryError> {
        self.read(path, fields, Extent::Change).await
    }

    /// Reads an answer and wipes it: hashes may be in it, if our rights are too large.
    fn judged<T: DeserializeOwned>(mut answer: Answer) -> Result<T, DirectoryError> {
        let read = match answer.head.status {
            200 => believed(&answer),
            _ => Err(failed(&answer)),
        };
        answer.body.zeroize();
        read
    }

    /// Asks in this session, and judges nothing.
    pub(super) async fn ask(
        &self,
        visit: &Visit,
        path: &str,
        fields: &[(&str, &str)],
        extent: Extent,
    ) -> Result<Answer, DirectoryError> {
        self.http
            .ask(self.question(visit, path, fields, extent))
            .await
    }

    fn question<'a>(
        &self,
        visit: &'a Visit,
        path: &'a str,
        fields: &[(&str, &str)],
        extent: Extent,
    ) -> Question<'a> {
        let mut form = vec![("_csrf_token", visit.token()), AS_JSON];
        form.extend_from_slice(fields);
        let body = SensitiveBody::form(&form);
        let (request, bulk) = (self.timeouts.request, self.timeouts.bulk);
        let question = match extent {
            Extent::One => Question::form(path, body, request),
            Extent::Members => Question::form(path, body, bulk).cap(PAGE_BODY),
            Extent::Everybody => Question::form(path, body, bulk).cap(self.everybody_max),
            #[cfg(feature = "fas-writing")]
            Extent::Change => Question::change(Change::Post, path, request).carrying(body),
        };
        question.cookie(visit.cookie())
    }

    /// Asks about everybody, as [`Self::read`]; the answer is read as it arrives.
    async fn read_whole<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, DirectoryError> {
        let session = self.session.get(self.open_session()).await?;
        let answer = match self.open(&session.visit, path, fields).await? {
            Ok(good) => return believed_whole(good).await,
            Err(answer) => answer,
        };
        if !is_anonymous(&answer) {
            return Err(failed(&answer));
        }
        self.session.end(&session).await;
        let session = self.session.get(self.open_session()).await?;
        match self.open(&session.visit, path, fields).await? {
            Ok(good) => believed_whole(good).await,
            Err(answer) if is_anonymous(&answer) => Err(self.refuses(&answer)),
            Err(answer) => Err(failed(&answer)),
        }
    }

    /// A good answer to be read, or one that is not good, whole.
    async fn open(
        &self,
        visit: &Visit,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Result<Unread, Answer>, DirectoryError> {
        let question = self.question(visit, path, fields, Extent::Everybody);
        let opened = self.http.open(question).await?;
        match opened.head.status {
            200 => Ok(Ok(opened)),
            _ => opened.whole().await.map(Err),
        }
    }

    /// FAS knows the service account and does not answer it.
    fn refuses(&self, answer: &Answer) -> DirectoryError {
        let reason = format!(
            "FAS lets the service account {:?} log in and refuses its question (HTTP {}): see \
             which groups it is in (thirdparty is enough), and that session_cookie is the \
             server's visit.cookie.name",
            text::safe(&self.user, 64),
            answer.head.status
        );
        self.session.pause(&reason);
        misconfigured(reason)
    }

    /// The cheapest question that needs a session.
    pub(super) async fn verify_session(&self) -> Result<(), DirectoryError> {
        let _home: serde_json::Map<String, serde_json::Value> =
            self.read("home", &[], Extent::One).await?;
        Ok(())
    }

    /// A person by exact name.
    pub(super) async fn person_by_username(&self, name: &str) -> Result<Person, DirectoryError> {
        let fields = [("username", name)];
        let path = "json/person_by_username";
        let answer: PersonAnswer = self.read(path, &fields, Extent::One).await?;
        found(answer.success, answer.person)
    }

    /// A person by id.
    pub(super) async fn person_by_id(&self, id: u32) -> Result<Person, DirectoryError> {
        let id = id.to_string();
        let fields = [("person_id", id.as_str())];
        let answer: PersonAnswer = self.read("json/person_by_id", &fields, Extent::One).await?;
        found(answer.success, answer.person)
    }

    /// A group by exact name.
    pub(super) async fn group_by_name(&self, name: &str) -> Result<Group, DirectoryError> {
        let fields = [("groupname", name)];
        let answer: GroupAnswer = self
            .read("json/group_by_name", &fields, Extent::Members)
            .await?;
        found(answer.success, answer.group)
    }

    /// A group by id.
    pub(super) async fn group_by_id(&self, id: u32) -> Result<Group, DirectoryError> {
        let id = id.to_string();
        let fields = [("group_id", id.as_str())];
        let answer: GroupAnswer = self
            .read("json/group_by_id", &fields, Extent::Members)
            .await?;
        found(answer.success, answer.group)
    }

    /// The names of a group's approved members.
    pub(super) async fn member_names(&self, group: &str) -> Result<Vec<String>, DirectoryError> {
        // Without a name the call is about everybody, and dots would leave its path.
        if matches!(group, "" | "." | "..") {
            return Err(DirectoryError::NotFound);
        }
        let path = format!("group/dump/{}", encoded(group));
        let dump: Dump = self.read(&path, &[], Extent::Members).await?;
        let rows = dump
            .people
            .ok_or_else(|| nonsense("the answer about a group's members names none"))?;
        let name = |row: &Vec<serde_json::Value>| Some(row.first()?.as_str()?.to_owned());
        Ok(rows.iter().filter_map(name).collect())
    }

    /// Everybody who is active.
    pub(super) async fn user_data(&self) -> Result<Users, DirectoryError> {
        let path = "json/fas_client/user_data";
        self.read_whole(path, &[]).await
    }

    /// Every group: as it is now, or as FAS's cache has it.
    pub(super) async fn group_data(&self, now: bool) -> Result<Groups, DirectoryError> {
        let fields: &[(&str, &str)] = if now {
            &[("force_refresh", "True")]
        } else {
            &[]
        };
        let path = "json/fas_client/group_data";
        self.read_whole(path, fields).await
    }
}

/// What a question about one thing found. Only FAS's own "no" is *not found*.
pub(super) fn found<T>(success: Option<bool>, thing: Option<T>) -> Result<T, DirectoryError> {
    match (success, thing) {
        (Some(true), Some(thing)) => Ok(thing),
        (Some(false), _) => Err(DirectoryError::NotFound),
        _ => Err(nonsense(
            "the answer says neither that something was found nor that it was not",
        )),
    }
}
