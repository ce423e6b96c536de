//! Where the index is not what libhdf5 says, and why that is right: the one table of them.

use crate::compare::Difference;

/// A kind of difference that is no fault.
pub(crate) struct Exception {
    pub(crate) applies: fn(&Difference) -> bool,
    pub(crate) cause: &'static str,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[Exception {
    applies: |difference| {
        let unlimited = difference.expected_object["maxshape"]
            .as_array()
            .is_some_and(|extents| extents.iter().any(serde_json::Value::is_null));
        difference.field == "shape"
            && difference.expected_object["layout"] == "virtual"
            && unlimited
    },
    cause: "libhdf5 computes the extent of a virtual dataset with unlimited mappings from other files, \
            which it had beside this one; the index says what this file says",
}];
