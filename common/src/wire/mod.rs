//! The wire between modules, command line and broker: Varlink.
//!
//! [`message`] has one type per call, `codec` the frames, `client` the calling
//! side whose one deadline covers connect, too.

pub mod message;
