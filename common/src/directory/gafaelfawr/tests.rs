//! The client against a scripted server: what goes over the wire, what is kept, and
//! what servers, and what stands in front of them, do that the simulator does not.

use super::*;
use crate::directory::ImmutableKey;
use crate::directory::script::{Asked, Scripted};

const KEY: &str = "0PtFP0YR9L843B-01eljiw";
const TOKEN: &str = "gt-0PtFP0YR9L843B-01eljiw.vera-vera-SECRET-veraA";
const SERVICE: &str = "gt-service-service-00000A.service-SECRET-000000A";

/// A scripted server and our client of it.
struct Script {
    gafaelfawr: Gafaelfawr,
    server: Scripted,
}

impl Script {
    async fn new(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::within(Duration::from_secs(10), answer).await
    }

    async fn within(
        request: Duration,
        answer: impl Fn(&Asked) -> String + Send + Sync + 'static,
    ) -> Self {
        let server = Scripted::new(answer).await;
        let mut settings = GafaelfawrSettings::new(server.url("/"), secret(SERVICE));
        settings.timeouts.request = request;
        Self {
            gafaelfawr: Gafaelfawr::new(settings).unwrap(),
            server,
        }
    }

    async fn login(&self, name: &str, token: &str) -> Result<Verified, DirectoryError> {
        self.gafaelfawr.verify(&user(name), &secret(token)).await
    }

    async fn find(&self, name: &str) -> Result<Sighting, DirectoryError> {
        self.gafaelfawr.look_up(&user(name)).await
    }

