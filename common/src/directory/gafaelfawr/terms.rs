//! On which terms a person's token lets its owner in.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::super::{DirectoryError, Refusal};
use super::model::TokenInfo;
use super::verdict::{nonsense, refused};
use crate::clock::{Clock, Time};
use crate::name::UserName;

/// A type of token that may be let in. Others exist and have no name here: every
/// service that asked for an `internal` token holds one of each visitor's, and `oidc`
/// ones are for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// Made by its user for own use: the one that is meant.
    User,
    /// The browser's cookie.
    Session,
    /// Given to the user's notebooks.
    Notebook,
    /// A machine's, made by an administrator.
    Service,
}

impl TokenType {
    /// Every type that may be let in.
    pub const ALL: [Self; 4] = [Self::User, Self::Session, Self::Notebook, Self::Service];

    /// Gafaelfawr's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "session",
            Self::Notebook => "notebook",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no type of token, or one that is never let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one of user, session, notebook, service")]
pub struct UnknownTokenType;

impl FromStr for TokenType {
    type Err = UnknownTokenType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or(UnknownTokenType)
    }
}

/// How many of the wanted scopes a token needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopesMatch {
    /// Every one.
    All,
    /// One of them, whichever.
    Any,
}

/// The terms of one directory.
pub(super) struct Terms {
    pub(super) scopes: Vec<String>,
    pub(super) scopes_match: ScopesMatch,
    pub(super) token_types: Vec<TokenType>,
    pub(super) max_token_lifetime: Option<Duration>,
    pub(super) require_expiry: bool,
    pub(super) clock: Arc<dyn Clock>,
}

impl Terms {
    /// Whether the token with this key, which the server has just called good, lets
    /// `name` in. Never more than the server allows: only less.
    pub(super) fn check(
        &self,
        info: &TokenInfo,
        key: &str,
        name: &UserName,
    ) -> Result<(), DirectoryError> {
        if info.token.as_deref().is_some_and(|other| other != key) {
            return Err(nonsense("the answer is about another token"));
        }
        // Without this, anybody's token would open every account.
        if info.username != name.as_str() {
            return Err(refused(format!("the token {key} is somebody else's")));
        }
        self.check_type(info, key)?;
        self.check_scopes(info, key)?;
        self.check_time(info, key)
    }

    fn check_type(&self, info: &TokenInfo, key: &str) -> Result<(), DirectoryError> {
        let suits = |allowed: &TokenType| allowed.as_str() == info.token_type;
        if self.token_types.iter().any(suits) {
            return Ok(());
        }
        Err(refused(format!(
            "the token {key} is of the type {}, which is not let in",
            crate::text::safe(&info.token_type, 32)
        )))
    }

    fn check_scopes(&self, info: &TokenInfo, key: &str) -> Result<(), DirectoryError> {
        let has = |wanted: &String| info.scopes.contains(wanted);
        match self.scopes_match {
            ScopesMatch::All => match self.scopes.iter().find(|wanted| !has(wanted)) {
                None => Ok(()),
                Some(scope) => Err(refused(format!("the token {key} lacks the scope {scope}"))),
            },
            ScopesMatch::Any if self.scopes.iter().any(has) => Ok(()),
            ScopesMatch::Any => Err(refused(format!(
                "the token {key} has none of the scopes {}",
                self.scopes.join(", ")
            ))),
        }
    }

