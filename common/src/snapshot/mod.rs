//! The snapshot: the one verified, immutable file from which names are resolved.
//!
//! [`content`] is what it says, `format` where each byte lies, `map` and `open`
//! how its bytes are reached, [`reader`] the safe way in (`decode` to owned
//! values, `forms` other forms of names), `writer` (feature) the way out, `policy` (feature) who is admitted,
//! `neighbours` (feature) whose home is another's,
//! `compare` (feature) whether there is news at all, `amend` (feature) how little of it is written.

pub mod content;
mod decode;
mod entry;
mod find;
mod format;
mod forms;
mod map;
#[cfg(test)]
mod mutations;
mod open;
pub mod reader;

#[cfg(feature = "writer")]
pub mod amend;
#[cfg(feature = "writer")]
pub mod build;
#[cfg(feature = "writer")]
mod compare;
#[cfg(feature = "writer")]
mod layout;
#[cfg(feature = "writer")]
pub mod neighbours;
#[cfg(feature = "writer")]
pub mod policy;
#[cfg(feature = "writer")]
pub mod reserved;
#[cfg(feature = "writer")]
pub mod seeded;
#[cfg(test)]
mod tests;
#[cfg(feature = "writer")]
pub mod text;
#[cfg(feature = "writer")]
mod verify;
#[cfg(feature = "writer")]
pub mod writer;
