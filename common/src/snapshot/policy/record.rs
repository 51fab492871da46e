//! What one record has to be by itself: its name, id, full name, home, shell and keys.

use super::{Fate, Policy, Refusal, Reported};
use crate::account::GECOS_MAX;
use crate::name::UserName;
use crate::snapshot::content::{GroupRecord, UserRecord};
use crate::snapshot::neighbours::is_home;
use crate::snapshot::reserved::reserved;
use crate::text;

/// The longest SSH key in bytes; RSA with 16384 bits has 2800.
const SSH_KEY_MAX: usize = 8192;
/// The most SSH keys of one user.
const SSH_KEYS_MAX: usize = 100;

const NOT_CONFIGURED: &str = "belongs to a directory that is not configured";

impl Policy {
    pub(super) fn user(&self, user: &UserRecord, places: &[Option<u16>]) -> Fate {
        let account = &user.account;
        let Some(homes) = self
            .place(user.directory, places)
            .and_then(|at| self.homes.get(at))
        else {
            return Some(NOT_CONFIGURED.to_owned());
        };
        let said = self.overrides.get(&account.name);
        let home = said.and_then(|said| said.home.as_ref());
        let shell = said.and_then(|said| said.shell.as_ref());
        self.name(account.name.as_str())
            .or_else(|| self.id_of(account.name.as_str(), account.uid.get()))
            .or_else(|| self.gecos(&account.gecos))
            .or_else(|| match home {
                Some(home) if *home == account.home => None,
                _ => self.home(&account.home, homes, &account.name),
            })
            .or_else(|| match shell {
                Some(shell) if *shell == account.shell => None,
                _ => self.shell(&account.shell),
            })
    }

    pub(super) fn group(&self, group: &GroupRecord, places: &[Option<u16>]) -> Fate {
        if self.place(group.directory, places).is_none() {
            return Some(NOT_CONFIGURED.to_owned());
        }
        let name = group.group.name.as_str();
        self.name(name)
            .or_else(|| self.id_of(name, group.group.gid.get()))
    }

    /// Where a candidate's directory stands in the configuration.
    fn place(&self, position: u16, places: &[Option<u16>]) -> Option<usize> {
        let place = places.get(usize::from(position)).copied().flatten()?;
        Some(usize::from(place)).filter(|place| *place < self.directories.len())
    }

    /// The id of a user, or of the user's private group: what an override says may lie outside the ranges.
    pub(super) fn id_of(&self, name: &str, id: u32) -> Fate {
        let said = self.overrides.get(name).and_then(|said| said.uid);
        if said.is_some_and(|uid| uid.get() == id) {
            return self.representable(id);
        }
        self.id(id)
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
        self.representable(id)
    }

    fn representable(&self, id: u32) -> Fate {
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

    /// Exactly one plain component under the prefix, and nobody's who is local; the one of `name` is the template's,
    /// which root has said.
    pub(super) fn home(&self, home: &str, folder: &str, name: &UserName) -> Fate {
        let component = home
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        let refuse = |why: &str| {
            let shown = text::safe(home, 100);
            Some(format!("has the home {shown}, which is {why}"))
        };
        match component {
            Some(component) if !is_home(component) => {
                refuse(&format!("not one plain folder in {folder}"))
            }
            Some(component) if self.local.user_names.contains(component) => {
                refuse("a local user's")
            }
            Some(component) if component != name.as_str() && self.local.homes.contains(home) => {
                refuse("a local user's")
            }
            Some(_) => None,
            None => refuse(&format!("not in {folder}")),
        }
    }

    pub(super) fn shell(&self, shell: &str) -> Fate {
        let given = self.shells.iter().any(|given| given == shell);
        let known = given || self.local.allows_shell(shell);
        (!known).then(|| {
            let shown = text::safe(shell, 100);
            format!("has the shell {shown}, which is not in /etc/shells")
        })
    }
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
