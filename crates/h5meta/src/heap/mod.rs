//! Heaps: names of old-style groups (local), variable-length values and the mappings of virtual datasets
//! (global), dense links and attributes (fractal).
//!
//! Spec: III.D to III.G.

pub mod fractal;
pub mod global;
pub mod local;
pub mod virtual_dataset;
