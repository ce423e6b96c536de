//! Attributes of one name: libhdf5 finds the first of them, and so does who reads an [`Index`](crate::model::Index).

use std::collections::HashMap;
use std::sync::Arc;

use super::super::objects::ObjectId;
use super::Problems;
use crate::error::{Error, Kind};
use crate::model::{Attribute, Effect};
use crate::spec::Structure;

const WHY: &str = "further attributes of the same name";

/// Takes out what has the name of an attribute before it; a problem says of how many.
pub(super) fn take_out(
    attributes: &mut HashMap<ObjectId, Vec<Arc<Attribute>>>,
    problems: &mut Problems,
) {
    for (id, own) in attributes {
        let mut repeated: Vec<(String, u64)> = Vec::new();
        own.dedup_by(|next, first| {
            let is_second = next.name == first.name;
            if is_second {
                match repeated.last_mut().filter(|(name, _)| *name == first.name) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => repeated.push((first.name.clone(), 1)),
                }
            }
            is_second
        });
        problems.extend(repeated.into_iter().map(|(name, value)| {
            let error = Error::new(Kind::Invalid { value, why: WHY }, Structure::Attribute, 0);
            (Some(*id), Effect::Attribute(name), error)
        }));
    }
}
