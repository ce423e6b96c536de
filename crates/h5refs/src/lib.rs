//! Reference JSON.
pub mod document;
pub mod error;
pub mod sink;
pub mod source;
pub use error::{Error, Result};
