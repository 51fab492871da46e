//! What the daemons share, the publisher's and the user database's parts, and the schedule of syncs,
//! which simulations of whole fleets run, too.

pub mod hardening;
pub mod inherited;
pub mod logging;
pub mod notify;
pub mod publish;
pub mod schedule;
pub mod userdb;
