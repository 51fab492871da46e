//! Texts with places to fill: `/home/{directory}`, `{display_name}`.

use std::fmt;

/// A text whose places are all known, checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

/// A place that nothing can be filled into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it holds {{{0}}}, which stands for nothing here")]
pub struct UnknownPlace(String);

impl Template {
    /// Takes `text` if each `{place}` in it is one of `places`.
    pub fn new(text: &str, places: &[&str]) -> Result<Self, UnknownPlace> {
        for piece in pieces(text) {
            match piece {
                Piece::Place(place) if !places.contains(&place) => {
                    return Err(UnknownPlace(place.to_owned()));
                }
                Piece::Place(_) | Piece::Text(_) => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The text with each place filled by `value`. What is filled in is not looked at again.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> &'v str) -> String {
        let filled = pieces(&self.0).map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Place(place) => value(place),
        });
        filled.collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

enum Piece<'t> {
    Text(&'t str),
    Place(&'t str),
}

/// What stands before, inside and behind braces; one without its other half is text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some((place, behind)) = rest
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
        {
            rest = behind;
            return Some(Piece::Place(place));
        }
        let start = usize::from(rest.starts_with('{'));
        let end = rest
            .get(start..)?
            .find('{')
            .map(|at| at.saturating_add(start));
        let (text, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = behind;
        (!text.is_empty()).then_some(Piece::Text(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let template = Template::new(text, &["name", "directory"]).unwrap();
        template.fill(|place| match place {
            "name" => "{directory}",
            _ => "corp",
        })
    }

    #[test]
    fn places_are_filled_once_and_the_rest_stays() {
        assert_eq!(filled(""), "");
        assert_eq!(filled("plain"), "plain");
        assert_eq!(filled("/home/{directory}/{name}"), "/home/corp/{directory}");
        assert_eq!(filled("{directory}{directory}"), "corpcorp");
        for odd in ["{", "a{", "}", "a{b", "{{", "a}b{c"] {
            assert_eq!(filled(odd), odd);
        }
    }

    #[test]
    fn a_place_that_stands_for_nothing_is_named() {
        let error = Template::new("/home/{user}", &["name"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it holds {user}, which stands for nothing here"
        );
        assert!(Template::new("{{name}", &["name"]).is_err());
        assert!(Template::new("{}", &["name"]).is_err());
    }
}
