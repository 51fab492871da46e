//! Crowd's single calls: what goes over the wire, and answers that a server should not give.

use super::*;

fn ann() -> UserName {
    UserName::new("ann").unwrap()
}

#[tokio::test]
async fn a_search_is_posted_as_xml_and_its_people_are_asked_about_singly() {
    let script = Script::new(|asked| {
        if asked.has("/search?") && asked.has("start-index=0&") {
            json(r#"{"users":[{"name":"ann"},{"name":"ANN"},{"name":"gone"}]}"#)
        } else if asked.has("/search?") {
            json(r#"{"users":[]}"#)
        } else if asked.has("username=ann&") {
            json(r#"{"name":"ann","attributes":{"attributes":[{"name":"uidNumber","values":["7"]}]}}"#)
        } else {
            let unknown = r#"{"reason":"USER_NOT_FOUND"}"#;
            crowd("404 Not Found", "application/json", unknown)
        }
    })
    .await;
    let value = "x\" or name = \"*</value>";
    let restriction = Restriction::text(Property::Email, Match::Exactly, value).unwrap();
    let people = script.crowd.search_people(&restriction).await.unwrap();
    let found: Vec<_> = people.iter().map(|one| (&*one.name, one.uid)).collect();
    assert_eq!(found, [("ann", Some(7))]);
    let asked = &script.asked()[0];
    assert_eq!(
        asked.line,
        "POST /crowd/rest/usermanagement/1/search?entity-type=user&start-index=0&max-results=2 HTTP/1.1"
    );
    assert!(asked.headers.contains("content-type: application/xml"));
    assert!(asked.headers.contains("accept: application/json"));
    assert!(
        asked
            .body
            .contains("<value>x&#34; or name = &#34;*&#60;/value&#62;</value>"),
        "{}",
        asked.body
    );
}

#[tokio::test]
async fn a_membership_is_a_yes_only_where_the_answer_names_it() {
    for (answer, expected) in [
        (r#"{"name":"Linux Users"}"#, true),
        (
            r#"{"groups":[{"name":"others"},{"name":"linux users"}]}"#,
            true,
        ),
        (r#"{"groups":[{"name":"others"}]}"#, false),
        (r#"{"groups":[]}"#, false),
        (r#"{"name":"others"}"#, false),
        ("{}", false),
    ] {
        let script = Script::new(move |_| json(answer)).await;
        let crowd = &script.crowd;
        let found = [
            crowd.belongs(&ann(), "linux users").await.unwrap(),
            crowd
                .has_parent("dev", "linux users", Reach::Direct)
                .await
                .unwrap(),
            crowd
                .has_child("all", "linux users", Reach::Nested)
                .await
                .unwrap(),
        ];
        assert_eq!(found, [expected; 3], "{answer}");
    }
}

#[tokio::test]
async fn each_kin_has_its_own_path_and_parameters() {
    let script = Script::new(|_| json(r#"{"users":[],"x":1}"#)).await;
    let crowd = &script.crowd;
    let (direct, nested) = (Reach::Direct, Reach::Nested);
    crowd.groups_of(&ann(), direct).await.unwrap();
    crowd.members("g", nested).await.unwrap();
    crowd.children("g", direct).await.unwrap();
    crowd.parents("g", nested).await.unwrap();
    crowd.is_in(&ann(), "g", direct).await.unwrap();
    crowd.has_member("g", &ann(), direct).await.unwrap();
    crowd.has_child("g", "c", direct).await.unwrap();
    crowd.has_parent("g", "p", nested).await.unwrap();
    let page = "&start-index=0&max-results=2";
    let expected = [
        format!("user/group/direct?username=ann{page}"),
        format!("group/user/nested?groupname=g{page}"),
        format!("group/child-group/direct?groupname=g{page}"),
        format!("group/parent-group/nested?groupname=g{page}"),
        "user/group/direct?username=ann&groupname=g".to_owned(),
        "group/user/direct?groupname=g&username=ann".to_owned(),
        "group/child-group/direct?groupname=g&child-groupname=c".to_owned(),
        "group/parent-group/nested?groupname=g&parent-groupname=p".to_owned(),
    ];
    let asked: Vec<String> = script
        .asked()
        .into_iter()
        .map(|asked| {
            let path = asked.line.strip_prefix("GET /crowd/rest/usermanagement/1/");
            path.unwrap().trim_end_matches(" HTTP/1.1").to_owned()
        })
        .collect();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn an_answer_about_another_key_is_not_believed() {
    let script = Script::new(|_| json(r#"{"name":"ann","key":"32769:b"}"#)).await;
    let asked = ImmutableKey::given("32769:a");
    let error = script.crowd.person_with_key(&asked).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Nonsense { .. }), "{error}");
    let asked = ImmutableKey::given("32769:b");
    let found = script.crowd.person_with_key(&asked).await.unwrap();
    assert_eq!(found.name, "ann");
    assert!(script.asked()[1].has("/user?key=32769%3Ab&expand=attributes"));
    let old = Script::new(|_| json(r#"{"name":"Ann"}"#)).await;
    let asked = ImmutableKey::from_name("ann");
    assert_eq!(old.crowd.person_with_key(&asked).await.unwrap().name, "Ann");
    assert!(old.asked()[0].has("/user?username=ann&"));
}

#[tokio::test]
async fn an_empty_bucket_is_left_alone_until_it_is_filled() {
    let script = Script::new(|_| {
        "HTTP/1.1 429 Too Many Requests\r\nX-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Interval-Seconds: 60\r\nX-RateLimit-FillRate: 10\r\nContent-Length: 0\r\n\r\n".to_owned()
    })
    .await;
    let Err(DirectoryError::Unreachable { retry_after, .. }) = script.crowd.probe().await else {
        panic!("a pause is no answer");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(60)));
}
