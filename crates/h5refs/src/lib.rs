//! Kerchunk references for HDF5 files on disk, S3, Google, Azure or HTTP, without libhdf5 and without C.
//!
//! | module | what |
//! |---|---|
//! | [`source`] | where the bytes come from, one version of one file |
//! | [`fetch`] | what the walk wants, through few dependent round trips |
//! | [`kerchunk`] | an index as kerchunk references |
//! | [`limits`] | what a sidecar may cost |
//! | [`follow`] | the other files that datasets have their data in |
//! | [`document`] | an index as a document for scripts |
//! | [`render`] | references as the bytes of a sidecar |
//! | [`plain`] | JSON that no terminal obeys |
//! | [`sidecar`] | all of it, from a source to a sidecar |
//! | [`fresh`] | whether a sidecar that is there needs to be made again |
//! | [`verify`] | a sidecar against its file |
//! | [`sink`] | where the sidecar goes, whole or not at all |
//!
//! # Example
//!
//! ```
//! use h5refs::fetch::Counters;
//! use h5refs::sidecar::{Options, sidecar};
//! use h5refs::source::{self, SourceOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/superblock_v0.h5");
//! let source = source::open(file, &SourceOptions::default()).await?;
//! let sidecar = sidecar(&*source, &Options::default(), &Counters::default()).await?;
//! assert!(sidecar.is_complete());
//! println!("{} datasets, {} requests", sidecar.counts.datasets, sidecar.trace.requests);
//! std::fs::write(std::env::temp_dir().join("superblock_v0.h5.json"), sidecar.json()?)?;
//! # Ok(())
//! # }
//! ```

pub mod document;
mod embed;
pub mod error;
pub mod fetch;
pub mod follow;
pub mod fresh;
pub mod kerchunk;
pub mod limits;
mod links;
pub mod plain;
pub mod render;
pub mod sidecar;
pub mod sink;
pub mod source;
pub mod verify;

pub use error::{Error, Result};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
