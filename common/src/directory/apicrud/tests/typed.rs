//! `SessionAuth` call by call.

use super::*;
use crate::directory::http::Timeouts;
use crate::directory::passwords::Change;

fn session_auth(script: &Script, api_keys: ApiKeys) -> SessionAuth {
    let url = script.server.url("/api/v1");
    SessionAuth::new(&url, None, Timeouts::default(), api_keys).unwrap()
}

#[tokio::test]
async fn a_login_says_what_it_is_good_for_and_is_ended_when_it_is_dropped() {
    let script =
        Script::with_roles("user:list-3f-member:list-3f-manager:list-4-member:club-1-member").await;
    let auth = session_auth(&script, ApiKeys::Off);
    let login = auth
        .account_login(&user("ada.l"), &secret(PASSWORD), None)
        .await
        .unwrap();
    assert_eq!(login.standing(), Standing::LoggedIn);
    assert_eq!(login.person().as_str(), "u-1");
    assert!(login.expires().is_some());
    let roles = |resource, id| auth.get_roles(&login, resource, id);
    assert_eq!(roles(None, None).len(), 5);
    assert_eq!(
        roles(Some("list"), None),
        ["list-3f-member", "list-3f-manager", "list-4-member"]
    );
    assert_eq!(
        roles(Some("list"), Some("3f")),
        ["list-3f-member", "list-3f-manager"]
    );
    assert!(roles(Some("lis"), None).is_empty());
    assert!(
        !script
            .server
            .asked()
            .iter()
            .any(|asked| asked.has("/logout"))
    );
    drop(login);
    script.end().await;
}

#[tokio::test]
async fn a_session_that_waits_for_a_code_is_told_and_no_login() {
    let script = Script::with_roles("pendingtotp").await;
    let auth = session_auth(&script, ApiKeys::Off);
    let login = auth
        .account_login(&user("ada.l"), &secret(PASSWORD), None)
        .await
        .unwrap();
    assert_eq!(login.standing(), Standing::CodeWanted);
}

#[tokio::test]
async fn parameters_and_methods_are_read_and_a_password_is_changed() {
    let params =
        r#"{"account_id":"x-1","uid":"u-1","resources":{},"settings_id":"x-2","totp":true}"#;
    let methods = r#"{"items":["local"],"count":1,"policies":{"login_internal":"open"}}"#;
    let script = Script::new(move |asked| match asked {
        asked if asked.has("/auth_params") => json(200, params),
        asked if asked.has("/auth_methods") => json(200, methods),
        asked => usual(asked, "user"),
    })
    .await;
    let auth = session_auth(&script, ApiKeys::Off);
    assert_eq!(
        auth.methods().await.unwrap().policies["login_internal"],
        "open"
    );
    let login = auth
        .account_login(&user("ada.l"), &secret(PASSWORD), None)
        .await
        .unwrap();
    let params = auth.auth_params(&login).await.unwrap();
    assert_eq!((params.uid.as_str(), params.totp), ("u-1", true));
    let weak = auth
        .change_password(&login, &secret(PASSWORD), &secret("weakweak"))
        .await;
    assert!(matches!(weak, Ok(Change::Unfit { .. })), "{weak:?}");
    let done = auth
        .change_password(&login, &secret(PASSWORD), &secret(NEW))
        .await;
    assert!(matches!(done, Ok(Change::Done)), "{done:?}");
}

#[tokio::test]
async fn api_keys_are_off_and_only_keys_are_ever_sent() {
    let params = r#"{"account_id":"x-1","uid":"u-1"}"#;
    let script = Script::new(move |_| json(200, params)).await;
    let key = secret(&format!("KEYID123.{}", "a".repeat(32)));
    let off = session_auth(&script, ApiKeys::Off);
    assert_eq!(decision(&off.api_access(&key).await), "misconfigured");
    let on = session_auth(&script, ApiKeys::Believed);
    for wrong in [
        "password",
        "KEYID123.short",
        "KEYID123",
        "KEYID123.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
    ] {
        assert_eq!(
            decision(&on.api_access(&secret(wrong)).await),
            "refused",
            "{wrong}"
        );
    }
    assert_eq!(script.server.asked().len(), 0);
    assert_eq!(on.api_access(&key).await.unwrap().uid, "u-1");
    let asked = &script.server.asked()[0];
    assert!(
        asked.headers.contains("x-api-key: keyid123.aaaa"),
        "{}",
        asked.headers
    );
    assert!(!asked.headers.contains("authorization:"));
}
