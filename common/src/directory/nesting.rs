//! Groups in groups: who holds an entry through others, cycles and all.

use super::{Listed, Team};

/// Groups by their places, and which of them hold which.
#[derive(Debug)]
pub struct Nesting {
    groups: Vec<Node>,
    /// The walk in which each group was met last.
    met: Vec<u32>,
    walk: u32,
    found: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    active: bool,
    held_by: Vec<u32>,
}

impl Nesting {
    /// Groups by their places: whether each is active, and the places of those that hold it.
    pub fn new(groups: impl IntoIterator<Item = (bool, Vec<u32>)>) -> Self {
        let groups: Vec<Node> = groups
            .into_iter()
            .map(|(active, held_by)| Node { active, held_by })
            .collect();
        Self {
            met: vec![0; groups.len()],
            groups,
            walk: 0,
            found: Vec::new(),
        }
    }

    /// The nesting of a listing's groups.
    pub fn of(teams: &[Listed<Team>]) -> Self {
        let teams = teams.iter();
        Self::new(teams.map(|team| (team.entry.active, team.groups.clone())))
    }

    /// The places of every group around an entry that `direct` hold directly, those among
    /// them, each once, in no order. A group that is not active holds nobody and passes
    /// nobody on.
    pub fn around(&mut self, direct: &[u32]) -> &[u32] {
        self.found.clear();
        self.next_walk();
        for &place in direct {
            self.meet(place);
        }
        let mut ahead = 0;
        while let Some(&place) = self.found.get(ahead) {
            ahead = ahead.saturating_add(1);
            for nth in 0..self.holders(place).len() {
                if let Some(&holder) = self.holders(place).get(nth) {
                    self.meet(holder);
                }
            }
        }
        &self.found
    }

    fn next_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 {
            self.met.fill(0);
            self.walk = 1;
        }
    }

    fn holders(&self, place: u32) -> &[u32] {
        let node = self.groups.get(wide(place));
        node.map_or(&[], |node| node.held_by.as_slice())
    }

    fn meet(&mut self, place: u32) {
        let active = self.groups.get(wide(place)).is_some_and(|node| node.active);
        if let Some(met) = self.met.get_mut(wide(place))
            && active
            && *met != self.walk
        {
            *met = self.walk;
            self.found.push(place);
        }
    }
}

/// Back from the narrow form that is kept; every place came from a `usize`.
fn wide(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(groups: &[(bool, &[u32])], direct: &[u32]) -> Vec<u32> {
        let groups = groups.iter().map(|(active, held)| (*active, held.to_vec()));
        let mut around = Nesting::new(groups).around(direct).to_vec();
        around.sort_unstable();
        around
    }

    #[test]
    fn groups_hold_through_others_and_cycles_end() {
        let cycle: &[(bool, &[u32])] = &[(true, &[1]), (true, &[2]), (true, &[0]), (true, &[])];
        assert_eq!(around(cycle, &[1]), [0, 1, 2]);
        assert_eq!(around(cycle, &[3]), [3]);
        assert!(around(cycle, &[]).is_empty());
        let diamond: &[(bool, &[u32])] =
            &[(true, &[1, 2]), (true, &[3]), (true, &[3]), (true, &[])];
        assert_eq!(around(diamond, &[0, 0]), [0, 1, 2, 3]);
    }

    #[test]
    fn an_inactive_group_passes_nobody_on() {
        assert_eq!(
            around(&[(true, &[1]), (false, &[2]), (true, &[])], &[0]),
            [0]
        );
    }

    #[test]
    fn a_place_outside_is_no_group() {
        assert_eq!(around(&[(true, &[9])], &[0, 7]), [0]);
    }

    #[test]
    fn a_chain_of_ten_thousand_groups_needs_no_stack() {
        let chain = (0..10_000).map(|place| (true, vec![place + 1]));
        assert_eq!(Nesting::new(chain).around(&[0]).len(), 10_000);
    }

    #[test]
    fn each_walk_begins_anew() {
        let mut nesting = Nesting::new([(true, vec![1]), (true, vec![])]);
        nesting.walk = u32::MAX - 1;
        for _ in 0..3 {
            assert_eq!(nesting.around(&[0]), [0, 1]);
            assert_eq!(nesting.around(&[1]), [1]);
        }
    }
}
