//! The calls that change something in FAS. The broker is built without them (feature
//! `fas-writing`): nothing that a host does may change the directory.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::DirectoryError;
use super::super::http::encoded;
use super::Fas;
use super::records::GroupRecord;
use super::verdict::{misconfigured, nonsense};

/// What a new group is to be.
#[derive(Debug, Clone)]
pub struct NewGroup<'a> {
    /// The short name.
    pub name: &'a str,
    /// The long name.
    pub display_name: &'a str,
    /// The name of who owns it.
    pub owner: &'a str,
    /// Its type: `git`, `svn`, `hg`, `shell`, `tracking` and others.
    pub group_type: &'a str,
    /// Whether nobody may ask to be let in.
    pub invite_only: bool,
    /// Whether a sponsor must agree to new members.
    pub needs_sponsor: bool,
    /// Whether members may leave.
    pub user_can_remove: bool,
    /// The name of a group that members must be in before; empty for none.
    pub prerequisite: &'a str,
    /// What new members are told.
    pub joinmsg: &'a str,
    /// What applicants are told.
    pub apply_rules: &'a str,
}

impl<'a> NewGroup<'a> {
    /// A group that anybody may ask to be let into and may leave, as python-fedora's defaults are.
    pub fn new(name: &'a str, display_name: &'a str, owner: &'a str, group_type: &'a str) -> Self {
        Self {
            name,
            display_name,
            owner,
            group_type,
            invite_only: false,
            needs_sponsor: false,
            user_can_remove: true,
            prerequisite: "",
            joinmsg: "",
            apply_rules: "None",
        }
    }
}

/// What `user/dogencert` answers.
#[derive(Deserialize)]
struct Certified {
    cla: Option<bool>,
    cert: Option<String>,
    key: Option<String>,
}

/// A new certificate of the service account.
#[derive(Debug)]
pub struct Certificate {
    /// PEM.
    pub cert: String,
    /// PEM.
    pub key: zeroize::Zeroizing<Box<[u8]>>,
}

impl Fas {
    /// Has `application` keep a value for a person. FAS lets the person and administrators:
    /// *Misconfigured* for others. Never sent twice. The parts of the path are encoded, which
    /// python-fedora leaves undone.
    pub async fn set_config(
        &self,
        person: &str,
        application: &str,
        attribute: &str,
        value: &str,
    ) -> Result<(), DirectoryError> {
        let path = below("config/set", &[person, application, attribute])?;
        let _flash: Map<String, Value> = self.client.write(&path, &[("value", value)]).await?;
        Ok(())
    }

    /// Makes a group, for administrators of FAS. Where python-fedora encodes the names twice and
    /// takes being sent to FAS's first page for success, this encodes them once, and asks FAS
    /// whether the group is there: *Misconfigured* if it is not, or was before.
    pub async fn create_group(&self, new: &NewGroup<'_>) -> Result<GroupRecord, DirectoryError> {
        if known(self.group_by_name(new.name).await)?.is_some() {
            return Err(misconfigured("there is such a group already".to_owned()));
        }
        let parts = [new.name, new.display_name, new.owner, new.group_type];
        let path = below("group/create", &parts)?;
        let number = |yes: bool| if yes { "1" } else { "0" };
        let form = [
            ("invite_only", number(new.invite_only)),
            ("needs_sponsor", number(new.needs_sponsor)),
            ("user_can_remove", number(new.user_can_remove)),
            ("prerequisite", new.prerequisite),
            ("joinmsg", new.joinmsg),
            ("apply_rules", new.apply_rules),
        ];
        let sent: Result<Map<String, Value>, _> = self.client.write(&path, &form).await;
        match (known(self.group_by_name(new.name).await)?, sent) {
            (Some(made), _) => Ok(made.group),
            // FAS leads on to the new group, or to its first page, which says nothing more.
            (None, Ok(_) | Err(DirectoryError::Nonsense { .. })) => Err(misconfigured(
                "FAS has not made the group: its administrators may".to_owned(),
            )),
            (None, Err(error)) => Err(error),
        }
    }

    /// A new certificate for the service account. **Each call makes the one before it invalid.**
    /// *NotFound* where FAS has this switched off (python-fedora dies of `KeyError`), *Misconfigured*
    /// where the account has not signed the agreement.
    pub async fn user_gencert(&self) -> Result<Certificate, DirectoryError> {
        let answer: Certified = self.client.write("user/dogencert", &[]).await?;
        match (answer.cla, answer.cert, answer.key) {
            (Some(true), Some(cert), Some(key)) => Ok(Certificate {
                cert,
                key: zeroize::Zeroizing::new(key.into_bytes().into_boxed_slice()),
            }),
            (Some(false), ..) => Err(misconfigured(
                "the service account has not signed the agreement".to_owned(),
            )),
            (None, None, None) => Err(DirectoryError::NotFound),
            _ => Err(nonsense("the answer lacks the certificate or its key")),
        }
    }
}

/// A path with parts that were never encoded before.
fn below(page: &str, parts: &[&str]) -> Result<String, DirectoryError> {
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(misconfigured("a name must not be empty or dots".to_owned()));
    }
    let parts: Vec<String> = parts.iter().map(|part| encoded(part)).collect();
    Ok(format!("{page}/{}", parts.join("/")))
}

/// `Ok(None)` for what FAS does not know.
fn known<T>(found: Result<T, DirectoryError>) -> Result<Option<T>, DirectoryError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(DirectoryError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
