//! The simulated Crowd's groups, memberships and searches, as the wire document has them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use common::{APPLICATION, Asker, people};
use muster_tests::sim::crowd::{Size, generate};
use reqwest::Method;
use reqwest::header::{ACCEPT, TRANSFER_ENCODING};
use serde_json::json;

#[tokio::test]
async fn memberships_are_streamed_xml_of_direct_members_whatever_is_accepted() {
    let asker = Asker::new(people());
    for accept in ["application/json", "application/xml", "text/html"] {
        let url = format!(
            "{}/rest/usermanagement/1/group/membership",
            asker.crowd.url()
        );
        let request = asker
            .client
            .get(url)
            .basic_auth(APPLICATION.0, Some(APPLICATION.1));
        let answer = request.header(ACCEPT, accept).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{accept}");
        assert_eq!(answer.headers()["content-type"], "application/xml");
        assert_eq!(answer.headers()[TRANSFER_ENCODING], "chunked");
        let text = answer.text().await.unwrap();
        // Names as stored, nobody who does not exist.
        let expected = "<membership group=\"dev team\"><users><user name=\"ada\"/></users>\
            <groups><group name=\"leaf\"/></groups></membership>";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("<membership group=\"alone\"><users/><groups/></membership>"));
    }
}

#[tokio::test]
async fn probes_answer_with_one_entity_or_404() {
    let asker = Asker::new(people());
    let (status, group) = asker
        .get("/user/group/nested?username=ALEE&groupname=staff")
        .await;
    assert_eq!((status, &group["name"]), (200, &json!("Staff")));
    let (status, user) = asker
        .get("/group/user/direct?groupname=LEAF&username=ALEE")
        .await;
    assert_eq!((status, &user["name"]), (200, &json!("ALee")));
    for path in [
        "/user/group/direct?username=alee&groupname=staff",
        "/group/user/direct?groupname=staff&username=alee",
        "/group/child-group/direct?groupname=staff&child-groupname=leaf",
    ] {
        let (status, error) = asker.get(path).await;
        assert_eq!(
            (status, &error["reason"]),
            (404, &json!("MEMBERSHIP_NOT_FOUND")),
            "{path}"
        );
    }
    let child = asker
        .get("/group/child-group/nested?groupname=staff&child-groupname=leaf")
        .await;
    assert_eq!(child.1["name"], "leaf");
}

#[tokio::test]
async fn a_cycle_of_groups_ends_and_no_group_is_its_own_kin() {
    let asker = Asker::new(people());
    let nested = asker.names("/group/user/nested?groupname=leaf").await;
    assert_eq!(nested, ["ada", "ALee", "old"]);
    for kin in ["child-group", "parent-group"] {
        let names = asker
            .names(&format!("/group/{kin}/nested?groupname=Staff"))
            .await;
        assert_eq!(names, ["dev team", "leaf"], "{kin}");
    }
}

#[tokio::test]
async fn changed_memberships_have_the_documented_statuses() {
    let asker = Asker::new(people());
    let join = "/user/group/direct?username=ada";
    assert_eq!(asker.post(join, json!({"name": "ALONE"})).await.0, 201);
    assert_eq!(asker.post(join, json!({"name": "alone"})).await.0, 409);
    assert_eq!(asker.post(join, json!({"name": "no group"})).await.0, 400);
    let unknown = asker
        .post("/user/group/direct?username=x", json!({"name": "alone"}))
        .await;
    assert_eq!(
        (unknown.0, &unknown.1["reason"]),
        (404, &json!("USER_NOT_FOUND"))
    );
    assert_eq!(
        asker
            .post("/group/user/direct?groupname=alone", json!({"name": "old"}))
            .await
            .0,
        201
    );
    assert_eq!(
        asker.names("/group/user/direct?groupname=alone").await,
        ["ada", "old"]
    );
    assert_eq!(
        asker
            .delete("/group/user/direct?groupname=alone&username=ADA")
            .await,
        204
    );
    assert_eq!(
        asker
            .delete("/group/user/direct?groupname=alone&username=ada")
            .await,
        404
    );
    let own = asker
        .post(
            "/group/child-group/direct?groupname=alone",
            json!({"name": "alone"}),
        )
        .await;
    assert_eq!(own.1["reason"], "INVALID_MEMBERSHIP");
}

#[tokio::test]
async fn lists_are_as_detailed_as_they_are_expanded() {
    let asker = Asker::new(people());
    let first = async |expand: &str| {
        let path = format!("/search?entity-type=user&expand={expand}");
        asker.get(&path).await.1["users"][0].clone()
    };
    let minimal = first("").await;
    assert_eq!(minimal.as_object().unwrap().len(), 2, "{minimal}");
    let plain = first("user").await;
    assert_eq!(
        (&plain["active"], &plain["attributes"]["attributes"]),
        (&json!(true), &json!([]))
    );
    let full = first("user,attributes").await;
    assert_eq!(
        full["attributes"]["attributes"].as_array().unwrap().len(),
        2
    );
    let (_, groups) = asker
        .get("/search?entity-type=group&expand=group,attributes")
        .await;
    let leaf = &groups["groups"][2];
    assert_eq!(
        leaf["attributes"]["attributes"][0]["values"],
        json!(["30001"])
    );
    assert_eq!(leaf["type"], "GROUP");
}

#[tokio::test]
async fn pages_hold_a_thousand_by_default_and_end_with_an_empty_one() {
    let size = Size {
        users: 2100,
        groups: 1,
    };
    let population = generate(size).application(people().applications[APPLICATION.0].clone());
    let asker = Asker::new(population);
    let mut sizes = Vec::new();
    for start in [0, 1000, 2000, 2100, 99_999] {
        let path = format!("/search?entity-type=user&start-index={start}");
        sizes.push(asker.names(&path).await.len());
    }
    assert_eq!(sizes, [1000, 1000, 100, 0, 0]);
    let page = "/group/user/direct?groupname=group0000&start-index=2098&max-results=5";
    assert_eq!(asker.names(page).await, ["user02098", "user02099"]);
    for garbled in ["start-index=x", "start-index=-1", "max-results=1.5"] {
        let (status, error) = asker
            .get(&format!("/search?entity-type=user&{garbled}"))
            .await;
        assert_eq!(
            (status, &error["reason"]),
            (400, &json!("ILLEGAL_ARGUMENT")),
            "{garbled}"
        );
    }
}

#[tokio::test]
async fn a_group_is_made_without_a_body_and_changed_with_one() {
    let asker = Asker::new(people());
    let (status, body) = asker
        .post("/group", json!({"name": "new", "type": "GROUP"}))
        .await;
    assert_eq!((status, body), (201, json!(null)));
    let change = json!({"name": "NEW", "type": "GROUP", "description": "d"});
    let (status, body) = asker
        .send(Method::PUT, "/group?groupname=new", change)
        .await;
    assert_eq!((status, &body["description"]), (200, &json!("d")));
    let wrong = asker
        .post("/group", json!({"name": "x", "type": "LEGACY_ROLE"}))
        .await;
    assert_eq!(wrong.1["reason"], "INVALID_GROUP");
    let attribute = json!({"attributes": [{"name": "gidNumber", "values": ["30009"]}]});
    assert_eq!(
        asker
            .post("/group/attribute?groupname=new", attribute)
            .await
            .0,
        204
    );
    let (_, group) = asker.get("/group?groupname=new&expand=attributes").await;
    assert_eq!(group["attributes"]["attributes"][0]["name"], "gidNumber");
}
