//! Heaps: names of old-style groups (local), variable-length values (global), dense links and
//! attributes (fractal).
//!
//! Spec: III.D, III.E and III.G.

pub mod fractal;
pub mod global;
pub mod local;
