//! What musterd and muster-publish share, the publisher's parts, and the schedule of syncs,
//! which simulations of whole fleets run, too.

pub mod hardening;
pub mod inherited;
pub mod logging;
pub mod notify;
pub mod publish;
pub mod schedule;
