//! The reading calls by name, for `muster fas`: python-fedora's names, arguments as text.

use serde::Serialize;
use serde_json::Value;

use super::super::DirectoryError;
use super::super::questions::{QuestionError, Questions};
use super::avatar::{AvatarService, AvatarSize};
use super::calls::Members;
use super::queries::{Column, PEOPLE_FIELDS, PeopleKey};
use super::verdict::nonsense;
use super::{Fas, model::Id};

const NO_ID: QuestionError = QuestionError::Unfit("an id is a number");

#[async_trait::async_trait]
impl Questions for Fas {
    async fn answer(&self, question: &str, arguments: &[String]) -> Result<Value, QuestionError> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match (question, arguments.as_slice()) {
            ("person_by_username", [name]) => shown(self.person_by_username(name).await),
            ("person_by_id", [id]) => shown(self.person_by_id(number(id)?).await),
            ("people_by_key", [key, search, fields @ ..]) => {
                let (key, fields) = (people_key(key)?, people_fields(fields)?);
                shown(self.people_by_key(key, search, &fields).await)
            }
            ("people_by_groupname", [group]) => shown(self.people_by_groupname(group).await),
            ("people_query", [columns, constraints @ ..]) => {
                let columns: Result<Vec<_>, _> = columns.split(',').map(column).collect();
                let constraints: Result<Vec<_>, _> =
                    constraints.iter().map(|text| constraint(text)).collect();
                shown(self.people_query(&columns?, &constraints?).await)
            }
            ("group_by_name", [name]) => shown(self.group_by_name(name).await),
            ("group_by_id", [id]) => shown(self.group_by_id(number(id)?).await),
            ("group_members", [name]) => shown(self.group_members(name).await),
            ("group_list", [search]) => shown(self.group_list(search, Members::LeftOut).await),
            ("group_list", [search, "with_members"]) => {
                shown(self.group_list(search, Members::Named).await)
            }
            ("group_data", []) => shown(self.group_data(false).await),
            ("group_data", ["force_refresh"]) => shown(self.group_data(true).await),
            ("user_data", []) => shown(self.user_data().await),
            ("user_id", []) => shown(self.user_id().await),
            ("get_config", [person, application, attribute]) => {
                shown(self.get_config(person, application, attribute).await)
            }
            ("get_configs_like", [person, application, pattern]) => {
                shown(self.get_configs_like(person, application, pattern).await)
            }
            ("avatar_url", [name, service]) => {
                let service = avatar_service(service)?;
                let url = self.avatar_url(name, AvatarSize::Medium, None, service);
                shown(url.await)
            }
            _ => Err(QuestionError::Unfit(
                "FAS is not asked that, or not with these arguments",
            )),
        }
    }
}

fn shown<T: Serialize>(answer: Result<T, DirectoryError>) -> Result<Value, QuestionError> {
    serde_json::to_value(answer?)
        .map_err(|_| nonsense("the answer cannot be written as JSON"))
        .map_err(QuestionError::from)
}

fn number(text: &str) -> Result<u32, QuestionError> {
    Id::read(text).map(|id| id.0).ok_or(NO_ID)
}

fn people_key(text: &str) -> Result<PeopleKey, QuestionError> {
    match text {
        "id" => Ok(PeopleKey::Id),
        "username" => Ok(PeopleKey::Username),
        "email" => Ok(PeopleKey::Email),
        _ => Err(QuestionError::Unfit(
            "people are told apart by id, username or email",
        )),
    }
}

fn people_fields<'a>(fields: &[&'a str]) -> Result<Vec<&'a str>, QuestionError> {
    match fields {
        [] => Ok(PEOPLE_FIELDS.to_vec()),
        fields if fields.iter().all(|field| PEOPLE_FIELDS.contains(field)) => Ok(fields.to_vec()),
        _ => Err(QuestionError::Unfit(
            "people have no such field that can be asked for",
        )),
    }
}

fn column(text: &str) -> Result<Column, QuestionError> {
    Column::named(text).ok_or(QuestionError::Unfit("there is no such column"))
}

fn constraint(text: &str) -> Result<(Column, &str), QuestionError> {
    let (name, pattern) = text
        .split_once('=')
        .ok_or(QuestionError::Unfit("a constraint is COLUMN=PATTERN"))?;
    Ok((column(name)?, pattern))
}

fn avatar_service(text: &str) -> Result<AvatarService, QuestionError> {
    match text {
        "libravatar" => Ok(AvatarService::Libravatar),
        "gravatar" => Ok(AvatarService::Gravatar),
        "gravatar-alias" => Ok(AvatarService::GravatarAlias),
        _ => Err(QuestionError::Unfit("there is no such service of pictures")),
    }
}
