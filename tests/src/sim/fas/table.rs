//! The table of pages: where each is, what it takes, and who may see it.

use serde_json::Value;

use super::call::Call;
use super::identity::Asker;
use super::reply::Trouble;
use super::service::State;
use super::{config, groups, hosts, people, query, welcome};

use Page::{LoggedIn, Open, System};

/// What a page comes to.
pub(super) type Outcome = Result<Value, Trouble>;

/// A page by who may see it.
#[derive(Clone, Copy)]
pub(super) enum Page {
    /// Everybody.
    Open(fn(&mut State, &Call<'_>) -> Outcome),
    /// Whoever has logged in.
    LoggedIn(fn(&mut State, &Call<'_>, &Asker) -> Outcome),
    /// Whoever has logged in and is in `fas-system`.
    System(fn(&mut State, &Call<'_>, &Asker) -> Outcome),
}

/// Which parameters a page takes besides those in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Further {
    /// None: an unknown one makes the page raise.
    None,
    /// Any.
    Any,
}

/// One page.
pub(super) struct Row {
    path: &'static str,
    /// What it takes, by name or as parts of the path in this order.
    pub parameters: &'static [&'static str],
    /// Whether it takes others, too.
    pub further: Further,
    /// It.
    pub page: Page,
}

const fn row(path: &'static str, parameters: &'static [&'static str], page: Page) -> Row {
    Row {
        path,
        parameters,
        further: Further::None,
        page,
    }
}

const fn tolerant(path: &'static str, page: Page) -> Row {
    Row {
        path,
        parameters: &[],
        further: Further::Any,
        page,
    }
}

/// Every page.
static ROWS: [Row; 24] = [
    tolerant("login", Open(welcome::login)),
    row("logout", &[], LoggedIn(welcome::logout)),
    row("home", &[], LoggedIn(welcome::home)),
    row("user/view", &["username"], LoggedIn(welcome::view)),
    row("user/list", people::LIST, LoggedIn(people::list)),
    row("user/dogencert", &[], LoggedIn(welcome::dogencert)),
    row(
        "user/update_last_seen",
        &["username", "last_seen"],
        System(welcome::update_last_seen),
    ),
    row(
        "json/person_by_username",
        &["username"],
        LoggedIn(people::by_username),
    ),
    row("json/person_by_id", &["person_id"], LoggedIn(people::by_id)),
    row("json/user_id", &[], LoggedIn(people::user_id)),
    tolerant("json/people_query", LoggedIn(query::people_query)),
    row(
        "json/group_by_name",
        &["groupname"],
        LoggedIn(groups::by_name),
    ),
    row("json/group_by_id", &["group_id"], LoggedIn(groups::by_id)),
    row(
        "json/fas_client/group_data",
        &["force_refresh"],
        LoggedIn(hosts::group_data),
    ),
    row("json/fas_client/user_data", &[], LoggedIn(hosts::user_data)),
    row("group/dump", &["groupname"], LoggedIn(groups::dump)),
    row(
        "group/list",
        &["search", "with_members"],
        LoggedIn(groups::list),
    ),
    row(
        "group/members",
        &["groupname", "search", "role_type"],
        LoggedIn(groups::members),
    ),
    row("group/view", &["groupname"], LoggedIn(groups::view)),
    row("group/create", groups::CREATE, LoggedIn(groups::create)),
    row(
        "config/list",
        &["username", "application", "pattern"],
        LoggedIn(config::list),
    ),
    row(
        "config/set",
        &["username", "application", "attribute", "value"],
        LoggedIn(config::set),
    ),
    row("index", &[], Open(welcome::index)),
    row("", &[], Open(welcome::index)),
];

/// The page at `path` (no slash in front) and what is left of the path.
pub(super) fn find(path: &str) -> Option<(&'static Row, Vec<&str>)> {
    ROWS.iter().find_map(|row| {
        let rest = if row.path.is_empty() {
            path.is_empty().then_some("")?
        } else {
            path.strip_prefix(row.path)?
        };
        let below = rest.strip_prefix('/').unwrap_or(rest);
        // `json/user_identity` is not below `json/user_id`.
        (rest.is_empty() || rest.starts_with('/')).then(|| {
            let parts = below.split('/').filter(|part| !part.is_empty());
            (row, parts.collect())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_with_the_rest_of_its_path() {
        let check = |path: &str, expected: Option<(&str, &[&str])>| {
            let found = find(path).map(|(row, rest)| (row.path, rest));
            assert_eq!(
                found,
                expected.map(|(path, rest)| (path, rest.to_vec())),
                "{path}"
            );
        };
        check("", Some(("", &[])));
        check("home", Some(("home", &[])));
        check("group/dump", Some(("group/dump", &[])));
        check("group/dump/a b", Some(("group/dump", &["a b"])));
        check(
            "config/list/ada/openid/*",
            Some(("config/list", &["ada", "openid", "*"])),
        );
        check("homepage", None);
        check("json/user_identity", None);
    }
}
