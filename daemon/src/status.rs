//! How everything is, for `muster status`.

use muster_common::wire::message::{DirectoryStatus, RevokedUser, StatusReply};

use crate::broker::{Broker, Connected};

/// Lines of problems that one answer carries; the rest is counted.
const PROBLEMS_MAX: usize = 500;

/// Answers `Status`.
pub fn status(broker: &Broker) -> StatusReply {
    let publication = broker.publisher.last();
    let mut unserved = None;
    let uptime = broker.clock.since_boot().saturating_sub(broker.started);
    let mut reply = StatusReply {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: uptime.as_secs(),
        publish_error: publication.error,
        directories: broker
            .connected
            .iter()
            .map(|connected| directory_status(broker, connected))
            .collect(),
        ..StatusReply::default()
    };
    match broker.snapshot() {
        Ok(snapshot) => {
            reply.generation = snapshot.generation();
            reply.users = snapshot.user_count().into();
            reply.groups = snapshot.group_count().into();
            reply.published = snapshot.created().unix();
        }
        Err(error) => unserved = Some(format!("no names are served: {error}")),
    }
    let connected = broker.connected.iter();
    let remarks: Vec<String> = connected.flat_map(|one| remarks(broker, one)).collect();
    let problems = unserved.iter().chain(&*publication.problems);
    reply.problems = the_first(problems.chain(&remarks));
    reply.revoked = revoked(broker);
    reply
}

/// What the last sync of a directory left out or held.
fn remarks(broker: &Broker, connected: &Connected) -> Vec<String> {
    let name = &connected.config.name;
    let standing = broker.standing(name);
    let lines = standing.held.into_iter().chain(standing.remarks);
    lines.map(|line| format!("{name}: {line}")).collect()
}

fn the_first<'a>(mut problems: impl Iterator<Item = &'a String>) -> Vec<String> {
    let shown = problems.by_ref().take(PROBLEMS_MAX);
    let mut shown: Vec<String> = shown.cloned().collect();
    let more = problems.count();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

/// Whom root has shut out; what cannot be read is in the log of whoever reads it for a login.
fn revoked(broker: &Broker) -> Vec<RevokedUser> {
    let all = broker.store.revocations().unwrap_or_default().into_iter();
    let shown = all.take(PROBLEMS_MAX).map(|one| RevokedUser {
        user: one.name,
        directory: one.owner.directory.to_string(),
        key: one.owner.key.to_string(),
        since: one.since.unix(),
    });
    shown.collect()
}

fn directory_status(broker: &Broker, connected: &Connected) -> DirectoryStatus {
    let directory = &connected.config;
    let standing = broker.standing(&directory.name);
    let reading = broker.store.reading(&directory.name).ok().flatten();
    let synced = reading.as_ref().map_or(0, |reading| reading.synced.unix());
    DirectoryStatus {
        name: directory.name.to_string(),
        kind: directory.kind.as_str().to_owned(),
        url: directory
            .server
            .as_ref()
            .map_or_else(|| "this host".to_owned(), |one| one.url.to_string()),
        server: standing.server,
        state: standing.state.unwrap_or("never asked").to_owned(),
        error: standing.error,
        synced,
        read_whole: reading.as_ref().map_or(0, |reading| reading.whole.unix()),
        tells_changes: reading.is_some_and(|reading| reading.cursor.is_some()),
        next_sync: standing.next_sync.unix(),
        users: standing.counts.people,
        groups: standing.counts.teams,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_to_show_is_counted() {
        let problems: Vec<String> = (0..PROBLEMS_MAX + 2).map(|nth| nth.to_string()).collect();
        let all = the_first(problems[..PROBLEMS_MAX].iter());
        assert_eq!(all, problems[..PROBLEMS_MAX]);
        let shown = the_first(problems.iter());
        assert_eq!(shown[..PROBLEMS_MAX], problems[..PROBLEMS_MAX]);
        assert_eq!(shown[PROBLEMS_MAX..], ["and 2 more"]);
    }
}
