//! References in their places: copied to where links lead to them, without what is not wanted, and rooted
//! at the group that is asked for. Last, when nothing is pending any more.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::tree::{Linked, Place, Tree};
use super::{Entry, Key, Reference, References, prefix};

impl References {
    /// Puts the references into their places. Links whose references are more than `most` bytes in all are
    /// left out.
    pub(crate) fn place(&mut self, most: u64) {
        let mut tree = std::mem::take(&mut self.tree);
        let mut left = most;
        let mut copies = Vec::new();
        self.links.append(&mut tree.left_out.links);
        for Linked { link, places } in &tree.linked {
            let found: Vec<(&Place, Range<usize>)> =
                places.iter().map(|place| (place, self.range(&place.first))).collect();
            // The first place is that of the link itself.
            if let Some((place, range)) = found.first()
                && range.is_empty()
            {
                let why = format!("leads to {}, which is not in the sidecar", place.first);
                self.links.push(link.clone().because(why));
                continue;
            }
            let cost = found.iter().map(|(place, range)| self.cost(place, range)).sum();
            match left.checked_sub(cost) {
                Some(rest) => left = rest,
                None => {
                    let why = format!("links may add {most} bytes, and this one would add {cost}");
                    self.links.push(link.clone().because(why));
                    continue;
                }
            }
            self.counts.linked +=
                found.iter().filter(|(_, range)| !range.is_empty()).count() as u64;
            for (place, range) in found {
                let object = prefix(&place.path);
                copies.extend(self.entries[range].iter().map(|entry| copy(entry, &object, place)));
            }
        }
        self.links.sort_by(|a, b| a.path.cmp(&b.path));
        self.links.extend(tree.left_out.more());
        let changed = !copies.is_empty() || tree.kept.is_some();
        self.entries.extend(copies);
        self.keep(&tree);
        if changed {
            self.sort();
        }
    }

    /// The entries of an object, by its first path: a group's are its two documents.
    fn range(&self, first: &str) -> Range<usize> {
        let object = prefix(first);
        let start = self.entries.partition_point(|(key, _)| key.object < object);
        let end = self.entries.partition_point(|(key, _)| key.object <= object);
        start..end
    }

    /// Bytes that copies of some entries take in the sidecar, about.
    fn cost(&self, place: &Place, range: &Range<usize>) -> u64 {
        let entries = self.entries[range.clone()].iter();
        let size = |(key, reference): &Entry| {
            let value = match reference {
                Reference::Document(text) => text.len(),
                Reference::Inline(bytes) => bytes.len() / 3 * 4,
                _ => 64,
            };
            (key.rest.len() + place.path.len() + value + 16) as u64
        };
        entries.map(size).sum()
    }

    /// Takes out what is not selected, and the way to the group that is the root.
    fn keep(&mut self, tree: &Tree) {
        let Some(kept) = &tree.kept else { return };
        let mut before: Option<(Arc<str>, Option<Arc<str>>)> = None;
        self.entries.retain_mut(|(key, _)| {
            // Most keys are of the same object as the one before.
            if before.as_ref().is_none_or(|(of, _)| *of != key.object) {
                let absolute = format!("/{}", key.path());
                let within = tree.selection.within(&absolute).filter(|_| kept.contains(&absolute));
                before = Some((Arc::clone(&key.object), within.map(prefix)));
            }
            match before.as_ref().and_then(|(_, new)| new.as_ref()) {
                Some(new) => {
                    key.object = Arc::clone(new);
                    true
                }
                None => false,
            }
        });
    }
}

/// An entry of an object, under another path.
fn copy((key, reference): &Entry, object: &Arc<str>, place: &Place) -> Entry {
    let reference = match (reference, &place.dimensions) {
        (Reference::Document(text), Some(names)) if key.rest == ".zattrs" => {
            Reference::Document(renamed(text, names))
        }
        (reference, _) => reference.clone(),
    };
    (Key::new(object, key.rest.clone()), reference)
}

/// Attributes with other names for the first dimensions; those of an array type keep theirs.
fn renamed(attributes: &str, names: &[Arc<str>]) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(attributes) else {
        return attributes.to_owned();
    };
    if let Some(Value::Array(old)) = document.get_mut("_ARRAY_DIMENSIONS") {
        for (old, new) in old.iter_mut().zip(names) {
            *old = json!(&**new);
        }
    }
    document.to_string()
}
