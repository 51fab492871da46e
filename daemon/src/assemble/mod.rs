//! From what the directories contributed to what a snapshot says: names claimed,
//! ids given, groups counted out per person, access compiled.
//!
//! Everything is built anew from the store, unless it is certain that only some persons'
//! records can be other ([`amend`]): who is served and by what is never patched.

pub mod amend;
mod around;
mod claims;
mod homes;
mod overlaps;
mod settle;
#[cfg(test)]
mod tests;

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::config::{Config, DirectoryConfig, FULL_NAME_MAX};
use muster_common::directory::{Coverage, Ids, Person, Team};
use muster_common::local::LocalFiles;
use muster_common::members::Members;
use muster_common::name::{GroupName, UserName};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, GroupType, Misses, UserRecord,
};
use muster_common::snapshot::reserved::reserved;
use muster_common::snapshot::seeded::Map;
use muster_common::store::ledger::{Entry, Holder, IdKind, IdSpace, Ledger};
use muster_common::store::names::{Owner, Owners};
use muster_common::store::projection::{KnownPerson, KnownTeam};
use muster_common::store::revocations::Revoked;
use muster_common::store::{Store, StoreError};
use muster_common::text;

use around::Around;
use claims::{contested_ids, holder};
use homes::shell;

use crate::sync::fingerprint;
use muster_common::ssh_key;

/// The longest piece of a server's text that a problem shows.
const SHOWN_MAX: usize = 80;

/// What came of an assembly.
pub struct Assembly {
    /// For the publisher.
    pub content: Content,
    /// What an administrator should know, a line each.
    pub problems: Vec<String>,
}

/// Puts the content together and keeps what has to be kept (ids, owners of
/// names, tombstones) before anybody can see it.
pub fn assemble(
    store: &Store,
    config: &Config,
    local: &LocalFiles,
    now: Time,
) -> Result<Assembly, StoreError> {
    let _turn = store.deciding();
    let mut work = Work {
        config,
        local,
        ledger: store.ledger(id_space(config))?,
        user_owners: store.owners(IdKind::User)?,
        revoked: store.revoked()?,
        group_owners: store.owners(IdKind::Group)?,
        new_user_owners: Vec::new(),
        new_group_owners: Vec::new(),
        users: Map::default(),
        places: Vec::new(),
        by_name: Vec::new(),
        moved_gids: Map::default(),
        problems: config.warnings.clone(),
        content: empty_content(config, now),
    };
    for (directory, position) in config.directories.iter().zip(0u16..) {
        let standing = directory_record(store, directory)?;
        work.content.directories.push(standing);
        work.add_people(directory, position, store.people(&directory.name)?);
    }
    work.settle_homes();
    work.order_by_name();
    for (directory, position) in config.directories.iter().zip(0u16..) {
        work.add_teams(directory, position, store.teams(&directory.name)?);
    }
    work.settle_primary_groups();
    work.compile_access();
    work.override_primary_groups();
    store.keep_ledger(&work.ledger)?;
    store.keep_owners(IdKind::User, &work.new_user_owners)?;
    store.keep_owners(IdKind::Group, &work.new_group_owners)?;
    work.content.tombstones = work.bury(store)?;
    work.problems
        .extend(overlaps::remarks(&work.content, &local.login_defs));
    Ok(Assembly {
        content: work.content,
        problems: work.problems,
    })
}

/// Which ids may be given under this configuration.
pub fn id_space(config: &Config) -> IdSpace {
    IdSpace {
        accept: config.ids.accept.clone(),
        derive: config.ids.derive.clone(),
    }
}

/// Whether the last reading of everybody has succeeded, under these very settings.
pub fn is_listed(store: &Store, directory: &DirectoryConfig) -> Result<bool, StoreError> {
    match directory.kind.coverage() {
        Coverage::WhereListed => {
            let listed = store.listed(&directory.name)?;
            Ok(listed == Some(fingerprint(directory)))
        }
        Coverage::ByName | Coverage::Complete => Ok(false),
    }
}

fn directory_record(
    store: &Store,
    directory: &DirectoryConfig,
) -> Result<DirectoryRecord, StoreError> {
    let synced = store.synced(&directory.name)?;
    let listed = is_listed(store, directory)?;
    Ok(DirectoryRecord {
        name: directory.name.clone(),
        misses: misses(directory.kind.coverage(), synced, listed),
        synced,
    })
}

