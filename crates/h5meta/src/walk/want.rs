//! What the walk asks its caller for.

use crate::wire::FileOffset;

/// Bytes that the walk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Want {
    /// Where they start.
    pub at: FileOffset,
    /// How many are needed to make any progress.
    pub min: u64,
    /// How many will probably be needed; at least `min`. May run past the end of the file.
    pub hint: u64,
    /// Whether they may name further bytes. Those that do are better fetched first: others can then be
    /// fetched together.
    pub names_more: bool,
}

/// What the walk needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// These bytes, each asked for once, unless it was forgotten: see [`Walk::keep_at_most`](super::Walk::keep_at_most). Empty while all that is wanted has been asked for before
    /// and not yet been supplied.
    Bytes(Vec<Want>),
    /// Nothing: call [`Walk::finish`](super::Walk::finish).
    Done,
}
