//! PAM's stacks: read as libpam reads them, evaluated over every outcome of every module, and proved.

pub(crate) mod code;
pub(crate) mod evaluate;
pub(crate) mod kinds;
mod lines;
mod prove;
pub(crate) mod read;
mod stacks;

pub(super) use stacks::CHECKS;
