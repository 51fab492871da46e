//! `muster id pin` and `unpin`: an id that an administrator says.

use std::process::ExitCode;

use muster_common::wire::message::{PinId, PinReply, UnpinId};

use crate::ask::{LONG, ask};
use crate::failure::{EXIT_NO, Failure};
use crate::options::{NameKind, Options, Who};
use crate::show;

/// Gives somebody this id from now on.
pub fn pin(options: &Options, who: &Who, id: u32) -> Result<ExitCode, Failure> {
    let call = PinId {
        group: who.kind == NameKind::Group,
        name: who.name.clone(),
        id,
        directory: who.directory.clone(),
        key: who.key.clone(),
    };
    report(options, who, &ask(&call, LONG)?)
}

/// Takes a pin away.
pub fn unpin(options: &Options, who: &Who) -> Result<ExitCode, Failure> {
    let call = UnpinId {
        group: who.kind == NameKind::Group,
        name: who.name.clone(),
        directory: who.directory.clone(),
        key: who.key.clone(),
    };
    report(options, who, &ask(&call, LONG)?)
}

fn report(options: &Options, who: &Who, reply: &PinReply) -> Result<ExitCode, Failure> {
    if options.json {
        show::json(reply)?;
    } else if let Some(why) = &reply.refused {
        println!("Nothing has changed: {}", show::plain(why));
    } else {
        for line in sentences(who, reply) {
            println!("{line}");
        }
    }
    Ok(if reply.refused.is_some() {
        ExitCode::from(EXIT_NO)
    } else {
        ExitCode::SUCCESS
    })
}

fn sentences(who: &Who, reply: &PinReply) -> Vec<String> {
    let (name, generation) = (&who.name, reply.generation);
    let mut lines = Vec::new();
    match &reply.now {
        Some(now) if now.source == "unpinned" => lines.push(format!(
            "{name} has no other id than {} yet: see `muster status`; generation {generation} is served",
            now.id
        )),
        Some(now) => lines.push(format!(
            "{name} has the id {} ({}); generation {generation} is served",
            now.id, now.source
        )),
        None => lines.push(format!(
            "{name} has no id now: see `muster status`; generation {generation} is served"
        )),
    }
    let now = reply.now.as_ref().map(|now| now.id);
    if let Some(before) = reply.before.filter(|before| Some(*before) != now) {
        lines.push(show::left_behind(who.kind, before));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_common::wire::message::IdEntry;

    #[test]
    fn what_was_left_behind_is_named_and_only_then() {
        let who = Who {
            kind: NameKind::User,
            name: "ada".into(),
            directory: None,
            key: None,
        };
        let check = |before, now: Option<(u32, &str)>, expected: &[&str]| {
            let now = now.map(|(id, source)| IdEntry {
                id,
                source: source.into(),
                ..IdEntry::default()
            });
            let reply = PinReply {
                before,
                now,
                generation: 7,
                ..PinReply::default()
            };
            let lines = sentences(&who, &reply);
            assert_eq!(lines.len(), expected.len(), "{lines:?}");
            for (line, words) in lines.iter().zip(expected) {
                assert!(line.contains(words), "{line}");
            }
        };
        check(None, Some((5000, "pinned")), &["the id 5000 (pinned)"]);
        check(Some(5000), Some((5000, "pinned")), &["generation 7"]);
        let find = "find / -xdev -uid 20001";
        check(Some(20_001), Some((5000, "pinned")), &["5000", find]);
        check(Some(20_001), Some((20_001, "unpinned")), &["no other id"]);
        check(Some(20_001), None, &["no id now", find]);
    }
}
