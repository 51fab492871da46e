//! Who is in which group, through others, too.

use muster_common::directory::Nesting;
use muster_common::snapshot::seeded::Map;
use muster_common::store::projection::KnownTeam;

/// The groups around persons of one directory.
pub(super) struct Around {
    /// The groups' places by their numbers.
    places: Map<i64, u32>,
    /// Where in the content each group's record is, by its place; `None`: it is not served.
    records: Vec<Option<u32>>,
    nesting: Nesting,
    direct: Vec<u32>,
    found: Vec<u32>,
}

impl Around {
    pub(super) fn new(teams: &[KnownTeam]) -> Self {
        let places: Map<i64, u32> = teams.iter().map(|known| known.id).zip(0..).collect();
        let nodes = teams
            .iter()
            .map(|known| (known.team.active, at(&places, &known.groups).collect()));
        Self {
            nesting: Nesting::new(nodes),
            records: vec![None; teams.len()],
            places,
            direct: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Notes where the record of the group with the number `id` is.
    pub(super) fn serve(&mut self, id: i64, record: u32) {
        let place = self.places.get(&id);
        let place = place.and_then(|place| self.records.get_mut(usize::try_from(*place).ok()?));
        if let Some(place) = place {
            *place = Some(record);
        }
    }

    /// Where the records of the served groups are around whoever `direct` hold directly, in
    /// no order: the publisher brings everybody's groups into one.
    pub(super) fn person(&mut self, direct: &[i64]) -> &[u32] {
        self.direct.clear();
        self.direct.extend(at(&self.places, direct));
        let around = self.nesting.around(&self.direct).iter();
        let record = |place: &u32| *self.records.get(usize::try_from(*place).ok()?)?;
        self.found.clear();
        self.found.extend(around.filter_map(record));
        &self.found
    }
}

/// The places of groups by their numbers; those that are gone have none.
fn at(places: &Map<i64, u32>, ids: &[i64]) -> impl Iterator<Item = u32> {
    ids.iter().filter_map(|id| places.get(id).copied())
}