    fn check_time(&self, info: &TokenInfo, key: &str) -> Result<(), DirectoryError> {
        let Some(expires) = info.expires else {
            if self.require_expiry || self.max_token_lifetime.is_some() {
                return Err(refused(format!("the token {key} never expires")));
            }
            return Ok(());
        };
        if Time::from_unix(expires) <= self.clock.now() {
            // The server has just called it good: one of the two clocks is wrong.
            return Err(DirectoryError::Refused(Refusal::doubtful(format!(
                "the token {key} has expired by this host's clock"
            ))));
        }
        let Some(most) = self.max_token_lifetime else {
            return Ok(());
        };
        let Some(created) = info.created else {
            return Err(nonsense("the answer does not say when the token was made"));
        };
        if Duration::from_secs(expires.saturating_sub(created)) > most {
            return Err(refused(format!("the token {key} lives too long")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const NOW: u64 = 1_795_303_375;
    const KEY: &str = "0PtFP0YR9L843B-01eljiw";

    fn terms() -> Terms {
        Terms {
            scopes: vec!["exec:login".to_owned(), "read:all".to_owned()],
            scopes_match: ScopesMatch::All,
            token_types: vec![TokenType::User],
            max_token_lifetime: None,
            require_expiry: false,
            clock: Arc::new(ManualClock::at(Time::from_unix(NOW))),
        }
    }

    fn info() -> TokenInfo {
        TokenInfo {
            username: "vera".to_owned(),
            token_type: "user".to_owned(),
            scopes: ["exec:login", "read:all", "user:token"]
                .map(String::from)
                .to_vec(),
            token: Some(KEY.to_owned()),
            created: Some(NOW - 100),
            expires: Some(NOW + 500),
        }
    }

    fn checked(terms: &Terms, change: impl FnOnce(&mut TokenInfo)) -> Result<(), String> {
        let mut info = info();
        change(&mut info);
        let name = UserName::new("vera").unwrap();
        let checked = terms.check(&info, KEY, &name);
        checked.map_err(|error| match &error {
            DirectoryError::Refused(refusal) if !refusal.certain => format!("doubtful: {error}"),
            _ => error.to_string(),
        })
    }

    fn refusal(terms: &Terms, change: impl FnOnce(&mut TokenInfo), reason: &str) {
        assert_eq!(checked(terms, change).unwrap_err(), reason);
    }

    #[test]
    fn a_token_that_suits_lets_its_owner_in() {
        assert_eq!(checked(&terms(), |_| {}), Ok(()));
        assert_eq!(checked(&terms(), |info| info.token = None), Ok(()));
        assert_eq!(checked(&terms(), |info| info.expires = None), Ok(()));
    }

    #[test]
    fn each_thing_that_does_not_suit_is_told_apart() {
        let terms = terms();
        let token = format!("the token {KEY}");
        for other in ["Vera", "vera2", "ver", "", "vera\n"] {
            refusal(
                &terms,
                |info| info.username = other.to_owned(),
                &format!("refused: {token} is somebody else's"),
            );
        }
        for kind in [
            "internal", "oidc", "session", "notebook", "service", "User", "",
        ] {
            refusal(
                &terms,
                |info| info.token_type = kind.to_owned(),
                &format!("refused: {token} is of the type {kind}, which is not let in"),
            );
        }
        for scopes in [vec![], vec!["exec:login"], vec!["exec:login2", "read:all"]] {
            let lacking = if scopes == ["exec:login"] {
                "read:all"
            } else {
                "exec:login"
            };
            refusal(
                &terms,
                |info| info.scopes = scopes.iter().map(ToString::to_string).collect(),
                &format!("refused: {token} lacks the scope {lacking}"),
            );
        }
        let other = "k".repeat(22);
        refusal(
            &terms,
            |info| info.token = Some(other),
            "nonsense: the answer is about another token",
        );
    }

    #[test]
    fn one_scope_of_several_is_enough_where_any_will_do() {
        let any = Terms {
            scopes_match: ScopesMatch::Any,
            ..terms()
        };
        for scopes in [vec!["exec:login"], vec!["x:y", "read:all"]] {
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            assert_eq!(checked(&any, |info| info.scopes = scopes), Ok(()));
        }
        for scopes in [vec![], vec!["exec:login2", "EXEC:LOGIN"]] {
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            let none =
                format!("refused: the token {KEY} has none of the scopes exec:login, read:all");
            refusal(&any, |info| info.scopes = scopes, &none);
        }
    }

    #[test]
    fn the_hosts_clock_only_ever_tightens_and_then_it_is_no_proof() {
        for expires in [0, NOW - 1, NOW] {
            let doubtful =
                format!("doubtful: refused: the token {KEY} has expired by this host's clock");
            refusal(&terms(), |info| info.expires = Some(expires), &doubtful);
        }
        assert_eq!(
            checked(&terms(), |info| info.expires = Some(NOW + 1)),
            Ok(())
        );
    }

    #[test]
    fn eternal_and_long_lived_tokens_are_refused_where_that_is_wanted() {
        let eternal = format!("refused: the token {KEY} never expires");
        let strict = Terms {
            require_expiry: true,
            ..terms()
        };
        refusal(&strict, |info| info.expires = None, &eternal);
        let short = Terms {
            max_token_lifetime: Some(Duration::from_secs(600)),
            ..terms()
        };
        refusal(&short, |info| info.expires = None, &eternal);
        assert_eq!(checked(&short, |_| {}), Ok(()));
        refusal(
            &short,
            |info| info.expires = Some(NOW + 501),
            &format!("refused: the token {KEY} lives too long"),
        );
        refusal(
            &short,
            |info| info.created = None,
            "nonsense: the answer does not say when the token was made",
        );
    }

    #[test]
    fn types_that_are_never_let_in_have_no_name() {
        for kind in TokenType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for word in ["internal", "oidc", "User", ""] {
            assert_eq!(word.parse::<TokenType>(), Err(UnknownTokenType), "{word}");
        }
    }
}
