//! Searching people: by a pattern, and by FAS's little query language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::DirectoryError;
use super::Fas;
use super::calls::understood;
use super::client::Extent;
use super::model::{Id, Lenient, lenient};
use super::verdict::nonsense;

/// A column that FAS's query language knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The person's id: to be shown only, since FAS cannot compare it with a pattern.
    Id,
    /// The person's name.
    Username,
    /// The address.
    Email,
    /// The name on IRC.
    Ircnick,
    /// The account's status.
    Status,
    /// The name of a group that the person is in or has asked to be in.
    Group,
    /// That group's type.
    GroupType,
    /// `approved` or `unapproved`.
    RoleStatus,
    /// `user`, `sponsor` or `administrator`.
    RoleType,
    /// When somebody agreed.
    RoleApproval,
}

impl Column {
    /// As FAS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::Email => "email",
            Self::Ircnick => "ircnick",
            Self::Status => "status",
            Self::Group => "group",
            Self::GroupType => "group_type",
            Self::RoleStatus => "role_status",
            Self::RoleType => "role_type",
            Self::RoleApproval => "role_approval",
        }
    }

    /// Every column.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Username,
        Self::Email,
        Self::Ircnick,
        Self::Status,
        Self::Group,
        Self::GroupType,
        Self::RoleStatus,
        Self::RoleType,
        Self::RoleApproval,
    ];

    /// The column that FAS spells so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == name)
    }
}

/// What a query found of one person: the columns that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryRow {
    /// The person's id.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient_id"
    )]
    pub id: Option<u32>,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub username: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub email: Option<String>,
    /// The name on IRC.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub ircnick: Option<String>,
    /// The account's status.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub status: Option<String>,
    /// A group's name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub group: Option<String>,
    /// That group's type.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub group_type: Option<String>,
    /// `approved` or `unapproved`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub role_status: Option<String>,
    /// `user`, `sponsor` or `administrator`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub role_type: Option<String>,
    /// When somebody agreed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub role_approval: Option<String>,
}

fn lenient_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let id: Option<Id> = lenient(deserializer)?;
    Ok(id.map(|id| id.0))
}

/// By what people are told apart in the answer of [`Fas::people_by_key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleKey {
    /// By id.
    Id,
    /// By name.
    Username,
    /// By address: of several people with one address one is there.
    Email,
}

impl PeopleKey {
    fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::Email => "email",
        }
    }
}

/// The fields that [`Fas::people_by_key`] can be asked for. Hashes, tokens, answers to
/// security questions, telephones and postal addresses, which python-fedora knows too, are none.
pub const PEOPLE_FIELDS: [&str; 19] = [
    "affiliation",
    "certificate_serial",
    "comments",
    "country_code",
    "creation",
    "email",
    "gpg_keyid",
    "human_name",
    "id",
    "ircnick",
    "last_seen",
    "latitude",
    "locale",
    "longitude",
    "privacy",
    "ssh_key",
    "status",
    "timezone",
    "username",
];

/// The wanted fields of people, as text, number, truth or null, by the key that was asked for.
pub type PeopleByKey = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

/// What `user/list` answers.
#[derive(Deserialize)]
struct People {
    people: Option<Vec<Lenient<BTreeMap<String, serde_json::Value>>>>,
    unapproved_people: Option<Vec<Lenient<BTreeMap<String, serde_json::Value>>>>,
}

/// What `json/people_query` answers.
#[derive(Deserialize)]
struct Found {
    success: Option<bool>,
    data: Option<Lenient<Vec<Lenient<QueryRow>>>>,
    #[serde(default, deserialize_with = "lenient")]
    error: Option<String>,
}

impl Fas {
    /// The people whose names match `search` (`*` stands for any text; FAS takes it in
    /// lower case, so nobody with a capital is found), whatever their status and whether they have
    /// signed the agreement or not, with these of [`PEOPLE_FIELDS`]. A field that is none is
    /// *Misconfigured*, here and not at the server; python-fedora changes its own list of fields
    /// when a key is missing from it.
    pub async fn people_by_key(
        &self,
        key: PeopleKey,
        search: &str,
        fields: &[&str],
    ) -> Result<PeopleByKey, DirectoryError> {
        check_fields(fields)?;
        // FAS's own default would be all with an "a".
        let mut form = vec![("search", search)];
        form.extend(fields.iter().map(|field| ("fields", *field)));
        if !fields.contains(&key.as_str()) {
            form.push(("fields", key.as_str()));
        }
        let answer: People = self
            .client
            .read("user/list", &form, Extent::Everybody)
            .await?;
        let (Some(people), Some(others)) = (answer.people, answer.unapproved_people) else {
            return Err(nonsense("the answer about people lacks a list"));
        };
        let all = understood(people).into_iter().chain(understood(others));
        let keyed = all.filter_map(|mut person| {
            let place = match person.get(key.as_str())? {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Number(number) => number.to_string(),
                _ => return None,
            };
            person.retain(|field, _| fields.contains(&field.as_str()));
            Some((place, person))
        });
        Ok(keyed.collect())
    }

    /// Rows of people and their places in groups. A constraint's text is a LIKE pattern, in
    /// which `_` stands for any character and `%` for any text: never use it to tell who somebody is.
    /// Columns of groups without a constraint about groups pair everybody with every group: that is
    /// *Misconfigured* here, where python-fedora asks for it.
    pub async fn people_query(
        &self,
        columns: &[Column],
        constraints: &[(Column, &str)],
    ) -> Result<Vec<QueryRow>, DirectoryError> {
        check_query(columns, constraints)?;
        let names: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
        let names = names.join(",");
        let mut form = vec![("columns", names.as_str())];
        form.extend(
            constraints
                .iter()
                .map(|(column, text)| (column.as_str(), *text)),
        );
        let answer: Found = self
            .client
            .read("json/people_query", &form, Extent::Everybody)
            .await?;
        match (answer.success, answer.data.and_then(Lenient::into_option)) {
            (Some(true), Some(rows)) => Ok(understood(rows)),
            (Some(false), _) => Err(nonsense(format!(
                "FAS cannot answer the query ({})",
                crate::text::safe(answer.error.as_deref().unwrap_or("it does not say why"), 64)
            ))),
            _ => Err(nonsense("the answer to a query lacks success or data")),
        }
    }
}

fn check_fields(fields: &[&str]) -> Result<(), DirectoryError> {
    match fields.iter().find(|field| !PEOPLE_FIELDS.contains(field)) {
        None if fields.is_empty() => Err(unfit("a field must be asked for".to_owned())),
        None => Ok(()),
        Some(field) => Err(unfit(format!(
            "{:?} is no field of people's that can be asked for",
            crate::text::safe(field, 64)
        ))),
    }
}

fn check_query(columns: &[Column], constraints: &[(Column, &str)]) -> Result<(), DirectoryError> {
    let of_groups = |column: &Column| {
        matches!(
            column,
            Column::Group
                | Column::GroupType
                | Column::RoleStatus
                | Column::RoleType
                | Column::RoleApproval
        )
    };
    let tied = constraints.iter().any(|(column, _)| of_groups(column));
    if columns.is_empty() {
        return Err(unfit("a column must be asked for".to_owned()));
    }
    if constraints.iter().any(|(column, _)| *column == Column::Id) {
        return Err(unfit("FAS cannot compare ids with a pattern".to_owned()));
    }
    if !tied && columns.iter().any(of_groups) {
        let reason = "a column of groups needs a constraint about groups";
        return Err(unfit(reason.to_owned()));
    }
    Ok(())
}

fn unfit(reason: String) -> DirectoryError {
    super::verdict::misconfigured(reason)
}
