//! B-trees: the nodes of old-style groups and of chunk indexes (version 1).
//!
//! Spec: III.A. Version 2 B-trees (III.A.2) are not read yet.

pub mod v1;