    /// The first lines of what was asked, without what is always the same.
    fn asked(&self) -> Vec<String> {
        let line = |asked: &Asked| {
            let line = asked.line.replace("/auth/api/v1", "");
            line.replace(" HTTP/1.1", "")
        };
        self.server.asked().iter().map(line).collect()
    }
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn reply(status: &str, media: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn json(body: &str) -> String {
    reply("200 OK", "application/json", "", body)
}

fn problem(status: &str, kind: &str) -> String {
    let body = format!(r#"{{"detail":[{{"msg":"x","type":"{kind}"}}]}}"#);
    reply(status, "application/json", "", &body)
}

/// The record of vera's token.
fn record() -> String {
    json(&format!(
        r#"{{"username":"vera","token_type":"user","scopes":["exec:login"],"created":1,"token":"{KEY}"}}"#
    ))
}

/// Vera, with this uid.
fn vera(uid: u32) -> String {
    json(&format!(
        r#"{{"username":"vera","uid":{uid},"gid":61000,"groups":[{{"name":"staff","id":61000}}]}}"#
    ))
}

/// A server that knows vera and nobody else.
fn honest(asked: &Asked) -> String {
    match () {
        () if asked.has("/token-info") => record(),
        () if asked.has("/user-info") || asked.has("/users/vera ") => vera(60001),
        () => json(r#"{"username":"nobody"}"#),
    }
}

fn is_silence<T>(outcome: &Result<T, DirectoryError>) -> bool {
    outcome
        .as_ref()
        .err()
        .is_some_and(DirectoryError::is_silence)
}

#[tokio::test]
async fn a_login_is_two_reads_with_the_persons_token_and_nothing_else() {
    let script = Script::new(|asked| {
        honest(asked).replace(
            "Content-Length",
            "Set-Cookie: gafaelfawr=x; Path=/\r\nContent-Length",
        )
    })
    .await;
    let verified = script.login("vera", TOKEN).await.unwrap();
    assert_eq!(verified.key, ImmutableKey::given("60001"));
    assert_eq!((verified.name.as_str(), verified.expires), ("vera", None));
    let sighting = verified.sighting.unwrap();
    assert_eq!(sighting.person.gid, Some(61000));
    assert_eq!(sighting.groups[0].name, "staff");
    script.login("vera", TOKEN).await.unwrap();
    let pair = ["GET /token-info", "GET /user-info"];
    assert_eq!(script.asked(), [pair, pair].concat());
    for asked in script.server.asked() {
        let bearer = format!("authorization: bearer {}\r\n", TOKEN.to_lowercase());
        assert!(asked.headers.contains(&bearer), "{}", asked.headers);
        assert!(!asked.headers.contains("cookie"), "{}", asked.headers);
        assert_eq!(asked.body, "");
    }
}

#[tokio::test]
async fn what_is_no_token_or_no_username_never_leaves_the_host() {
    let script = Script::new(honest).await;
    for typed in [
        "hunter2",
        "correct horse battery",
        &TOKEN[..47],
        &TOKEN.replace("gt-", "gc-"),
    ] {
        let error = script.login("vera", typed).await.unwrap_err();
        assert!(matches!(&error, DirectoryError::Refused(refusal) if refusal.certain));
        assert!(!error.to_string().contains(typed));
        let known = script.gafaelfawr.user_info(&secret(typed)).await;
        assert!(matches!(known, Err(DirectoryError::Refused(_))));
    }
    for name in ["a1", "_apt", "vera.r", "Vera"] {
        let login = script.login(name, TOKEN).await;
        assert!(matches!(login, Err(DirectoryError::Refused(_))), "{name}");
        for found in [
            script.find(name).await,
            script.gafaelfawr.find(&user(name)).await,
        ] {
            assert!(matches!(found, Err(DirectoryError::NotFound)), "{name}");
        }
    }
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_token_is_never_sent_twice_and_a_look_up_may_be() {
    let script = Script::new(|_| String::new()).await;
    let login = script.login("vera", TOKEN).await;
    assert!(matches!(login, Err(DirectoryError::Unreachable { .. })));
    assert_eq!(script.asked(), ["GET /token-info"]);
    assert!(is_silence(&script.find("vera").await));
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn somebody_elses_token_opens_nothing_and_two_names_for_one_token_are_nonsense() {
    let script = Script::new(honest).await;
    let error = script.login("carol", TOKEN).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("refused: the token {KEY} is somebody else's")
    );
    assert_eq!(script.asked(), ["GET /token-info"], "not asked any further");

    let script = Script::new(|asked| match asked.has("/token-info") {
        true => record(),
        false => json(r#"{"username":"mallory","uid":60001}"#),
    })
    .await;
    let login = script.login("vera", TOKEN).await;
    assert!(matches!(login, Err(DirectoryError::Nonsense { .. })));
}

#[tokio::test]
async fn an_owner_without_a_uid_is_refused_without_proof_against_the_token() {
    let script = Script::new(|asked| match asked.has("/token-info") {
        true => record(),
        false => json(r#"{"username":"vera","groups":[]}"#),
    })
    .await;
    let error = script.login("vera", TOKEN).await.unwrap_err();
    assert!(matches!(&error, DirectoryError::Refused(refusal) if !refusal.certain));
    let known = script.gafaelfawr.user_info(&secret(TOKEN)).await;
    assert!(matches!(known, Err(DirectoryError::NotFound)));
}

#[tokio::test]
async fn both_questions_of_a_login_share_one_deadline() {
    let whole = Duration::from_millis(300);
    let script = Script::within(whole, |asked| match asked.has("/token-info") {
        true => record(),
        false => "never".to_owned(),
    })
    .await;
    let error = script.login("vera", TOKEN).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }));
    let told = error.to_string();
    let left = told
        .strip_prefix("unreachable: no complete answer within ")
        .unwrap();
    let left: f32 = left.strip_suffix(" s").unwrap().parse().unwrap();
    assert!(left < whole.as_secs_f32(), "{told}");
}

#[tokio::test]
async fn whatever_stands_in_front_never_refuses_a_person_nor_makes_one_vanish() {
    let page = format!("<html>Sign in, {TOKEN} {SERVICE}</html>");
    for answer in [
        reply("302 Found", "text/html", "Location: /login?rd=x\r\n", ""),
        reply(
            "307 Temporary Redirect",
            "text/html",
            "Location: https://x/\r\n",
            "",
        ),
        reply("200 OK", "text/html", "", &page),
        reply("401 Unauthorized", "text/html", "", &page),
        reply("403 Forbidden", "text/html", "", &page),
        reply("404 Not Found", "text/html", "", &page),
        reply("422 Unprocessable", "text/html", "", &page),
        reply("500 Sick", "text/plain", "", "Internal Server Error"),
        reply("502 Bad Gateway", "text/html", "", &page),
        problem("500 Sick", "user_info_failed"),
        problem("403 Forbidden", "invalid_request"),
        problem("403 Forbidden", "rate_limited"),
        problem("404 Not Found", "not_supported"),
        problem("404 Not Found", "not_found"),
        json(r#"{"detail":"Not Found"}"#),
        json("[]"),
        json("null"),
        json(&format!("{{\"username\":\"vera\",\"{TOKEN}")),
        json(r#"{"username":7}"#),
    ] {
        let script = Script::new(move |_| answer.clone()).await;
        let login = script.login("vera", TOKEN).await;
        let found = script.find("vera").await;
        let known = script.gafaelfawr.user_info(&secret(TOKEN)).await;
        let probed = script.gafaelfawr.probe().await;
        assert!(is_silence(&login), "{login:?}");
        assert!(is_silence(&found), "{found:?}");
        assert!(is_silence(&known), "{known:?}");
        assert!(is_silence(&probed), "{probed:?}");
        let told = format!("{login:?} {found:?} {known:?} {probed:?}");
        assert!(!told.contains("SECRET"), "{told}");
    }
}

#[tokio::test]
async fn a_pause_that_is_a_date_is_passed_on() {
    let until = std::time::SystemTime::now() + Duration::from_secs(600);
    let header = format!("Retry-After: {}\r\n", httpdate::fmt_http_date(until));
    let limited = reply("429 Too Many Requests", "application/json", &header, "{}");
    let script = Script::new(move |_| limited.clone()).await;
    for error in [
        script.login("vera", TOKEN).await.unwrap_err(),
        script.find("vera").await.unwrap_err(),
    ] {
        let DirectoryError::Unreachable { retry_after, .. } = error else {
            panic!("{error}");
        };
        assert!(retry_after.is_some_and(|pause| pause > Duration::from_secs(60)));
    }
}

#[tokio::test]
async fn our_own_tokens_troubles_are_never_anybodys_absence() {
    for (status, kind, told) in [
        ("401 Unauthorized", "invalid_token", "token_file"),
        ("403 Forbidden", "invalid_token", "token_file"),
        ("403 Forbidden", "permission_denied", "admin:userinfo"),
        ("404 Not Found", "not_supported", "LDAP"),
    ] {
        let script = Script::new(move |_| problem(status, kind)).await;
        for _ in 0..2 {
            let error = script.find("vera").await.unwrap_err();
            assert!(
                matches!(error, DirectoryError::Misconfigured { .. }),
                "{error}"
            );
            assert!(error.to_string().contains(told), "{error}");
        }
        assert_eq!(
            script.asked().len(),
            2,
            "{kind}: failures are kept for nobody"
        );
    }
}

#[tokio::test]
async fn a_person_is_asked_about_by_name_with_our_token_and_kept_for_a_while() {
    let script = Script::new(honest).await;
    for _ in 0..3 {
        assert_eq!(script.find("vera").await.unwrap().person.uid, Some(60001));
        let nobody = script.find("nobody").await;
        assert!(matches!(nobody, Err(DirectoryError::NotFound)));
    }
    assert_eq!(script.asked(), ["GET /users/vera", "GET /users/nobody"]);
    let bearer = format!("authorization: bearer {}\r\n", SERVICE.to_lowercase());
    assert!(script.server.asked()[0].headers.contains(&bearer));

    script.gafaelfawr.find(&user("vera")).await.unwrap();
    script.find("vera").await.unwrap();
    assert_eq!(script.asked().len(), 3);
    script.gafaelfawr.clear();
    script.find("vera").await.unwrap();
    assert_eq!(script.asked().len(), 4);
    let other = script.find("carol").await;
    assert!(
        matches!(other, Err(DirectoryError::Nonsense { .. })),
        "about nobody"
    );
}

#[tokio::test]
async fn a_name_that_the_servers_rules_leave_no_room_for_is_nobodys() {
    let script = Script::new(|_| problem("422 Unprocessable", "string_pattern_mismatch")).await;
    for _ in 0..2 {
        let found = script.find("vera").await;
        assert!(matches!(found, Err(DirectoryError::NotFound)));
    }
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn many_who_ask_at_once_make_one_question_and_share_one_failure() {
    for (answer, good) in [(vera(60001), true), (problem("500 Sick", "x"), false)] {
        let script = Script::new(move |_| answer.clone()).await;
        let all = futures_util::future::join_all((0..50).map(|_| script.find("vera"))).await;
        assert!(all.iter().all(|found| found.is_ok() == good));
        assert!(all.iter().all(|found| good || is_silence(found)));
        assert_eq!(script.asked().len(), 1);
        let again = script.find("vera").await;
        assert_eq!(
            (again.is_ok(), script.asked().len()),
            (good, if good { 1 } else { 2 })
        );
    }
}

#[tokio::test]
async fn what_is_kept_never_answers_a_login_and_a_login_answers_look_ups() {
    let script = Script::new(honest).await;
    for _ in 0..2 {
        script.gafaelfawr.user_info(&secret(TOKEN)).await.unwrap();
    }
    assert_eq!(script.asked(), ["GET /user-info"]);
    script.login("vera", TOKEN).await.unwrap();
    assert_eq!(script.asked().len(), 3, "both questions were asked");
    script.gafaelfawr.clear();
    script.login("vera", TOKEN).await.unwrap();
    assert_eq!(script.find("vera").await.unwrap().person.uid, Some(60001));
    script.gafaelfawr.user_info(&secret(TOKEN)).await.unwrap();
    assert_eq!(
        script.asked().len(),
        5,
        "both look-ups were answered by the login"
    );
}

#[tokio::test]
async fn what_a_token_holds_is_not_kept_under_a_name_that_stands_for_another_uid() {
    let script = Script::new(|asked| match () {
        () if asked.has("/token-info") => record(),
        () if asked.has("/user-info") => vera(777_777),
        () => vera(60001),
    })
    .await;
    script.find("vera").await.unwrap();
    let verified = script.login("vera", TOKEN).await.unwrap();
    assert_eq!(
        verified.key,
        ImmutableKey::given("777777"),
        "for the broker to compare"
    );
    let kept = script.find("vera").await.unwrap();
    assert_eq!(kept.person.key, ImmutableKey::given("60001"));
    let own = script.gafaelfawr.user_info(&secret(TOKEN)).await.unwrap();
    assert_eq!(own.person.uid, Some(777_777));
}

#[tokio::test]
async fn a_refused_token_is_forgotten() {
    let good = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_good = Arc::clone(&good);
    let script = Script::new(move |asked| {
        if is_good.load(std::sync::atomic::Ordering::SeqCst) {
            return honest(asked);
        }
        problem("401 Unauthorized", "invalid_token")
    })
    .await;
    script.login("vera", TOKEN).await.unwrap();
    good.store(false, std::sync::atomic::Ordering::SeqCst);
    script.gafaelfawr.user_info(&secret(TOKEN)).await.unwrap();
    let error = script.login("vera", TOKEN).await.unwrap_err();
    assert!(matches!(&error, DirectoryError::Refused(refusal) if refusal.certain));
    assert!(error.to_string().contains(KEY) && !error.to_string().contains("SECRET"));
    let known = script.gafaelfawr.user_info(&secret(TOKEN)).await;
    assert!(matches!(known, Err(DirectoryError::Refused(_))));
}

#[tokio::test]
async fn a_probe_wants_a_good_token_with_its_scope_and_tells_the_version_if_it_can() {
    let check = async |scopes: &'static str, root: String, expected: Result<&str, &str>| {
        let script = Script::new(move |asked| {
            if asked.has("GET / ") {
                assert!(!asked.headers.contains("authorization"));
                return root.clone();
            }
            assert!(asked.has("GET /auth/api/v1/token-info "), "{}", asked.line);
            json(&format!(
                r#"{{"username":"bot-muster","token_type":"service","scopes":[{scopes}]}}"#
            ))
        })
        .await;
        let probed = script.gafaelfawr.probe().await;
        match (probed, expected) {
            (Ok(version), Ok(expected)) => assert_eq!(version.0, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (probed, expected) => panic!("{probed:?} {expected:?}"),
        }
    };
    let about = || json(r#"{"name":"gafaelfawr","version":"15.4.1","description":"x"}"#);
    let scope = r#""admin:userinfo""#;
    check(scope, about(), Ok("Gafaelfawr 15.4.1")).await;
    let page = || reply("200 OK", "text/html", "", "<h1>Science Platform</h1>");
    check(scope, page(), Ok("Gafaelfawr")).await;
    let other = || json(r#"{"name":"squareone","version":"1"}"#);
    check(scope, other(), Ok("Gafaelfawr")).await;
    check(r#""admin:token""#, about(), Err("admin:userinfo")).await;
    check("", about(), Err("misconfigured")).await;
}

#[test]
fn a_service_token_that_is_none_is_a_misconfiguration() {
    let url = Url::parse("https://data.example.org").unwrap();
    let settings = GafaelfawrSettings::new(url, secret("hunter2-HIDDEN"));
    let Err(error) = Gafaelfawr::new(settings) else {
        panic!("it was taken");
    };
    assert!(matches!(error, DirectoryError::Misconfigured { .. }));
    assert!(error.to_string().contains("token_file"), "{error}");
    assert!(!error.to_string().contains("HIDDEN"), "{error}");
}
