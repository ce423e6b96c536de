//! Which variants of which structures were decoded: what the table of `docs/coverage.md` is made from.
//!
//! Without the feature `coverage` nothing is noted, and nothing of this is compiled in.

use std::fmt::Display;

use crate::spec::Structure;

/// Notes that a variant of a structure was decoded: a version, a class, a kind of child.
#[inline]
pub(crate) fn mark(structure: Structure, variant: impl Display) {
    #[cfg(feature = "coverage")]
    seen::mark(structure, variant.to_string());
    #[cfg(not(feature = "coverage"))]
    let _ = (structure, variant);
}

#[cfg(feature = "coverage")]
pub use seen::take;

#[cfg(feature = "coverage")]
mod seen {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::Structure;

    thread_local! {
        static SEEN: RefCell<BTreeSet<(Structure, String)>> = RefCell::default();
    }

    pub(super) fn mark(structure: Structure, variant: String) {
        SEEN.with_borrow_mut(|seen| seen.insert((structure, variant)));
    }

    /// What this thread has decoded since it was last asked.
    #[must_use]
    pub fn take() -> BTreeSet<(Structure, String)> {
        SEEN.take()
    }
}
