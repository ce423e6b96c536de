//! Dimensions where links bring arrays into other groups.
//!
//! An array keeps the names that it has at home, unless what it meets has the name already and means
//! another scale: then xarray would not open the group, or take foreign coordinates for the array's own.
//! The arrays that are at home there keep their names: the group reads as it does without links.

use std::collections::HashMap;
use std::sync::Arc;

use h5meta::Index;

use super::super::tree::Place;
use super::{Dimensions, Named, group, name, whole};

/// What names mean in a group that links lead into.
#[derive(Default)]
struct Meeting {
    /// Arrays, by name: their first paths.
    arrays: HashMap<String, String>,
    /// Dimensions, by name: the paths of their scales.
    scales: HashMap<Arc<str>, Option<Arc<str>>>,
}

/// Names the dimensions of arrays in the places that links give them, where they need others than at home.
pub(in crate::kerchunk) fn rename<'a>(
    places: impl Iterator<Item = &'a mut Place>,
    dimensions: &Dimensions,
    index: &Index,
) {
    let places: Vec<&mut Place> = places.collect();
    let mut meetings: HashMap<String, Meeting> =
        places.iter().map(|place| (group(&place.path).to_owned(), Meeting::default())).collect();
    for (object, _) in index.datasets() {
        if let Some(meeting) = meetings.get_mut(group(&object.path)) {
            meeting.arrays.insert(name(&object.path).to_owned(), object.path.clone());
            for one in dimensions.named(&object.path) {
                meeting.scales.insert(Arc::clone(&one.name), one.scale.clone());
            }
        }
    }
    for place in &places {
        if let Some(meeting) = meetings.get_mut(group(&place.path)) {
            meeting.arrays.insert(name(&place.path).to_owned(), place.first.clone());
        }
    }
    for place in places {
        let home = dimensions.named(&place.first);
        let Some(meeting) = meetings.get_mut(group(&place.path)) else { continue };
        let names: Vec<Arc<str>> = home.iter().map(|one| meeting.name(one)).collect();
        if names.iter().zip(home).any(|(name, one)| *name != one.name) {
            place.dimensions = Some(names);
        }
    }
}

impl Meeting {
    fn name(&mut self, dimension: &Named) -> Arc<str> {
        let name = match (self.means_another(dimension), &dimension.scale) {
            (true, Some(scale)) => whole(scale).into(),
            _ => Arc::clone(&dimension.name),
        };
        self.scales.entry(Arc::clone(&name)).or_insert_with(|| dimension.scale.clone());
        name
    }

    fn means_another(&self, dimension: &Named) -> bool {
        let scale = self.scales.get(&dimension.name);
        let array = self.arrays.get(&*dimension.name);
        scale.is_some_and(|scale| *scale != dimension.scale)
            || dimension.scale.is_some()
                && array.is_some_and(|it| Some(it.as_str()) != dimension.scale.as_deref())
    }
}
