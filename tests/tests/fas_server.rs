//! The simulated FAS as a plain HTTP client sees it: cookies, forms, faults, records,
//! orders. What python-fedora can see is tested by it (`thirdparty.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::time::Duration;

use muster_tests::sim::control;
use muster_tests::sim::fas::{Fas, Group, Population, User};
use muster_tests::sim::fault::{Fault, Rule};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const ADA: &str = "user_name=ada&password=p%26w&login=Login";

/// A FAS without TLS (what is asked here is the same with it) and somebody who asks.
struct Asker {
    fas: Fas,
    client: Client,
}

impl Asker {
    fn new() -> Self {
        let people = Population::new()
            .user(User::new(100_101, "ada").password("p&w"))
            .user(User::new(100_102, "bob").password("pw"))
            .user(User::new(100_103, "boss").password("pw"))
            .group(Group::new(100_200, "accounts").administrators(["boss"]))
            .group(
                Group::new(100_201, "staff")
                    .users(["ada"])
                    .unapproved(["bob"]),
            );
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0);
        Self {
            fas: Fas::start_plain(people).unwrap(),
            client: client.build().unwrap(),
        }
    }

    fn request(&self, path: &str, form: &str) -> RequestBuilder {
        self.client
            .post(format!("{}/{path}", self.fas.url()))
            .header(CONTENT_TYPE, FORM)
            .body(form.to_owned())
    }

    /// A POST that wants JSON.
    async fn post(&self, path: &str, form: &str) -> Response {
        let request = self.request(path, form).header(ACCEPT, "application/json");
        request.send().await.unwrap()
    }

    /// The same, with the credentials of ada.
    async fn as_ada(&self, path: &str) -> (u16, Value) {
        let response = self.post(path, ADA).await;
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

/// The session's key in an answer.
fn key(response: &Response) -> Option<String> {
    let cookies = response.headers().get_all(SET_COOKIE);
    let texts = cookies.iter().map(|value| value.to_str().unwrap());
    texts
        .filter_map(|text| text.strip_prefix("tg-visit="))
        .map(|rest| rest.split(';').next().unwrap().to_owned())
        .next()
}

fn media(response: &Response) -> &str {
    response.headers()[CONTENT_TYPE].to_str().unwrap()
}

#[tokio::test]
async fn every_answer_has_the_cookie_whatever_it_says() {
    let asker = Asker::new();
    let made_up = "0123456789abcdef0123456789abcdef01234567";
    for (path, status) in [
        ("", 200),
        ("home", 403),
        ("login", 403),
        ("no/such/page", 404),
        ("json/person_by_username", 403),
    ] {
        let response = asker.post(path, "").await;
        assert_eq!(response.status(), status, "{path}");
        let fresh = key(&response).unwrap();
        assert_eq!(fresh.len(), 40);
        let request = asker.request(path, "").header(ACCEPT, "application/json");
        let cookie = format!("a=b; tg-visit={fresh}");
        let again = request.header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(key(&again).unwrap(), fresh, "a known key is kept");
        let request = asker.request(path, "").header(ACCEPT, "application/json");
        let foreign = request.header(COOKIE, format!("tg-visit={made_up}"));
        let foreign = foreign.send().await.unwrap();
        assert_ne!(key(&foreign).unwrap(), made_up, "a foreign one never");
    }
}

#[tokio::test]
async fn json_comes_only_to_those_who_ask_for_it() {
    let asker = Asker::new();
    let check = async |accept: Option<&str>, form: &str, expected: &str| {
        let mut request = asker.request("home", &format!("{ADA}{form}"));
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(media(&response).starts_with(expected), "{accept:?} {form}");
    };
    check(Some("application/json"), "", "application/json").await;
    check(Some("text/javascript"), "", "application/json").await;
    check(None, "&tg_format=json", "application/json").await;
    check(Some("text/html"), "&tg_format=json", "application/json").await;
    check(None, "", "text/html").await;
    check(Some("*/*"), "", "text/html").await;
    check(Some("application/json, */*"), "", "text/html").await;
    let refused = asker.request("home", "").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(media(&refused).starts_with("text/html"));
}

#[tokio::test]
async fn a_get_with_its_parameters_in_the_address_does_as_well() {
    let asker = Asker::new();
    let url = format!(
        "{}/json/person_by_username?{ADA}&username=bob",
        asker.fas.url()
    );
    let request = asker.client.get(url).header(ACCEPT, "application/json");
    let found: Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(found["person"]["id"], json!(100_102));
}

#[tokio::test]
async fn a_form_without_its_button_is_no_login() {
    let asker = Asker::new();
    for form in [
        "user_name=ada&password=p%26w",
        "user_name=ada&password=p%26w&otp=1",
    ] {
        assert_eq!(asker.post("home", form).await.status(), 403);
    }
    // Somebody who sends a one-time password must have enrolled.
    let with_otp = asker.post("login", &format!("{ADA}&otp=123")).await;
    assert_eq!(with_otp.status(), 403);
    assert_eq!(
        asker.post("login", &format!("{ADA}&more=x")).await.status(),
        200
    );
    assert_eq!(
        asker.post("home", &format!("{ADA}&more=x")).await.status(),
        500
    );
}

#[tokio::test]
async fn a_page_of_administrators_sends_others_away_with_their_token() {
    let asker = Asker::new();
    let response = asker.post("group/view/fas-system", ADA).await;
    assert_eq!(response.status(), 302);
    let to = response.headers()[LOCATION].to_str().unwrap();
    assert!(to.starts_with("/accounts/group/list?_csrf_token="), "{to}");
    let system = asker
        .post("user/update_last_seen", &format!("{ADA}&username=ada"))
        .await;
    assert_eq!(system.status(), 403, "known, and not in the group");
}

#[tokio::test]
async fn a_session_that_its_owner_may_not_use_any_more_is_nobodys() {
    let asker = Asker::new();
    let login = asker.post("login", ADA).await;
    let session = format!("tg-visit={}", key(&login).unwrap());
    asker.fas.update(|people| people.remove_user("ada"));
    let request = asker.request("home", "").header(COOKIE, session);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn fas_fails_in_its_own_words() {
    let asker = Asker::new();
    let failing = async |fault: Fault, path: &str| {
        asker.fas.fault(fault);
        let response = asker.post(path, ADA).await;
        let (status, cookie) = (response.status().as_u16(), key(&response).is_some());
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|media| media == "application/json");
        let body = response.bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, cookie, is_json, body)
    };
    let (status, cookie, is_json, _) = failing(Fault::OperationFailed, "home").await;
    assert_eq!((status, cookie, is_json), (500, true, false));
    let (status, cookie, is_json, _) = failing(Fault::Forbidden, "home").await;
    assert_eq!((status, cookie, is_json), (403, false, false));
    let (status, _, _, body) = failing(Fault::ApplicationError, "home").await;
    assert_eq!((status, &body["exc"]), (200, &json!("DBAPIError")));
    let (status, _, _, body) = failing(Fault::Unauthorized, "login").await;
    assert_eq!((status, &body["logging_in"]), (403, &json!(true)));
    let (status, cookie, _, _) = failing(Fault::NoCookie, "login").await;
    assert_eq!((status, cookie), (200, false));
    let (status, _, _, body) = failing(Fault::WrongName("bob".to_owned()), "login").await;
    assert_eq!((status, &body["user"]["username"]), (200, &json!("bob")));
    let (_, _, _, body) = failing(Fault::WrongName("nobody".to_owned()), "home").await;
    assert_eq!(body["person"]["username"], json!("nobody"));
    let (_, _, _, body) = failing(Fault::EmptyUsers, "json/fas_client/user_data").await;
    assert_eq!(body, json!({"success": true, "data": {}}));
    let (status, _, _, body) = failing(Fault::NotInGroup, "home").await;
    assert_eq!((status, &body["logging_in"]), (403, &json!(true)));
    let (status, ..) = failing(Fault::RateLimited(9), "home").await;
    assert_eq!(status, 429);
    let (status, _, is_json, _) = failing(Fault::HtmlPage, "home").await;
    assert_eq!((status, is_json), (200, false));

    asker
        .fas
        .fault(Rule::from(Fault::NotInGroup).below("/json").times(1));
    assert_eq!(asker.as_ada("home").await.0, 200);
    assert_eq!(asker.as_ada("json/user_id").await.0, 403);
    assert_eq!(asker.as_ada("json/user_id").await.0, 200);
}

