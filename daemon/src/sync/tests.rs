//! What a directory contributes is what it says: after any sequence of changes, however
//! they were read.

mod amended;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::config;
use muster_common::directory::{
    Changes, Cursor, Directory, DirectoryError, ImmutableKey, Listing, Membership, Notices, Person,
    Projection, Rolls, ServerVersion, Sighting, Team, TeamSighting, Verified,
};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_common::store::ledger::IdKind;
use proptest::prelude::*;

use super::changes::{Followed, Follower};
use super::{Shrink, SyncError, whole};
use crate::fixture::World;
use crate::publisher::publish_now;

const CONFIG: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
"#;

/// A directory in memory that keeps a history as Crowd does.
#[derive(Default)]
struct Company {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    people: BTreeMap<String, Staff>,
    groups: BTreeMap<String, Unit>,
    keys: u32,
    versions: u64,
    /// Who was changed, one after the other, each with what is told of it.
    history: Vec<(Of, String, u64)>,
    /// The places in it that tell of an end.
    ends: BTreeSet<usize>,
    /// How many of the last entries are told again each time.
    repeats: usize,
    /// The history's identity: after a restart it is another.
    instance: u32,
    broken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Person,
    Group,
}

#[derive(Clone)]
struct Staff {
    key: u32,
    shell: u32,
    groups: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Unit {
    inactive: bool,
    inside: BTreeSet<String>,
}

/// Something that happens in the company. Numbers choose one of what there is.
#[derive(Debug, Clone)]
enum Happening {
    Join(usize),
    Leave(usize),
    Rename(usize, usize),
    Replace(usize),
    Reshell(usize),
    Found(usize),
    Dissolve(usize),
    /// Dissolves a group and founds another of its name.
    Refound(usize),
    Suspend(usize),
    Enter(usize, usize),
    Quit(usize, usize),
    Nest(usize, usize),
    Unnest(usize, usize),
    /// The server forgets its history.
    Restart,
    /// The host asks for changes.
    Follow,
    /// The host reads everybody.
    Whole,
}

const PEOPLE: [&str; 7] = ["Ada", "bob", "cyd", "DORA", "eve", "fay", "gus"];
const GROUPS: [&str; 5] = ["any", "Dev", "ops", "leaf", "linux-users"];

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{
        Dissolve, Enter, Follow, Found, Join, Leave, Nest, Quit, Refound, Rename, Replace, Reshell,
        Restart, Suspend, Unnest, Whole,
    };
    let n = || 0..PEOPLE.len();
    let g = || 0..GROUPS.len();
    prop_oneof![
        3 => n().prop_map(Join),
        1 => n().prop_map(Leave),
        1 => (n(), n()).prop_map(|(a, b)| Rename(a, b)),
        1 => n().prop_map(Replace),
        1 => n().prop_map(Reshell),
        3 => g().prop_map(Found),
        1 => g().prop_map(Dissolve),
        2 => g().prop_map(Refound),
        1 => g().prop_map(Suspend),
        4 => (n(), g()).prop_map(|(a, b)| Enter(a, b)),
        2 => (n(), g()).prop_map(|(a, b)| Quit(a, b)),
        2 => (g(), g()).prop_map(|(a, b)| Nest(a, b)),
        1 => (g(), g()).prop_map(|(a, b)| Unnest(a, b)),
        1 => Just(Restart),
        5 => Just(Follow),
        2 => Just(Whole),
    ]
}

impl State {
    fn tell(&mut self, of: Of, name: &str) {
        self.versions += 1;
        self.history.push((of, name.to_owned(), self.versions));
    }

    fn tell_end(&mut self, of: Of, name: &str) {
        self.ends.insert(self.history.len());
        self.tell(of, name);
    }

