//! New tokens: what may be asked for, in which words a wrong request is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::account::{Token, TokenType};
use super::grammar::{self, GROUP_PATTERN, USERNAME_MAX, USERNAME_PATTERN};
use super::instant;
use super::population::Population;
use super::refusal::Refusal;

/// New tokens last at least so long, in seconds.
const SHORTEST_LIFE: u64 = 300;
/// The longest name of a token.
const TOKEN_NAME_MAX: usize = 64;

/// A problem with what was sent, in the framework's words.
pub(super) fn problem(kind: &str, place: &[&str], message: &str, input: &Value) -> Value {
    json!({"type": kind, "loc": place, "msg": message, "input": input})
}

/// The same with what the framework was told to check.
fn with_context(mut problem: Value, context: Value) -> Value {
    if let Some(members) = problem.as_object_mut() {
        members.insert("ctx".to_owned(), context);
    }
    problem
}

/// A name in a path or body that is none.
pub(super) fn username_problem(place: &[&str], name: &str) -> Option<Value> {
    let input = json!(name);
    if name.chars().count() > USERNAME_MAX {
        let message = format!("String should have at most {USERNAME_MAX} characters");
        let problem = problem("string_too_long", place, &message, &input);
        return Some(with_context(problem, json!({"max_length": USERNAME_MAX})));
    }
    (!grammar::is_username(name)).then(|| pattern_problem(place, USERNAME_PATTERN, &input))
}

fn pattern_problem(place: &[&str], pattern: &str, input: &Value) -> Value {
    let message = format!("String should match pattern '{pattern}'");
    let problem = problem("string_pattern_mismatch", place, &message, input);
    with_context(problem, json!({"pattern": pattern}))
}

/// The object in a body.
pub(super) fn body(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let read: Result<Value, _> = serde_json::from_slice(bytes);
    let problem = match read {
        Ok(Value::Object(members)) => return Ok(members),
        Ok(other) => problem(
            "model_attributes_type",
            &["body"],
            "Input should be a valid dictionary or object to extract fields from",
            &other,
        ),
        Err(error) => json!({"type": "json_invalid", "loc": ["body", error.column()],
            "msg": "JSON decode error", "input": {}, "ctx": {"error": "Expecting value"}}),
    };
    Err(Refusal::Invalid(vec![problem]))
}

/// The members of a body, read one by one; every problem is told at once.
struct Fields {
    members: Map<String, Value>,
    problems: Vec<Value>,
}

impl Fields {
    fn of(members: Map<String, Value>) -> Self {
        Self {
            members,
            problems: Vec::new(),
        }
    }

    /// A member of the right type, if it is there and not null.
    fn optional<T: DeserializeOwned>(&mut self, key: &str, wanted: &str) -> Option<T> {
        let value = self.members.get(key).filter(|value| !value.is_null())?;
        match serde_json::from_value(value.clone()) {
            Ok(read) => Some(read),
            Err(_) => {
                let kind = format!("{}_type", wanted.replace(' ', "_"));
                let message = format!("Input should be a valid {wanted}");
                let problem = problem(&kind, &["body", key], &message, value);
                self.problems.push(problem);
                None
            }
        }
    }

    fn needs(&mut self, key: &str) {
        if self.members.contains_key(key) {
            return;
        }
        let input = Value::Object(self.members.clone());
        let problem = problem("missing", &["body", key], "Field required", &input);
        self.problems.push(problem);
    }

    fn token_name(&mut self) -> Option<String> {
        let name: String = self.optional("token_name", "string")?;
        let (kind, bound, length) = match name.chars().count() {
            0 => ("string_too_short", "at least", 1),
            1..=TOKEN_NAME_MAX => return Some(name),
            _ => ("string_too_long", "at most", TOKEN_NAME_MAX),
        };
        let message = format!("String should have {bound} {length} characters");
        let problem = problem(kind, &["body", "token_name"], &message, &json!(name));
        self.problems.push(problem);
        None
    }

    fn expires(&mut self) -> Option<u64> {
        let value: Value = self.optional("expires", "datetime")?;
        let read = instant::seconds(&value);
        if read.is_none() {
            let message = "Input should be a valid datetime";
            let problem = problem("datetime_parsing", &["body", "expires"], message, &value);
            self.problems.push(problem);
        }
        read
    }

    /// An id: the server wants it to be at least 1, and knows no upper bound.
    fn id(&mut self, key: &str) -> Option<u64> {
        let id: i64 = self.optional(key, "integer")?;
        if id >= 1 {
            return u64::try_from(id).ok();
        }
        let message = "Input should be greater than or equal to 1";
        let problem = problem("greater_than_equal", &["body", key], message, &json!(id));
        self.problems.push(problem);
        None
    }

    fn done(self) -> Result<(), Refusal> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Refusal::Invalid(self.problems))
    }
}

