//! What one record has to be by itself: its name, id, full name, home, shell and keys.

use super::{Fate, Policy, Refusal, Reported};
use crate::name::UserName;
use crate::snapshot::content::{GroupRecord, UserRecord};
use crate::snapshot::reserved::reserved;
use crate::text;

/// The longest full name in bytes.
const GECOS_MAX: usize = 512;
/// The longest SSH key in bytes; RSA with 16384 bits has 2800.
const SSH_KEY_MAX: usize = 8192;
/// The most SSH keys of one user.
const SSH_KEYS_MAX: usize = 100;

impl Policy {
    pub(super) fn user(&self, user: &UserRecord, places: &[Option<u16>]) -> Fate {
        let account = &user.account;
        known_directory(user.directory, places)
            .or_else(|| self.name(account.name.as_str()))
            .or_else(|| self.id(account.uid.get()))
            .or_else(|| self.gecos(&account.gecos))
            .or_else(|| self.home(&account.home))
            .or_else(|| self.shell(&account.shell))
    }

    pub(super) fn group(&self, group: &GroupRecord, places: &[Option<u16>]) -> Fate {
        known_directory(group.directory, places)
            .or_else(|| self.name(group.group.name.as_str()))
            .or_else(|| self.id(group.group.gid.get()))
    }

    pub(super) fn name(&self, name: &str) -> Fate {
        if !self.names.is_canonical(name) {
            return Some("has a name that is not in the canonical form".to_owned());
        }
        if self.local.holds_name(name) {
            return Some("has the name of a local user or group, who always wins".to_owned());
        }
        reserved(name).map(|why| format!("has a reserved name: whoever is called so {why}"))
    }

    pub(super) fn id(&self, id: u32) -> Fate {
        if !self.accept.contains(&id) && !self.derive.contains(&id) {
            return Some(format!(
                "has the id {id}, which is in neither ids.accept nor ids.derive"
            ));
        }
        if let Err(error) = crate::account::check_id(id) {
            return Some(format!("cannot be served: {error}"));
        }
        let local = self.local.holds_id(id);
        local.then(|| format!("has the id {id}, which is a local user's or group's, or granted to one in /etc/subuid or /etc/subgid"))
    }

    pub(super) fn gecos(&self, gecos: &str) -> Fate {
        let fits = gecos.len() <= GECOS_MAX && text::fits_field(gecos);
        (!fits).then(|| {
            format!("has a full name that is longer than {GECOS_MAX} bytes or holds a ':' or a control character")
        })
    }

    /// Exactly one plain component under the prefix, and nobody's who is local.
    pub(super) fn home(&self, home: &str) -> Fate {
        let component = home
            .strip_prefix(self.home_prefix.as_str())
            .and_then(|rest| rest.strip_prefix('/'));
        let refuse = |why: &str| {
            let shown = text::safe(home, 100);
            Some(format!("has the home {shown}, which is {why}"))
        };
        match component {
            Some(component) if UserName::new(component).is_err() => {
                refuse(&format!("not one plain folder in {}", self.home_prefix))
            }
            Some(component) if self.local.user_names.contains(component) => {
                refuse("a local user's")
            }
            Some(_) => None,
            None => refuse(&format!("not in {}", self.home_prefix)),
        }
    }

    pub(super) fn shell(&self, shell: &str) -> Fate {
        let known = self.local.shells.contains(shell);
        (!known).then(|| {
            let shown = text::safe(shell, 100);
            format!("has the shell {shown}, which is not in /etc/shells")
        })
    }
}

pub(super) fn known_directory(position: u16, places: &[Option<u16>]) -> Fate {
    let known = places.get(usize::from(position)).copied().flatten();
    known
        .is_none()
        .then(|| "belongs to a directory that is not configured".to_owned())
}

pub(super) fn drop_bad_keys(user: &mut UserRecord, refusals: &mut Vec<Refusal>) {
    let before = user.ssh_keys.len();
    user.ssh_keys.retain(|key| is_ssh_key(key));
    user.ssh_keys.truncate(SSH_KEYS_MAX);
    let gone = before.saturating_sub(user.ssh_keys.len());
    if gone > 0 {
        let what = user.what();
        let why = format!("loses {gone} SSH keys that are not a type and base64, or are too many");
        refusals.push(Refusal { what, why });
    }
}

/// `type base64`, as the broker re-encodes keys: options would be commands of whoever wrote them.
pub(super) fn is_ssh_key(key: &str) -> bool {
    let Some((kind, encoded)) = key.split_once(' ') else {
        return false;
    };
    let kind_fits = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|start| kind.starts_with(start))
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'@' | b'.'));
    let encoded_fits = !encoded.is_empty()
        && encoded
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    key.len() <= SSH_KEY_MAX && kind_fits && encoded_fits
}
