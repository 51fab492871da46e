//! Crowd's history of changes: whom to ask about anew, and asking.

use super::super::remarks::Remarks;
use super::super::{Changes, Cursor, DirectoryError, Notices, Sighting, TeamSighting};
use super::{Crowd, mapping, model};

#[async_trait::async_trait]
impl Changes for Crowd {
    async fn present(&self) -> Result<Option<Cursor>, DirectoryError> {
        self.client.present().await
    }

    async fn since(&self, cursor: &Cursor) -> Result<Option<Notices>, DirectoryError> {
        self.client.events(cursor).await
    }

    async fn person(&self, name: &str) -> Result<Sighting, DirectoryError> {
        let user: model::User = self.client.entity(name).await?;
        mapping::check_about(user.name.as_deref(), name)?;
        self.sighting(&user).await
    }

    async fn team(&self, name: &str) -> Result<TeamSighting, DirectoryError> {
        let group: model::Group = self.client.entity(name).await?;
        mapping::check_about(group.name.as_deref(), name)?;
        let team = mapping::team(&group, &self.attributes, &mut Remarks::default())
            // A role of a very old server: no group.
            .ok_or(DirectoryError::NotFound)?;
        let mut groups = Vec::new();
        self.client
            .parents_of(&team.name, |group| {
                groups.extend(mapping::membership(&group));
            })
            .await?;
        Ok(TeamSighting { team, groups })
    }
}
