//! People, groups and roles as JSON, as much of them as the asker may see.

use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use super::account::{Group, RoleType, User};
use super::identity::Asker;
use super::population::Population;
use crate::sim::clock::iso;

/// When everything was made, in milliseconds since 1970.
const MADE: u64 = 1_262_401_445_000;

/// Every field of a person, always there.
pub(super) const PERSON_FIELDS: [&str; 33] = [
    "affiliation",
    "alias_enabled",
    "certificate_serial",
    "comments",
    "country_code",
    "creation",
    "email",
    "emailtoken",
    "facsimile",
    "gpg_keyid",
    "human_name",
    "id",
    "internal_comments",
    "ipa_sync_status",
    "ircnick",
    "last_seen",
    "latitude",
    "locale",
    "longitude",
    "old_password",
    "password",
    "password_changed",
    "passwordtoken",
    "postal_address",
    "privacy",
    "security_answer",
    "security_question",
    "ssh_key",
    "status",
    "status_change",
    "telephone",
    "timezone",
    "unverified_email",
];

/// What nobody sees of oneself.
const HIDDEN_FROM_SELF: [&str; 6] = [
    "emailtoken",
    "passwordtoken",
    "internal_comments",
    "alias_enabled",
    "security_answer",
    "ipa_sync_status",
];

/// What everybody sees of everybody.
const OPEN: [&str; 10] = [
    "id",
    "username",
    "email",
    "comments",
    "certificate_serial",
    "creation",
    "last_seen",
    "status",
    "status_change",
    "privacy",
];

/// What everybody sees of those who did not hide it.
const OPEN_UNLESS_PRIVATE: [&str; 9] = [
    "human_name",
    "gpg_keyid",
    "affiliation",
    "locale",
    "ircnick",
    "timezone",
    "latitude",
    "longitude",
    "country_code",
];

/// Who looks at whom.
fn sees(asker: &Asker, user: &User, field: &str) -> bool {
    let rights = asker.rights;
    if rights.admin || rights.system {
        return true;
    }
    if asker.name == user.username {
        return !HIDDEN_FROM_SELF.contains(&field);
    }
    OPEN.contains(&field)
        || (!user.privacy && OPEN_UNLESS_PRIVATE.contains(&field))
        || (rights.thirdparty && field == "ssh_key")
}

/// A person's fields without memberships; what is hidden is null, a password `*`.
pub(super) fn person(user: &User, asker: &Asker) -> Map<String, Value> {
    let fields = PERSON_FIELDS.into_iter().chain(["username"]);
    fields
        .map(|field| {
            let value = match field {
                _ if sees(asker, user, field) => value(user, field),
                "password" => json!("*"),
                _ => Value::Null,
            };
            (field.to_owned(), value)
        })
        .collect()
}

fn value(user: &User, field: &str) -> Value {
    match field {
        "id" => json!(user.id),
        "username" => json!(user.username),
        "human_name" => json!(user.human_name),
        "email" => json!(user.email),
        "status" => json!(user.status),
        "ssh_key" => json!(user.ssh_key),
        "password" => json!(hash(user)),
        "old_password" => json!(hash(user)),
        "privacy" => json!(user.privacy),
        "ircnick" => json!(user.ircnick),
        "locale" => json!("C"),
        "timezone" => json!("UTC"),
        "security_question" => json!("The colour of the sky?"),
        "certificate_serial" => json!(0),
        "creation" | "status_change" | "password_changed" => json!(date(MADE)),
        "last_seen" => json!(date(user.last_seen.max(MADE))),
        _ => Value::Null,
    }
}

/// The hash of a password in the form of crypt(3). It is made of the name alone, so
/// that nothing can be learnt from it; where it turns up, something has leaked.
pub(super) fn hash(user: &User) -> String {
    let digest = Sha1::digest(user.username.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("$6$muster{}${digits}{digits}", user.id)
}

/// A date as Python writes it; no microseconds if there are none.
pub(super) fn date(millis: u64) -> String {
    let text = iso(millis).replace('T', " ");
    match text.split_once('.') {
        Some((seconds, "000+00:00")) => format!("{seconds}+00:00"),
        Some((seconds, rest)) => format!("{seconds}.{}", rest.replace('+', "000+")),
        None => text,
    }
}

/// A group without its members.
pub(super) fn group(population: &Population, group: &Group) -> Value {
    let owner = group
        .approved()
        .find_map(|(name, _)| population.users.get(name))
        .map_or(0, |user| user.id);
    let display_name = Some(group.display_name.as_str()).filter(|name| !name.is_empty());
    json!({
        "id": group.id,
        "name": group.name,
        "display_name": display_name.unwrap_or(&group.name),
        "url": null,
        "mailing_list": null,
        "mailing_list_url": null,
        "irc_channel": null,
        "irc_network": null,
        "owner_id": owner,
        "group_type": group.kind,
        "needs_sponsor": false,
        "user_can_remove": true,
        "invite_only": false,
        "prerequisite_id": null,
        "joinmsg": "",
        "apply_rules": null,
        "creation": date(MADE),
    })
}

/// What somebody is in a group.
pub(super) fn role(user: &User, group: &Group, approved: Option<RoleType>) -> Value {
    let status = if approved.is_some() {
        "approved"
    } else {
        "unapproved"
    };
    json!({
        "person_id": user.id,
        "group_id": group.id,
        "role_type": approved.unwrap_or(RoleType::User).as_str(),
        "role_status": status,
        "internal_comments": null,
        "sponsor_id": null,
        "creation": date(MADE),
        "approval": approved.map(|_| date(MADE)),
    })
}

/// A person with all memberships: `memberships`, `roles` and `group_roles` mix the
/// approved with the others.
pub(super) fn person_with_memberships(
    population: &Population,
    user: &User,
    asker: &Asker,
) -> Map<String, Value> {
    let approved = population.groups_of(&user.username);
    let asked = population.groups_asked_by(&user.username);
    let both = || approved.iter().chain(&asked).copied();
    let shown =
        |groups: &[&Group]| -> Value { groups.iter().map(|one| group(population, one)).collect() };
    let role = |group: &Group| role(user, group, group.role_of(&user.username));
    let roles: Map<String, Value> = both().map(|one| (one.name.clone(), role(one))).collect();
    let mut person = person(user, asker);
    person.insert("roles".to_owned(), both().map(role).collect());
    person.insert("group_roles".to_owned(), Value::Object(roles));
    person.insert(
        "memberships".to_owned(),
        both().map(|one| group(population, one)).collect(),
    );
    person.insert("approved_memberships".to_owned(), shown(&approved));
    person.insert("unapproved_memberships".to_owned(), shown(&asked));
    person
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_python_does() {
        assert_eq!(date(MADE), "2010-01-02 03:04:05+00:00");
        assert_eq!(date(MADE + 7), "2010-01-02 03:04:05.007000+00:00");
    }
}
