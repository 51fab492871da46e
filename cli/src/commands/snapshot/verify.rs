//! `muster snapshot verify`: one read whole, and what it is.

use std::path::Path;
use std::process::ExitCode;

use muster_common::snapshot::content::{Content, DirectoryRecord, Misses};
use muster_common::snapshot::reader::{OpenError, Snapshot};
use muster_common::text::with_causes;
use serde_json::json;

use super::file::{snapshot, verified};
use crate::failure::Failure;
use crate::options::Options;
use crate::show;

/// Checks it and says what it is.
pub fn run(options: &Options, file: &Path) -> Result<ExitCode, Failure> {
    let (snapshot, bytes) = snapshot(file)?;
    let content = verified(file, &snapshot)?;
    let found = Found {
        file,
        bytes,
        snapshot,
        content,
        mistrust: mistrust(file),
    };
    if options.json {
        found.print_json()?;
    } else {
        found.print();
    }
    Ok(ExitCode::SUCCESS)
}

/// Why no module would read the file where it lies. It may be on its way to another place.
fn mistrust(file: &Path) -> Option<String> {
    let opened = std::path::absolute(file).map_err(OpenError::from);
    let opened = opened.and_then(|file| Snapshot::open(&file));
    opened.err().map(|error| with_causes(&error))
}

struct Found<'a> {
    file: &'a Path,
    bytes: usize,
    snapshot: Snapshot,
    content: Content,
    mistrust: Option<String>,
}

impl Found<'_> {
    fn print(&self) {
        let Self {
            snapshot, content, ..
        } = self;
        let created = show::ago(content.created.unix());
        let generation = snapshot.generation();
        let (users, groups) = (content.users.len(), content.groups.len());
        let gone = content.tombstones.len();
        let listed = if content.enumerate { "yes" } else { "no" };
        let replaced = if snapshot.looks_stale() { "yes" } else { "" };
        show::table(&[
            ("Snapshot", self.file.display().to_string()),
            ("Sound", format!("yes, all of its {} bytes", self.bytes)),
            ("Format", format!("version {}", snapshot.version())),
            ("Made", format!("{created}, generation {generation}")),
            (
                "Holds",
                format!("{users} users, {groups} groups, {gone} former users"),
            ),
            ("Enumerated", listed.to_owned()),
            ("Replaced", replaced.to_owned()),
        ]);
        for directory in &content.directories {
            let synced = directory.synced.map_or(0, |time| time.unix());
            println!(
                "Directory {}: {}, synced {}",
                directory.name,
                means(directory),
                show::ago(synced)
            );
        }
        if let Some(mistrust) = &self.mistrust {
            println!("warning: as it lies there, no module reads it: {mistrust}");
        }
    }

    fn print_json(&self) -> std::io::Result<()> {
        let Self {
            snapshot, content, ..
        } = self;
        let directories: Vec<_> = content.directories.iter().map(as_json).collect();
        show::json(&json!({
            "file": self.file,
            "bytes": self.bytes,
            "version": snapshot.version(),
            "generation": snapshot.generation(),
            "created": content.created.unix(),
            "users": content.users.len(),
            "groups": content.groups.len(),
            "former_users": content.tombstones.len(),
            "enumerate": content.enumerate,
            "replaced": snapshot.looks_stale(),
            "directories": directories,
            "warning": self.mistrust,
        }))
    }
}

fn as_json(directory: &DirectoryRecord) -> serde_json::Value {
    json!({
        "name": directory.name.as_str(),
        "misses": means(directory),
        "synced": directory.synced.map(|time| time.unix()),
    })
}

/// What a miss means.
fn means(directory: &DirectoryRecord) -> &'static str {
    match directory.misses {
        Misses::Final => "complete",
        Misses::AskByName => "asked by name",
        Misses::Unclear => "never read",
    }
}
