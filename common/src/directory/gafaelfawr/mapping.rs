//! What Gafaelfawr's answers mean to us: who somebody is, and in which groups.

use std::collections::HashMap;

use serde_json::Value;

use super::super::remarks::Remarks;
use super::super::{
    DirectoryError, ImmutableKey, Listed, Membership, Person, Projection, Sighting, Team,
};
use super::model::{Group, GroupLists, UserInfo};
use super::verdict::nonsense;
use crate::text;

/// The longest name that a remark shows.
const SHOWN_MAX: usize = 80;

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

/// Everybody who has a uid, and all groups: those of the lists, and those that only
/// somebody's own groups name.
pub(super) fn projection(
    users: &[UserInfo],
    lists: &GroupLists,
) -> Result<Projection, DirectoryError> {
    let mut remarks = Remarks::default();
    let sightings = sightings(users, &mut remarks)?;
    let mut teams = Teams::default();
    for group in [&lists.system, &lists.user].into_iter().flatten().flatten() {
        match membership(group) {
            Some(group) => teams.add(group, &mut remarks),
            None => remarks.add(format!(
                "the group {} has an id that none can have here",
                text::safe(&group.name, SHOWN_MAX)
            )),
        }
    }
    let mut people = Vec::with_capacity(sightings.len());
    for Sighting { person, groups } in sightings {
        people.push(Listed {
            entry: person,
            groups: teams.places_of(groups, &mut remarks),
        });
    }
    Ok(Projection {
        people,
        teams: teams.all,
        remarks: remarks.into_lines(),
        until: None,
    })
}

/// Those of `users` who exist, each uid once: of several with one, none is believed.
fn sightings(users: &[UserInfo], remarks: &mut Remarks) -> Result<Vec<Sighting>, DirectoryError> {
    let mut by_key: HashMap<ImmutableKey, Vec<Sighting>> = HashMap::new();
    let mut without = 0;
    for info in users {
        match sighting(info, &info.username) {
            Ok(found) => by_key
                .entry(found.person.key.clone())
                .or_default()
                .push(found),
            Err(DirectoryError::NotFound) => without += 1,
            Err(error) => return Err(error),
        }
    }
    remarks.count(
        without,
        "listed users have no uid and are not served; if they get one only when they are \
         asked about, lists = \"never\" does so",
    );
    let mut alone = Vec::with_capacity(by_key.len());
    for (key, mut claimants) in by_key {
        match (claimants.pop(), claimants.is_empty()) {
            (Some(one), true) => alone.push(one),
            _ => remarks.add(format!("several users have the uid {key}; none is served")),
        }
    }
    alone.sort_by(|one, other| one.person.name.cmp(&other.person.name));
    Ok(alone)
}

/// Groups, by id: two names of one id are one group on a host.
#[derive(Default)]
struct Teams {
    all: Vec<Listed<Team>>,
    places: HashMap<ImmutableKey, u32>,
}

impl Teams {
    fn add(&mut self, group: Membership, remarks: &mut Remarks) {
        let shown = text::safe(&group.name, SHOWN_MAX);
        let known = self
            .places
            .get(&group.key)
            .and_then(|place| self.at(*place));
        match known {
            Some(known) if known.name != group.name => remarks.add(format!(
                "the group {shown} has the id of {} and is not served",
                text::safe(&known.name, SHOWN_MAX)
            )),
            Some(_) => {}
            None => self.put(group),
        }
    }

    fn at(&self, place: u32) -> Option<&Team> {
        let listed = self.all.get(usize::try_from(place).ok()?)?;
        Some(&listed.entry)
    }

    fn put(&mut self, group: Membership) {
        let Ok(place) = u32::try_from(self.all.len()) else {
            return;
        };
        self.places.insert(group.key.clone(), place);
        let entry = Team {
            key: group.key,
            name: group.name,
            active: true,
            gid: group.gid,
            group_type: None,
        };
        let groups = Vec::new();
        self.all.push(Listed { entry, groups });
    }

    /// The places of somebody's groups, ascending, each once.
    fn places_of(&mut self, groups: Vec<Membership>, remarks: &mut Remarks) -> Vec<u32> {
        let mut places = Vec::with_capacity(groups.len());
        for group in groups {
            let key = group.key.clone();
            if !self.places.contains_key(&key) {
                self.add(group, remarks);
            }
            places.extend(self.places.get(&key));
        }
        places.sort_unstable();
        places.dedup();
        places
    }
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

    fn listing(users: &str, groups: &str) -> Projection {
        let users: Vec<UserInfo> = serde_json::from_str(users).unwrap();
        projection(&users, &serde_json::from_str(groups).unwrap()).unwrap()
    }

    #[test]
    fn everybody_with_a_uid_is_read_and_membership_comes_from_the_users() {
        let read = listing(
            r#"[{"username":"vera","uid":60001,"gid":61000,"groups":[{"name":"staff","id":61000},{"name":"vera","id":60001}]},
                {"username":"carol"},{"username":"ada","uid":60002}]"#,
            r#"{"user":[],"system":[{"name":"staff","id":61000},{"name":"empty","id":61001},{"name":"bad","id":0}]}"#,
        );
        let names: Vec<_> = read
            .people
            .iter()
            .map(|one| one.entry.name.as_str())
            .collect();
        assert_eq!(names, ["ada", "vera"]);
        let teams: Vec<_> = read
            .teams
            .iter()
            .map(|one| one.entry.name.as_str())
            .collect();
        assert_eq!(teams, ["staff", "empty", "vera"]);
        assert_eq!(read.members("staff"), ["vera"]);
        assert_eq!(read.people[1].groups, [0, 2]);
        let said = read.remarks.join("\n");
        assert!(said.contains("1 listed users have no uid"), "{said}");
        assert!(said.contains("the group bad has an id"), "{said}");
    }

    #[test]
    fn one_uid_of_two_users_is_neithers_and_one_gid_of_two_groups_is_one_group() {
        let read = listing(
            r#"[{"username":"vera","uid":60001},{"username":"mallory","uid":60001},
                {"username":"ada","uid":60002,"groups":[{"name":"b","id":7000},{"name":"a","id":7000}]}]"#,
            r#"{"user":[{"name":"b","id":7000}],"system":[{"name":"a","id":7000}]}"#,
        );
        assert_eq!(read.people.len(), 1);
        assert_eq!(read.people[0].groups, [0]);
        assert_eq!(read.teams[0].entry.name, "a");
        let said = read.remarks.join("\n");
        assert!(
            said.contains("several users have the uid key:60001"),
            "{said}"
        );
        assert!(said.contains("the group b has the id of a"), "{said}");
    }

    #[test]
    fn one_record_that_cannot_be_believed_spoils_the_list() {
        let users: Vec<UserInfo> = serde_json::from_str(
            r#"[{"username":"vera","uid":60001},{"username":"x2y","uid":"7"}]"#,
        )
        .unwrap();
        let read = projection(&users, &GroupLists::default());
        assert!(matches!(read, Err(DirectoryError::Nonsense { .. })));
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
