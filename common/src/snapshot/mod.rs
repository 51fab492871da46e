//! The snapshot: the one verified, immutable file from which names are resolved.
//!
//! [`content`] is what it says, `format` where each byte lies, `reader` the safe
//! way in, `writer` (feature) the way out, `policy` (feature) who is admitted.

pub mod content;
