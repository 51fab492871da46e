//! What musterd and muster-publish share, and the publisher's parts.

pub mod hardening;
pub mod inherited;
pub mod logging;
pub mod notify;
pub mod publish;
