//! Who is in which group, from either side, and what Crowd calls that.

/// How far a membership is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only where it is written down.
    Direct,
    /// Through other groups as well. Crowd works that out, cycles and all, where the
    /// directory behind it supports nesting.
    Nested,
}

/// What is asked for about a user or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// The groups that a user is in.
    GroupsOfUser,
    /// The users in a group.
    Users,
    /// The groups in a group.
    Children,
    /// The groups that a group is in.
    Parents,
}

impl Kin {
    /// The call's path.
    pub(super) const fn path(self, reach: Reach) -> &'static str {
        match (self, reach) {
            (Self::GroupsOfUser, Reach::Direct) => "user/group/direct",
            (Self::GroupsOfUser, Reach::Nested) => "user/group/nested",
            (Self::Users, Reach::Direct) => "group/user/direct",
            (Self::Users, Reach::Nested) => "group/user/nested",
            (Self::Children, Reach::Direct) => "group/child-group/direct",
            (Self::Children, Reach::Nested) => "group/child-group/nested",
            (Self::Parents, Reach::Direct) => "group/parent-group/direct",
            (Self::Parents, Reach::Nested) => "group/parent-group/nested",
        }
    }

    /// The parameter that names whom it is about.
    pub(super) const fn asked(self) -> &'static str {
        match self {
            Self::GroupsOfUser => "username",
            Self::Users | Self::Children | Self::Parents => "groupname",
        }
    }

    /// The parameter that asks for one of them only.
    pub(super) const fn one(self) -> &'static str {
        match self {
            Self::GroupsOfUser => "groupname",
            Self::Users => "username",
            Self::Children => "child-groupname",
            Self::Parents => "parent-groupname",
        }
    }
}
