//! Reading everybody, as hosts do.

use super::*;

/// A FAS with this answer to each of the two questions about everybody.
async fn everybody(users: &str, groups: &str) -> (Script, Result<Projection, DirectoryError>) {
    let (users, groups) = (json(users), json(groups));
    let script = Script::new(move |asked| {
        if asked.has("user_data") {
            return users.clone();
        }
        groups.clone()
    })
    .await;
    let read = script.fas.everybody().await;
    (script, read)
}

#[tokio::test]
async fn everybody_is_read_with_numbers_of_either_kind_and_what_is_odd_is_left_out() {
    let users = format!(
        r#"{{"success":true,"data":{{
            "100101":{{"username":"ada","password":"{HASH}","human_name":"Ada: x","ssh_key":"k1\rk2"}},
            "100102":{{"username":"bob","password":"*","human_name":null,"ssh_key":""}},
            "0100103":{{"username":"zero"}},"x\u001b":{{"username":"odd"}},"100104":"gone",
            "100105":{{"username":7}},"100106":null}}}}"#
    );
    let groups = r#"{"success":true,"data":{
        "staff":{"id":"100201","administrators":["100101"],"sponsors":[],"users":[100102,100199,"y"],"type":"git"},
        "0":{"id":100202,"administrators":[],"sponsors":[100101],"users":[100101],"type":"git"},
        "no-id":{"administrators":[],"sponsors":[],"users":[]},
        "no-list":{"id":100203,"administrators":[],"users":[]},
        "":{"id":100204,"administrators":[],"sponsors":[],"users":[]},
        "nothing":null}}"#;
    let (script, read) = everybody(&users, groups).await;
    let projection = read.unwrap();
    let people: Vec<_> = projection
        .people
        .iter()
        .map(|listed| &listed.entry)
        .map(|p| {
            (
                p.uid,
                p.name.as_str(),
                p.display_name.as_str(),
                p.ssh_keys.len(),
            )
        })
        .collect();
    assert_eq!(
        people,
        [
            (Some(100_101), "ada", "Ada: x", 2),
            (Some(100_102), "bob", "bob", 0)
        ]
    );
    let teams: Vec<_> = projection
        .teams
        .iter()
        .map(|team| {
            let name = team.entry.name.as_str();
            (team.entry.gid, name, projection.members(name).join(" "))
        })
        .collect();
    assert_eq!(
        teams,
        [
            (Some(100_202), "0", "ada".to_owned()),
            (Some(100_201), "staff", "ada bob".to_owned()),
        ]
    );
    let remarks = projection.remarks.join("\n");
    for told in [
        "user with id \"0100103\": not understood",
        "user with id \"x\": not understood",
        "user with id \"100104\": not understood",
        "user with id 100105: no name",
        "user with id \"100106\": not understood",
        "group \"no-id\": not understood",
        "group \"no-list\": not understood",
        "group \"\": not understood",
        "group \"nothing\": not understood",
        "2 memberships of people who are not active",
        "password hashes to \"hosts\"",
    ] {
        assert!(remarks.contains(told), "{told} in {remarks}");
    }
    assert!(!format!("{projection:?}").contains(HASH));
    let asked = script.server.asked();
    assert!(asked[2].has("/json/fas_client/group_data"));
    assert!(asked[2].body.ends_with("&force_refresh=True"));
}

#[tokio::test]
async fn a_failure_is_never_an_empty_directory() {
    let good_users = r#"{"success":true,"data":{"100101":{"username":"ada","ssh_key":"k"}}}"#;
    let good_groups = r#"{"success":true,"data":{}}"#;
    let (_, read) = everybody(good_users, good_groups).await;
    assert!(read.unwrap().remarks.is_empty());
    for bad in [
        r#"{"success":false,"data":{}}"#,
        r#"{"data":{}}"#,
        r#"{"success":true}"#,
        r#"{"success":true,"data":null}"#,
        r#"{"success":true,"data":[]}"#,
        r#"{"exc":"DBAPIError","success":true,"data":{}}"#,
        r#"{"success":true,"data":{"100101":{"username":"ada""#,
        "[]",
    ] {
        let (_, read) = everybody(bad, good_groups).await;
        assert_eq!(decision(&read), "nonsense", "{bad}");
        let (_, read) = everybody(good_users, bad).await;
        assert_eq!(decision(&read), "nonsense", "{bad}");
    }
}

#[tokio::test]
async fn an_answer_about_everybody_that_breaks_off_or_does_not_end_is_taken_not_even_in_part() {
    const GOOD: &str = r#"{"success":true,"data":{"100101":{"username":"ada","ssh_key":"k"}}}"#;
    const GROUPS: &str = r#"{"success":true,"data":{"staff":{"id":100201,"administrators":[],"sponsors":[],"users":[100101]}}}"#;
    let spaces = " ".repeat(1_000);
    let too_long = json(&format!("{GOOD}{spaces}"));
    // As if more were to come, and then the connection ends.
    let broken_off =
        json(GOOD).replace("Content-Length: ", "Connection: close\r\nContent-Length: 9");
    let two = json(&format!("{GOOD}{GOOD}"));
    let key_twice = json(&GOOD.replace("\"success\"", "\"data\":{},\"success\""));
    for (users, expected, said) in [
        (json(GOOD), "yes", ""),
        (too_long, "nonsense", "longer than 1000 bytes"),
        (broken_off, "unreachable", "broke off"),
        (two, "nonsense", "not the JSON"),
        (key_twice, "nonsense", "not the JSON"),
    ] {
        let told = users.clone();
        let script = Script::with(
            move |asked| match asked.line.as_str() {
                _ if asked.body.contains(OUR_PASSWORD) => json(&person("hosts", 100_001, "active")),
                line if line.contains("user_data") => users.clone(),
                _ => json(GROUPS),
            },
            |settings| settings.everybody_max = 1_000,
        )
        .await;
        let read = script.fas.everybody().await;
        assert_eq!(decision(&read), expected, "{told}");
        match read {
            Ok(projection) => assert_eq!(projection.members("staff"), ["ada"]),
            Err(error) => assert!(error.to_string().contains(said), "{error}: {told}"),
        }
        assert_eq!(decision(&script.fas.user_data().await), expected, "{told}");
    }
}

#[tokio::test]
async fn an_account_without_rights_is_remarked_on() {
    let users =
        r#"{"success":true,"data":{"100101":{"username":"ada","password":"*","ssh_key":""}}}"#;
    let (_, read) = everybody(users, r#"{"success":true,"data":{}}"#).await;
    let remarks = read.unwrap().remarks;
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].contains("SSH keys") && remarks[0].contains("thirdparty"));
}
