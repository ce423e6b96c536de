//! Heaps: names of old-style groups (local), variable-length values (global).
//!
//! Spec: III.D and III.E. Fractal heaps (III.G), which hold dense links and attributes, are not read
//! yet.

pub mod global;
pub mod local;