    fn hire(&mut self, name: &str) {
        self.keys += 1;
        let staff = Staff {
            key: self.keys,
            shell: 0,
            groups: BTreeSet::new(),
        };
        self.people.insert(name.to_owned(), staff);
        self.tell(Of::Person, name);
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Join(n) if !self.people.contains_key(PEOPLE[n]) => self.hire(PEOPLE[n]),
            Happening::Leave(n) if self.people.remove(PEOPLE[n]).is_some() => {
                self.tell_end(Of::Person, PEOPLE[n]);
            }
            Happening::Rename(a, b) if !self.people.contains_key(PEOPLE[b]) => {
                if let Some(staff) = self.people.remove(PEOPLE[a]) {
                    self.people.insert(PEOPLE[b].to_owned(), staff);
                    self.tell(Of::Person, PEOPLE[b]);
                }
            }
            Happening::Replace(n) if self.people.remove(PEOPLE[n]).is_some() => {
                self.tell_end(Of::Person, PEOPLE[n]);
                self.hire(PEOPLE[n]);
            }
            Happening::Reshell(n) => {
                if let Some(staff) = self.people.get_mut(PEOPLE[n]) {
                    staff.shell += 1;
                    self.tell(Of::Person, PEOPLE[n]);
                }
            }
            Happening::Found(g) if !self.groups.contains_key(GROUPS[g]) => {
                self.groups.insert(GROUPS[g].to_owned(), Unit::default());
                self.tell(Of::Group, GROUPS[g]);
            }
            Happening::Dissolve(g) if self.groups.remove(GROUPS[g]).is_some() => {
                for staff in self.people.values_mut() {
                    staff.groups.remove(GROUPS[g]);
                }
                for unit in self.groups.values_mut() {
                    unit.inside.remove(GROUPS[g]);
                }
                self.tell_end(Of::Group, GROUPS[g]);
            }
            Happening::Refound(g) if self.groups.contains_key(GROUPS[g]) => {
                self.happen(&Happening::Dissolve(g));
                self.happen(&Happening::Found(g));
            }
            Happening::Suspend(g) => {
                if let Some(unit) = self.groups.get_mut(GROUPS[g]) {
                    unit.inactive = !unit.inactive;
                    self.tell(Of::Group, GROUPS[g]);
                }
            }
            Happening::Enter(n, g) if self.groups.contains_key(GROUPS[g]) => {
                if let Some(staff) = self.people.get_mut(PEOPLE[n]) {
                    staff.groups.insert(GROUPS[g].to_owned());
                    self.tell(Of::Person, PEOPLE[n]);
                }
            }
            Happening::Quit(n, g) => {
                if let Some(staff) = self.people.get_mut(PEOPLE[n]) {
                    staff.groups.remove(GROUPS[g]);
                    self.tell(Of::Person, PEOPLE[n]);
                }
            }
            Happening::Nest(a, b) if self.groups.contains_key(GROUPS[b]) => {
                if let Some(unit) = self.groups.get_mut(GROUPS[a]) {
                    unit.inside.insert(GROUPS[b].to_owned());
                    self.tell(Of::Group, GROUPS[a]);
                }
            }
            Happening::Unnest(a, b) => {
                if let Some(unit) = self.groups.get_mut(GROUPS[a]) {
                    unit.inside.remove(GROUPS[b]);
                    self.tell(Of::Group, GROUPS[a]);
                }
            }
            Happening::Restart => {
                self.instance += 1;
                self.history.clear();
                self.ends.clear();
            }
            _ => {}
        }
    }

    fn person(&self, name: &str, staff: &Staff) -> Person {
        Person {
            shell: Some(format!("/bin/{}", staff.shell)),
            ..Person::named(ImmutableKey::given(&staff.key.to_string()), name)
        }
    }

    fn team(name: &str, unit: &Unit) -> Team {
        Team {
            key: ImmutableKey::from_name(&name.to_lowercase()),
            name: name.to_owned(),
            active: !unit.inactive,
            gid: None,
            group_type: None,
        }
    }

    fn projection(&self) -> Projection {
        let people: Vec<_> = self
            .people
            .iter()
            .map(|(name, one)| self.person(name, one))
            .collect();
        let teams: Vec<_> = self
            .groups
            .iter()
            .map(|(name, unit)| Self::team(name, unit))
            .collect();
        let mut rolls = Rolls::new(&people, &teams);
        for (name, staff) in &self.people {
            staff
                .groups
                .iter()
                .for_each(|group| rolls.add_person(group, name));
        }
        for (name, unit) in &self.groups {
            unit.inside
                .iter()
                .for_each(|group| rolls.add_team(group, name));
        }
        let (people, teams) = rolls.fill(people, teams);
        Projection {
            people,
            teams,
            ..Projection::default()
        }
    }

    fn cursor(&self) -> Cursor {
        Cursor(format!("{}:{}", self.instance, self.history.len()))
    }
}

