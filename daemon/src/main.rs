//! musterd, the broker.

fn main() {}
