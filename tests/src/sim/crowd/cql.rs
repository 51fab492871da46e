//! Crowd's query language, as much of it as its documentation shows:
//! `name = "admin*" and (active = false or email = "*@example.org")`.

use super::restriction::{Logic, MatchMode, Property, Restriction};

/// Deeper nesting is nobody's honest question.
const DEEPEST: usize = 32;

/// A query that cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the restriction is not valid CQL: {0}")]
pub(super) struct NotCql(&'static str);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(char),
}

/// Reads a query; an empty one asks for everything.
pub(super) fn parse(text: &str) -> Result<Restriction, NotCql> {
    let mut reader = Reader {
        tokens: tokens(text)?.into_iter().peekable(),
        depth: 0,
    };
    if reader.tokens.peek().is_none() {
        return Ok(Restriction::Everything);
    }
    let restriction = reader.any()?;
    if reader.tokens.next().is_some() {
        return Err(NotCql("something follows its end"));
    }
    Ok(restriction)
}

fn tokens(text: &str) -> Result<Vec<Token>, NotCql> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            ' ' | '\t' | '\r' | '\n' => {}
            '(' | ')' | '=' | '<' | '>' => tokens.push(Token::Sign(first)),
            '"' | '\'' => {
                let mut quoted = String::new();
                loop {
                    match rest.next() {
                        Some(next) if next == first => break,
                        Some(next) => quoted.push(next),
                        None => return Err(NotCql("a quote is not closed")),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            _ => {
                let mut word = String::from(first);
                let part = |next: &char| !" \t\r\n()=<>\"'".contains(*next);
                while let Some(next) = rest.next_if(part) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Reader {
    fn any(&mut self) -> Result<Restriction, NotCql> {
        self.list("or", Logic::Or, Self::all)
    }

    fn all(&mut self) -> Result<Restriction, NotCql> {
        self.list("and", Logic::And, Self::one)
    }

    fn list(
        &mut self,
        word: &str,
        boolean_logic: Logic,
        part: fn(&mut Self) -> Result<Restriction, NotCql>,
    ) -> Result<Restriction, NotCql> {
        let first = part(self)?;
        let mut restrictions = vec![first];
        let joins = |token: &Token| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(word));
        while self.tokens.next_if(joins).is_some() {
            restrictions.push(part(self)?);
        }
        match restrictions.len() {
            1 => restrictions.pop().ok_or(NotCql("it is empty")),
            _ => Ok(Restriction::Several {
                boolean_logic,
                restrictions,
            }),
        }
    }

    fn one(&mut self) -> Result<Restriction, NotCql> {
        match self.tokens.next() {
            Some(Token::Sign('(')) if self.depth < DEEPEST => {
                self.depth += 1;
                let inner = self.any()?;
                self.depth -= 1;
                match self.tokens.next() {
                    Some(Token::Sign(')')) => Ok(inner),
                    _ => Err(NotCql("a parenthesis is not closed")),
                }
            }
            Some(Token::Word(name)) => self.comparison(name),
            _ => Err(NotCql("a property is missing")),
        }
    }

    fn comparison(&mut self, name: String) -> Result<Restriction, NotCql> {
        let Some(Token::Sign(sign @ ('=' | '<' | '>'))) = self.tokens.next() else {
            return Err(NotCql("an operator is missing"));
        };
        let Some(Token::Word(value) | Token::Quoted(value)) = self.tokens.next() else {
            return Err(NotCql("a value is missing"));
        };
        let (match_mode, value) = match sign {
            '<' => (MatchMode::LessThan, value),
            '>' => (MatchMode::GreaterThan, value),
            _ => wildcard(&value),
        };
        Ok(Restriction::Property {
            property: Property { name },
            match_mode,
            value,
        })
    }
}

/// A star at an end stands for anything.
fn wildcard(value: &str) -> (MatchMode, String) {
    let (front, rest) = value
        .strip_prefix('*')
        .map_or((false, value), |rest| (true, rest));
    let (back, inner) = rest
        .strip_suffix('*')
        .map_or((false, rest), |inner| (true, inner));
    let mode = match (front, back) {
        (false, false) => MatchMode::ExactlyMatches,
        (false, true) => MatchMode::StartsWith,
        (true, false) => MatchMode::EndsWith,
        (true, true) => MatchMode::Contains,
    };
    (mode, inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::crowd::account::User;

    fn finds(query: &str, name: &str) -> bool {
        let user = User::new(name).attribute("uidNumber", "20001");
        parse(query).unwrap().holds(&user)
    }

    #[test]
    fn a_query_finds_what_it_says() {
        for (query, name, expected) in [
            ("", "ada", true),
            ("name = ada", "ADA", true),
            ("name = \"ad*\"", "ada", true),
            ("name = '*x*'", "ada", false),
            ("email = \"*@example.org\"", "ada", true),
            ("name=bob or name=ada and active=true", "ada", true),
            ("(name=bob or name=ada) and active=false", "ada", false),
            ("uidNumber = \"20001\"", "ada", true),
            ("uidNumber = 20002", "ada", false),
            (
                "createdDate > \"2023-01-01\" AND createdDate < 2024-01-01",
                "ada",
                true,
            ),
        ] {
            assert_eq!(finds(query, name), expected, "{query}");
        }
    }

    #[test]
    fn a_query_that_is_none_is_refused() {
        let deep = "(".repeat(200_000);
        for query in [
            "name",
            "name =",
            "= x",
            "name = \"x",
            "(name = x",
            "name = x)",
            "name = x y",
            "and",
            "name ! x",
            deep.as_str(),
        ] {
            assert!(
                parse(query).is_err(),
                "{}",
                query.get(..10).unwrap_or(query)
            );
        }
    }
}