fn memberships(groups: &BTreeSet<String>) -> Vec<Membership> {
    let membership = |name: &String| Membership {
        key: ImmutableKey::from_name(&name.to_lowercase()),
        name: name.clone(),
        gid: None,
        group_type: None,
    };
    groups.iter().map(membership).collect()
}

impl Company {
    fn happen(&self, happening: &Happening) {
        self.state.lock().unwrap().happen(happening);
    }

    /// Persons with their direct groups, and groups with theirs, in the store's words.
    fn said(&self) -> Vec<String> {
        let projection = self.state.lock().unwrap().projection();
        let teams = &projection.teams;
        let name = |place: &u32| teams[usize::try_from(*place).unwrap()].entry.name.clone();
        let people = projection.people.iter().map(|one| {
            let mut groups: Vec<_> = one.groups.iter().map(name).collect();
            groups.sort();
            format!("{:?} in {groups:?}", one.entry)
        });
        let groups = teams.iter().map(|one| {
            let mut around: Vec<_> = one.groups.iter().map(name).collect();
            around.sort();
            format!("{:?} in {around:?}", one.entry)
        });
        let mut said: Vec<_> = people.chain(groups).collect();
        said.sort();
        said
    }

    /// Each served name with the names of all groups, as a snapshot has them.
    fn served(&self) -> BTreeMap<String, BTreeSet<String>> {
        let projection = self.state.lock().unwrap().projection();
        let mut served: BTreeMap<String, BTreeSet<String>> = projection
            .people
            .iter()
            .map(|one| (one.entry.name.to_lowercase(), BTreeSet::new()))
            .collect();
        for team in projection.teams.iter().filter(|team| team.entry.active) {
            for member in projection.members(&team.entry.name) {
                let groups = served.get_mut(&member.to_lowercase()).unwrap();
                groups.insert(team.entry.name.to_lowercase());
            }
        }
        served
    }
}

#[async_trait::async_trait]
impl Directory for Company {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        Ok(ServerVersion("Company/1".to_owned()))
    }
    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        self.person(name.as_str()).await
    }
    async fn verify(&self, _: &UserName, _: &Secret) -> Result<Verified, DirectoryError> {
        Err(DirectoryError::NotFound)
    }
    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Listing for Company {
    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        Ok(self.state.lock().unwrap().projection())
    }
}

#[async_trait::async_trait]
impl Changes for Company {
    async fn present(&self) -> Result<Option<Cursor>, DirectoryError> {
        let state = self.state.lock().unwrap();
        if state.broken {
            return Err(DirectoryError::Misconfigured {
                reason: "not for this application".to_owned(),
            });
        }
        Ok(Some(state.cursor()))
    }

    async fn since(&self, cursor: &Cursor) -> Result<Option<Notices>, DirectoryError> {
        let state = self.state.lock().unwrap();
        let (instance, read) = cursor.0.split_once(':').unwrap();
        if instance != state.instance.to_string() {
            return Ok(None);
        }
        let from = read.parse::<usize>().unwrap().saturating_sub(state.repeats);
        let mut notices = Notices {
            until: Some(state.cursor()),
            ..Notices::default()
        };
        for at in state.ends.range(from..) {
            let (of, name, _) = &state.history[*at];
            let removed = match of {
                Of::Person => &mut notices.people_removed,
                Of::Group => &mut notices.teams_removed,
            };
            removed.insert(name.clone());
        }
        for (of, name, told) in &state.history[from..] {
            let named = match of {
                Of::Person => &mut notices.people,
                Of::Group => &mut notices.teams,
            };
            named.insert(name.clone(), *told);
        }
        Ok(Some(notices))
    }