/// A directory that has never been read says nothing about anybody.
fn misses(coverage: Coverage, synced: Option<Time>, listed: bool) -> Misses {
    match (coverage, synced) {
        (Coverage::WhereListed, Some(_)) if listed => Misses::Final,
        (Coverage::ByName | Coverage::WhereListed, _) => Misses::AskByName,
        (Coverage::Complete, Some(_)) => Misses::Final,
        (Coverage::Complete, None) => Misses::Unclear,
    }
}

fn empty_content(config: &Config, now: Time) -> Content {
    Content {
        created: now,
        enumerate: config.enumerate,
        forms: config.forms.clone(),
        id_ranges: vec![config.ids.accept.clone(), config.ids.derive.clone()],
        services: config.access.services().to_vec(),
        ..Content::default()
    }
}

/// What is known of a user on the way into the content.
struct Place {
    wanted_gid: Option<u32>,
    active: bool,
    /// When the directory last vouched for the person.
    seen: Time,
    /// Whether the service itself lists the person's private group.
    private_group: bool,
    /// The numbers of the groups that hold the person directly.
    groups: Vec<i64>,
}

struct Work<'a> {
    config: &'a Config,
    local: &'a LocalFiles,
    ledger: Ledger,
    user_owners: Owners,
    revoked: Revoked,
    group_owners: Owners,
    new_user_owners: Vec<(String, Owner)>,
    new_group_owners: Vec<(String, Owner)>,
    /// Where in the content each user's record is.
    users: Map<UserName, usize>,
    /// One for each of the records.
    places: Vec<Place>,
    /// Where the records are, in the order of their names.
    by_name: Vec<usize>,
    /// The pinned ids of groups, by directory and the id that the service gives.
    moved_gids: Map<(u16, u32), u32>,
    problems: Vec<String>,
    content: Content,
}

