//! From Crowd's JSON to our meaning: persons, teams, verdicts. Checks that a value
//! *is* what it should be; whether it may be used is admission's to decide.

use super::super::remarks::Remarks;
use super::super::{DirectoryError, ImmutableKey, Membership, Person, Team, Verified};
use super::model::{Attributes, Group, User};
use super::verdict::nonsense;
use crate::name::UserName;
use crate::text;

/// The custom attributes that hold POSIX data; Crowd itself knows none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeNames {
    /// A person's user id.
    pub uid_number: String,
    /// A person's primary group, or a group's own id.
    pub gid_number: String,
    /// A person's login shell.
    pub login_shell: String,
    /// A person's home folder.
    pub home_directory: String,
    /// A person's SSH public keys, as many values as there are keys.
    pub ssh_public_key: String,
    /// The full name that is shown in the place of Crowd's own.
    pub gecos: String,
}

impl Default for AttributeNames {
    fn default() -> Self {
        Self {
            uid_number: "uidNumber".to_owned(),
            gid_number: "gidNumber".to_owned(),
            login_shell: "loginShell".to_owned(),
            home_directory: "homeDirectory".to_owned(),
            ssh_public_key: "sshPublicKey".to_owned(),
            gecos: "gecos".to_owned(),
        }
    }
}

/// The name under which Crowd itself tells people and groups apart.
pub(super) fn canonical(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A person; `None` (and a remark) without a name.
pub(super) fn person(user: &User, names: &AttributeNames, remarks: &mut Remarks) -> Option<Person> {
    let Some(name) = present(user.name.as_deref()) else {
        remarks.add("a user without a name left out".to_owned());
        return None;
    };
    let attributes = user.attributes.as_ref();
    let mut id = |attribute: &str| number("user", name, attributes, attribute, remarks);
    Some(Person {
        key: user_key(user, name),
        name: name.to_owned(),
        display_name: first(attributes, &names.gecos)
            .or_else(|| display_name(user))
            .unwrap_or_else(|| name.to_owned()),
        // Absent is not false; whoever is not active is told so at login.
        active: user.active.unwrap_or(true),
        uid: id(&names.uid_number),
        gid: id(&names.gid_number),
        shell: first(attributes, &names.login_shell),
        home: first(attributes, &names.home_directory),
        ssh_keys: lines(attributes, &names.ssh_public_key),
    })
}

/// A group without its members; `None` (and a remark) without a name, and for the
/// roles of very old servers.
pub(super) fn team(group: &Group, names: &AttributeNames, remarks: &mut Remarks) -> Option<Team> {
    let Some(name) = present(group.name.as_deref()) else {
        remarks.add("a group without a name left out".to_owned());
        return None;
    };
    if group.kind.as_deref().is_some_and(|kind| kind != "GROUP") {
        return None;
    }
    Some(Team {
        key: ImmutableKey::from_name(&canonical(name)),
        name: name.to_owned(),
        active: group.active.unwrap_or(true),
        gid: number(
            "group",
            name,
            group.attributes.as_ref(),
            &names.gid_number,
            remarks,
        ),
        group_type: None,
    })
}

/// The verdict in a good answer to a password check, if it is about `asked`.
pub(super) fn verified(user: &User, asked: &UserName) -> Result<Verified, DirectoryError> {
    let name = check_about(user.name.as_deref(), asked.as_str())?;
    if user.active == Some(false) {
        return Err(DirectoryError::Locked);
    }
    Ok(Verified {
        key: user_key(user, name),
        name: name.to_owned(),
        expires: None,
        sighting: None,
    })
}

/// The name in an answer about `asked`, as the server spells it; nonsense if it is another's.
pub(super) fn check_about<'a>(
    name: Option<&'a str>,
    asked: &str,
) -> Result<&'a str, DirectoryError> {
    let name =
        present(name).ok_or_else(|| nonsense("the server answers and does not say about whom"))?;
    if canonical(name) == canonical(asked) {
        return Ok(name);
    }
    Err(nonsense(format!(
        "asked about {}, the server answers about {:?}",
        text::safe(asked, 64),
        text::safe(name, 64)
    )))
}