    async fn person(&self, name: &str) -> Result<Sighting, DirectoryError> {
        let state = self.state.lock().unwrap();
        if state.broken {
            return Err(DirectoryError::Nonsense {
                reason: "broken".to_owned(),
                source: None,
            });
        }
        let staff = state.people.get(name).ok_or(DirectoryError::NotFound)?;
        Ok(Sighting {
            person: state.person(name, staff),
            groups: memberships(&staff.groups),
        })
    }

    async fn team(&self, name: &str) -> Result<TeamSighting, DirectoryError> {
        let state = self.state.lock().unwrap();
        let unit = state.groups.get(name).ok_or(DirectoryError::NotFound)?;
        Ok(TeamSighting {
            team: State::team(name, unit),
            groups: memberships(&unit.inside),
        })
    }
}

/// A host of the company.
struct Host {
    company: Arc<Company>,
    world: World,
    follower: Follower,
}

impl Host {
    fn new(repeats: usize) -> Self {
        Self::under("", repeats)
    }

    fn under(more: &str, repeats: usize) -> Self {
        let config = config::parse(&format!("{CONFIG}{more}"), Path::new("muster.toml")).unwrap();
        let company = Arc::new(Company::default());
        company.state.lock().unwrap().repeats = repeats;
        let directory = Arc::clone(&company) as Arc<dyn Directory>;
        Self {
            world: World::asking(config, vec![directory]),
            company,
            follower: Follower::default(),
        }
    }

    async fn whole(&mut self, shrink: Shrink) -> Result<super::Synced, SyncError> {
        let broker = &self.world.broker;
        let synced = whole::read(broker, &broker.connected[0], shrink).await?;
        self.follower.start_over();
        Ok(synced)
    }

    async fn follow(&mut self) -> Result<Followed, SyncError> {
        let broker = &self.world.broker;
        self.follower.follow(broker, &broker.connected[0]).await
    }

    /// As the keeper does: changes, or everybody where they cannot be had.
    async fn sync(&mut self) {
        match self.follow().await {
            Ok(Followed::Read { .. }) => {}
            _ => _ = self.whole(Shrink::Accept).await.unwrap(),
        }
    }

    /// The store in the words of [`Company::said`].
    fn stored(&self) -> Vec<String> {
        let store = &self.world.broker.store;
        let corp = &self.world.broker.config.directories[0].name;
        let teams = store.teams(corp).unwrap();
        let names = |ids: &[i64]| {
            let mut names: Vec<_> = teams
                .iter()
                .filter(|team| ids.contains(&team.id))
                .map(|team| team.team.name.clone())
                .collect();
            names.sort();
            names
        };
        let people = store.people(corp).unwrap();
        let people = people
            .iter()
            .map(|known| format!("{:?} in {:?}", known.person, names(&known.groups)));
        let groups = teams
            .iter()
            .map(|known| format!("{:?} in {:?}", known.team, names(&known.groups)));
        let mut stored: Vec<_> = people.chain(groups).collect();
        stored.sort();
        stored
    }

    /// The snapshot in the words of [`Company::served`]. Names that are held are given over first.
    async fn snapshot(&self) -> BTreeMap<String, BTreeSet<String>> {
        let store = &self.world.broker.store;
        for name in PEOPLE {
            store
                .release_name(IdKind::User, &name.to_lowercase())
                .unwrap();
        }
        publish_now(&self.world.broker).await;
        let snapshot = self.world.broker.snapshot().unwrap();
        let mut served = BTreeMap::new();
        for name in PEOPLE.map(str::to_lowercase) {
            let Some(user) = snapshot.user_by_name(&name).unwrap() else {
                continue;
            };
            let groups = user.groups.iter().filter(|gid| **gid != user.account.gid);
            let groups = groups.map(|gid| {
                let group = snapshot.group_by_gid(*gid).unwrap().unwrap();
                group.group.name.to_string()
            });
            served.insert(name, groups.collect());
        }
        served
    }
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn store_and_snapshot_are_what_the_directory_says_after_any_changes(
        happenings in proptest::collection::vec(happening(), 1..60),
        repeats in prop_oneof![Just(0usize), Just(5), Just(1000)],
    ) {
        run(async {
            let mut host = Host::new(repeats);
            host.whole(Shrink::Accept).await.unwrap();
            for happening in &happenings {
                match happening {
                    Happening::Follow => host.sync().await,
                    Happening::Whole => _ = host.whole(Shrink::Accept).await.unwrap(),
                    happening => {
                        host.company.happen(happening);
                        continue;
                    }
                }
                assert_eq!(host.stored(), host.company.said());
            }
            host.sync().await;
            assert_eq!(host.stored(), host.company.said());
            assert_eq!(host.snapshot().await, host.company.served());
        });
    }
}

