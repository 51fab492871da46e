//! Audit lines to syslog AUTHPRIV that never wait.
