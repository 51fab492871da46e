//! nsswitch.conf(5) as glibc reads it: services, and the actions in brackets behind them.

use crate::doctor::finding::Finding;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) struct Line {
    /// Its number; the first is 1.
    pub(in crate::doctor) number: usize,
    /// Its text.
    pub(in crate::doctor) text: String,
}

/// What one database is asked of, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Services {
    /// `passwd`, `group`…
    pub(super) database: String,
    /// Each service with its actions.
    services: Vec<(String, Vec<String>)>,
    line: Line,
}

impl Services {
    /// Where `service` stands among the others.
    pub(super) fn position(&self, service: &str) -> Option<usize> {
        self.services.iter().position(|(name, _)| name == service)
    }

    /// The action before the service at `position` that ends the search for a name that is not found there.
    pub(super) fn ended_before(&self, position: usize) -> Option<String> {
        let mut actions = self
            .services
            .iter()
            .take(position)
            .flat_map(|(name, actions)| actions.iter().map(move |action| (name, action)));
        actions
            .find(|(_, action)| ends(action))
            .map(|(name, action)| format!("{name} [{action}]"))
    }

    /// Whether the search ends right behind the local files, as the package's script sees it.
    pub(super) fn ends_at_local_files(&self) -> bool {
        let named = |wanted: &str| self.services.iter().find(|(name, _)| name == wanted);
        let local = named("files").or_else(|| named("compat"));
        local.is_none_or(|(_, actions)| {
            let mut actions = actions.iter();
            actions.any(|action| action.to_ascii_lowercase().ends_with("=return"))
        })
    }

    /// The finding with this line as its evidence.
    pub(super) fn shown(&self, finding: Finding) -> Finding {
        finding
            .at(super::FILE)
            .line(self.line.number)
            .value(&self.line.text)
    }
}

/// Whether the action ends the search of who is not found: `NOTFOUND=return`, or any other status but that
/// (`!SUCCESS=return`, `!UNAVAIL=return`).
fn ends(action: &str) -> bool {
    let Some((status, what)) = action.split_once('=') else {
        return false;
    };
    let status = status.trim().to_ascii_uppercase();
    let applies = match status.strip_prefix('!') {
        Some(except) => except.trim() != "NOTFOUND",
        None => status == "NOTFOUND",
    };
    applies && what.trim().eq_ignore_ascii_case("return")
}

/// Every database that the text says something of; of several lines for one, glibc takes the last.
pub(super) fn lines(text: &str) -> Vec<Services> {
    let mut found: Vec<Services> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default();
        let Some((database, services)) = said.split_once(':') else {
            continue;
        };
        let database = database.trim().to_owned();
        found.retain(|earlier| earlier.database != database);
        found.push(Services {
            database,
            services: parsed(services),
            line: Line {
                number: number + 1,
                text: line.trim().to_owned(),
            },
        });
    }
    found
}

fn parsed(services: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut rest = services.trim_start();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (actions, after) = inside.split_once(']').unwrap_or((inside, ""));
            if let Some((_, of_last)) = found.last_mut() {
                of_last.extend(actions.split_whitespace().map(str::to_owned));
            }
            rest = after.trim_start();
            continue;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '[')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        found.push((name.to_owned(), Vec::new()));
        rest = after.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(line: &str) -> Option<String> {
        let found = lines(line).pop().unwrap();
        let at = found.position("muster").unwrap();
        found.ended_before(at)
    }

    #[test]
    fn actions_belong_to_the_service_before_them() {
        assert_eq!(ended("passwd: files [SUCCESS=merge] muster"), None);
        assert_eq!(ended("passwd: files muster [NOTFOUND=return] sss"), None);
        assert_eq!(
            ended("passwd: files[notfound=return] muster"),
            Some("files [notfound=return]".to_owned())
        );
        assert!(ended("passwd: files [!UNAVAIL=return] muster").is_some());
        assert!(ended("passwd: files [!SUCCESS=return TRYAGAIN=continue] muster").is_some());
    }

    #[test]
    fn comments_do_not_count_and_the_last_line_does() {
        let found = lines("# passwd: x\npasswd: files # muster\npasswd: compat\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].position("compat"), Some(0));
        assert_eq!(found[0].line.number, 3);
    }
}
