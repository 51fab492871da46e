//! Populations of any size for benchmarks, the same on every run.

use super::account::{Group, Token, TokenType, User};
use super::population::Population;

/// The service token of every generated population: its scope is `admin:userinfo`.
pub const SERVICE_TOKEN: &str = "gt-muster-service-key-000.muster-service-secret0";

/// Users in a group of a generated population.
const GROUP_SIZE: u32 = 20;

/// The name of the user with this number: `user00000`.
pub fn generated_name(number: u32) -> String {
    format!("user{number:05}")
}

/// The token of the user with this number, with the scope `exec:login`; for user 7
/// `gt-key-of-user00007------.secret-of-user00007---`.
pub fn generated_token(number: u32) -> String {
    let name = generated_name(number);
    let (key, secret) = (format!("key-of-{name}"), format!("secret-of-{name}"));
    format!("gt-{key:-<22}.{secret:-<22}")
}

/// So many users `user00000`… with uid 600000 and so on, gid the same as that of their
/// group of twenty (`g00000`…, from 700000), and a token each; and the service user
/// `bot-muster` with [`SERVICE_TOKEN`].
pub fn generate(users: u32) -> Population {
    let service = Token::new(SERVICE_TOKEN, "bot-muster", TokenType::Service);
    let mut population = Population::new().token(service.scopes(["admin:userinfo"]));
    for first in (0..users).step_by(20) {
        let number = first / GROUP_SIZE;
        let mut group = Group::new(&format!("g{number:05}"), 700_000 + i64::from(number));
        let members = first..users.min(first.saturating_add(GROUP_SIZE));
        group.members = members.map(generated_name).collect();
        population.add_group(group);
    }
    for number in 0..users {
        let name = generated_name(number);
        let uid = 600_000 + u64::from(number);
        let gid = 700_000 + u64::from(number / GROUP_SIZE);
        population.add_user(User::new(&name, uid, gid));
        let token = Token::new(&generated_token(number), &name, TokenType::User);
        population.add_token(token.scopes(["exec:login"]));
    }
    population
}

#[cfg(test)]
mod tests {
    use super::super::grammar;
    use super::*;

    #[test]
    fn a_generated_population_is_the_same_every_time_and_has_tokens_for_all() {
        let population = generate(45);
        assert_eq!(
            serde_json::to_string(&population).unwrap(),
            serde_json::to_string(&generate(45)).unwrap()
        );
        assert_eq!((population.users.len(), population.groups.len()), (45, 3));
        assert_eq!(population.tokens.len(), 46);
        assert_eq!(population.groups["g00002"].members.len(), 5);
        assert_eq!(
            generated_token(7),
            "gt-key-of-user00007------.secret-of-user00007---"
        );
        for token in population.tokens.values() {
            assert!(grammar::token_parts(&token.token).is_some());
            assert!(population.good_token(&token.token, 0).is_some());
        }
        assert!(grammar::is_username(&generated_name(99_999)));
    }
}