/// A group that a person is in, of which nothing but the name is said; `None` without one.
pub(super) fn membership(group: &Group) -> Option<Membership> {
    let name = present(group.name.as_deref())?;
    Some(Membership {
        key: ImmutableKey::from_name(&canonical(name)),
        name: name.to_owned(),
        gid: None,
        group_type: None,
    })
}

/// The key that survives renames. Old servers give none: then the name stands for it.
pub(super) fn user_key(user: &User, name: &str) -> ImmutableKey {
    match present(user.key.as_deref()) {
        Some(key) => ImmutableKey::given(key),
        None => ImmutableKey::from_name(&canonical(name)),
    }
}

fn display_name(user: &User) -> Option<String> {
    if let Some(whole) = present(user.display_name.as_deref()) {
        return Some(whole.to_owned());
    }
    let parts: Vec<&str> = [&user.first_name, &user.last_name]
        .into_iter()
        .filter_map(|part| present(part.as_deref()))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn first(attributes: Option<&Attributes>, name: &str) -> Option<String> {
    attributes?
        .values(name)
        .find(|value| !value.is_empty())
        .map(str::to_owned)
}

fn lines(attributes: Option<&Attributes>, name: &str) -> Vec<String> {
    attributes
        .into_iter()
        .flat_map(|attributes| attributes.values(name))
        .flat_map(str::lines)
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// An id: exactly one strictly decimal value. Anything else is remarked on.
fn number(
    kind: &str,
    owner: &str,
    attributes: Option<&Attributes>,
    name: &str,
    remarks: &mut Remarks,
) -> Option<u32> {
    let mut values = attributes?.values(name).filter(|value| !value.is_empty());
    let value = values.next()?;
    let owner = text::safe(owner, 64);
    if values.next().is_some() {
        remarks.add(format!("{kind} {owner:?}: {name} has several values"));
        return None;
    }
    let id = decimal(value);
    if id.is_none() {
        let value = text::safe(value, 32);
        remarks.add(format!("{kind} {owner:?}: {name} {value:?} is not an id"));
    }
    id
}

/// Digits only: no sign, space or leading zero, which other tools read in other ways.
fn decimal(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    (plain && !leading_zero).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = r#"{"expand":"attributes",
 "link":{"href":"https://c.example/crowd/rest/usermanagement/1/user?username=ann","rel":"self"},
 "name":"Ann","first-name":"Ann","last-name":"Lee","display-name":"Ann Lee","email":"ann@example.org",
 "password":{"link":{"href":"x","rel":"edit"}},
 "key":"32769:7d3b6c1e","created-date":1700000000000,"updated-date":1700000001000,
 "directory-id":32769,"directory-name":"Main","active":true,
 "attributes":{"attributes":[
   {"name":"uidNumber","values":["20001"],"link":{"href":"x","rel":"self"}},
   {"name":"gidNumber","values":["20000"]},
   {"name":"loginShell","values":["/bin/zsh"]},
   {"name":"homeDirectory","values":["/srv/ann"]},
   {"name":"sshPublicKey","values":["ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n","ssh-rsa CCCC three"]}],
  "link":{"href":"x","rel":"self"}}}"#;

    fn read(json: &str) -> (Option<Person>, Vec<String>) {
        let mut remarks = Remarks::default();
        let user = serde_json::from_str(json).unwrap();
        let person = person(&user, &AttributeNames::default(), &mut remarks);
        (person, remarks.into_lines())
    }

    #[test]
    fn a_full_user_is_read_with_every_posix_attribute() {
        let (person, remarks) = read(ANN);
        assert_eq!(
            person,
            Some(Person {
                key: ImmutableKey::given("32769:7d3b6c1e"),
                name: "Ann".to_owned(),
                display_name: "Ann Lee".to_owned(),
                active: true,
                uid: Some(20001),
                gid: Some(20000),
                shell: Some("/bin/zsh".to_owned()),
                home: Some("/srv/ann".to_owned()),
                ssh_keys: vec![
                    "ssh-ed25519 AAAA one".to_owned(),
                    "ssh-ed25519 BBBB two".to_owned(),
                    "ssh-rsa CCCC three".to_owned(),
                ],
            })
        );
        assert!(remarks.is_empty());
    }

    #[test]
    fn an_old_servers_user_has_the_canonical_name_for_a_key() {
        let (person, _) = read(r#"{"name":"ALee","first-name":"Ann"}"#);
        let person = person.unwrap();
        assert_eq!(person.key, ImmutableKey::from_name("alee"));
        assert_eq!(
            (person.name.as_str(), person.display_name.as_str()),
            ("ALee", "Ann")
        );
        assert!(person.active, "absent is not false");
    }

    #[test]
    fn a_gecos_attribute_is_the_full_name_that_is_shown() {
        let shown = |gecos: &str| {
            let values = format!(r#"[{{"name":"gecos","values":{gecos}}}]"#);
            let user = format!(
                r#"{{"name":"a","display-name":"Ann Lee","attributes":{{"attributes":{values}}}}}"#
            );
            read(&user).0.unwrap().display_name
        };
        assert_eq!(shown(r#"["Dr Ann Lee,B12"]"#), "Dr Ann Lee,B12");
        assert_eq!(shown(r#"["","second"]"#), "second");
        assert_eq!(shown(r#"[""]"#), "Ann Lee");
        assert_eq!(shown("[]"), "Ann Lee");
    }

    #[test]
    fn nulls_and_missing_lists_are_not_there() {
        let (person, remarks) = read(
            r#"{"name":"a","key":null,"active":false,"attributes":{"attributes":[{"name":"uidNumber","values":null},{"values":["1"]}]}}"#,
        );
        let person = person.unwrap();
        assert_eq!((person.uid, person.active), (None, false));
        assert!(remarks.is_empty());
        assert!(
            read(r#"{"name":"a","attributes":{"attributes":null}}"#)
                .0
                .is_some()
        );
        let (nobody, remarks) = read(r#"{"name":""}"#);
        assert_eq!(nobody, None);
        assert_eq!(remarks, ["a user without a name left out"]);
    }

    #[test]
    fn an_id_is_strictly_decimal_or_remarked_on() {
        let check =
            |value: &str, expected: Option<u32>| assert_eq!(decimal(value), expected, "{value:?}");
        check("20001", Some(20001));
        check("4294967295", Some(u32::MAX));
        check("0", Some(0));
        for wrong in [
            "+1",
            "-1",
            " 1",
            "1 ",
            "01",
            "1e3",
            "0x10",
            "4294967296",
            "१",
            "",
        ] {
            check(wrong, None);
        }
        let (person, remarks) = read(
            r#"{"name":"a","attributes":{"attributes":[{"name":"uidNumber","values":["0x10\u001b"]},{"name":"gidNumber","values":["1","2"]}]}}"#,
        );
        assert_eq!(
            person.map(|person| (person.uid, person.gid)),
            Some((None, None))
        );
        assert_eq!(
            remarks,
            [
                r#"user "a": uidNumber "0x10" is not an id"#,
                r#"user "a": gidNumber has several values"#
            ]
        );
    }

    #[test]
    fn a_verdict_about_somebody_else_is_nonsense() {
        let asked = UserName::new("ann").unwrap();
        let verdict = |json: &str| verified(&serde_json::from_str(json).unwrap(), &asked);
        let verified = verdict(ANN).unwrap();
        assert_eq!(verified.key, ImmutableKey::given("32769:7d3b6c1e"));
        assert_eq!(verified.name, "Ann");
        for json in [r#"{"name":"bob"}"#, "{}", r#"{"name":"ann "}"#] {
            assert!(
                matches!(verdict(json), Err(DirectoryError::Nonsense { .. })),
                "{json}"
            );
        }
        let locked = verdict(r#"{"name":"ann","active":false}"#);
        assert!(matches!(locked, Err(DirectoryError::Locked)));
    }

    #[test]
    fn a_role_of_an_old_server_is_no_group() {
        let read = |json: &str| {
            team(
                &serde_json::from_str(json).unwrap(),
                &AttributeNames::default(),
                &mut Remarks::default(),
            )
        };
        assert!(read(r#"{"name":"r","type":"LEGACY_ROLE"}"#).is_none());
        let team = read(r#"{"name":"Dev Team","type":"GROUP","active":false,"attributes":{"attributes":[{"name":"gidNumber","values":["30000"]}]}}"#).unwrap();
        assert_eq!(team.key, ImmutableKey::from_name("dev team"));
        assert_eq!((team.gid, team.active), (Some(30000), false));
    }
}
