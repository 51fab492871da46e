//! A user and a group as JSON: systemd's user and group records
//! (<https://systemd.io/USER_RECORD>, <https://systemd.io/GROUP_RECORD>).

use muster_common::snapshot::content::{GroupRecord, UserRecord};
use muster_common::ssh_key;
use serde::Serialize;

use super::SERVICE;

/// A user record: what everybody may know, and what root may.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    user_name: String,
    uid: u32,
    gid: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    real_name: String,
    home_directory: String,
    shell: String,
    disposition: &'static str,
    service: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    privileged: Option<Privileged>,
}

/// What only root is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Privileged {
    ssh_authorized_keys: Vec<String>,
}

impl User {
    /// The record of `known`; SSH keys are root's to see.
    pub fn of(known: UserRecord, to_root: bool) -> Self {
        let (keys, _) = ssh_key::accept(&known.ssh_keys);
        let shown = to_root && !keys.is_empty();
        let account = known.account;
        Self {
            user_name: account.name.to_string(),
            uid: account.uid.get(),
            gid: account.gid.get(),
            real_name: account.gecos,
            home_directory: account.home,
            shell: account.shell,
            disposition: "regular",
            service: SERVICE,
            privileged: shown.then_some(Privileged {
                ssh_authorized_keys: keys,
            }),
        }
    }
}

/// A group record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    group_name: String,
    gid: u32,
    members: Vec<String>,
    disposition: &'static str,
    service: &'static str,
}

impl From<GroupRecord> for Group {
    fn from(known: GroupRecord) -> Self {
        let group = known.group;
        let members = group.members.iter().map(str::to_owned);
        Self {
            group_name: group.name.to_string(),
            gid: group.gid.get(),
            members: members.collect(),
            disposition: "regular",
            service: SERVICE,
        }
    }
}
