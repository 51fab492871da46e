//! muster, the command line.

fn main() {}