fn join(host: &Host, how_many: usize) {
    let mut state = host.company.state.lock().unwrap();
    for nth in 0..how_many {
        state.hire(&format!("u{nth}"));
    }
}

#[tokio::test]
async fn one_question_without_an_answer_changes_nothing_and_is_asked_again() {
    let mut host = Host::new(0);
    host.whole(Shrink::Hold).await.unwrap();
    host.company.happen(&Happening::Join(0));
    host.company.state.lock().unwrap().broken = true;
    assert!(matches!(host.follow().await, Err(SyncError::Directory(_))));
    assert!(host.stored().is_empty());
    host.company.state.lock().unwrap().broken = false;
    host.follow().await.unwrap();
    assert_eq!(host.stored(), host.company.said());
}

#[tokio::test]
async fn changes_that_would_remove_too_many_are_held_until_accepted() {
    let mut host = Host::new(0);
    join(&host, 60);
    host.whole(Shrink::Hold).await.unwrap();
    {
        let mut state = host.company.state.lock().unwrap();
        for nth in 0..13 {
            let name = format!("u{nth}");
            state.people.remove(&name);
            state.tell_end(Of::Person, &name);
        }
    }
    for _ in 0..2 {
        let held = host.follow().await.unwrap_err();
        assert!(held.to_string().contains("13 of 60 persons"), "{held}");
        assert!(
            held.to_string()
                .contains("muster sync --accept-shrink corp")
        );
        assert_eq!(host.stored().len(), 60);
    }
    assert!(host.whole(Shrink::Hold).await.is_err());
    host.whole(Shrink::Accept).await.unwrap();
    assert_eq!(host.stored(), host.company.said());
}

#[tokio::test]
async fn groups_that_vanish_or_empty_all_at_once_are_held_and_the_last_member_is_not() {
    let mut host = Host::new(0);
    join(&host, 60);
    host.company.happen(&Happening::Found(0));
    let enter = |from: usize, to: usize, enters: bool| {
        let mut state = host.company.state.lock().unwrap();
        for nth in from..to {
            let groups = &mut state.people.get_mut(&format!("u{nth}")).unwrap().groups;
            if enters {
                groups.insert("any".to_owned());
            } else {
                groups.clear();
            }
        }
    };
    enter(0, 40, true);
    let broker = Arc::clone(&host.world.broker);
    let whole = || whole::read(&broker, &broker.connected[0], Shrink::Hold);
    whole().await.unwrap();
    enter(0, 40, false);
    let held = whole().await.unwrap_err();
    assert!(
        held.to_string().contains("40 of 40 persons in groups"),
        "{held}"
    );
    enter(0, 33, true);
    whole().await.unwrap();
    for last in (0..33).rev() {
        if last % 6 == 0 {
            enter(last, 33, false);
            whole().await.unwrap();
        }
    }
    host.follower = Follower::default();
    assert_eq!(host.stored(), host.company.said());
}

#[tokio::test]
async fn when_very_many_change_everybody_is_read() {
    let mut host = Host::new(0);
    host.whole(Shrink::Hold).await.unwrap();
    join(&host, 1001);
    assert!(matches!(host.follow().await, Ok(Followed::Beyond)));
    assert!(host.stored().is_empty());
}

