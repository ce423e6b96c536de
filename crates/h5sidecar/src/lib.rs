//! What of the command line others can use: its benchmark, and how it shows numbers.
//!
//! Sidecars are made by the library `h5refs`.

pub mod bench;
pub mod human;
pub mod plain;
