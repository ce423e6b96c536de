//! The keys of a sidecar: an object's path, and what of it.

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use smol_str::SmolStr;

/// A key: `gt1l/heights/h_ph/12.0`. A sidecar has one for each of up to millions of chunks, so the path is
/// there once for all keys of an object, and the rest needs no memory of its own while it is short.
///
/// In order of objects, and within one of the rest as text: `.zarray`, `.zattrs`, `0`, `1`, `10`, `2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The object's path from the root with a slash behind it; of the root, nothing.
    pub(crate) object: Arc<str>,
    /// A document's name, or a chunk's place.
    pub(crate) rest: SmolStr,
}

impl Key {
    pub(crate) fn new(object: &Arc<str>, rest: impl Into<SmolStr>) -> Self {
        Self { object: Arc::clone(object), rest: rest.into() }
    }

    /// The object's path, without the slash.
    pub(crate) fn path(&self) -> &str {
        self.object.strip_suffix('/').unwrap_or(&self.object)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most keys that are compared are of one object, whose path is there once.
        let objects = match Arc::ptr_eq(&self.object, &other.object) {
            true => Ordering::Equal,
            false => self.object.cmp(&other.object),
        };
        objects.then_with(|| self.rest.cmp(&other.rest))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.object, self.rest)
    }
}

#[cfg(test)]
impl From<&str> for Key {
    fn from(key: &str) -> Self {
        let (path, rest) = key.rsplit_once('/').unwrap_or(("", key));
        Self::new(&prefix(path), rest)
    }
}

/// What the keys of an object begin with: its path and a slash, nothing for the root.
pub(crate) fn prefix(path: &str) -> Arc<str> {
    match path.trim_start_matches('/') {
        "" => Arc::from(""),
        path => format!("{path}/").into(),
    }
}
