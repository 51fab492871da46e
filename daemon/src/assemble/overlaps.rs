//! Ids that are served and that other programs on the host give out, too: a remark each,
//! since it was the directory or an administrator that chose them.
//!
//! (systemd's dynamic users are not here: their ids cannot be represented at all.)

use std::ops::RangeInclusive;

use muster_common::local::LoginDefs;
use muster_common::snapshot::content::Content;

/// What systemd gives to containers (its UIDS-GIDS document).
const CONTAINERS: RangeInclusive<u32> = 524_288..=1_879_048_191;
/// What systemd maps the owners of foreign images to (the same document).
const FOREIGN: RangeInclusive<u32> = 2_147_352_576..=2_147_418_111;

/// Ids of one kind, lowest first.
struct Served {
    one: &'static str,
    several: &'static str,
    ids: Vec<u32>,
}

impl Served {
    fn new(one: &'static str, several: &'static str, ids: impl Iterator<Item = u32>) -> Self {
        let mut ids: Vec<u32> = ids.collect();
        ids.sort_unstable();
        Self { one, several, ids }
    }

    /// `3 users (20001 to 20007)`, where any of them lies in `range`.
    fn within(&self, range: &RangeInclusive<u32>) -> Option<String> {
        let from = self.ids.partition_point(|id| id < range.start());
        let to = self.ids.partition_point(|id| id <= range.end());
        let inside = self.ids.get(from..to)?;
        match inside {
            [] => None,
            [only] => Some(format!("1 {} ({only})", self.one)),
            [first, .., last] => Some(format!(
                "{} {} ({first} to {last})",
                inside.len(),
                self.several
            )),
        }
    }
}

/// One line for each range that anybody served lies in.
pub(super) fn remarks(content: &Content, host: &LoginDefs) -> Vec<String> {
    let uids = content.users.iter().map(|user| user.account.uid.get());
    let users = Served::new("user", "users", uids);
    // A private group's id is its user's, who is counted.
    let gids = content.groups.iter().map(|record| record.group.gid.get());
    let groups = gids.filter(|gid| users.ids.binary_search(gid).is_err());
    let groups = Served::new("group", "groups", groups);
    let (containers, foreign) = (Some(CONTAINERS), Some(FOREIGN));
    let table = [
        (
            &users,
            &host.uids,
            "UID_MIN to UID_MAX of /etc/login.defs",
            "useradd",
        ),
        (
            &groups,
            &host.gids,
            "GID_MIN to GID_MAX of /etc/login.defs",
            "groupadd",
        ),
        (
            &users,
            &host.system_uids,
            "SYS_UID_MIN to SYS_UID_MAX of /etc/login.defs",
            "useradd",
        ),
        (
            &groups,
            &host.system_gids,
            "SYS_GID_MIN to SYS_GID_MAX of /etc/login.defs",
            "groupadd",
        ),
        (
            &users,
            &containers,
            "systemd's range for containers",
            "systemd-nspawn",
        ),
        (
            &groups,
            &containers,
            "systemd's range for containers",
            "systemd-nspawn",
        ),
        (
            &users,
            &foreign,
            "systemd's range for foreign images",
            "systemd",
        ),
        (
            &groups,
            &foreign,
            "systemd's range for foreign images",
            "systemd",
        ),
    ];
    let lines = table.iter().filter_map(|(served, range, whose, who)| {
        let range = range.as_ref()?;
        let (first, last) = (range.start(), range.end());
        let inside = served.within(range)?;
        Some(format!(
            "remark: {inside} served in {whose} ({first} to {last}), where {who} chooses ids, too"
        ))
    });
    lines.collect()
}
