//! Atlassian Crowd.
