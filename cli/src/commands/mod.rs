//! One file a command.

pub mod clock;
pub mod config;
pub mod crowd;
pub mod doctor;
pub mod explain;
pub mod fas;
pub mod gafaelfawr;
pub mod homes;
pub mod id;
pub mod init;
pub mod login_test;
pub mod name;
pub mod names;
pub mod read;
pub mod revoke;
pub mod snapshot;
pub mod ssh_keys;
pub mod status;
pub mod sync;
pub mod throttle;
pub mod token;
pub mod version;
