//! What of the command line others read: man page and completions come from the same table as its help.

pub mod options;