#[tokio::test]
async fn the_records_show_what_came_along_and_no_secret() {
    let asker = Asker::new();
    asker
        .post("login", &format!("{ADA}&tg_format=json&otp=654321"))
        .await;
    asker.post("home", "user_name=ada&password=p%26w").await;
    let cookie = "tg-visit=0123456789abcdef0123456789abcdef01234567";
    let request = asker.request("json/person_by_username", "username=bob&_csrf_token=cafe");
    request.header(COOKIE, cookie).send().await.unwrap();
    let requests = asker.fas.requests();
    assert_eq!(requests[0].path, "/login");
    assert_eq!(requests[0].person.as_deref(), Some("ada"));
    assert_eq!(requests[0].parameter("tg_format"), Some("json"));
    let came = |at: usize| (requests[at].cookie, requests[at].token);
    assert_eq!(
        [came(0), came(1), came(2)],
        [(false, false), (false, false), (true, true)]
    );
    assert_eq!(requests[2].person.as_deref(), Some("bob"));
    let shown = serde_json::to_string(&requests).unwrap();
    for secret in ["p&w", "p%26w", "654321", "0123456789abcdef", "cafe"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn orders_over_the_socket_do_what_the_library_does() {
    let asker = Asker::new();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ctl");
    asker.fas.control_at(&socket).unwrap();
    let order = |order: Value| control::send(&socket, &order);
    let staff = async || {
        let (_, found) = asker.as_ada("group/dump/staff").await;
        let people = found["people"].as_array().unwrap().clone();
        people
            .iter()
            .map(|row| row[0].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(staff().await, ["ada"]);
    order(json!({"do": "approve", "group": "staff", "user": "bob"})).unwrap();
    assert_eq!(staff().await, ["ada", "bob"]);
    order(json!({"do": "unapprove", "group": "staff", "user": "bob"})).unwrap();
    order(json!({"do": "add-user", "user": {"username": "new", "password": "pw"}})).unwrap();
    order(json!({"do": "add-member", "group": "staff", "user": "new"})).unwrap();
    assert_eq!(staff().await, ["ada", "new"]);
    order(json!({"do": "remove-member", "group": "staff", "user": "new"})).unwrap();
    order(json!({"do": "set-ssh-key", "name": "ada", "key": "ssh-ed25519 X"})).unwrap();
    let (_, ada) = asker.as_ada("user/view").await;
    assert_eq!(ada["person"]["ssh_key"], json!("ssh-ed25519 X"));
    order(json!({"do": "add-group", "group": {"name": "fresh", "type": "git"}})).unwrap();
    let (_, fresh) = asker.as_ada("json/group_by_name/fresh").await;
    assert_eq!(fresh["group"]["group_type"], json!("git"));
    let new = asker.fas.update(|people| people.users["new"].id);
    assert!(
        fresh["group"]["id"].as_u64().unwrap() > new,
        "one sequence for all"
    );
    order(json!({"do": "remove-group", "name": "fresh"})).unwrap();
    order(json!({"do": "remove-user", "name": "new"})).unwrap();

    let login = asker.post("login", ADA).await;
    let refreshed = async || {
        let cookie = format!("tg-visit={}", key(&login).unwrap());
        let request = asker.request("", "").header(COOKIE, cookie);
        key(&request.send().await.unwrap()) == key(&login)
    };
    order(json!({"do": "advance", "seconds": 60})).unwrap();
    assert!(refreshed().await);
    asker.fas.advance(Duration::from_secs(20 * 60));
    assert!(!refreshed().await);
    order(json!({"do": "expire-sessions"})).unwrap();
    order(json!({"do": "set-password", "name": "ada", "password": "other"})).unwrap();
    assert_eq!(asker.as_ada("home").await.0, 403);
    order(json!({"do": "set-password", "name": "ada", "password": "p&w"})).unwrap();
    order(json!({"do": "set-status", "name": "ada", "status": "spamcheck_denied"})).unwrap();
    assert_eq!(asker.as_ada("home").await.0, 403);
    for wrong in [
        json!({"do": "set-status", "name": "ada", "status": "happy"}),
        json!({"do": "remove-user", "name": "nobody"}),
        json!({"do": "approve", "group": "staff", "user": "ada"}),
        json!({"do": "add-member", "group": "nothing", "user": "ada"}),
    ] {
        assert!(order(wrong.clone()).is_err(), "{wrong}");
    }
}