#[tokio::test]
async fn the_same_notice_is_not_asked_about_again_and_a_new_one_is() {
    let mut host = Host::new(1000);
    host.whole(Shrink::Hold).await.unwrap();
    host.company.happen(&Happening::Join(0));
    host.follow().await.unwrap();
    // Not told: only whoever asks again, without need, would see it.
    host.company
        .state
        .lock()
        .unwrap()
        .people
        .get_mut("Ada")
        .unwrap()
        .shell = 9;
    host.follow().await.unwrap();
    assert!(host.stored()[0].contains("/bin/0"));
    host.company.happen(&Happening::Reshell(0));
    host.follow().await.unwrap();
    assert!(host.stored()[0].contains("/bin/10"));
}

#[tokio::test]
async fn a_quiet_directory_vouches_for_everybody() {
    let mut host = Host::new(0);
    host.company.happen(&Happening::Join(0));
    host.whole(Shrink::Hold).await.unwrap();
    host.world.clock.advance(Duration::from_secs(500));
    host.follow().await.unwrap();
    let corp = &host.world.broker.config.directories[0].name;
    let now = Time::from_unix(crate::fixture::NOW.unix() + 500);
    assert_eq!(host.world.broker.store.people(corp).unwrap()[0].seen, now);
    let reading = host.world.broker.store.reading(corp).unwrap().unwrap();
    assert_eq!((reading.synced, reading.whole), (now, crate::fixture::NOW));
}

#[tokio::test]
async fn a_host_carries_the_groups_that_it_is_meant_to_and_whoever_joins_them() {
    let mut host = Host::under("groups = [\"linux-*\"]\n", 0);
    for happening in [
        Happening::Join(0),
        Happening::Join(1),
        Happening::Found(0),
        Happening::Found(4),
        Happening::Enter(0, 4),
        Happening::Enter(0, 0),
    ] {
        host.company.happen(&happening);
    }
    host.whole(Shrink::Hold).await.unwrap();
    let served = |names: &[&str]| {
        let pairs = names.iter().map(|name| {
            let groups = BTreeSet::from(["linux-users".to_owned()]);
            ((*name).to_owned(), groups)
        });
        pairs.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(host.snapshot().await, served(&["ada"]));
    host.company.happen(&Happening::Enter(1, 4));
    host.follow().await.unwrap();
    assert_eq!(host.snapshot().await, served(&["ada", "bob"]));
    host.company.happen(&Happening::Quit(0, 4));
    host.follow().await.unwrap();
    assert_eq!(host.snapshot().await, served(&["bob"]));
}

#[tokio::test]
async fn a_group_made_anew_holds_nobody_of_old_and_is_read_once_for_that() {
    let mut host = Host::new(1000);
    for happening in [
        Happening::Join(0),
        Happening::Found(1),
        Happening::Enter(0, 1),
    ] {
        host.company.happen(&happening);
    }
    host.whole(Shrink::Hold).await.unwrap();
    host.follow().await.unwrap();
    host.company.happen(&Happening::Refound(1));
    let beyond = host.follow().await;
    assert!(
        matches!(beyond, Ok(Followed::Beyond)),
        "a group of that name is there: who would know that it is another?"
    );
    host.whole(Shrink::Hold).await.unwrap();
    assert_eq!(host.stored(), host.company.said());
    assert!(matches!(host.follow().await, Ok(Followed::Read { .. })));
}

#[tokio::test]
async fn what_was_read_under_other_settings_does_not_count_at_the_next_start() {
    let host = Host::new(0);
    let broker = &host.world.broker;
    whole::read(broker, &broker.connected[0], Shrink::Hold)
        .await
        .unwrap();
    let before = super::before(broker, &broker.connected[0]).unwrap();
    assert!(before.history);
    let corp = &broker.connected[0].config.name;
    broker.store.keep_settings(corp, 7).unwrap();
    assert!(super::before(broker, &broker.connected[0]).is_none());
}

#[tokio::test]
async fn a_history_that_cannot_be_read_keeps_nobody_from_being_read_whole() {
    let mut host = Host::new(0);
    host.company.happen(&Happening::Join(0));
    host.company.state.lock().unwrap().broken = true;
    let synced = host.whole(Shrink::Hold).await.unwrap();
    assert!(!synced.history);
    assert_eq!(host.stored(), host.company.said());
    assert!(matches!(host.follow().await, Ok(Followed::HistoryLost)));
}
