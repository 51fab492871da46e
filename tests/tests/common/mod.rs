//! A plain HTTP client for looking at simulators from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod corp;
pub mod rubin;

use muster_tests::sim::crowd::{Application, Crowd, Group, Population, User};
use muster_tests::sim::running::Simulator;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// The application of [`people`] and its password.
pub const APPLICATION: (&str, &str) = ("hosts", "app:secret");

/// A small company.
pub fn people() -> Population {
    Population::new()
        .application(Application::new(APPLICATION.0, APPLICATION.1))
        .application(Application::new("staff-only", "pw").allowing(["Staff"]))
        .user(
            User::new("ada")
                .key("32769:ada")
                .password("p&<\"ä")
                .attribute("uidNumber", "20001")
                .attribute("sshPublicKey", "ssh-ed25519 AAAA one")
                .attribute("sshPublicKey", "ssh-ed25519 BBBB two"),
        )
        .user(User::new("ALee").password("pw"))
        .user(User::new("gone").password("pw").inactive())
        .user(User::new("old").password("pw").expired())
        .user(User::new("Bob B@x").password("pw"))
        .group(Group::new("Staff").groups(["dev team"]).users(["old"]))
        .group(
            Group::new("dev team")
                .users(["ADA", "nobody-known"])
                .groups(["leaf"]),
        )
        .group(
            Group::new("leaf")
                .users(["alee"])
                .groups(["Staff"])
                .attribute("gidNumber", "30001"),
        )
        .group(Group::new("alone"))
}

/// A client that trusts `simulator`, with a cookie jar or without. It keeps no
/// connection: one that is cut while idle may be found out only by the next request.
pub fn client(simulator: &impl Simulator, jar: bool) -> Client {
    // Fails where another test was first, and that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .cookie_store(jar)
        .no_proxy()
        .pool_max_idle_per_host(0);
    if !simulator.authority_pem().is_empty() {
        let authority =
            reqwest::Certificate::from_pem(simulator.authority_pem().as_bytes()).unwrap();
        builder = builder.tls_certs_only([authority]);
    }
    builder.build().unwrap()
}

/// A Crowd and somebody who asks it.
pub struct Asker {
    /// The simulator.
    pub crowd: Crowd,
    /// The client, without a cookie jar.
    pub client: Client,
}

impl Asker {
    /// A Crowd without TLS: what is asked here is the same with it.
    pub fn new(population: Population) -> Self {
        let crowd = Crowd::start_plain(population).unwrap();
        let client = client(&crowd, false);
        Self { crowd, client }
    }

    /// A request as our application, JSON both ways.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(
                method,
                format!("{}/rest/usermanagement/1{path}", self.crowd.url()),
            )
            .basic_auth(APPLICATION.0, Some(APPLICATION.1))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
    }

    /// GET, and what came of it.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    /// A request with a body, and what came of it.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(method, path).body(body.to_string())).await
    }

    /// POST, and what came of it.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    /// DELETE's status.
    pub async fn delete(&self, path: &str) -> u16 {
        self.request(Method::DELETE, path)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    /// GET as XML.
    pub async fn xml(&self, path: &str) -> String {
        let request = self
            .client
            .get(format!("{}/rest/usermanagement/1{path}", self.crowd.url()));
        let request = request.basic_auth(APPLICATION.0, Some(APPLICATION.1));
        request.send().await.unwrap().text().await.unwrap()
    }

    /// The names in a list.
    pub async fn names(&self, path: &str) -> Vec<String> {
        let (status, list) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {list}");
        let entries = list["users"]
            .as_array()
            .or(list["groups"].as_array())
            .unwrap();
        entries
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert_versioned(&response);
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Every answer of Crowd's own carries the header.
pub fn assert_versioned(response: &Response) {
    assert_eq!(
        response.headers()["x-embedded-crowd-version"],
        "Crowd/5.1.0"
    );
}
