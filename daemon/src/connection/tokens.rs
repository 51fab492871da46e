//! The calls about the host's own registry.

use muster_common::wire::message::{
    Call, DeregisterToken, ExportFixie, ImportFixie, ListTokens, RegisterToken, ResetToken,
    SetTokenGroups, SetTokenPassword, UnlockToken, VerifyToken, error,
};

use super::{Connection, End};
use crate::administration;

impl Connection {
    /// Answers `method`, or says that there is none such.
    pub(super) async fn about_tokens(&mut self, method: &str, frame: &[u8]) -> Result<(), End> {
        match method {
            RegisterToken::METHOD => self.change(frame, administration::register_token).await,
            VerifyToken::METHOD => self.change(frame, administration::verify_token).await,
            ResetToken::METHOD => self.change(frame, administration::reset_token).await,
            DeregisterToken::METHOD => self.change(frame, administration::deregister_token).await,
            UnlockToken::METHOD => self.change(frame, administration::unlock_token).await,
            SetTokenGroups::METHOD => self.change(frame, administration::set_token_groups).await,
            SetTokenPassword::METHOD => {
                self.change(frame, administration::set_token_password).await
            }
            ImportFixie::METHOD => self.change(frame, administration::import_fixie).await,
            ListTokens::METHOD => {
                self.blocking(frame, |broker, call: ListTokens| {
                    administration::list_tokens(broker, &call)
                })
                .await
            }
            ExportFixie::METHOD => {
                self.blocking(frame, |broker, call: ExportFixie| {
                    administration::export_fixie(broker, &call)
                })
                .await
            }
            _ => self.fail(error::METHOD_NOT_FOUND, None).await,
        }
    }
}
