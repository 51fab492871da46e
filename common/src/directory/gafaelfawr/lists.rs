//! Everybody at once: `/users` and `/groups`, which servers of 15.4.0 and newer with LDAP
//! behind them have. `/groups` names no members: who is in what is said by `/users`.

use super::super::{DirectoryError, Listing, Projection};
use super::client::group_lists;
use super::model::UserInfo;
use super::verdict::{self, believed, misconfigured, nonsense};
use super::{Gafaelfawr, mapping};

/// Whether everybody is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// Where the server can list people.
    Auto,
    /// Yes, and a server that cannot is misconfigured.
    Always,
    /// No: people are asked about by name.
    Never,
}

#[async_trait::async_trait]
impl Listing for Gafaelfawr {
    async fn missing(&self) -> Result<Option<&'static str>, DirectoryError> {
        let answer = self.client.groups(&self.service).await?;
        let Some(absence) = verdict::absence(&answer) else {
            return group_lists(&answer).map(|_lists| None);
        };
        match self.lists {
            Lists::Always => Err(misconfigured(
                "lists = \"always\", but this server has none: they need LDAP behind it and \
                 Gafaelfawr 15.4.0 or newer",
            )),
            Lists::Auto | Lists::Never => Ok(Some(absence)),
        }
    }

    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        let answer = self.client.groups(&self.service).await?;
        let groups = group_lists(&answer)?;
        let answer = self.client.users(&self.service).await?;
        let users: Vec<UserInfo> = believed(&answer, verdict::of_us)?;
        let projection = mapping::projection(&users, &groups)?;
        if projection.people.is_empty() {
            // Somebody must have made our service token, at the very least.
            return Err(nonsense("the list of users holds nobody with a uid"));
        }
        Ok(projection)
    }
}
