//! What Gafaelfawr's answers mean to us: who somebody is, and in which groups.

use serde_json::Value;

use super::super::{DirectoryError, ImmutableKey, Membership, Person, Sighting};
use super::model::{Group, UserInfo};
use super::verdict::nonsense;

/// The person of an answer about `name`. Without a uid nobody is there: the server
/// answers so about everybody whom it does not know. That is *NotFound*.
pub(super) fn sighting(info: &UserInfo, name: &str) -> Result<Sighting, DirectoryError> {
    if info.username != name {
        return Err(nonsense("the answer is about somebody else"));
    }
    let Some(uid) = number(info.uid.as_ref(), "uid")? else {
        return Err(DirectoryError::NotFound);
    };
    let gid = number(info.gid.as_ref(), "gid")?;
    // Gafaelfawr has no other key. Names can be reassigned, and then the uid differs.
    let key = ImmutableKey::given(&uid.to_string());
    let mut person = Person::named(key, &info.username);
    person.display_name = info.name.clone().unwrap_or_default();
    person.uid = Some(id_or_reserved(uid));
    person.gid = gid.map(id_or_reserved);
    let groups = info.groups.iter().flatten();
    Ok(Sighting {
        person,
        groups: groups.filter_map(membership).collect(),
    })
}

/// A group, if its id can be one here: the server sets ids no bounds, not even below.
fn membership(group: &Group) -> Option<Membership> {
    let id = u32::try_from(group.id.as_ref()?.as_i64()?).ok()?;
    if matches!(id, 0 | u32::MAX) {
        return None;
    }
    Some(Membership {
        key: ImmutableKey::given(&id.to_string()),
        name: group.name.clone(),
        gid: Some(id),
        group_type: None,
    })
}

/// A whole number, if there is one; whatever else is there cannot be believed.
fn number(value: Option<&Value>, what: &str) -> Result<Option<i128>, DirectoryError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let signed = value.as_i64().map(i128::from);
    let number = signed.or_else(|| value.as_u64().map(i128::from));
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(nonsense(format!("the {what} is not a whole number"))),
    }
}

/// The id, or one that is reserved and refused everywhere, so that whoever has an
/// impossible id is reported with it and never has it wrapped into a possible one.
fn id_or_reserved(number: i128) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Sighting, DirectoryError> {
        sighting(&serde_json::from_str(body).unwrap(), "vera")
    }

    #[test]
    fn a_person_is_read_with_all_groups_and_nothing_is_made_up() {
        let found = read(
            r#"{"username":"vera","name":"Vera Rubin","email":"v@example.org","uid":60001,"gid":61000,
                "groups":[{"name":"vera","id":60001},{"name":"g.Admins","id":61001,"new":1}],
                "quota":{"api":{}},"something":"new"}"#,
        )
        .unwrap();
        let mut vera = Person::named(ImmutableKey::given("60001"), "vera");
        vera.display_name = "Vera Rubin".to_owned();
        (vera.uid, vera.gid) = (Some(60001), Some(61000));
        assert_eq!(found.person, vera);
        let group = |name: &str, id: u32| Membership {
            key: ImmutableKey::given(&id.to_string()),
            name: name.to_owned(),
            gid: Some(id),
            group_type: None,
        };
        assert_eq!(
            found.groups,
            [group("vera", 60001), group("g.Admins", 61001)]
        );
    }

    #[test]
    fn what_is_absent_or_null_says_nothing() {
        for body in [
            r#"{"username":"vera","uid":60001}"#,
            r#"{"username":"vera","uid":60001,"gid":null,"name":null,"groups":null}"#,
        ] {
            let found = read(body).unwrap();
            assert_eq!((found.person.gid, found.groups.len()), (None, 0), "{body}");
            assert_eq!(found.person.display_name, "");
        }
    }

    #[test]
    fn who_has_no_uid_does_not_exist_and_an_answer_about_another_is_none() {
        for body in [
            r#"{"username":"vera"}"#,
            r#"{"username":"vera","groups":[]}"#,
            r#"{"username":"vera","uid":null,"quota":{"api":{"svc":1}}}"#,
        ] {
            assert!(
                matches!(read(body), Err(DirectoryError::NotFound)),
                "{body}"
            );
        }
        for body in [
            r#"{"username":"Vera","uid":60001}"#,
            r#"{"username":"mallory"}"#,
            r#"{"username":"vera","uid":"60001"}"#,
            r#"{"username":"vera","uid":60001.5}"#,
            r#"{"username":"vera","uid":1e30}"#,
            r#"{"username":"vera","uid":60001,"gid":[]}"#,
        ] {
            let error = read(body).unwrap_err();
            assert!(
                matches!(error, DirectoryError::Nonsense { .. }),
                "{body}: {error}"
            );
        }
    }

    #[test]
    fn an_impossible_id_becomes_a_reserved_one_and_never_another_persons() {
        for uid in [
            "4294967295",
            "4294967296",
            "4295027297",
            "-1",
            "18446744073709551615",
        ] {
            let body = format!(r#"{{"username":"vera","uid":{uid},"gid":{uid}}}"#);
            let person = read(&body).unwrap().person;
            assert_eq!(
                (person.uid, person.gid),
                (Some(u32::MAX), Some(u32::MAX)),
                "{uid}"
            );
            assert_eq!(person.key, ImmutableKey::given(uid));
        }
        let zero = read(r#"{"username":"vera","uid":0}"#).unwrap();
        assert_eq!(zero.person.uid, Some(0), "admission refuses it");
    }

    #[test]
    fn groups_with_impossible_ids_are_dropped_and_the_others_stay() {
        let found = read(
            r#"{"username":"vera","uid":60001,"groups":[{"name":"root","id":0},{"name":"neg","id":-5},
                {"name":"max","id":4294967295},{"name":"wide","id":4294967297},{"name":"none"},
                {"name":"text","id":"7"},{"name":"half","id":7.5},{"name":"good","id":4294967294},
                {"name":"one","id":1}]}"#,
        )
        .unwrap();
        let names: Vec<&str> = found
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect();
        assert_eq!(names, ["good", "one"]);
    }
}
