//! The policy: a project's rules as data.
