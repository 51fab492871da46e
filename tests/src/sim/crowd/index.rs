//! Who is directly in which groups, both ways round, so that no list is searched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::account::Group;
use super::population::fold;

/// Folded names, in order.
pub(super) type Names = BTreeSet<Arc<str>>;

static NOBODY: Names = Names::new();

/// The direct members that a group lists, by folded name, known or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// The users.
    pub users: Names,
    /// The child groups.
    pub groups: Names,
}

impl Members {
    /// What a group lists.
    pub(super) fn of(group: &Group) -> Self {
        let folded = |names: &[String]| names.iter().map(|name| fold(name).into()).collect();
        Self {
            users: folded(&group.users),
            groups: folded(&group.groups),
        }
    }
}

/// One way round: the groups of each member. Each name is kept once.
#[derive(Clone, Default)]
struct Holders(HashMap<Arc<str>, Names>);

impl Holders {
    fn of(&self, member: &str) -> &Names {
        self.0.get(member).unwrap_or(&NOBODY)
    }

    fn add(&mut self, member: &Arc<str>, group: &Arc<str>) -> Arc<str> {
        let known = self.0.get_key_value(member).map(|(known, _)| known.clone());
        let member = known.unwrap_or_else(|| member.clone());
        let groups = self.0.entry(member.clone()).or_default();
        groups.insert(group.clone());
        member
    }

    fn remove(&mut self, member: &str, group: &str) {
        if let Some(groups) = self.0.get_mut(member) {
            groups.remove(group);
        }
    }

    /// Puts `new` in place of `old` as the members of `group`.
    fn replace(&mut self, group: &Arc<str>, old: Names, new: &Names) -> Names {
        let (mut kept, gone): (Names, Names) =
            old.into_iter().partition(|member| new.contains(member));
        for member in &gone {
            self.remove(member, group);
        }
        let fresh: Vec<_> = new.difference(&kept).collect();
        let fresh: Vec<_> = fresh.into_iter().map(|one| self.add(one, group)).collect();
        kept.extend(fresh);
        kept
    }
}

/// What all groups list.
#[derive(Clone, Default)]
pub(super) struct Index {
    members: BTreeMap<Arc<str>, Members>,
    of_user: Holders,
    of_group: Holders,
}

impl Index {
    /// What a group lists.
    pub(super) fn members(&self, group: &str) -> Option<&Members> {
        self.members.get(group)
    }

    /// The groups that list a user.
    pub(super) fn of_user(&self, user: &str) -> &Names {
        self.of_user.of(user)
    }

    /// The groups that list a group.
    pub(super) fn of_group(&self, group: &str) -> &Names {
        self.of_group.of(group)
    }

    /// Takes in that a group lists a user.
    pub(super) fn list_user(&mut self, group: &str, user: &str) {
        let known = self.members.get_key_value(group);
        if let Some(group) = known.map(|(known, _)| known.clone()) {
            let user = self.of_user.add(&user.into(), &group);
            let members = self.members.get_mut(&group);
            members.map(|members| members.users.insert(user));
        }
    }

    /// Takes in that a group does not list a user any more.
    pub(super) fn unlist_user(&mut self, group: &str, user: &str) {
        self.of_user.remove(user, group);
        if let Some(members) = self.members.get_mut(group) {
            members.users.remove(user);
        }
    }

    /// Takes in that a group does not list a group any more.
    pub(super) fn unlist_group(&mut self, group: &str, child: &str) {
        self.of_group.remove(child, group);
        if let Some(members) = self.members.get_mut(group) {
            members.groups.remove(child);
        }
    }

    /// Takes in what a group lists now; nothing if there is no such group.
    pub(super) fn note(&mut self, name: &str, group: Option<&Group>) {
        let name: Arc<str> = name.into();
        let old = self.members.remove(&name).unwrap_or_default();
        let new = group.map(Members::of).unwrap_or_default();
        let kept = Members {
            users: self.of_user.replace(&name, old.users, &new.users),
            groups: self.of_group.replace(&name, old.groups, &new.groups),
        };
        if group.is_some() {
            self.members.insert(name, kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_lists_is_found_both_ways_until_it_lists_something_else() {
        let mut index = Index::default();
        let names = |names: &Names| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        index.note(
            "staff",
            Some(&Group::new("Staff").users(["Ada", "bob"]).groups(["Leaf"])),
        );
        index.note("all", Some(&Group::new("all").users(["ADA", "ada"])));
        assert_eq!(names(index.of_user("ada")), ["all", "staff"]);
        assert_eq!(names(index.of_group("leaf")), ["staff"]);
        assert_eq!(names(&index.members("all").unwrap().users), ["ada"]);
        index.note("staff", Some(&Group::new("Staff").users(["bob"])));
        assert_eq!(names(index.of_user("ada")), ["all"]);
        assert_eq!(names(index.of_group("leaf")), [""; 0]);
        index.note("all", None);
        assert_eq!(names(index.of_user("ada")), [""; 0]);
        assert!(index.members("all").is_none());
    }
}
