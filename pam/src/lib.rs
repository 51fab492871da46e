//! pam_muster.so: shows, collects and translates; the broker decides.
