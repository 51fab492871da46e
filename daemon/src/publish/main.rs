//! muster-publish, the publisher.

fn main() {}
