//! Every check, seen passing and failing.
