//! A real Crowd, where somebody gives one: muster's own client reads it, and what the
//! wire document had to leave open is asked. Nothing is changed there. CONTRIBUTING.md
//! says what to set; the simulator stands in everywhere else, so that this cannot rot.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use common::corp::{self, OUR_SECRET, PASSWORD, Simulator, secret, user};
use muster_common::directory::crowd::{Crowd, CrowdSettings};
use muster_common::directory::{Directory as _, Listing as _, Projection};
use muster_tests::sim::crowd::{Population, User};
use reqwest::header::{ACCEPT, HeaderMap};
use serde_json::Value;

/// A server and who may ask it.
struct Given {
    url: String,
    application: String,
    password: String,
    ca_pem: Option<String>,
    person: Option<(String, String)>,
}

impl Given {
    /// What the environment says, or what it lacks.
    fn from_environment() -> Result<Self, String> {
        let text = |name: &str| std::env::var(format!("MUSTER_TEST_CROWD_{name}")).ok();
        let needed =
            |name: &str| text(name).ok_or_else(|| format!("MUSTER_TEST_CROWD_{name} is not set"));
        let file = |path: String| std::fs::read_to_string(path).unwrap();
        let line = |path: String| file(path).trim_end_matches('\n').to_owned();
        Ok(Self {
            url: needed("URL")?,
            application: needed("APPLICATION")?,
            password: line(needed("PASSWORD_FILE")?),
            ca_pem: text("CA_FILE").map(file),
            person: text("USER").zip(text("USER_PASSWORD_FILE").map(line)),
        })
    }

    fn of(simulator: &Simulator) -> Self {
        Self {
            url: simulator.url().to_owned(),
            application: "linux-hosts".to_owned(),
            password: OUR_SECRET.to_owned(),
            ca_pem: Some(simulator.authority_pem().to_owned()),
            person: Some(("ann".to_owned(), PASSWORD.to_owned())),
        }
    }

    fn crowd(&self) -> Crowd {
        let url = self.url.parse().unwrap();
        let password = secret(&self.password);
        let mut settings = CrowdSettings::new(url, self.application.clone(), password);
        settings.ca_pem = self.ca_pem.as_ref().map(|pem| pem.as_bytes().to_vec());
        Crowd::new(settings).unwrap()
    }

    /// A client without an opinion, for what muster's own has no call for.
    fn plain(&self) -> reqwest::Client {
        // Fails where another test was first, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().no_proxy();
        let builder = match &self.ca_pem {
            Some(pem) => {
                let authority = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
                builder.tls_certs_only([authority])
            }
            None => builder,
        };
        builder.build().unwrap()
    }
}

/// What a plain question came to.
struct Plain {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Plain {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The status, and the reason of a refusal.
    fn outcome(&self) -> String {
        match self.json()["reason"].as_str() {
            Some(reason) => format!("HTTP {} {reason}", self.status),
            None => format!("HTTP {}", self.status),
        }
    }
}

/// Asks the open questions of a server, and keeps the answers.
struct Examination<'a> {
    given: &'a Given,
    plain: reqwest::Client,
    told: Vec<String>,
}

