//! Everybody at once: `/users` and `/groups`, which servers of 15.4.0 and newer with LDAP
//! behind them have. `/groups` names no members: who is in what is said by `/users`.

use super::super::{DirectoryError, Listing, Projection};
use super::client::group_lists;
use super::model::UserInfo;
use super::verdict::{self, believed, has_no_lists, misconfigured, nonsense};
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
    async fn is_there(&self) -> Result<bool, DirectoryError> {
        let answer = self.client.groups(&self.service).await?;
        match (has_no_lists(&answer), self.lists) {
            (true, Lists::Always) => Err(misconfigured(
                "lists = \"always\", but this server has none: they need LDAP behind it and \
                 Gafaelfawr 15.4.0 or newer",
            )),
            (true, _) => Ok(false),
            (false, _) => group_lists(&answer).map(|_lists| true),
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
