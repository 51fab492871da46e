//! A small observatory, and somebody who asks its Gafaelfawr over plain HTTP.

use muster_tests::sim::gafaelfawr::{
    Gafaelfawr, Group, GroupId, Population, Token, TokenType, User,
};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::client;

/// A user token of vera's with `exec:login` and `user:token`.
pub const VERA: &str = "gt-vera-laptop-key-00000A.vera-laptop-secret-00A";
/// A service token with `admin:userinfo`.
pub const READER: &str = "gt-bot-reader-key-000000A.bot-reader-secret-000A";
/// A service token with `admin:token`.
pub const ADMIN: &str = "gt-bot-admin-key-0000000A.bot-admin-secret-0000A";
/// A user token of carol's, of whom nothing is known.
pub const CAROL: &str = "gt-carol-key-00000000000A.carol-secret-00000000A";
/// A service token with ids and groups of its own.
pub const ROBOT: &str = "gt-bot-robot-key-0000000A.bot-robot-secret-0000A";

/// The key of a token.
pub fn key(token: &str) -> &str {
    token[3..].split('.').next().unwrap()
}

/// Vera, carol without ids, and three machines.
pub fn observatory() -> Population {
    let mut robot = Token::new(ROBOT, "bot-robot", TokenType::Service).ids(100_007, 100_008);
    robot.groups = Some(vec![GroupId {
        name: "bots".to_owned(),
        id: 100_008,
    }]);
    let reader = Token::new(READER, "bot-reader", TokenType::Service);
    let admin = Token::new(ADMIN, "bot-admin", TokenType::Service);
    let vera = Token::new(VERA, "vera", TokenType::User).scopes(["user:token", "exec:login"]);
    Population::new()
        .user(User {
            name: Some("Vera Rubin".to_owned()),
            email: None,
            ..User::new("vera", 60001, 61000)
        })
        .user(User::without_ids("carol"))
        .group(Group::new("staff", 61000))
        .group(Group::new("g_admins", 61001).members(["vera"]))
        .group(Group::new("empty.group", 61002))
        .token(vera)
        .token(Token::new(CAROL, "carol", TokenType::User))
        .token(reader.scopes(["admin:userinfo"]))
        .token(admin.scopes(["admin:token"]))
        .token(robot)
}

/// A Gafaelfawr and somebody who asks it.
pub struct Visitor {
    /// The simulator.
    pub gafaelfawr: Gafaelfawr,
    /// The client, without a cookie jar; it follows no redirect.
    pub client: Client,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status, and the type of the first problem in a list.
    pub fn problem(&self) -> (u16, String) {
        let kind = self.json()["detail"][0]["type"].clone();
        (self.status, kind.as_str().unwrap_or_default().to_owned())
    }
}

impl Visitor {
    /// A Gafaelfawr without TLS: what is asked here is the same with it.
    pub fn new(population: Population) -> Self {
        let gafaelfawr = Gafaelfawr::start_plain(population).unwrap();
        let client = client(&gafaelfawr, false);
        Self { gafaelfawr, client }
    }

    /// A request for something below the base URL.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.gafaelfawr.url());
        self.client.request(method, url)
    }

    /// A request to the API with this token.
    pub fn request(&self, method: Method, token: &str, path: &str) -> RequestBuilder {
        self.bare(method, &format!("/auth/api/v1{path}"))
            .bearer_auth(token)
    }

    /// GET from the API with this token.
    pub async fn get(&self, token: &str, path: &str) -> Answer {
        answer(self.request(Method::GET, token, path)).await
    }

    /// GET from the API, which must succeed.
    pub async fn read(&self, token: &str, path: &str) -> Value {
        let answer = self.get(token, path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// POST to the API with this token.
    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, token, path).json(&body)).await
    }

    /// Makes a token for `user` by the administrator; the token.
    pub async fn make(&self, body: Value) -> String {
        let made = self.post(ADMIN, "/tokens", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["token"].as_str().unwrap().to_owned()
    }
}

/// Sends, and reads what comes.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// The one entry of a list of problems, without what nobody reads.
pub fn listed(message: &str, kind: &str) -> Value {
    json!({"detail": [{"msg": message, "type": kind}]})
}