/// What `POST /users/{username}/tokens` wants, as far as the form goes; the rest is
/// taken over from the token of `holder`, who asks.
pub(super) fn own_request(body: Map<String, Value>, holder: &Token) -> Result<Token, Refusal> {
    let mut fields = Fields::of(body);
    fields.needs("token_name");
    let mut token = Token::new(&random_token(), &holder.username, TokenType::User);
    token.token_name = fields.token_name();
    token.scopes = fields.optional("scopes", "list").unwrap_or_default();
    token.expires = fields.expires();
    fields.done()?;
    let held = holder.clone();
    (token.name, token.email) = (held.name, held.email);
    (token.uid, token.gid, token.groups) = (held.uid, held.gid, held.groups);
    Ok(token)
}

/// Grants `holder` what [`own_request`] read.
pub(super) fn own(
    population: &mut Population,
    holder: &Token,
    wanted: Token,
    now: u64,
) -> Result<Token, Refusal> {
    check_expires(wanted.expires, now)?;
    let broader = !wanted.scopes.iter().all(|scope| holder.may(scope));
    if broader && !holder.may("admin:token") {
        let message = "Requested scopes are broader than your current scopes";
        return Err(Refusal::senseless("invalid_scopes", message, "scopes"));
    }
    check_scopes(population, &wanted)?;
    finish(population, wanted, now)
}

/// `POST /tokens`: an administrator's request for anybody.
pub(super) fn by_administrator(
    population: &mut Population,
    body: Map<String, Value>,
    now: u64,
) -> Result<Token, Refusal> {
    let mut fields = Fields::of(body);
    let token = read_token(&mut fields);
    fields.done()?;
    check_scopes(population, &token)?;
    check_expires(token.expires, now)?;
    if token.token_type == TokenType::Service && !grammar::is_bot(&token.username) {
        let message = format!("Username \"{}\" must start with \"bot-\"", token.username);
        return Err(Refusal::PermissionDenied(message));
    }
    finish(population, token, now)
}

/// The token that an administrator wants, as far as the fields go.
fn read_token(fields: &mut Fields) -> Token {
    fields.needs("username");
    fields.needs("token_type");
    let username: String = fields.optional("username", "string").unwrap_or_default();
    if fields.members.contains_key("username") {
        fields
            .problems
            .extend(username_problem(&["body", "username"], &username));
    }
    let kind: Option<TokenType> = fields.optional("token_type", "enum");
    let mut token = Token::new(
        &random_token(),
        &username,
        kind.unwrap_or(TokenType::Service),
    );
    token.token_name = fields.token_name();
    check_kind(fields, kind, token.token_name.as_deref());
    token.scopes = fields.optional("scopes", "list").unwrap_or_default();
    token.expires = fields.expires();
    token.name = fields.optional("name", "string");
    token.email = fields.optional("email", "string");
    (token.uid, token.gid) = (fields.id("uid"), fields.id("gid"));
    token.groups = fields.optional("groups", "list");
    for group in token.groups.iter().flatten() {
        if !grammar::is_group(&group.name) {
            let place = ["body", "groups", "name"];
            let problem = pattern_problem(&place, GROUP_PATTERN, &json!(group.name));
            fields.problems.push(problem);
        }
    }
    token
}

/// Only two types are made on request, and only one of them has a name.
fn check_kind(fields: &mut Fields, kind: Option<TokenType>, name: Option<&str>) {
    let (key, message) = match (kind, name) {
        (Some(TokenType::Service), Some(_)) => {
            ("token_name", "Tokens of type service cannot have a name")
        }
        (Some(TokenType::User), None) => ("token_name", "Tokens of type user must have a name"),
        (Some(TokenType::Service | TokenType::User) | None, _) => return,
        (Some(_), _) => ("token_type", "token_type must be service or user"),
    };
    let message = format!("Value error, {message}");
    let problem = problem("value_error", &["body", key], &message, &json!(name));
    fields.problems.push(problem);
}

fn check_scopes(population: &Population, token: &Token) -> Result<(), Refusal> {
    let known = |scope: &String| population.known_scopes.contains_key(scope);
    if token.scopes.iter().all(known) {
        return Ok(());
    }
    let message = "Unknown scopes requested";
    Err(Refusal::senseless("invalid_scopes", message, "scopes"))
}

fn check_expires(expires: Option<u64>, now: u64) -> Result<(), Refusal> {
    if expires.is_some_and(|end| end < now + SHORTEST_LIFE) {
        let message = "Token must be valid for at least five minutes";
        return Err(Refusal::senseless("invalid_expires", message, "expires"));
    }
    Ok(())
}

fn finish(population: &mut Population, mut token: Token, now: u64) -> Result<Token, Refusal> {
    let same = |other: &Token| {
        other.username == token.username
            && other.token_name.is_some()
            && other.token_name == token.token_name
    };
    if population.tokens.values().any(same) {
        return Err(Refusal::Senseless {
            status: StatusCode::CONFLICT,
            kind: "duplicate_token_name",
            message: "Token name already used".to_owned(),
            field: "token_name",
        });
    }
    token.created = Some(now);
    population.add_token(token.clone());
    Ok(token)
}

/// Two times 16 bytes that nobody guesses.
fn random_token() -> String {
    let part = || {
        let mut bytes = [0_u8; 16];
        // Without the kernel's randomness all tokens are alike, and tests fail loudly.
        let _ = getrandom::fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    };
    format!("gt-{}.{}", part(), part())
}