impl Examination<'_> {
    async fn get(&self, path: &str) -> Plain {
        let base = self.given.url.trim_end_matches('/');
        let url = format!("{base}/rest/usermanagement/1/{path}");
        let request = self
            .plain
            .get(url)
            .basic_auth(&self.given.application, Some(&self.given.password));
        let request = request.header(ACCEPT, "application/json");
        let answer = request.send().await.unwrap();
        Plain {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    fn tell(&mut self, question: &str, answer: impl std::fmt::Display) {
        self.told.push(format!("{question}: {answer}"));
    }

    /// Since which version do listings show attributes?
    async fn listings(&mut self) {
        let page = "search?entity-type=user&restriction=&max-results=100&expand=user,attributes";
        let users = self.get(page).await.json();
        let values = |user: &Value| -> Vec<String> {
            let attributes = user["attributes"]["attributes"].as_array();
            let values = attributes.into_iter().flatten();
            values
                .flat_map(|one| one["values"].as_array().into_iter().flatten())
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let users = users["users"].as_array().unwrap();
        let values: Vec<String> = users.iter().flat_map(values).collect();
        let shown = if values.is_empty() { "none" } else { "shown" };
        self.tell("attributes of the first users in a listing", shown);
        let longest = values.iter().map(|value| value.chars().count()).max();
        self.tell(
            "longest value of an attribute there",
            longest.unwrap_or_default(),
        );
    }

    /// 404 or an empty list?
    async fn groups_of_nobody(&mut self) {
        let answer = self
            .get("user/group/nested?username=nobody-of-this-name-5f3759df")
            .await;
        let groups = answer.json()["groups"].as_array().map(Vec::len);
        let groups = groups.map_or(String::new(), |count| format!(" with {count} groups"));
        self.tell(
            "groups of an unknown user",
            format!("{}{groups}", answer.outcome()),
        );
    }

    /// How is a quotation mark escaped, and is an unknown property a custom attribute?
    async fn query_language(&mut self) {
        for (question, restriction) in [
            ("CQL with \\\"", "name%20%3D%20%22a%5C%22b%22"),
            ("CQL with \"\"", "name%20%3D%20%22a%22%22b%22"),
            (
                "CQL by a custom attribute",
                "uidNumber%20%3D%20%22no-such-id%22",
            ),
        ] {
            let path = format!("search?entity-type=user&restriction={restriction}&max-results=1");
            let outcome = self.get(&path).await.outcome();
            self.tell(question, outcome);
        }
    }

    /// What does the list of events look like in JSON?
    async fn events(&mut self) {
        let first = self.get("event").await;
        let token = first.json()["newEventToken"].as_str().map(str::to_owned);
        let Some(token) = token else {
            return self.tell("events", first.outcome());
        };
        let offered = first.json()["incrementalSynchronisationAvailable"].clone();
        self.tell("incremental synchronisation", offered);
        let token = token.replace('%', "%25").replace(':', "%3A");
        let list = self.get(&format!("event/{token}")).await;
        let keys: Vec<String> = list
            .json()
            .as_object()
            .map_or(Vec::new(), |object| object.keys().cloned().collect());
        let shape = format!("{} {}", list.outcome(), keys.join(" "));
        self.tell("events as JSON", shape);
    }

    /// Are there limits, and whose are they?
    async fn limits(&mut self) {
        let headers = self.get("config/cookie").await.headers;
        let told: Vec<String> = headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-ratelimit"))
            .map(|(name, value)| format!("{name} {}", value.to_str().unwrap_or("?")))
            .collect();
        let told = if told.is_empty() {
            "not told".to_owned()
        } else {
            told.join(", ")
        };
        self.tell("rate limits", told);
    }

    /// What muster makes of everybody.
    fn everybody(&mut self, projection: &Projection) {
        let (people, teams) = (&projection.people, &projection.teams);
        self.tell("people", people.len());
        self.tell("groups", teams.len());
        let with = |what: &str| {
            let count = people.iter().filter(|one| match what {
                "a uid" => one.entry.uid.is_some(),
                "SSH keys" => !one.entry.ssh_keys.is_empty(),
                _ => one.entry.key.as_str().starts_with("key:"),
            });
            count.count()
        };
        for what in ["a uid", "SSH keys", "a key of the server's"] {
            let count = with(what);
            self.tell(&format!("people with {what}"), count);
        }
        for remark in &projection.remarks {
            self.tell("remark", remark);
        }
    }

    /// Which verdict a person gets, and what is said about the person.
    async fn person(&mut self, crowd: &Crowd) {
        let Some((name, password)) = &self.given.person else {
            return self.tell("login", "SKIPPED, no MUSTER_TEST_CROWD_USER is given");
        };
        let name = user(name);
        let login = match crowd.verify(&name, &secret(password)).await {
            Ok(verified) => format!("yes, {}", verified.name),
            Err(error) => format!("no, {error}"),
        };
        let found = match crowd.find(&name).await {
            Ok(found) => format!("{} groups", found.groups.len()),
            Err(error) => format!("no, {error}"),
        };
        self.tell("login", login);
        self.tell("the same person found", found);
    }
}

/// Reads the server, and says what it is like.
async fn examine(given: &Given) -> Vec<String> {
    let mut examination = Examination {
        given,
        plain: given.plain(),
        told: Vec::new(),
    };
    let crowd = given.crowd();
    examination.tell("server", crowd.probe().await.unwrap().0);
    let projection = crowd.everybody().await.unwrap();
    examination.everybody(&projection);
    let somebody = projection.people.first().map(|person| &*person.entry.name);
    let may_modify = crowd.may_modify(somebody).await;
    examination.tell("we may modify users", format!("{may_modify:?}"));
    examination.listings().await;
    examination.groups_of_nobody().await;
    examination.query_language().await;
    examination.events().await;
    examination.limits().await;
    examination.person(&crowd).await;
    examination.told
}

#[tokio::test]
async fn a_real_server_is_examined_where_one_is_given() {
    match Given::from_environment() {
        Ok(given) => examine(&given)
            .await
            .iter()
            .for_each(|line| println!("{line}")),
        Err(lacks) => println!("SKIPPED: {lacks}, so no real server is asked"),
    }
}

#[tokio::test]
async fn the_simulated_server_is_examined_in_its_place() {
    let ann = User::new("Ann").key("32769:a").password(PASSWORD);
    let ann = ann.attribute("uidNumber", "20001");
    let population: Population = corp::people().user(ann);
    let simulator = Simulator::start(population).unwrap();
    let told = examine(&Given::of(&simulator)).await;
    for expected in [
        "server: Crowd/5.1.0",
        "people: 5",
        "groups: 2",
        "people with a uid: 1",
        "we may modify users: No",
        "attributes of the first users in a listing: shown",
        "longest value of an attribute there: 5",
        "groups of an unknown user: HTTP 404 USER_NOT_FOUND",
        "rate limits: not told",
        "login: yes, Ann",
        "the same person found: 2 groups",
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected}: {told:#?}"
        );
    }
    for begun in ["CQL by a custom attribute: HTTP ", "events", "CQL with"] {
        let found = told.iter().any(|line| line.starts_with(begun));
        assert!(found, "{begun}: {told:#?}");
    }
    let shown = told.join("\n");
    assert!(!shown.contains(PASSWORD) && !shown.contains(OUR_SECRET));
}
