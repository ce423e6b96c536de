//! What must hold of h5sidecar whatever bytes it is given: a function a property, which panics where it does not.
//!
//! The fuzz targets of `fuzz_targets/` call them with bytes that a fuzzer makes; `tests/tests/fuzz_replay.rs` with
//! every seed and every past finding, on any compiler. Checksums are passed over by all, so that a changed byte
//! gets past them.
//!
//! | file | what |
//! |---|---|
//! | `structures` | superblock, object headers, messages, symbol tables |
//! | `trees` | B-trees |
//! | `heaps` | local, global and fractal heaps, virtual datasets |
//! | `chunk_indexes` | fixed and extensible arrays, the grid that they number |
//! | `values` | elements of datatypes, selections |
//! | `codecs` | filters |
//! | `walks` | whole files to an index |
//! | `refs` | whole files to a sidecar |
//! | `sidecars` | sidecars of strangers |
//! | `strict` | JSON without a key twice |
//! | `mutations` | files with faults |
//! | `trials` | as many of them as one likes, through all of a sidecar |

mod chunk_indexes;
mod codecs;
mod heaps;
pub mod mutations;
mod refs;
mod sidecars;
mod strict;
mod structures;
mod trees;
pub mod trials;
mod values;
mod walks;

use h5meta::wire::Width;
use h5meta::{Error, Kind, Sizes};

pub use chunk_indexes::{extensible_array, fixed_array, grid};
pub use codecs::codecs;
pub use heaps::{fractal_heap, global_heap, local_heap, virtual_dataset};
pub use refs::refs;
pub use sidecars::sidecar;
pub use structures::{messages, object_header, shared_messages, superblock, symbol_table};
pub use trees::{btree_v1, btree_v2};
pub use values::{selection, value};
pub use walks::{walk, walk_split, whole};

/// A property: it panics where it does not hold of the input.
pub type Property = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Property); 21] = [
    ("superblock", superblock),
    ("object_header", object_header),
    ("messages", messages),
    ("shared_messages", shared_messages),
    ("symbol_table", symbol_table),
    ("btree_v1", btree_v1),
    ("btree_v2", btree_v2),
    ("local_heap", local_heap),
    ("global_heap", global_heap),
    ("fractal_heap", fractal_heap),
    ("virtual_dataset", virtual_dataset),
    ("selection", selection),
    ("fixed_array", fixed_array),
    ("extensible_array", extensible_array),
    ("grid", grid),
    ("value", value),
    ("codecs", codecs),
    ("walk", walk),
    ("walk_split", walk_split),
    ("refs", refs),
    ("sidecar", sidecar),
];

/// The widths that a byte chooses: 2, 4, 8, 16 or 32 bytes.
fn sizes(choice: u8) -> Sizes {
    let width = |n: u8| Width::new(2 << (n % 5)).expect("2, 4, 8, 16 or 32");
    Sizes { offsets: width(choice & 0x0f), lengths: width(choice >> 4) }
}

/// What every decoder promises that is given the start of its structure: when it asks for more, it asks for more
/// than it was given.
fn asks_for_more<T>(bytes: &[u8], result: &Result<T, Error>) {
    if let Err(error) = result
        && let Kind::Truncated { need, have } = error.kind()
    {
        assert!(need > have && *have <= bytes.len() as u64, "{error}");
    }
}

/// The bytes behind the first `size`, if there are so many.
fn behind(bytes: &[u8], size: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(size).ok()?..)
}
