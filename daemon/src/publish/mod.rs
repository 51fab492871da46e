//! The publisher: [`socket`] where it listens, [`server`] what it takes from
//! whom, [`check`] what becomes of a candidate.
//!
//! It runs as root, so it has no network, no secrets and no opinion: what may
//! be served stands in root's configuration and in the host's own files. It
//! never asks NSS, which would ask what it publishes.

pub mod check;
pub mod server;
pub mod socket;
