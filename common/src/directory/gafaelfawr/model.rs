//! Gafaelfawr's JSON, as much of it as is read. Optional keys may be absent or null,
//! unknown ones are ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `/user-info` and `/users/{username}`.
#[derive(Debug, Deserialize)]
pub(super) struct UserInfo {
    pub(super) username: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) uid: Option<Value>,
    #[serde(default)]
    pub(super) gid: Option<Value>,
    /// Absent, too, where there are none.
    #[serde(default)]
    pub(super) groups: Option<Vec<Group>>,
}

/// A group; its id has no bounds.
#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    #[serde(default)]
    pub(super) id: Option<Value>,
}

/// `/token-info`. It holds the token's key and never its secret.
#[derive(Debug, Deserialize)]
pub(super) struct TokenInfo {
    pub(super) username: String,
    pub(super) token_type: String,
    pub(super) scopes: Vec<String>,
    /// The token's key.
    #[serde(default)]
    pub(super) token: Option<String>,
    /// Seconds since 1970.
    #[serde(default)]
    pub(super) created: Option<u64>,
    /// Seconds since 1970; a token without it is eternal.
    #[serde(default)]
    pub(super) expires: Option<u64>,
}

/// `/`.
#[derive(Debug, Deserialize)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) version: String,
}

/// `/groups`: all of them, in two lists and without members.
#[derive(Debug, Default, Deserialize)]
pub(super) struct GroupLists {
    /// Groups that stand for one person each.
    #[serde(default)]
    pub(super) user: Option<Vec<Group>>,
    /// The others.
    #[serde(default)]
    pub(super) system: Option<Vec<Group>>,
}

/// `/health`.
#[derive(Debug, Deserialize)]
pub(super) struct Health {
    pub(super) status: String,
}

/// What Repertoire tells, as much of it as is read.
#[derive(Debug, Deserialize)]
pub(super) struct Discovered {
    services: Services,
}

#[derive(Debug, Deserialize)]
struct Services {
    #[serde(default)]
    internal: BTreeMap<String, Value>,
}

impl Discovered {
    /// The URL of Gafaelfawr's API.
    pub(super) fn gafaelfawr(&self) -> Option<&str> {
        let service = self.services.internal.get("gafaelfawr")?;
        service.get("versions")?.get("v1")?.get("url")?.as_str()
    }
}

/// The body of an answer that is none.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    detail: Value,
}

impl Problem {
    /// Whether it says that there is no such path.
    pub(super) fn is_unknown_path(&self) -> bool {
        self.detail == "Not Found"
    }

    /// What it calls the problem; only where that is one of the server's own words, so
    /// that nothing which was sent can be echoed into a log. `detail` is a list, an
    /// object, a text, or anything.
    pub(super) fn kind(&self) -> Option<&str> {
        let first = match &self.detail {
            Value::Array(problems) => problems.first()?,
            other => other,
        };
        let kind = first.get("type")?.as_str()?;
        let of_kind = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        (kind.len() <= 40 && kind.bytes().all(of_kind)).then_some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_five_shapes() {
        let check = |body: &str, expected: Option<&str>| {
            let problem: Problem = serde_json::from_str(body).unwrap();
            assert_eq!(problem.kind(), expected, "{body}");
        };
        check(
            r#"{"detail":{"msg":"x","type":"no_authorization"}}"#,
            Some("no_authorization"),
        );
        check(
            r#"{"detail":[{"msg":"x","type":"invalid_token"}]}"#,
            Some("invalid_token"),
        );
        check(
            r#"{"detail":[{"type":"string_too_long","loc":["path",1],"ctx":{}}]}"#,
            Some("string_too_long"),
        );
        check(r#"{"detail":"Not Found"}"#, None);
        check(r#"{"detail":[]}"#, None);
        check(r#"{"detail":null}"#, None);
        check(r#"{"detail":[["type"]]}"#, None);
        check(r#"{"detail":{"type":7}}"#, None);
        check(r#"{"detail":{"type":"gt-KEY.SECRET"}}"#, None);
    }
}
