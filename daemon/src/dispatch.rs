//! Who may call what: THE TABLE. Everything about privilege at the broker's
//! sockets is decided here, by the door and the peer's uid.

use muster_common::wire::message::{
    AcceptName, Answer, Begin, Call, ChangePassword, ClearTries, CommitImport, EndSession, Explain,
    FasAsk, GetGroup, GetUser, Introduce, ListIds, ListNames, ListTries, PinId, ResetClock, Revoke,
    StageImport, Status, Sync, UnpinId, Unrevoke, ValidateSession,
};

use muster_common::wire::message::{
    DeregisterToken, ExportFixie, ImportFixie, ListTokens, RegisterToken, ResetToken,
    SetTokenGroups, SetTokenPassword, UnlockToken, VerifyToken,
};

use crate::peer::{Door, Peer};

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Any peer.
    Anyone,
    /// A peer whose uid is that of the user it asks about.
    Oneself,
    /// Root.
    Root,
    /// Nobody.
    Nobody,
}

/// One method's row.
pub struct Row {
    /// `interface.Method`.
    pub method: &'static str,
    /// Who may, at root.sock.
    root: Who,
    /// Who may, at lookup.sock.
    lookup: Who,
}

/// THE TABLE.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    //    method                           at root.sock       at lookup.sock
    Row { method: GetUser::METHOD,           root: Who::Anyone, lookup: Who::Anyone },
    Row { method: GetGroup::METHOD,          root: Who::Anyone, lookup: Who::Anyone },
    Row { method: Begin::METHOD,             root: Who::Root,   lookup: Who::Oneself },
    Row { method: Answer::METHOD,            root: Who::Root,   lookup: Who::Anyone }, // continues a Begin on the same connection
    Row { method: ChangePassword::METHOD,    root: Who::Root,   lookup: Who::Oneself },
    Row { method: Status::METHOD,            root: Who::Anyone, lookup: Who::Anyone },
    Row { method: Explain::METHOD,           root: Who::Root,   lookup: Who::Oneself },
    Row { method: Sync::METHOD,              root: Who::Root,   lookup: Who::Nobody },
    Row { method: AcceptName::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: ValidateSession::METHOD,   root: Who::Root,   lookup: Who::Nobody },
    Row { method: EndSession::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: FasAsk::METHOD,            root: Who::Root,   lookup: Who::Nobody },
    Row { method: ListNames::METHOD,         root: Who::Root,   lookup: Who::Nobody },
    Row { method: ListIds::METHOD,           root: Who::Root,   lookup: Who::Nobody },
    Row { method: PinId::METHOD,             root: Who::Root,   lookup: Who::Nobody },
    Row { method: UnpinId::METHOD,           root: Who::Root,   lookup: Who::Nobody },
    Row { method: StageImport::METHOD,       root: Who::Root,   lookup: Who::Nobody },
    Row { method: CommitImport::METHOD,      root: Who::Root,   lookup: Who::Nobody },
    Row { method: Introduce::METHOD,         root: Who::Root,   lookup: Who::Nobody },
    Row { method: Revoke::METHOD,            root: Who::Root,   lookup: Who::Nobody },
    Row { method: Unrevoke::METHOD,          root: Who::Root,   lookup: Who::Nobody },
    Row { method: ListTries::METHOD,         root: Who::Root,   lookup: Who::Nobody },
    Row { method: ClearTries::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: ResetClock::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: RegisterToken::METHOD,     root: Who::Root,   lookup: Who::Nobody },
    Row { method: VerifyToken::METHOD,       root: Who::Root,   lookup: Who::Nobody },
    Row { method: ResetToken::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: DeregisterToken::METHOD,   root: Who::Root,   lookup: Who::Nobody },
    Row { method: UnlockToken::METHOD,       root: Who::Root,   lookup: Who::Nobody },
    Row { method: SetTokenGroups::METHOD,    root: Who::Root,   lookup: Who::Nobody },
    Row { method: SetTokenPassword::METHOD,  root: Who::Root,   lookup: Who::Nobody },
    Row { method: ListTokens::METHOD,        root: Who::Root,   lookup: Who::Nobody },
    Row { method: ImportFixie::METHOD,       root: Who::Root,   lookup: Who::Nobody },
    Row { method: ExportFixie::METHOD,       root: Who::Root,   lookup: Who::Nobody },
    Row { method: GET_INFO,                  root: Who::Anyone, lookup: Who::Anyone },
    Row { method: GET_DESCRIPTION,           root: Who::Anyone, lookup: Who::Anyone },
];

/// Varlink's own introspection.
pub const GET_INFO: &str = "org.varlink.service.GetInfo";
/// Varlink's own introspection.
pub const GET_DESCRIPTION: &str = "org.varlink.service.GetInterfaceDescription";

/// What the table says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Go on.
    Granted,
    /// Go on if the user that the call names has this peer's uid.
    IfOneself,
    /// No.
    Denied,
    /// There is no such method.
    Unknown,
}

/// Looks `method` up for `peer`.
pub fn permission(peer: Peer, method: &str) -> Permission {
    let Some(row) = TABLE.iter().find(|row| row.method == method) else {
        return Permission::Unknown;
    };
    let who = match peer.door {
        Door::Root => row.root,
        Door::Lookup => row.lookup,
    };
    match who {
        Who::Anyone => Permission::Granted,
        Who::Oneself => Permission::IfOneself,
        Who::Root if peer.is_root() => Permission::Granted,
        Who::Root | Who::Nobody => Permission::Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_common::wire::message::METHODS;

    #[test]
    fn every_method_of_the_wire_has_a_row() {
        for method in METHODS {
            assert!(TABLE.iter().any(|row| row.method == *method), "{method}");
        }
    }

    #[test]
    fn only_root_at_its_own_door_administers_and_logs_others_in() {
        let root = Peer {
            door: Door::Root,
            uid: 0,
        };
        let ada = Peer {
            door: Door::Lookup,
            uid: 20_001,
        };
        let root_outside = Peer {
            door: Door::Lookup,
            uid: 0,
        };
        for method in [
            Sync::METHOD,
            AcceptName::METHOD,
            ValidateSession::METHOD,
            EndSession::METHOD,
            FasAsk::METHOD,
            ListNames::METHOD,
            ListIds::METHOD,
            PinId::METHOD,
            UnpinId::METHOD,
            StageImport::METHOD,
            CommitImport::METHOD,
            Introduce::METHOD,
            RegisterToken::METHOD,
            VerifyToken::METHOD,
            ResetToken::METHOD,
            SetTokenPassword::METHOD,
            ListTokens::METHOD,
            ImportFixie::METHOD,
            ExportFixie::METHOD,
        ] {
            assert_eq!(permission(root, method), Permission::Granted);
            assert_eq!(permission(ada, method), Permission::Denied);
            assert_eq!(permission(root_outside, method), Permission::Denied);
            assert_eq!(
                permission(
                    Peer {
                        door: Door::Root,
                        uid: 20_001
                    },
                    method
                ),
                Permission::Denied
            );
        }
        assert_eq!(permission(ada, Begin::METHOD), Permission::IfOneself);
        assert_eq!(permission(ada, GetUser::METHOD), Permission::Granted);
        assert_eq!(
            permission(root, "org.muster1.Admin.Shutdown"),
            Permission::Unknown
        );
    }
}