impl Work<'_> {
    fn add_people(&mut self, directory: &DirectoryConfig, position: u16, people: Vec<KnownPerson>) {
        let mut named = self.one_name_each(
            directory,
            "user",
            people,
            |known| &known.person.name,
            |rule, name| rule.user(name),
        );
        for (name, known) in &mut named {
            // What the service gives is nobody's claim then.
            let said = self.config.overrides.get(name).and_then(|said| said.uid);
            let holder = holder(IdKind::User, directory, &known.person.key);
            let settled = said.is_some() || self.ledger.pin_of(&holder).is_some();
            known.person.uid = known.person.uid.filter(|_| !settled);
        }
        let contested = contested_ids(&self.ledger, &named, |known| known.person.uid);
        self.users.reserve(named.len());
        self.content.users.reserve(named.len());
        self.places.reserve(named.len());
        for (name, known) in named {
            let KnownPerson {
                person,
                seen,
                groups,
            } = known;
            if !self.claims(IdKind::User, directory, name.as_str(), &person.key) {
                continue;
            }
            if let Some((id, names)) = person.uid.and_then(|id| contested.get_key_value(&id)) {
                let why = format!(
                    "user {name}: several persons are given uid {id} ({names}); none gets it"
                );
                let holder = holder(IdKind::User, directory, &person.key);
                self.problem(self.settled_by_pin(directory, name.as_str(), &holder, &why));
                continue;
            }
            match self.user_record(directory, position, &name, &person) {
                Ok(record) => {
                    let place = Place {
                        wanted_gid: person.gid,
                        active: person.active,
                        seen,
                        private_group: false,
                        groups,
                    };
                    self.users.insert(name, self.content.users.len());
                    self.content.users.push(record);
                    self.places.push(place);
                }
                Err(why) => self.problem(format!("user {name}: {why}")),
            }
        }
    }

    fn user_record(
        &mut self,
        directory: &DirectoryConfig,
        position: u16,
        name: &UserName,
        person: &Person,
    ) -> Result<UserRecord, String> {
        let holder = holder(IdKind::User, directory, &person.key);
        let said = self.config.overrides.get(name);
        let entry = match said.and_then(|said| said.uid) {
            Some(uid) => self
                .ledger
                .override_id(&holder, name.as_str(), uid.get(), self.local)
                .map_err(|clash| format!("{clash}; [override.user.{name}] says so"))?,
            None => self.entry_by_directory(directory, name, person, &holder)?,
        };
        let uid = Uid::new(entry.id).map_err(|error| error.to_string())?;
        let gid = Gid::new(entry.id).map_err(|error| error.to_string())?;
        let account = Account {
            name: name.clone(),
            uid,
            gid,
            gecos: said
                .and_then(|said| said.gecos.clone())
                .unwrap_or_else(|| gecos(self.config, directory, name, person)),
            home: said
                .and_then(|said| said.home.clone())
                .unwrap_or_else(|| self.home(directory, name, person)),
            shell: said
                .and_then(|said| said.shell.clone())
                .unwrap_or_else(|| self.shell(directory, name, person)),
        };
        let (ssh_keys, refused) = ssh_key::accept(&person.ssh_keys);
        if refused > 0 {
            self.problem(format!(
                "user {name}: {refused} SSH keys cannot be read and are left out"
            ));
        }
        Ok(UserRecord {
            account,
            groups: vec![gid],
            directory: position,
            access: Access::default(),
            ssh_keys,
        })
    }

    /// The id that the service gives, or else a derived one, if this directory may have either.
    fn entry_by_directory(
        &mut self,
        directory: &DirectoryConfig,
        name: &UserName,
        person: &Person,
        holder: &Holder,
    ) -> Result<Entry, String> {
        match (person.uid, directory.kind.ids()) {
            _ if self.ledger.pin_of(holder).is_some() => {}
            (Some(id), _) if self.ledger.acceptable(id, self.local) => {}
            (None, Ids::GivenOrDerived) => {}
            (Some(id), Ids::GivenOrDerived) => self.problem(format!(
                "user {name}: the service's uid {id} is not accepted here; an id is derived instead"
            )),
            (id, Ids::Given) => return Err(not_accepted("uid", id)),
        }
        let name = name.as_str();
        let assigned = self.ledger.assign(holder, name, person.uid, self.local);
        assigned.map_err(|clash| self.settled_by_pin(directory, name, holder, &clash.to_string()))
    }

    fn add_teams(&mut self, directory: &DirectoryConfig, position: u16, teams: Vec<KnownTeam>) {
        let mut around = Around::new(&teams);
        let teams = teams.into_iter().filter(|known| known.team.active);
        let mut named = self.one_name_each(
            directory,
            "group",
            teams.collect(),
            |known| &known.team.name,
            |rule, name| rule.group(name),
        );
        for (_, known) in &mut named {
            let team = &mut known.team;
            let holder = holder(IdKind::Group, directory, &team.key);
            if let Some(pinned) = self.ledger.pin_of(&holder) {
                // What the service gives is nobody's claim then, but still means this group.
                let said = team.gid.take();
                self.moved_gids
                    .extend(said.map(|said| ((position, said), pinned)));
            }
        }
        let contested = contested_ids(&self.ledger, &named, |known| known.team.gid);
        for (name, KnownTeam { id, team, .. }) in named {
            if reserved(name.as_str()).is_some() || self.local.holds_name(name.as_str()) {
                // The publisher would refuse it, and with it whoever has it as the primary group.
                self.problem(format!(
                    "group {name} of {}: the name is reserved or a local one's; not served",
                    directory.name
                ));
                continue;
            }
            if let Some(&record) = self.users.get(name.as_str()) {
                let owner = self.content.users.get(record);
                if owner.is_some_and(|owner| is_private_group(owner, position, &team)) {
                    if let Some(place) = self.places.get_mut(record) {
                        place.private_group = true;
                    }
                    continue;
                }
                self.problem(format!("group {name}: a user has this name, and with it a private group; the group yields"));
                continue;
            }
            if !self.claims(IdKind::Group, directory, name.as_str(), &team.key) {
                continue;
            }
            if let Some((id, names)) = team.gid.and_then(|id| contested.get_key_value(&id)) {
                let why = format!(
                    "group {name}: several groups are given gid {id} ({names}); none gets it"
                );
                let holder = holder(IdKind::Group, directory, &team.key);
                self.problem(self.settled_by_pin(directory, name.as_str(), &holder, &why));
                continue;
            }
            let record = u32::try_from(self.content.groups.len());
            match self.add_team(directory, position, &name, &team) {
                Ok(()) => record.iter().for_each(|&record| around.serve(id, record)),
                Err(why) => self.problem(format!("group {name}: {why}")),
            }
        }
        self.enrol(position, around);
    }

    fn add_team(
        &mut self,
        directory: &DirectoryConfig,
        position: u16,
        name: &GroupName,
        team: &Team,
    ) -> Result<(), String> {
        let holder = holder(IdKind::Group, directory, &team.key);
        if directory.kind.ids() == Ids::Given
            && self.ledger.pin_of(&holder).is_none()
            && !team
                .gid
                .is_some_and(|id| self.ledger.acceptable(id, self.local))
        {
            return Err(not_accepted("gid", team.gid));
        }
        let assigned = self
            .ledger
            .assign(&holder, name.as_str(), team.gid, self.local);
        let entry = assigned.map_err(|clash| {
            self.settled_by_pin(directory, name.as_str(), &holder, &clash.to_string())
        })?;
        let gid = Gid::new(entry.id).map_err(|error| error.to_string())?;
        let group = Group {
            name: name.clone(),
            gid,
            members: Members::default(),
        };
        self.content.groups.push(GroupRecord {
            group,
            directory: position,
        });
        let said = team.group_type.clone();
        let said = said.map(|name| GroupType { gid, name });
        self.content.group_types.extend(said);
        Ok(())
    }

    /// Puts the persons of one directory, by name, into the groups around them, as far as
    /// those are served.
    fn enrol(&mut self, position: u16, mut around: Around) {
        let mut sizes = vec![(0usize, 0usize); self.content.groups.len()];
        let (mut held, mut found) = (Vec::with_capacity(self.by_name.len()), Vec::new());
        for &at in &self.by_name {
            let (Some(record), Some(place)) = (self.content.users.get(at), self.places.get(at))
            else {
                continue;
            };
            if record.directory != position {
                continue;
            }
            let groups = around.person(&place.groups);
            for &group in groups {
                if let Some((count, bytes)) = at_place(&mut sizes, group) {
                    *count = count.saturating_add(1);
                    *bytes = bytes.saturating_add(record.account.name.as_bytes().len());
                }
            }
            let start = found.len();
            found.extend_from_slice(groups);
            held.push((at, start..found.len()));
        }
        // Counted first: lists that grow one by one would be copied again and again.
        for (record, (count, bytes)) in self.content.groups.iter_mut().zip(sizes) {
            record.group.members.reserve_exact(count, bytes);
        }
        for (at, groups) in held {
            let (Some(user), Some(groups)) = (self.content.users.get_mut(at), found.get(groups))
            else {
                continue;
            };
            user.groups.reserve_exact(groups.len());
            for &group in groups {
                if let Some(GroupRecord { group, .. }) = at_place(&mut self.content.groups, group) {
                    user.groups.push(group.gid);
                    group.members.push(&user.account.name);
                }
            }
        }
    }

    /// Once everybody is there.
    fn order_by_name(&mut self) {
        let named = self.users.iter();
        let mut named: Vec<_> = named
            .map(|(name, record)| (name.clone(), *record))
            .collect();
        named.sort_unstable();
        self.by_name = named.into_iter().map(|(_, record)| record).collect();
    }

    fn problem(&mut self, line: String) {
        self.problems.push(line);
    }
}

fn at_place<T>(list: &mut [T], place: u32) -> Option<&mut T> {
    list.get_mut(usize::try_from(place).ok()?)
}

/// Whether `team` is what the service has as the private group of `owner`.
fn is_private_group(owner: &UserRecord, position: u16, team: &Team) -> bool {
    owner.directory == position && team.gid == Some(owner.account.uid.get())
}

fn not_accepted(what: &str, id: Option<u32>) -> String {
    match id {
        Some(id) => format!(
            "the service's {what} {id} is not accepted here (ids.accept, an id of the system, a local account's, or one in /etc/subuid or /etc/subgid); not served"
        ),
        None => format!("the service gives no {what}; not served"),
    }
}

fn gecos(config: &Config, directory: &DirectoryConfig, name: &UserName, person: &Person) -> String {
    let shown = shown_name(&person.display_name);
    let gecos = config.home.gecos_of(&directory.name, name, &shown);
    text::safe(&gecos, FULL_NAME_MAX)
}

/// A display name that is one field of one full name.
fn shown_name(display_name: &str) -> String {
    let shown = text::safe(display_name, FULL_NAME_MAX);
    if shown.contains([':', ',']) {
        shown.replace([':', ','], " ")
    } else {
        shown
    }
}
