//! What of the command line others read: man page and completions come from the same table as its help, the
//! reference of `muster doctor` from the table of its checks.

pub mod doctor;
pub mod options;
