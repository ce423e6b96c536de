//! The metadata of HDF5 files: bytes in, structures out.
//!
//! The crate does three things and no more:
//!
//! * **decode**: pure functions from the bytes of one structure to its fields, one file a structure,
//!   in the order of the [HDF5 File Format Specification];
//! * **walk**: [`Walk`] follows the pointers from the superblock to the last chunk record. It does no
//!   I/O: it says which bytes it wants, is supplied with them in any order, and decodes them at once;
//! * **model**: [`Index`], what a file holds: its groups, datasets, attributes and the byte range of
//!   every chunk.
//!
//! | specification | module |
//! |---|---|
//! | II superblock, its extension, driver information, cache image | [`superblock`] |
//! | III.A B-trees | [`btree`] |
//! | III.B, III.C symbol tables | [`symbol_table`] |
//! | III.D to III.G local, global and fractal heaps | [`heap`] |
//! | III.I shared message table | [`shared_message`] |
//! | IV.A.1 object headers | [`object_header`] |
//! | IV.A.2 header messages | [`message`] |
//! | IV.A.2.l filters | [`filter`] |
//! | VII chunk indexes | [`chunk_index`] |
//! | VIII.A dataspace selections | [`selection`] |
//!
//! # Example
//!
//! A local file is the trivial driver: everything is supplied at once.
//!
//! ```
//! use h5meta::{Limits, Need, Walk};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/layouts.h5"))?;
//! let mut walk = Walk::new(Limits::default());
//! walk.supply_whole(file.into());
//! assert!(matches!(walk.next()?, Need::Done));
//! let (index, problems) = walk.finish()?;
//! assert!(problems.is_empty());
//! assert!(index.datasets().any(|(object, _)| object.path == "/compact"));
//! # Ok(())
//! # }
//! ```
//!
//! [HDF5 File Format Specification]: https://support.hdfgroup.org/releases/hdf5/v2_0/v2_0_0/documentation/doxygen/_f_m_t4.html

// Everything here reads untrusted bytes: no index, cast or sum goes unchecked.
#![warn(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation
    )
)]

pub mod btree;
pub mod chunk_index;
pub mod coverage;
pub mod error;
pub mod filter;
pub mod heap;
pub mod limits;
pub mod message;
#[cfg(feature = "mmap")]
pub mod mmap;
pub mod model;
pub mod object_header;
pub mod selection;
pub mod shared_message;
pub mod spec;
pub mod superblock;
pub mod symbol_table;
pub mod value;
pub mod walk;
pub mod wire;

pub use error::{Error, Kind, Result};
pub use limits::Limits;
pub use model::{Index, Problem};
pub use spec::Structure;
pub use walk::{Need, Walk, Want};
pub use wire::{Address, FileOffset, Sizes};
