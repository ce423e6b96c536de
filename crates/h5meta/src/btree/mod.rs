//! B-trees: old-style groups and chunk indexes (version 1), dense links and attributes, newer chunk
//! indexes (version 2).
//!
//! Spec: III.A.

pub mod v1;
pub mod v2;
